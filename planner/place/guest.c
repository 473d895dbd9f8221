/* SPDX-License-Identifier: MIT */
#include "planner/place/guest.h"
#include "planner/base/size.h"

/* Words */

char *guest_topology(const PlanVm *vm)
{
	return g_strdup_printf("%u socket%s, %u core%s, %u thread%s", vm->sockets,
			       vm->sockets == 1 ? "" : "s", vm->cores, vm->cores == 1 ? "" : "s",
			       vm->threads, vm->threads == 1 ? "" : "s");
}

char *guest_cells(const PlanVm *vm)
{
	GString *text = g_string_new(vm->shares->len > 1 ? NULL : "one");

	for (unsigned i = 0; i < vm->shares->len && vm->shares->len > 1; i++) {
		const VmShare *share = &g_array_index(vm->shares, VmShare, i);
		g_autofree char *memory = size_format(share->memory);

		g_string_append_printf(text, "%s%u vCPUs and %s", i ? "; " : "",
				       share->vcpus + (i ? 0 : vm_spec_floating(vm->spec)), memory);
	}
	return g_string_free(text, FALSE);
}

/* The guest's CPU topology */

unsigned guest_maximum(const VmSpec *spec)
{
	return MAX(spec->maximum, spec->vcpus);
}

/* The core of vCPU V, HOST_NONE where it floats. */
static unsigned vcpu_core(const Plan *plan, const PlanVm *vm, unsigned v)
{
	unsigned pin = vm_spec_vcpu_pin(vm->spec, v);

	return vm_spec_floats(vm->spec, v)
		       ? HOST_NONE
		       : host_core_of(plan->host, g_array_index(vm->pins, unsigned, pin));
}

/* Do vCPUs FIRST … FIRST+N-1 share one core, or all float? */
static bool on_one_core(const Plan *plan, const PlanVm *vm, unsigned first, unsigned n)
{
	for (unsigned v = first + 1; v < first + n; v++)
		if (vcpu_core(plan, vm, v) != vcpu_core(plan, vm, first))
			return false;
	return true;
}

/* The vCPUs of a VM that has pins. */
static unsigned vcpus_of(const PlanVm *vm)
{
	return vm->pins->len ? vm->spec->vcpus : 0;
}

static bool threads_true(const Plan *plan, const PlanVm *vm, unsigned threads)
{
	for (unsigned v = 0; v < vcpus_of(vm); v += threads)
		if (!on_one_core(plan, vm, v, MIN(threads, vcpus_of(vm) - v)))
			return false;
	return true;
}

/* vCPUs that float are in the first guest cell. */
static unsigned vcpu_node(const Plan *plan, const PlanVm *vm, unsigned v)
{
	unsigned core = vcpu_core(plan, vm, v);

	return core == HOST_NONE ? g_array_index(vm->shares, VmShare, 0).node
				 : host_core(plan->host, core)->node;
}

/* Of SOCKETS of as many vCPUs each, is none on two nodes? */
static bool sockets_true(const Plan *plan, const PlanVm *vm, unsigned sockets)
{
	unsigned each = guest_maximum(vm->spec) / sockets;

	for (unsigned v = 0; v < vcpus_of(vm); v++)
		if (vcpu_node(plan, vm, v) != vcpu_node(plan, vm, v - v % each))
			return false;
	return true;
}

bool guest_cores_true(const Plan *plan, const PlanVm *vm)
{
	return vm->threads < 2 || threads_true(plan, vm, vm->threads);
}

bool guest_sockets_true(const Plan *plan, const PlanVm *vm)
{
	return vm->sockets < 2 || sockets_true(plan, vm, vm->sockets);
}

/* What QEMU takes: s390-ccw-virtio has one thread a core, and pseries a power of two. */
static bool machine_takes_threads(const Host *host, unsigned threads)
{
	if (host->arch && g_str_equal(host->arch, "s390x"))
		return threads == 1;
	return !host->arch || !g_str_has_prefix(host->arch, "ppc64") ||
	       (threads & (threads - 1)) == 0;
}

/* The most threads a core that is true: the guest may believe its siblings share a core. vCPUs that
 * may be plugged in make no core larger than the host's are. */
static unsigned guest_threads(const Plan *plan, const PlanVm *vm, unsigned per_socket)
{
	for (unsigned threads = MIN(per_socket, plan->host->max_threads); threads > 1; threads--)
		if (per_socket % threads == 0 && machine_takes_threads(plan->host, threads) &&
		    threads_true(plan, vm, threads))
			return threads;
	return 1;
}

/* The inventory's, where no socket is on two nodes; else they follow the NUMA nodes where the
 * shares are equal and their vCPUs stand together; vCPUs that may be plugged in later have no node
 * yet. */
static unsigned guest_sockets(const Plan *plan, const PlanVm *vm)
{
	unsigned sockets = vm->shares->len, asked = vm->spec->sockets;

	if (asked && guest_maximum(vm->spec) % asked == 0 && sockets_true(plan, vm, asked))
		return asked;
	if (sockets < 2 || vm->spec->vcpus % sockets || guest_maximum(vm->spec) > vm->spec->vcpus)
		return 1;
	return sockets_true(plan, vm, sockets) ? sockets : 1;
}

void guest_shape(const Plan *plan, PlanVm *vm)
{
	unsigned per_socket;

	vm->sockets = guest_sockets(plan, vm);
	per_socket = guest_maximum(vm->spec) / vm->sockets;
	vm->threads = vm->pins->len ? guest_threads(plan, vm, per_socket) : 1;
	vm->cores = per_socket / vm->threads;
}
