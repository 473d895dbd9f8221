/* SPDX-License-Identifier: MIT */
#include "planner/measure/traced.h"

#include "planner/check/rules_found.h"
#include "planner/measure/devices.h"
#include "planner/measure/exit_reasons.h"
#include "planner/measure/parts.h"
#include "topology/facts/perf_counts.h"
#include "topology/facts/tracing.h"

#include <string.h>

/* What KVM has a counter for is called as that. */
static const char *const counted[][2] = {
	{"HLT", "halt_exits"},
	{"IOIO", "io_exits"},
	{"IO_INSTRUCTION", "io_exits"},
	{"INTR", "irq_exits"},
	{"EXTERNAL_INTERRUPT", "irq_exits"},
	{"VINTR", "irq_window_exits"},
	{"NMI_WINDOW", "nmi_window_exits"},
	{"INTERRUPT_WINDOW", "irq_window_exits"},
	{"VMMCALL", "hypercalls"},
	{"VMCALL", "hypercalls"},
};

static char *traced_name(ExitIsa isa, uint64_t reason)
{
	char *name = exit_reason_name(isa, reason);

	for (unsigned i = 0; i < G_N_ELEMENTS(counted); i++)
		if (g_str_equal(counted[i][0], name)) {
			g_free(name);
			return g_strdup(counted[i][1]);
		}
	return name;
}

/* The CPU's key is cpu before 5.10. */
static bool traced_first(const char *key)
{
	return g_str_has_prefix(key, "common_") || g_str_equal(key, "cpu");
}

const Histogram *traced_find(const Counters *counters, const char *event, const char *second,
			     const char *third)
{
	const GPtrArray *histograms = g_hash_table_lookup(counters->histograms, event);

	for (unsigned i = 0; histograms && i < histograms->len; i++) {
		const Histogram *histogram = g_ptr_array_index(histograms, i);
		char **keys = histogram->keys;

		if (g_strv_length(keys) == (third ? 3 : 2) && traced_first(keys[0]) &&
		    g_str_equal(keys[1], second) && (!third || g_str_equal(keys[2], third)))
			return histogram;
	}
	return NULL;
}

uint64_t traced_growth(const Histogram *before, const HistogramRow *row)
{
	const HistogramRow *old = histogram_find(before, row);

	return measure_growth(old ? old->hits : 0, row->hits);
}

uint64_t traced_took(const Histogram *before, const HistogramRow *row)
{
	const HistogramRow *old = histogram_find(before, row);

	return measure_growth(old ? old->values[0] : 0, row->values[0]);
}

/* Is ROW of a vCPU of VM? */
static bool traced_of(const GuestCount *vm, const HistogramRow *row)
{
	uint64_t tid;

	if (!histogram_number(row->keys[0], 10, &tid))
		return false;
	for (unsigned i = 0; i < vm->threads->len; i++)
		if (g_array_index(vm->threads, ThreadCount, i).tid == tid)
			return true;
	return false;
}

/* Exits by name */

typedef struct TracedExit {
	uint64_t count, nanoseconds;
} TracedExit;

static TracedExit *traced_exit(GHashTable *exits, const char *name)
{
	TracedExit *one = g_hash_table_lookup(exits, name);

	if (!one) {
		one = g_new0(TracedExit, 1);
		g_hash_table_insert(exits, g_strdup(name), one);
	}
	return one;
}

static char *traced_reason(ExitIsa isa, const char *key)
{
	uint64_t reason;

	if (g_str_equal(key, PERF_OTHERS))
		return g_strdup(PERF_OTHERS);
	return histogram_number(key, 10, &reason) ? traced_name(isa, reason) : NULL;
}

/* What each reason's exits took. A halt's time is sleep. */
static void traced_times(ExitIsa isa, const GuestCount *vm, const Counters *before,
			 const Counters *after, GHashTable *exits)
{
	const Histogram *now = traced_find(after, TRACING_EXIT, "reason", NULL);
	const Histogram *then = traced_find(before, TRACING_EXIT, "reason", NULL);

	for (unsigned i = 0; now && *now->values && i < now->rows->len; i++) {
		const HistogramRow *row = &g_array_index(now->rows, HistogramRow, i);
		g_autofree char *name =
			traced_of(vm, row) ? traced_reason(isa, row->keys[1]) : NULL;

		if (name && !g_str_equal(name, "halt_exits"))
			traced_exit(exits, name)->nanoseconds += traced_took(then, row);
	}
}

static void traced_reasons(ExitIsa isa, const GuestCount *vm, const Histogram *before,
			   const Histogram *after, GHashTable *exits)
{
	for (unsigned i = 0; i < after->rows->len; i++) {
		const HistogramRow *row = &g_array_index(after->rows, HistogramRow, i);
		g_autofree char *name =
			traced_of(vm, row) ? traced_reason(isa, row->keys[1]) : NULL;

		if (name)
			traced_exit(exits, name)->count += traced_growth(before, row);
	}
}

/* MSRs */

static char *traced_register(const HistogramRow *row)
{
	return g_strdup_printf("MSR %s %s", row->keys[2],
			       g_str_equal(row->keys[1], "1") ? "written" : "read");
}

/* All exits of EXITS for MSRs, which are taken out of it. */
static TracedExit traced_take_msrs(GHashTable *exits)
{
	static const char *const names[] = {"MSR", "MSR_READ", "MSR_WRITE"};
	TracedExit sum = {0};

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		const TracedExit *one = g_hash_table_lookup(exits, names[i]);

		if (!one)
			continue;
		sum.count += one->count;
		sum.nanoseconds += one->nanoseconds;
		g_hash_table_remove(exits, names[i]);
	}
	return sum;
}

/* By register. The time is known of all of them, and is shared out by their number. */
static void traced_registers(const GuestCount *vm, const Histogram *before, const Histogram *after,
			     GHashTable *exits)
{
	TracedExit all = traced_take_msrs(exits);
	double each = all.count ? (double)all.nanoseconds / (double)all.count : 0;

	for (unsigned i = 0; i < after->rows->len; i++) {
		const HistogramRow *row = &g_array_index(after->rows, HistogramRow, i);
		uint64_t count = traced_of(vm, row) ? traced_growth(before, row) : 0;
		g_autofree char *name = traced_register(row);
		TracedExit *one = traced_exit(exits, name);

		one->count += count;
		one->nanoseconds += (uint64_t)((double)count * each);
	}
}

bool traced_exits(const Audit *audit, const GuestCount *vm, const Counters *before,
		  const Counters *after, TracedFn *each, void *data)
{
	const Histogram *reasons = traced_find(after, "kvm_exit", "exit_reason", NULL);
	const Histogram *old = traced_find(before, "kvm_exit", "exit_reason", NULL);
	const Histogram *registers = traced_find(after, "kvm_msr", "write", "ecx");
	bool intel = kvm_value(audit->facts, "kvm_intel.ept");
	ExitIsa isa = intel ? EXIT_ISA_VMX : EXIT_ISA_SVM;
	g_autoptr(GHashTable) exits =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GList) names = NULL;

	if (!reasons || (!intel && !kvm_value(audit->facts, "kvm_amd.avic")))
		return false;
	traced_reasons(isa, vm, old, reasons, exits);
	traced_times(isa, vm, before, after, exits);
	if (registers)
		traced_registers(vm, traced_find(before, "kvm_msr", "write", "ecx"), registers,
				 exits);
	names = g_list_sort(g_hash_table_get_keys(exits), (GCompareFunc)strcmp);
	for (const GList *name = names; name; name = name->next) {
		const TracedExit *one = g_hash_table_lookup(exits, name->data);

		if (one->count)
			each(data, name->data, one->count, one->nanoseconds);
	}
	return true;
}

/* Devices */

void traced_ports(const GuestCount *vm, const Counters *before, const Counters *after,
		  GArray *parts)
{
	const Histogram *now = traced_find(after, "kvm_pio", "rw", "port");
	const Histogram *then = traced_find(before, "kvm_pio", "rw", "port");

	for (unsigned i = 0; now && i < now->rows->len; i++) {
		const HistogramRow *row = &g_array_index(now->rows, HistogramRow, i);
		g_autofree char *name = NULL;
		uint64_t port;

		if (!traced_of(vm, row) || !histogram_number(row->keys[2], 16, &port))
			continue;
		name = device_port_name(port);
		parts_add(parts, name, traced_growth(then, row));
	}
}

/* A read that QEMU answers is two rows: asked, and answered. */
#define MMIO_ASKED "0"

void traced_addresses(const GuestCount *vm, const Counters *before, const Counters *after,
		      GArray *parts)
{
	static const char *const events[][3] = {{"kvm_mmio", "type", "gpa"},
						{"kvm_fast_mmio", "gpa", NULL}};

	for (unsigned e = 0; e < G_N_ELEMENTS(events); e++) {
		const char *const *event = events[e];
		const Histogram *now = traced_find(after, event[0], event[1], event[2]);
		const Histogram *then = traced_find(before, event[0], event[1], event[2]);

		for (unsigned i = 0; now && i < now->rows->len; i++) {
			const HistogramRow *row = &g_array_index(now->rows, HistogramRow, i);
			const char *key = row->keys[event[2] ? 2 : 1];
			g_autofree char *name = NULL;
			uint64_t address;

			if (!traced_of(vm, row) || !histogram_number(key, 16, &address) ||
			    (event[2] && g_str_equal(row->keys[1], MMIO_ASKED)))
				continue;
			name = event[2] ? device_address_name(address)
					: g_strdup_printf("doorbell at %" G_GINT64_MODIFIER "x",
							  (guint64)address);
			parts_add(parts, name, traced_growth(then, row));
		}
	}
}
