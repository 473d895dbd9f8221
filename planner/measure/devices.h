/* SPDX-License-Identifier: MIT */
/* Which emulated device of a PC is at a port or an address. */
#ifndef PLANNER_MEASURE_DEVICES_H
#define PLANNER_MEASURE_DEVICES_H

#include <stdint.h>

/* "port 3f8 (serial line)", "port c040". Yours. */
char *device_port_name(uint64_t port);
/* "HPET at fed000f0", "address febc0000": of a device without a name, its page. Yours. */
char *device_address_name(uint64_t address);

#endif
