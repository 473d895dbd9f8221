/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a domain XML to merge a plan into, for a dedicated and for a shared VM: refused with
 * one clean line, or the result is merged again without a change, and has the plan's pins.
 */
#include "frame.h"
#include "planner/merge/merge.h"
#include "topology/guests/libxml_load.h"

static const char text[] =
	"[node]\nkernel = 6.1\nqemu = 9.2\nlibvirt = 9.0\nmwait = yes\n[host]\ncores = 2\n"
	"[vm a]\nvcpus = 4\nmemory = 1G\nlocked = yes\niothreads = 1\n"
	"[vm b]\nvcpus = 2\nmemory = 1G\npolicy = shared\n";

static char *merged(const Rendering *rendering, const char *base, size_t length)
{
	g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	char *result = merge_domain(rendering, "base", base, length, notes, &error);

	frame_check_error(result, error);
	for (unsigned i = 0; i < notes->len; i++)
		frame_check_clean(g_ptr_array_index(notes, i), "");
	return result;
}

static void check_pins(const PlanVm *vm, const char *once)
{
	g_autoptr(GArray) pins = merge_pins("once", once, strlen(once), vm->spec->vcpus, NULL);

	g_assert(pins);
	for (unsigned v = 0; v < vm->pins->len; v++)
		g_assert(g_array_index(pins, unsigned, v) == g_array_index(vm->pins, unsigned, v));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static Inventory *inventory;
	static Plan *plan;

	if (!plan)
		g_assert(libxml_load() && frame_plan(text, &inventory, &plan));
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const Rendering rendering = {.plan = plan, .vm = g_ptr_array_index(plan->vms, i)};
		g_autofree char *once = merged(&rendering, (const char *)data, size), *twice = NULL;

		if (!once)
			continue;
		twice = merged(&rendering, once, strlen(once));
		g_assert(twice && !strcmp(once, twice));
		check_pins(rendering.vm, once);
	}
	return 0;
}
