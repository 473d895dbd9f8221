/* SPDX-License-Identifier: MIT */
/*
 * The commands that re-pin one running VM. No two of its vCPUs are ever on one CPU: each goes to a
 * CPU that is already free, and where they stand in each other's way one is parked on a host CPU.
 */
#include "planner/artifacts/artifact.h"

typedef struct Repin {
	Fill *f;
	GArray *now;	    /* of unsigned, by pinned vCPU: HOST_NONE = not known, or not one CPU */
	const GArray *want; /* the same, by the plan */
	hwloc_bitmap_t parking;
	GString *block;
} Repin;

static unsigned artifact_virsh_at(const GArray *cpus, unsigned vcpu)
{
	return g_array_index(cpus, unsigned, vcpu);
}

static bool is_taken(const Repin *repin, unsigned cpu)
{
	for (unsigned v = 0; v < repin->now->len; v++)
		if (artifact_virsh_at(repin->now, v) == cpu)
			return true;
	return false;
}

static void artifact_virsh_vcpupin(Fill *f, GString *block, unsigned vcpu, const char *cpus,
				   const char *template)
{
	g_autofree char *n = fill_number(vcpu);
	const TemplateValue values[] = {
		{"vcpu", n, TEMPLATE_SHELL}, {"cpus", cpus, TEMPLATE_SHELL}, FILL_END};

	fill_append(f, block, template, values);
}

static void artifact_virsh_move(Repin *repin, unsigned vcpu, unsigned cpu, const char *template)
{
	g_autofree char *text = fill_number(cpu);

	artifact_virsh_vcpupin(repin->f, repin->block, vm_spec_pin_vcpu(repin->f->vm->spec, vcpu),
			       text, template);
	g_array_index(repin->now, unsigned, vcpu) = cpu;
}

static void artifact_virsh_park(Repin *repin, unsigned vcpu)
{
	int cpu = hwloc_bitmap_first(repin->parking);

	while (cpu >= 0 && is_taken(repin, (unsigned)cpu))
		cpu = hwloc_bitmap_next(repin->parking, cpu);
	if (cpu < 0)
		g_free(fill_failed(
			repin->f,
			"vm %s: not enough host CPUs to park its vCPUs on while they are "
			"moved",
			repin->f->vm->spec->name));
	else
		artifact_virsh_move(repin, vcpu, (unsigned)cpu, "vm/park.sh");
}

/* Move the first vCPU whose CPU is free; false when each stands in another's way. */
static bool move_one(Repin *repin)
{
	for (unsigned v = 0; v < repin->want->len; v++)
		if (artifact_virsh_at(repin->now, v) != artifact_virsh_at(repin->want, v) &&
		    !is_taken(repin, artifact_virsh_at(repin->want, v))) {
			artifact_virsh_move(repin, v, artifact_virsh_at(repin->want, v),
					    "vm/vcpupin.sh");
			return true;
		}
	return false;
}

/* The first vCPU that is not where it belongs; HOST_NONE when all are. */
static unsigned artifact_virsh_misplaced(const Repin *repin)
{
	for (unsigned v = 0; v < repin->want->len; v++)
		if (artifact_virsh_at(repin->now, v) != artifact_virsh_at(repin->want, v))
			return v;
	return HOST_NONE;
}

static void artifact_virsh_repin(Repin *repin)
{
	unsigned vcpu;

	/* vCPUs of which nobody knows where they are could be anywhere: all of those are parked
	 * first. */
	for (unsigned v = 0; v < repin->now->len && !repin->f->failed; v++)
		if (artifact_virsh_at(repin->now, v) == HOST_NONE)
			artifact_virsh_park(repin, v);
	while (!repin->f->failed && (vcpu = artifact_virsh_misplaced(repin)) != HOST_NONE)
		if (!move_one(repin))
			artifact_virsh_park(repin, vcpu);
}

/* Where the vCPUs are; all or none are known: one at an unknown place may be on any CPU. */
static GArray *pins_now(const Fill *f)
{
	const GArray *pins = f->rendering->pins;
	GArray *now = g_array_new(FALSE, FALSE, sizeof(unsigned));
	bool known = pins && pins->len == f->vm->spec->vcpus;

	for (unsigned v = 0; known && v < pins->len; v++)
		known = artifact_virsh_at(pins, v) != HOST_NONE || vm_spec_floats(f->vm->spec, v);
	for (unsigned v = 0; v < plan_vm_pinned(f->vm); v++) {
		unsigned vcpu = vm_spec_pin_vcpu(f->vm->spec, v);
		unsigned cpu = known ? artifact_virsh_at(pins, vcpu) : HOST_NONE;

		g_array_append_val(now, cpu);
	}
	return now;
}

/* Where vCPUs are parked: CPUs that are nobody's alone. */
static hwloc_bitmap_t parking_of(const Plan *plan)
{
	return fill_cpus(plan, 1 << ROLE_HOST | 1 << ROLE_SHARED);
}

static char *artifact_virsh_vcpus(Fill *f)
{
	GString *block = g_string_new(NULL);

	if (f->vm->cpuset) {
		g_autofree char *cpus = cpulist_format(f->vm->cpuset);

		for (unsigned v = 0; v < f->vm->spec->vcpus; v++)
			if (!f->vm->pins->len || vm_spec_floats(f->vm->spec, v))
				artifact_virsh_vcpupin(f, block, v, cpus, "vm/vcpupin.sh");
	}
	if (f->vm->pins->len) {
		g_autoptr(GArray) now = pins_now(f), want = g_array_copy(f->vm->pins);
		g_auto(CpuSet) parking = parking_of(f->plan);

		g_array_set_size(want, plan_vm_pinned(f->vm));
		artifact_virsh_repin(&(Repin){f, now, want, parking, block});
	}
	return g_string_free(block, FALSE);
}

static char *artifact_virsh_iothreads(Fill *f)
{
	GString *block = g_string_new(NULL);

	for (unsigned i = 1; i <= f->vm->spec->iothreads; i++) {
		g_autofree char *cpus = fill_vm_iothread(f, i), *n = fill_number(i);
		const TemplateValue values[] = {
			{"iothread", n, TEMPLATE_SHELL}, {"cpus", cpus, TEMPLATE_SHELL}, FILL_END};

		fill_append(f, block, "vm/iothread.sh", values);
	}
	return g_string_free(block, FALSE);
}

/* Nobody knows where its vCPUs are, so all have to be parked at once. */
static const char *unfit_virsh_unseen(const Plan *plan, const PlanVm *vm)
{
	g_auto(CpuSet) parking = parking_of(plan);

	return (int)plan_vm_pinned(vm) <= hwloc_bitmap_weight(parking)
		       ? NULL
		       : "there are too few host CPUs to park its vCPUs on; use emit virsh with "
			 "--merge FILE or -c URI, which give its present pins";
}

static const ArtifactValue virsh_values[] = {{"head", TEMPLATE_RAW, fill_head},
					     {"vm", TEMPLATE_SHELL, fill_vm_name},
					     {"vcpus", TEMPLATE_RAW, artifact_virsh_vcpus},
					     {"emulator", TEMPLATE_SHELL, fill_vm_emulator},
					     {"iothreads", TEMPLATE_RAW, artifact_virsh_iothreads},
					     {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_virsh = {
	.name = "virsh",
	.help = "the virsh commands that re-pin one running VM",
	.path = "/etc/planner/virsh/*.sh",
	.script = true,
	.of_vm = true,
	.base = BASE_PINS,
	.activation = ACTIVATE_REPIN,
	.activate = "run this script while the VM runs",
	.unfit = unfit_unplaced,
	.unfit_unseen = unfit_virsh_unseen,
	.template = "vm/virsh.sh",
	.values = virsh_values,
};
