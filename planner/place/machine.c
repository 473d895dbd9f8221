/* SPDX-License-Identifier: MIT */
#include "planner/place/machine.h"
#include "planner/base/subject.h"
#include "planner/base/version.h"

#include <string.h>

/* The most vCPUs a machine takes from a version of QEMU on: max_cpus of its machine classes in
 * hw/i386/pc_q35.c, hw/arm/virt.c, hw/riscv/virt.c and hw/s390x/s390-virtio-ccw.c. */
typedef struct MachineLimit {
	const char *arch, *machine;
	unsigned major, minor, vcpus;
} MachineLimit;

static const MachineLimit limits[] = {
	{"x86_64", "q35", 0, 0, 255},	{"x86_64", "q35", 2, 8, 288},
	{"x86_64", "q35", 8, 1, 1024},	{"x86_64", "q35", 9, 0, 4096},
	{"aarch64", "virt", 0, 0, 255}, {"aarch64", "virt", 3, 0, 512},
	{"riscv64", "virt", 0, 0, 512}, {"s390x", "s390-ccw-virtio", 0, 0, 248},
};

/* Of a QEMU of VERSION, NULL = of the oldest; NULL where there is no limit known. */
static const MachineLimit *machine_limit_of(const char *arch, const char *version)
{
	const MachineLimit *found = NULL;

	for (unsigned i = 0; i < G_N_ELEMENTS(limits); i++)
		if (!strcmp(limits[i].arch, arch) &&
		    (!limits[i].major ||
		     (version && !version_before(version, limits[i].major, limits[i].minor))))
			found = &limits[i];
	return found;
}

static void machine_check_vm(const Plan *plan, const VmSpec *spec)
{
	const char *arch = plan->host->arch ? plan->host->arch : "x86_64";
	const char *qemu = plan->node->qemu;
	const MachineLimit *limit = machine_limit_of(arch, qemu);
	const MachineLimit *newest = machine_limit_of(arch, "9999.0");
	g_autofree char *subject = subject_vm(spec->name);
	bool more = limit && spec->vcpus <= newest->vcpus; /* does a newer one take it? */

	if (!limit || spec->vcpus <= limit->vcpus)
		return;
	if (qemu || !more)
		findings_add(plan->findings, SEVERITY_ERROR, "vm.too-many-vcpus", subject,
			     more ? "give it fewer vCPUs, or the node a newer QEMU"
				  : "give it fewer vCPUs",
			     "has %u vCPUs: QEMU%s%s takes at most %u with its machine type %s",
			     spec->vcpus, qemu && more ? " " : "", qemu && more ? qemu : "",
			     more ? limit->vcpus : newest->vcpus, limit->machine);
	else
		findings_add_unknown(plan->findings, SEVERITY_WARNING, "vm.too-many-vcpus", subject,
				     "set [node] qemu",
				     "has %u vCPUs: older QEMU takes at most %u with its machine "
				     "type %s, and the version is unknown",
				     spec->vcpus, limit->vcpus, limit->machine);
}

void machine_check(const Plan *plan)
{
	for (unsigned i = 0; i < plan->vms->len; i++)
		machine_check_vm(plan, ((const PlanVm *)g_ptr_array_index(plan->vms, i))->spec);
}
