/* SPDX-License-Identifier: MIT */
#include "planner/measure/traced.h"

#include "planner/check/rules_found.h"
#include "planner/measure/exit_reasons.h"
#include "planner/measure/measure.h"
#include "topology/facts/histogram.h"

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

/* The one of HISTOGRAMS by thread, SECOND and, unless it is NULL, THIRD; NULL. */
static const Histogram *traced_find(const GPtrArray *histograms, const char *second,
				    const char *third)
{
	for (unsigned i = 0; histograms && i < histograms->len; i++) {
		const Histogram *histogram = g_ptr_array_index(histograms, i);
		char **keys = histogram->keys;

		if (g_strv_length(keys) == (third ? 3 : 2) && g_str_equal(keys[0], "common_pid") &&
		    g_str_equal(keys[1], second) && (!third || g_str_equal(keys[2], third)))
			return histogram;
	}
	return NULL;
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

/* What ROW counted already in BEFORE (NULL = nothing). */
static uint64_t traced_before(const Histogram *before, const HistogramRow *row)
{
	for (unsigned i = 0; before && i < before->rows->len; i++) {
		const HistogramRow *old = &g_array_index(before->rows, HistogramRow, i);
		bool same = true;

		for (unsigned k = 0; k < HISTOGRAM_KEYS; k++)
			same &= g_strcmp0(old->keys[k], row->keys[k]) == 0;
		if (same)
			return old->hits;
	}
	return 0;
}

static void traced_add(GHashTable *counts, char *name, uint64_t count)
{
	uint64_t *sum = g_hash_table_lookup(counts, name);

	if (sum) {
		*sum += count;
		g_free(name);
		return;
	}
	sum = g_new(uint64_t, 1);
	*sum = count;
	g_hash_table_insert(counts, name, sum);
}

/* The name of ROW of kvm_exit, yours; NULL where its MSR is told by BY_REGISTER. */
static char *traced_reason(ExitIsa isa, const HistogramRow *row, bool by_register)
{
	uint64_t reason;
	char *name = histogram_number(row->keys[1], 10, &reason) ? traced_name(isa, reason) : NULL;

	if (name && by_register && g_str_has_prefix(name, "MSR"))
		g_clear_pointer(&name, g_free);
	return name;
}

static char *traced_register(const HistogramRow *row)
{
	return g_strdup_printf("MSR %s %s", row->keys[2],
			       g_str_equal(row->keys[1], "1") ? "written" : "read");
}

bool traced_exits(const Audit *audit, const GuestCount *vm, const Counters *before,
		  const Counters *after, TracedFn *each, void *data)
{
	const Histogram *exits = traced_find(after->exits, "exit_reason", NULL);
	const Histogram *registers = traced_find(after->msrs, "write", "ecx");
	const Histogram *all[] = {exits, registers};
	const Histogram *old[] = {traced_find(before->exits, "exit_reason", NULL),
				  traced_find(before->msrs, "write", "ecx")};
	bool intel = kvm_value(audit->facts, "kvm_intel.ept");
	ExitIsa isa = intel ? EXIT_ISA_VMX : EXIT_ISA_SVM;
	g_autoptr(GHashTable) counts =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GList) names = NULL;

	if (!exits || (!intel && !kvm_value(audit->facts, "kvm_amd.avic")))
		return false;
	for (unsigned h = 0; h < G_N_ELEMENTS(all); h++)
		for (unsigned i = 0; all[h] && i < all[h]->rows->len; i++) {
			const HistogramRow *row = &g_array_index(all[h]->rows, HistogramRow, i);
			char *name = !traced_of(vm, row) ? NULL
				     : h		 ? traced_register(row)
					 : traced_reason(isa, row, registers != NULL);

			if (name)
				traced_add(counts, name,
					   measure_growth(traced_before(old[h], row), row->hits));
		}
	names = g_list_sort(g_hash_table_get_keys(counts), (GCompareFunc)strcmp);
	for (const GList *name = names; name; name = name->next)
		each(data, name->data, *(uint64_t *)g_hash_table_lookup(counts, name->data));
	return true;
}
