/* SPDX-License-Identifier: MIT */
#include "planner/fleet/loss.h"

#include <string.h>

const char *const loss_names[] = {"survives", "fails", "unknown", NULL};

struct LossBook {
	Space *space;
	LossCount *count;
};

LossBook *loss_book_new(Space *space)
{
	LossBook *book = g_new0(LossBook, 1);

	book->space = space;
	book->count = loss_count_new(space);
	return book;
}

void loss_book_free(LossBook *book)
{
	loss_count_free(book->count);
	g_free(book);
}

static void loss_vm_free(gpointer data)
{
	LossVm *lost = data;

	g_clear_pointer(&lost->parts, g_array_unref);
	g_free(lost->why);
	g_free(lost);
}

void loss_free(Loss *loss)
{
	g_ptr_array_unref(loss->vms);
	g_free(loss);
}

LossVerdict loss_verdict(const Loss *loss)
{
	if (!loss->left)
		return loss->unsure ? LOSS_UNKNOWN : LOSS_SURVIVES;
	return loss->least ? LOSS_FAILS : LOSS_UNKNOWN;
}

/* The VMs, in the order they are tried */

static int loss_compare_vcpus(const LossVm *x, const LossVm *y)
{
	if (x->vm->spec->vcpus != y->vm->spec->vcpus)
		return x->vm->spec->vcpus > y->vm->spec->vcpus ? -1 : 1;
	return 0;
}

static int loss_compare_memory(const LossVm *x, const LossVm *y)
{
	if (x->vm->memory != y->vm->memory)
		return x->vm->memory > y->vm->memory ? -1 : 1;
	return 0;
}

/* Those alike in size: those that need cpu-pm first, then by name. */
static int loss_compare_rest(const LossVm *x, const LossVm *y)
{
	int order = (int)y->vm->cpu_pm - (int)x->vm->cpu_pm;

	if (!order)
		order = strverscmp(x->vm->spec->name, y->vm->spec->name);
	if (!order)
		order = strcmp(x->vm->spec->name, y->vm->spec->name);
	return order ? order : x->from < y->from ? -1 : x->from > y->from;
}

static int loss_by_vcpus(gconstpointer a, gconstpointer b)
{
	const LossVm *x = *(LossVm *const *)a, *y = *(LossVm *const *)b;
	int order = loss_compare_vcpus(x, y);

	if (!order)
		order = loss_compare_memory(x, y);
	return order ? order : loss_compare_rest(x, y);
}

static int loss_by_memory(gconstpointer a, gconstpointer b)
{
	const LossVm *x = *(LossVm *const *)a, *y = *(LossVm *const *)b;
	int order = loss_compare_memory(x, y);

	if (!order)
		order = loss_compare_vcpus(x, y);
	return order ? order : loss_compare_rest(x, y);
}

static void loss_add_vms(Loss *loss, const Space *space, unsigned member)
{
	const GPtrArray *vms = space_standing(space, member)->vms;

	for (unsigned i = 0; i < vms->len; i++) {
		const StandingVm *vm = g_ptr_array_index(vms, i);
		LossVm *lost;

		if (vm->shared)
			continue;
		lost = g_new0(LossVm, 1);
		lost->vm = vm;
		lost->from = member;
		loss->unsure |= vm->spec->kind != CORE_KIND_ANY || vm->spec->apart.group;
		g_ptr_array_add(loss->vms, lost);
	}
}

/* Where they go */

/* In the order of VMS; how many are left out. */
static unsigned loss_fit(Space *space, const GPtrArray *vms)
{
	unsigned left = 0;

	for (unsigned i = 0; i < vms->len; i++) {
		LossVm *lost = g_ptr_array_index(vms, i);
		g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(SpacePart));

		g_clear_pointer(&lost->parts, g_array_unref);
		if (!space_find_room(space, lost->vm, parts) &&
		    !space_find_span(space, lost->vm, parts)) {
			left++;
			continue;
		}
		space_take(space, lost->vm, parts);
		lost->parts = g_steal_pointer(&parts);
	}
	return left;
}

/* By vCPUs or by memory, whichever leaves out fewer. */
static void loss_fit_best(Space *space, Loss *loss, const GArray *members)
{
	unsigned left;

	g_ptr_array_sort(loss->vms, loss_by_vcpus);
	space_lose(space, members);
	loss->left = loss_fit(space, loss->vms);
	if (!loss->left)
		return;
	g_ptr_array_sort(loss->vms, loss_by_memory);
	space_lose(space, members);
	left = loss_fit(space, loss->vms);
	g_ptr_array_sort(loss->vms, loss_by_vcpus);
	if (left >= loss->left) {
		space_lose(space, members);
		left = loss_fit(space, loss->vms);
	}
	loss->left = left;
}

/* Why not */

/* The host that has least too little; false = none may have it. */
static bool loss_nearest(const Space *space, const StandingVm *vm, unsigned *nearest,
			 BidLack *least)
{
	bool found = false;

	for (unsigned s = 0; s < space->standings->len; s++) {
		BidLack lack;

		if (!space_allows(space, vm, s))
			continue;
		lack = bid_lack(space_standing(space, s)->bid, vm->spec);
		if (found && !bid_lack_less(&lack, least))
			continue;
		*least = lack;
		*nearest = s;
		found = true;
	}
	return found;
}

static bool loss_some_take(const Space *space, const StandingVm *vm)
{
	for (unsigned s = 0; s < space->standings->len; s++)
		if (!space_is_gone(space, s) && standing_takes(space_standing(space, s), vm))
			return true;
	return false;
}

static bool loss_fits_alone(const Space *space, const StandingVm *vm)
{
	g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(SpacePart));

	return space_find_room(space, vm, parts) || space_find_span(space, vm, parts);
}

/* How many fit nowhere, even alone. */
static unsigned loss_count_alone(const Space *space, const Loss *loss)
{
	unsigned nowhere = 0;

	for (unsigned i = 0; i < loss->vms->len; i++) {
		const LossVm *lost = g_ptr_array_index(loss->vms, i);

		nowhere += !lost->parts && !loss_fits_alone(space, lost->vm);
	}
	return nowhere;
}

char *loss_why(const Space *space, const StandingVm *vm)
{
	unsigned nearest = 0;
	BidLack lack = {0};

	if (loss_fits_alone(space, vm))
		return g_strdup("fits alone, but not beside the others");
	if (loss_nearest(space, vm, &nearest, &lack))
		return bid_lack_text(&lack, vm->spec, space_standing(space, nearest)->name);
	if (loss_some_take(space, vm))
		return g_strdup("each other node that may have it has a VM of its name");
	return g_strdup(vm->cpu_pm ? "no other node gives it cpu-pm" : "no other node takes VMs");
}

static void loss_say_why(const Space *space, const Loss *loss)
{
	for (unsigned i = 0; i < loss->vms->len; i++) {
		LossVm *lost = g_ptr_array_index(loss->vms, i);

		if (!lost->parts)
			lost->why = loss_why(space, lost->vm);
	}
}

Loss *loss_new(LossBook *book, const GArray *members)
{
	Space *space = book->space;
	Loss *loss = g_new0(Loss, 1);

	loss->vms = g_ptr_array_new_with_free_func(loss_vm_free);
	for (unsigned i = 0; i < members->len; i++)
		loss_add_vms(loss, space, g_array_index(members, unsigned, i));
	loss_fit_best(space, loss, members);
	if (loss->left) {
		space_lose(space, members);
		loss->least = MAX(loss_count_least(book->count, loss->vms, members),
				  loss_count_alone(space, loss));
		if (loss->left > loss->least)
			loss_search(space, loss);
		loss_say_why(space, loss);
	}
	space_reset(space);
	return loss;
}
