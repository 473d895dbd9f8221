/* SPDX-License-Identifier: MIT */
/* The reasons that kvm_exit tells as numbers, by the names of the processors' manuals. */
#ifndef PLANNER_MEASURE_EXIT_REASONS_H
#define PLANNER_MEASURE_EXIT_REASONS_H

#include <stdint.h>

/* The field isa of kvm_exit. */
typedef enum ExitIsa { EXIT_ISA_VMX = 1, EXIT_ISA_SVM = 2 } ExitIsa;

/* "HLT", "MSR_WRITE"; "exit 4711" where there is no name. Yours. */
char *exit_reason_name(ExitIsa isa, uint64_t reason);

#endif
