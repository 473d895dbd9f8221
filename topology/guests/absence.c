/* SPDX-License-Identifier: MIT */
#include "topology/guests/absence.h"

#include "topology/guests/qemu.h"

#include <string.h>

char *absence_source(const char *uri)
{
	return g_strdup_printf("libvirt %s", uri);
}

/* Of a container: what runs there is none of the host's. */
static bool in_container(const Task *task)
{
	static const char *const words[] = {"/kubepods",    "/docker", "/libpod",
					    "/lxc.payload", "/crio-",  "/cri-containerd"};

	for (unsigned i = 0; task->cgroup && i < G_N_ELEMENTS(words); i++)
		if (strstr(task->cgroup, words[i]))
			return true;
	return false;
}

/* The kernel keeps 15 characters of a name. */
static bool is_daemon(const Task *task)
{
	return (!strcmp(task->comm, "libvirtd") || !strcmp(task->comm, "virtqemud")) &&
	       !in_container(task);
}

static bool daemon_runs(const TaskFacts *tasks)
{
	for (guint i = 0; i < tasks->tasks->len; i++)
		if (is_daemon(&g_array_index(tasks->tasks, Task, i)))
			return true;
	return false;
}

/* libvirt writes -name guest=NAME, and puts its VMs below machine.slice or /machine. */
static bool of_libvirt(const QemuProcess *process, const TaskFacts *tasks)
{
	const Task *task = &g_array_index(tasks->tasks, Task, process->first);

	if (in_container(task))
		return false;
	if (!process->argv || (task->cgroup && (g_str_has_prefix(task->cgroup, "/machine/") ||
						g_str_has_prefix(task->cgroup, "/machine.slice/"))))
		return true;
	for (char **argument = process->argv; *argument; argument++)
		if (g_str_has_suffix(*argument, "-name") && argument[1] &&
		    g_str_has_prefix(argument[1], "guest="))
			return true;
	return false;
}

/* Why libvirt did not answer, if that is only because it is not there. */
static bool trouble_is_absence(Root *root)
{
	g_autofree char *source = absence_source("qemu:///system");
	const char *why = root_why(root, source);

	return !why || strstr(why, "No such file or directory") || strstr(why, "not installed");
}

bool absence_of_libvirt(Root *root, const TaskFacts *tasks, const GPtrArray *processes)
{
	unsigned run = 0;

	for (unsigned i = 0; i < processes->len; i++) {
		const QemuProcess *process = g_ptr_array_index(processes, i);

		if (of_libvirt(process, tasks))
			return false;
		run += process->vm;
	}
	return run && !tasks->taken_from && !daemon_runs(tasks) &&
	       !root_exists(root, "/etc/libvirt/qemu") && trouble_is_absence(root);
}
