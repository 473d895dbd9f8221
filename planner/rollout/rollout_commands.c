/* SPDX-License-Identifier: MIT */
/*
 * The steps as shell commands, for an administrator to read and run: of libvirt's, planner's and
 * the system's own. What no command does is a comment. File names have their VM's name, which no
 * inventory lets have a '/'.
 */
#include "planner/rollout/rollout.h"

typedef struct Script {
	const Diff *diff;
	const char *plan; /* the file of the new plan, quoted */
	GPtrArray *lines;
} Script;

G_GNUC_PRINTF(2, 3) static void say(Script *script, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(script->lines, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

/* "'./NAME.WHAT'", yours */
static char *rollout_commands_file_of(const DiffVm *vm, const char *what)
{
	g_autofree char *name = g_strdup_printf("./%s.%s", vm->name, what);

	return g_shell_quote(name);
}

/* Domain XML */

static void define_vm(Script *script, const DiffVm *vm)
{
	g_autofree char *name = g_shell_quote(vm->name);
	g_autofree char *was = rollout_commands_file_of(vm, "was.xml"),
			*new = rollout_commands_file_of(vm, "xml");

	if (vm->kind == DIFF_NEW)
		say(script, "# new: libvirt must know it, with its disks and networks");
	say(script, "virsh dumpxml --inactive --domain=%s >%s", name, was);
	say(script, "planner emit -p %s --merge %s %sdomain %s >%s", script->plan, was,
	    *vm->name == '-' ? "-- " : "", name, new);
	say(script, "virsh define --file=%s", new);
}

static void rollout_commands_define(Script *script)
{
	const GPtrArray *vms = script->diff->vms;

	for (unsigned i = 0; i < vms->len; i++) {
		const DiffVm *vm = g_ptr_array_index(vms, i);

		if (vm->kind == DIFF_NEW || vm->kind == DIFF_CHANGED)
			define_vm(script, vm);
	}
}

/* Life */

static void rollout_commands_stop(Script *script, const char *name)
{
	say(script, "virsh shutdown --domain=%s", name);
	say(script,
	    "until LC_ALL=C virsh domstate --domain=%s | grep -qx 'shut off'; do sleep 1; done",
	    name);
}

static void rollout_commands_start(Script *script, const char *name)
{
	say(script, "virsh start --domain=%s", name);
}

/* Pins: for the next start they are in the XML that was defined */

static void rollout_commands_pin(Script *script, const char *name, unsigned vcpu, const char *cpus)
{
	say(script, "virsh vcpupin --domain=%s --vcpu=%u --cpulist=%s --live", name, vcpu, cpus);
}

static void pin_vcpus(Script *script, const Step *step, const char *name)
{
	for (unsigned i = 0; i < step->pins->len; i++) {
		const StepPin *to = &g_array_index(step->pins, StepPin, i);
		g_autofree char *cpu = g_strdup_printf("%u", to->cpu);

		rollout_commands_pin(script, name, to->vcpu, cpu);
	}
}

static void pin_pool(Script *script, const PlanVm *vm, const char *name)
{
	g_autofree char *cpus = cpulist_format(vm->cpuset);

	for (unsigned v = 0; v < vm->spec->vcpus; v++)
		if (!vm->pins->len || vm_spec_floats(vm->spec, v))
			rollout_commands_pin(script, name, v, cpus);
}

/* To where VM has them, or to CPUS where that is not NULL. */
static void pin_emulator(Script *script, const PlanVm *vm, hwloc_const_bitmap_t cpus,
			 const char *name)
{
	g_autofree char *list = cpulist_format(cpus ? cpus : vm->emulatorpin);

	say(script, "virsh emulatorpin --domain=%s --cpulist=%s --live", name, list);
	for (unsigned i = 0; i < vm->iothreadpins->len; i++) {
		hwloc_const_bitmap_t own = g_ptr_array_index(vm->iothreadpins, i);
		g_autofree char *io = cpulist_format(cpus ? cpus : own);

		say(script, "virsh iothreadpin --domain=%s --iothread=%u --cpulist=%s --live", name,
		    i + 1, io);
	}
}

/* Live, libvirt moves all of a VM's memory or none: it does not take cells one by one. */
static void move_memory(Script *script, const PlanVm *vm, const Host *host, const char *name)
{
	unsigned node = g_array_index(vm->shares, VmShare, 0).from;

	if (vm->shares->len > 1)
		say(script, "# the memory of its guest cells: libvirt does not move them one by "
			    "one; it follows at its next start");
	else
		say(script, "virsh numatune --domain=%s --nodeset=%u --live", name,
		    host_node(host, node)->id);
}

static void rollout_commands_repin(Script *script, const Step *step, const char *name)
{
	const PlanVm *after = step->vm->after;

	if (step->aside)
		pin_emulator(script, step->vm->before, script->diff->after->cpus[ROLE_HOST], name);
	pin_vcpus(script, step, name);
	if (step->pool)
		pin_pool(script, after, name);
	if (step->emulator)
		pin_emulator(script, after, NULL, name);
	if (step->memory)
		move_memory(script, after, step->vm->host, name);
}

/* Files */

/* Those that do not wait for a reboot: written, or removed. */
static void rollout_commands_reload(Script *script, const Step *step)
{
	const GPtrArray *files = script->diff->files;
	g_autoptr(GString) names = g_string_new(NULL);

	for (unsigned i = 0; i < files->len; i++) {
		const DiffFile *file = g_ptr_array_index(files, i);

		if (file->cost == COST_REBOOT)
			continue;
		if (file->gone)
			say(script, "rm %s", file->artifact->path);
		else
			g_string_append_printf(names, "%s ", file->artifact->name);
	}
	if (names->len)
		say(script, "planner emit %s-p %s -d /", names->str, script->plan);
	for (unsigned i = 0; i < files->len; i++) {
		const DiffFile *file = g_ptr_array_index(files, i);
		const char *how = file->gone ? file->artifact->undo : file->artifact->activate;

		if (file->cost != COST_REBOOT && how)
			say(script, "# %s: %s", file->artifact->name, how);
	}
	if (step->sdk)
		say(script, "# then restart the SDK's services");
}

static void write_all(Script *script)
{
	say(script, "planner emit --all -p %s -d /", script->plan);
	say(script,
	    "# /etc/planner/INDEX says how each file takes effect, including the boot loader's");
	rollout_commands_define(script);
}

/* Steps */

static void rollout_commands_life(Script *script, const Step *step, const char *name)
{
	if (step->kind != STEP_START)
		rollout_commands_stop(script, name);
	if (step->kind != STEP_STOP)
		rollout_commands_start(script, name);
}

GPtrArray *rollout_commands(const Diff *diff, const Step *step, const char *plan)
{
	g_autofree char *quoted = g_shell_quote(plan);
	g_autofree char *name = g_shell_quote(step->vm ? step->vm->name : "");
	Script script = {diff, quoted, g_ptr_array_new_with_free_func(g_free)};

	switch (step->kind) {
	case STEP_DEFINE:
		rollout_commands_define(&script);
		break;
	case STEP_STOP:
	case STEP_START:
	case STEP_RESTART:
		rollout_commands_life(&script, step, name);
		break;
	case STEP_PARK:
	case STEP_REPIN:
		rollout_commands_repin(&script, step, name);
		break;
	case STEP_RELOAD:
		rollout_commands_reload(&script, step);
		break;
	case STEP_WRITE:
		write_all(&script);
		break;
	case STEP_REBOOT:
		say(&script, "systemctl reboot");
		break;
	case STEP_CHECK:
		say(&script, "planner check -p %s", quoted);
		break;
	}
	return script.lines;
}
