/* SPDX-License-Identifier: MIT */
/*
 * The steps as a shell script, for an administrator to read and run: of libvirt's and planner's
 * commands. A node is reached by its name; one function says how.
 */
#include "cmd/fleet_drain.h"
#include "cmd/fleet_save.h"
#include "planner/artifacts/artifact.h"

#include <stdio.h>

typedef struct DrainScript {
	const FleetDrain *drain;
	const DrainStep *step;
	char *vm, *from, *to;	/* quoted */
	char *was, *xml, *plan; /* files, quoted */
	char *inventory, *topology;
} DrainScript;

/* Two nodes may have VMs of one name. */
static char *drain_script_file(const char *node, const char *vm, const char *what)
{
	g_autofree char *from = artifact_name_encode(node);
	g_autofree char *name = artifact_name_encode(vm);
	g_autofree char *file = g_strdup_printf("./%s:%s.%s", from, name, what);

	return g_shell_quote(file);
}

/* Names are UTF-8 without control characters: vm_name_fault(). */
static void drain_script_begin(DrainScript *script, const FleetDrain *drain, const DrainStep *step)
{
	const FleetFile *file = fleet_drain_file(drain, step->vm->from);
	const char *name = step->vm->vm->spec->name;
	const char *from = fleet_drain_name(drain, step->vm->from);
	const char *to = fleet_drain_name(drain, step->vm->to);
	g_autofree char *plan = fleet_save_plan_file(drain->options->directory, to);

	*script = (DrainScript){.drain = drain, .step = step};
	script->vm = g_shell_quote(name);
	script->from = g_shell_quote(from);
	script->to = g_shell_quote(to);
	script->was = drain_script_file(from, name, "was.xml");
	script->xml = drain_script_file(from, name, "xml");
	script->plan = g_shell_quote(plan);
	script->inventory = g_shell_quote(file->inventory);
	script->topology = g_shell_quote(file->topology);
}

static void drain_script_clear(DrainScript *script)
{
	g_free(script->vm);
	g_free(script->from);
	g_free(script->to);
	g_free(script->was);
	g_free(script->xml);
	g_free(script->plan);
	g_free(script->inventory);
	g_free(script->topology);
}

static void drain_script_dump(const DrainScript *script, const char *which)
{
	printf("on %s dumpxml %s --domain=%s >%s\n", script->from, which, script->vm, script->was);
}

/* Its XML for the other node. */
static void drain_script_xml(const DrainScript *script, const char *which)
{
	drain_script_dump(script, which);
	printf("planner migrate --from %s --from-topology %s --to %s --planned --merge %s --xml "
	       "-- %s >%s || test $? -eq 1\n",
	       script->inventory, script->topology, script->plan, script->was, script->vm,
	       script->xml);
}

/* The same of one that has no place on its node: it does not run, and nothing migrates. */
static void drain_script_xml_new(const DrainScript *script)
{
	drain_script_dump(script, "--inactive --security-info");
	printf("planner emit -p %s --merge %s -- domain %s >%s\n", script->plan, script->was,
	       script->vm, script->xml);
}

static void drain_script_live(const DrainScript *script)
{
	drain_script_xml(script, "--migratable");
	printf("on %s migrate --live --persistent --undefinesource --xml=%s --persistent-xml=%s "
	       "--domain=%s --desturi=\"$(uri %s)\"\n",
	       script->from, script->xml, script->xml, script->vm, script->to);
}

static void drain_script_stop(const DrainScript *script)
{
	drain_script_xml(script, "--inactive --security-info");
	printf("on %s shutdown --domain=%s\n", script->from, script->vm);
	printf("until LC_ALL=C on %s domstate --domain=%s | grep -qx 'shut off'; do sleep 1; "
	       "done\n",
	       script->from, script->vm);
}

static void drain_script_start(const DrainScript *script)
{
	printf("on %s define --file=%s\n", script->to, script->xml);
	printf("on %s undefine --keep-nvram --domain=%s\n", script->from, script->vm);
	printf("on %s start --domain=%s\n", script->to, script->vm);
}

static void drain_script_step(const FleetDrain *drain, unsigned i)
{
	const DrainStep *step = g_ptr_array_index(drain->steps->steps, i);
	DrainScript script;

	drain_script_begin(&script, drain, step);
	printf("\n# %u: %s, %s to %s: %s\n", i + 1, script.vm, script.from, script.to,
	       drain_how_names[step->how]);
	if (step->how == DRAIN_LIVE)
		drain_script_live(&script);
	if (step->how == DRAIN_STOP || (step->how == DRAIN_STOPPED && step->migration))
		drain_script_stop(&script);
	else if (step->how == DRAIN_STOPPED)
		drain_script_xml_new(&script);
	if (step->how == DRAIN_START || step->how == DRAIN_STOPPED)
		drain_script_start(&script);
	drain_script_clear(&script);
}

void fleet_drain_print_commands(const FleetDrain *drain)
{
	puts("#!/bin/sh\n"
	     "# Steps to empty nodes, in this order: each VM's room is free when it comes.\n"
	     "# The disks of VMs must be in reach of both nodes.\n"
	     "# It is for libvirt only: a platform (Proxmox VE, OpenStack, oVirt, KubeVirt) moves "
	     "its VMs itself.\n"
	     "set -eu\n"
	     "umask 077\n"
	     "uri() { echo \"qemu+ssh://$1/system\"; }\n"
	     "on() { uri=$(uri \"$1\"); shift; virsh --connect=\"$uri\" \"$@\"; }");
	for (unsigned i = 0; i < drain->steps->steps->len; i++)
		drain_script_step(drain, i);
}
