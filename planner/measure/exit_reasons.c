/* SPDX-License-Identifier: MIT */
/* Of arch/x86/include/uapi/asm/vmx.h and svm.h, 6.1 and 6.12. */
#include "planner/measure/exit_reasons.h"

#include <glib.h>

typedef struct ExitReason {
	unsigned number;
	const char *name;
} ExitReason;

static const ExitReason vmx_reasons[] = {
	{0, "EXCEPTION_NMI"},
	{1, "EXTERNAL_INTERRUPT"},
	{2, "TRIPLE_FAULT"},
	{3, "INIT_SIGNAL"},
	{4, "SIPI_SIGNAL"},
	{7, "INTERRUPT_WINDOW"},
	{8, "NMI_WINDOW"},
	{9, "TASK_SWITCH"},
	{10, "CPUID"},
	{12, "HLT"},
	{13, "INVD"},
	{14, "INVLPG"},
	{15, "RDPMC"},
	{16, "RDTSC"},
	{18, "VMCALL"},
	{28, "CR_ACCESS"},
	{29, "DR_ACCESS"},
	{30, "IO_INSTRUCTION"},
	{31, "MSR_READ"},
	{32, "MSR_WRITE"},
	{33, "INVALID_STATE"},
	{34, "MSR_LOAD_FAIL"},
	{36, "MWAIT"},
	{37, "MONITOR_TRAP_FLAG"},
	{39, "MONITOR"},
	{40, "PAUSE"},
	{41, "MCE_DURING_VMENTRY"},
	{43, "TPR_BELOW_THRESHOLD"},
	{44, "APIC_ACCESS"},
	{45, "EOI_INDUCED"},
	{46, "GDTR_IDTR"},
	{47, "LDTR_TR"},
	{48, "EPT_VIOLATION"},
	{49, "EPT_MISCONFIG"},
	{50, "INVEPT"},
	{51, "RDTSCP"},
	{52, "PREEMPTION_TIMER"},
	{53, "INVVPID"},
	{54, "WBINVD"},
	{55, "XSETBV"},
	{56, "APIC_WRITE"},
	{57, "RDRAND"},
	{58, "INVPCID"},
	{59, "VMFUNC"},
	{60, "ENCLS"},
	{61, "RDSEED"},
	{62, "PML_FULL"},
	{63, "XSAVES"},
	{64, "XRSTORS"},
	{67, "UMWAIT"},
	{68, "TPAUSE"},
	{74, "BUS_LOCK"},
	{75, "NOTIFY"},
};

static const ExitReason svm_reasons[] = {
	{96, "INTR"},
	{97, "NMI"},
	{98, "SMI"},
	{99, "INIT"},
	{100, "VINTR"},
	{101, "CR0_SEL_WRITE"},
	{110, "RDTSC"},
	{111, "RDPMC"},
	{114, "CPUID"},
	{116, "IRET"},
	{118, "INVD"},
	{119, "PAUSE"},
	{120, "HLT"},
	{121, "INVLPG"},
	{123, "IOIO"},
	{124, "MSR"},
	{125, "TASK_SWITCH"},
	{127, "SHUTDOWN"},
	{128, "VMRUN"},
	{129, "VMMCALL"},
	{135, "RDTSCP"},
	{137, "WBINVD"},
	{138, "MONITOR"},
	{139, "MWAIT"},
	{141, "XSETBV"},
	{162, "INVPCID"},
	{1024, "NPF"},
	{1025, "AVIC_INCOMPLETE_IPI"},
	{1026, "AVIC_UNACCELERATED_ACCESS"},
	{1027, "VMGEXIT"},
};

/* Ranges of SVM that have a register or a vector each. */
static const struct {
	unsigned first, last;
	const char *name;
} svm_ranges[] = {{0, 15, "READ_CR"},
		  {16, 31, "WRITE_CR"},
		  {32, 47, "READ_DR"},
		  {48, 63, "WRITE_DR"},
		  {64, 95, "EXCEPTION"}};

#define VMX_BASIC 0xffffu /* above are flags: entry failed, in an enclave */
#define SVM_FAILED 0xffffffffu

static char *reason_find(const ExitReason *reasons, unsigned n, uint64_t number)
{
	for (unsigned i = 0; i < n; i++)
		if (reasons[i].number == number)
			return g_strdup(reasons[i].name);
	return g_strdup_printf("exit %" G_GUINT64_FORMAT, (guint64)number);
}

char *exit_reason_name(ExitIsa isa, uint64_t reason)
{
	if (isa == EXIT_ISA_VMX)
		return reason_find(vmx_reasons, G_N_ELEMENTS(vmx_reasons), reason & VMX_BASIC);
	for (unsigned i = 0; i < G_N_ELEMENTS(svm_ranges); i++)
		if (reason >= svm_ranges[i].first && reason <= svm_ranges[i].last)
			return g_strdup_printf("%s%u", svm_ranges[i].name,
					       (unsigned)(reason - svm_ranges[i].first));
	if (reason == SVM_FAILED)
		return g_strdup("entry failed");
	return reason_find(svm_reasons, G_N_ELEMENTS(svm_reasons), reason);
}
