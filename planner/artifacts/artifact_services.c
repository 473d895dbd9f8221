/* SPDX-License-Identifier: MIT */
/* irqbalance, tuned, sysctl and the options of KVM. */
#include "planner/artifacts/artifact.h"
#include "planner/kernel/feature.h"

static const ArtifactValue irqbalance_values[] = {{"head", TEMPLATE_RAW, fill_head},
						  {"banned", TEMPLATE_LINE, fill_not_host},
						  {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_irqbalance = {
	.name = "irqbalance",
	.help = "interrupts stay on the host CPUs (Debian, Ubuntu)",
	.path = "/etc/default/irqbalance",
	.activation = ACTIVATE_RESTART,
	.activate = "systemctl try-restart irqbalance",
	.apply = "systemctl try-restart irqbalance",
	.undo = "systemctl try-restart irqbalance",
	.unfit = unfit_without_isolated,
	.template = "services/irqbalance.env",
	.values = irqbalance_values,
};

const Artifact artifact_irqbalance_rhel = {
	.name = "irqbalance-rhel",
	.help = "interrupts stay on the host CPUs (RHEL, Fedora and related systems)",
	.path = "/etc/sysconfig/irqbalance",
	.activation = ACTIVATE_RESTART,
	.activate = "systemctl try-restart irqbalance",
	.apply = "systemctl try-restart irqbalance",
	.undo = "systemctl try-restart irqbalance",
	.unfit = unfit_without_isolated,
	.template = "services/irqbalance.env",
	.values = irqbalance_values,
};

static const ArtifactValue tuned_values[] = {{"head", TEMPLATE_RAW, fill_head},
					     {"isolated", TEMPLATE_LINE, fill_isolated},
					     {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_tuned = {
	.name = "tuned",
	.help = "variables of tuned's profile cpu-partitioning",
	.path = "/etc/tuned/cpu-partitioning-variables.conf",
	.activation = ACTIVATE_REBOOT,
	.activate = "tuned-adm profile cpu-partitioning",
	.undo = "tuned-adm profile virtual-host",
	.unfit = unfit_without_isolated,
	.template = "services/tuned.conf",
	.values = tuned_values,
};

/* isolcpus=managed_irq is of Linux 5.6; older kernels drop the whole parameter over it. */
static char *managed_irq(Fill *f)
{
	if (!f->plan->node->kernel)
		return g_strdup(
			"# isolate_managed_irq=Y needs Linux 5.6; the node's version is unknown");
	if (kernel_has(f->plan->node->kernel, KERNEL_MANAGED_IRQ) != TRISTATE_YES)
		return g_strdup_printf("# isolate_managed_irq=Y needs Linux 5.6; the node has %s",
				       f->plan->node->kernel);
	return g_strdup("isolate_managed_irq=Y");
}

static const ArtifactValue realtime_values[] = {{"head", TEMPLATE_RAW, fill_head},
						{"isolated", TEMPLATE_LINE, fill_isolated},
						{"managed", TEMPLATE_LINE, managed_irq},
						{NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_tuned_realtime = {
	.name = "tuned-realtime",
	.help = "variables of tuned's profile realtime-virtual-host",
	.path = "/etc/tuned/realtime-virtual-host-variables.conf",
	.activation = ACTIVATE_REBOOT,
	.activate = "tuned-adm profile realtime-virtual-host",
	.undo = "tuned-adm profile virtual-host",
	.unfit = unfit_without_isolated,
	.template = "services/tuned-realtime.conf",
	.values = realtime_values,
};

static char *artifact_services_balancing(Fill *f)
{
	return f->plan->host->nodes->len > 1 ? fill(f, "services/sysctl-balancing.conf",
						    (const TemplateValue[]){FILL_END})
					     : g_strdup("");
}

static const ArtifactValue sysctl_values[] = {
	{"head", TEMPLATE_RAW, fill_head},
	{"host", TEMPLATE_LINE, fill_host},
	{"balancing", TEMPLATE_RAW, artifact_services_balancing},
	{NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_sysctl = {
	.name = "sysctl",
	.help = "kernel settings that keep isolated CPUs quiet",
	.of_host = true,
	.path = "/etc/sysctl.d/90-planner.conf",
	.activation = ACTIVATE_RELOAD,
	.activate = "sysctl -p /etc/sysctl.d/90-planner.conf",
	.apply = "sysctl -p /etc/sysctl.d/90-planner.conf",
	.undo = "sysctl --system",
	.unfit = unfit_without_isolated,
	.template = "services/sysctl.conf",
	.values = sysctl_values,
};

/* KVM's options are the whole host's, so the mix of VMs decides. */
typedef struct Mix {
	unsigned vms, on, shared; /* shared: may run where others may */
} Mix;

static Mix mix_of(const Plan *plan)
{
	Mix mix = {0};

	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		mix.vms += vm->placed;
		mix.on += vm->placed && vm->cpupm->verdict == CPUPM_ON;
		mix.shared += vm->placed && (vm->spec->policy == POLICY_SHARED ||
					     vm->cpupm->verdict == CPUPM_INELIGIBLE);
	}
	return mix;
}

static bool wants_no_ple(const Mix *mix)
{
	return mix->vms && !mix->shared && mix->on < mix->vms;
}

static bool wants_no_polling(const Mix *mix)
{
	return mix->shared && mix->on + mix->shared == mix->vms;
}

/* The parameter is of Linux 5.3. */
static bool wants_posted_timers(const Mix *mix, const char *kernel)
{
	return mix->vms && mix->on == mix->vms &&
	       kernel_has(kernel, KERNEL_POSTED_TIMERS) == TRISTATE_YES;
}

static const char *unfit_modprobe(const Plan *plan, const PlanVm *vm)
{
	Mix mix = mix_of(plan);

	(void)vm;
	if (!plan_is_x86(plan))
		return "these options exist on x86 only";
	if (!mix.vms)
		return "the plan has no VM";
	return wants_no_ple(&mix) || wants_no_polling(&mix) ||
			       wants_posted_timers(&mix, plan->node->kernel)
		       ? NULL
		       : "KVM's defaults suit this mix of VMs";
}

static char *artifact_services_options(Fill *f)
{
	GString *block = g_string_new(NULL);
	const TemplateValue none[] = {FILL_END};
	Mix mix = mix_of(f->plan);

	if (wants_no_ple(&mix))
		fill_append(f, block, "services/modprobe-ple.conf", none);
	if (wants_no_polling(&mix))
		fill_append(f, block, "services/modprobe-halt.conf", none);
	if (wants_posted_timers(&mix, f->plan->node->kernel))
		fill_append(f, block, "services/modprobe-timer.conf", none);
	return g_string_free(block, FALSE);
}

static const ArtifactValue modprobe_values[] = {
	{"head", TEMPLATE_RAW, fill_head},
	{"options", TEMPLATE_RAW, artifact_services_options},
	{NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_modprobe = {
	.name = "modprobe",
	.help = "options of KVM that suit this mix of VMs",
	.of_host = true,
	.path = "/etc/modprobe.d/planner-kvm.conf",
	.activation = ACTIVATE_REBOOT,
	.activate = "modprobe -r and modprobe of kvm_intel or kvm_amd, with no VM running; or "
		    "a reboot",
	.apply = "",
	.unfit = unfit_modprobe,
	.template = "services/modprobe.conf",
	.values = modprobe_values,
};
