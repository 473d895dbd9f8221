/* SPDX-License-Identifier: MIT */
/*
 * Any settings on any inventory: lines before the first "--" are settings, what follows the text.
 * They are refused with a line each, or change that inventory alone; what then fits, plan places.
 */
#include "planner/fit/fit_node.h"
#include "planner/inventory/what_if.h"
#include "topology/host/host_load.h"

#include <string.h>

#define MOST_VMS 8 /* larger ones are slow, not new */
#define SETTINGS_MOST 8
#define BUDGET 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const Host *host(void)
{
	static Host *host;

	if (!host)
		host = host_load("pack:2 [numa(memory=17179869184)] l3:2 core:2 pu:2", NULL);
	return host;
}

static Inventory *parse(const char *text)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);

	return inventory_parse("f", text, strlen(text), errors);
}

/* Plan places N more like SIZE, beside all but those refused; '~' comes last. */
static void check_placed(const FitBase *base, const Inventory *inventory, const VmSpec *size,
			 unsigned n)
{
	const PlanOptions options = {.budget = BUDGET};
	Inventory more = *inventory;
	g_autoptr(GPtrArray) vms = g_ptr_array_new_with_free_func((GDestroyNotify)vm_spec_free);
	g_autoptr(Plan) plan = NULL;

	for (unsigned i = 0; i < inventory->vms->len; i++) {
		const VmSpec *spec = g_ptr_array_index(inventory->vms, i);

		if (spec->cpus || !fit_base_refuses(base, spec->name))
			g_ptr_array_add(vms, vm_spec_copy(spec, spec->name));
	}
	for (unsigned i = 0; i < n; i++) {
		g_autofree char *name = g_strdup_printf("\xf4\x8f\xbf\xbd/%u", i);

		g_ptr_array_add(vms, vm_spec_copy(size, name));
	}
	more.vms = vms;
	plan = plan_compute(host(), &more, NULL, &options);
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		g_assert(vm->placed || fit_base_refuses(base, vm->spec->name));
	}
}

static void check_fit(const Inventory *inventory)
{
	const FitOptions options = {.plan = {.budget = BUDGET}};
	g_autoptr(Fit) fit = NULL;

	if (inventory->vms->len > MOST_VMS)
		return;
	fit = fit_compute(host(), inventory, &options);
	for (unsigned i = 0; i < fit->sizes->len; i++) {
		const FitAnswer *answer = g_ptr_array_index(fit->sizes, i);

		g_assert(answer->count.fit <= answer->count.bound);
		check_placed(fit->base, inventory, answer->spec, answer->count.fit);
	}
}

/* Lines up to "--", at most so many; *TEXT is what follows. */
static char **settings_of(char *input, const char **text)
{
	char *end = strstr(input, "--\n");

	*text = end ? end + 3 : "";
	if (end)
		*end = '\0';
	return g_strsplit(input, "\n", SETTINGS_MOST);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *input = g_strndup((const char *)data, size);
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	const char *text;
	g_auto(GStrv) settings = settings_of(input, &text);
	g_autoptr(Inventory) inventory = parse(text), changed = NULL;
	g_autofree char *other = NULL;

	if (!inventory)
		return 0;
	other = what_if_apply(text, settings, errors);
	g_assert(!other == (errors->len > 0) && errors->len <= g_strv_length(settings));
	for (unsigned i = 0; i < errors->len; i++) {
		g_assert(g_utf8_validate(errors->pdata[i], -1, NULL));
		g_assert(!strpbrk(errors->pdata[i], "\n\r\033"));
	}
	changed = other ? parse(other) : NULL;
	check_fit(changed ? changed : inventory);
	return 0;
}
