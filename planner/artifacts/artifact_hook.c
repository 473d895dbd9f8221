/* SPDX-License-Identifier: MIT */
/* What libvirt asks before a VM starts: `planner admit`, which judges it by the plan. */
#include "planner/artifacts/artifact.h"
#include "planner/base/version.h"

#define HOOKS "/etc/libvirt/hooks/"

/* The last of its folder by name: of several hooks that refuse, libvirt shows what the last says.
 * libvirt before 6.5 runs one file alone. */
static const char *hook_path(const Plan *plan)
{
	const char *libvirt = plan->node->libvirt;

	return libvirt && version_before(libvirt, 6, 5) ? HOOKS "qemu" : HOOKS "qemu.d/zz-planner";
}

static const char *hook_unasked(const Plan *plan)
{
	return plan->node->guard == GUARD_OFF ? "the inventory has no guard: [node] guard = warn"
					      : NULL;
}

/* Whoever asks for the hook by name wants one. */
static char *hook_guard(Fill *f)
{
	Guard guard = f->plan->node->guard;

	return g_strdup(guard_names[guard == GUARD_OFF ? GUARD_WARN : guard]);
}

static char *hook_plan(Fill *f)
{
	(void)f;
	return g_strdup(ARTIFACT_PLAN);
}

static const ArtifactValue hook_values[] = {{"head", TEMPLATE_RAW, fill_head},
					    {"guard", TEMPLATE_LINE, hook_guard},
					    {"plan", TEMPLATE_LINE, hook_plan},
					    {NULL, TEMPLATE_RAW, NULL}};

/* libvirt looks for hooks when it starts, and when it is told to reload. */
#define HOOK_RELOAD                                                                                \
	"sh -c 'for unit in libvirtd virtqemud; do ! systemctl --quiet is-active $unit || "        \
	"systemctl reload $unit; done'"

const Artifact artifact_libvirt_hook = {
	.name = "libvirt-hook",
	.help = "libvirt asks planner before a VM starts or migrates here",
	.path = HOOKS "qemu.d/zz-planner",
	.path_on = hook_path,
	.program = true,
	.activation = ACTIVATE_RELOAD,
	.activate = "systemctl reload libvirtd, or virtqemud",
	.apply = HOOK_RELOAD,
	.undo = HOOK_RELOAD,
	.unasked = hook_unasked,
	.template = "services/libvirt-hook.sh",
	.values = hook_values,
};
