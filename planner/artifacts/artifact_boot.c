/* SPDX-License-Identifier: MIT */
/*
 * The kernel line, worded for each boot loader. Every one of them takes earlier isolation
 * parameters away before it adds the plan's: of two isolcpus= the kernel keeps the first
 * (kernel/sched/isolation.c), whoever wrote it.
 */
#include "planner/artifacts/artifact.h"
#include "planner/kernel/cmdline.h"

#include <string.h>

static const char *unfit_without_line(const Plan *plan, const PlanVm *vm)
{
	(void)vm;
	return *plan->cmdline ? NULL : "the plan has no kernel parameters";
}

static char *word_of(const KernelParameter *p)
{
	return p->value ? g_strconcat(p->name, "=", p->value, NULL) : g_strdup(p->name);
}

/* The inventory's own parameters, each by TEMPLATE: equal words on a line are taken away too, so
 * that none stands there twice. */
static char *artifact_boot_extra(Fill *f, const char *template)
{
	GString *block = g_string_new(NULL);

	for (unsigned i = 0; i < f->plan->parameters->len; i++) {
		const KernelParameter *p = g_ptr_array_index(f->plan->parameters, i);
		g_autofree char *word = word_of(p);
		const TemplateValue values[] = {{"word", word, TEMPLATE_KERNEL}, FILL_END};

		if (!cmdline_listed(cmdline_cpu_names, p->name))
			fill_append(f, block, template, values);
	}
	return g_string_free(block, FALSE);
}

static char *extra_patterns(Fill *f)
{
	return artifact_boot_extra(f, "boot/pattern.sh");
}

static char *extra_words(Fill *f)
{
	return artifact_boot_extra(f, "boot/word.sh");
}

/* The shell function that edits a line. */
static char *artifact_boot_function(Fill *f)
{
	g_autofree char *patterns = extra_patterns(f);
	const TemplateValue values[] = {{"patterns", patterns, TEMPLATE_RAW}, FILL_END};

	return fill(f, "boot/function.sh", values);
}

static char *artifact_boot_cmdline(Fill *f)
{
	return g_strconcat(f->plan->cmdline, "\n", NULL);
}

const Artifact artifact_cmdline = {
	.name = "cmdline",
	.help = "the kernel parameters, one line",
	.activation = ACTIVATE_REBOOT,
	.render = artifact_boot_cmdline,
};

static const ArtifactValue shell_values[] = {{"head", TEMPLATE_RAW, fill_head},
					     {"line", TEMPLATE_KERNEL, fill_line},
					     {"function", TEMPLATE_RAW, artifact_boot_function},
					     {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_grub = {
	.name = "grub",
	.help = "kernel parameters for GRUB on Debian and Ubuntu",
	.path = "/etc/default/grub.d/zz-planner.cfg",
	.activation = ACTIVATE_REBOOT,
	.activate = "update-grub",
	.apply = "update-grub",
	.undo = "update-grub",
	.unfit = unfit_without_line,
	.template = "boot/grub.cfg",
	.values = shell_values,
};

static const ArtifactValue grubby_values[] = {{"head", TEMPLATE_RAW, fill_head},
					      {"line", TEMPLATE_KERNEL, fill_line},
					      {"extra", TEMPLATE_RAW, extra_words},
					      {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_grubby = {
	.name = "grubby",
	.help = "kernel parameters by grubby: RHEL, Fedora and related systems",
	.path = "/usr/local/sbin/planner-grubby",
	.script = true,
	.activation = ACTIVATE_REBOOT,
	.activate = "/usr/local/sbin/planner-grubby",
	.apply = "/usr/local/sbin/planner-grubby",
	.changes = "/boot/loader/entries/*.conf /boot/grub2/grubenv /etc/default/grub "
		   "/etc/kernel/cmdline",
	.unfit = unfit_without_line,
	.template = "boot/grubby.sh",
	.values = grubby_values,
};

const Artifact artifact_extlinux = {
	.name = "extlinux",
	.help = "kernel parameters in the menu of syslinux, extlinux and U-Boot",
	.path = "/usr/local/sbin/planner-extlinux",
	.script = true,
	.of_target = true,
	.activation = ACTIVATE_REBOOT,
	.activate = "/usr/local/sbin/planner-extlinux",
	.apply = "/usr/local/sbin/planner-extlinux",
	/* Patterns: a menu or setting that comes later is not the plan's to take away. */
	.changes = "/boot/extlinux/*.conf /boot/syslinux/*.cfg /boot/syslinux/*.conf "
		   "/boot/extlinux*.conf /boot/syslinux*.cfg /etc/default/u-boot* "
		   "/etc/default/extlinux* /etc/update-extlinux*.conf "
		   "/etc/u-boot-menu/conf.d/zz-planner.conf",
	.refresh = "for make in u-boot-update extlinux-update update-extlinux; do if command -v "
		   "$make >/dev/null; then $make; fi; done",
	.unfit = unfit_without_line,
	.template = "boot/extlinux.sh",
	.values = shell_values,
};

static const ArtifactValue zipl_values[] = {{"head", TEMPLATE_RAW, fill_head},
					    {"line", TEMPLATE_KERNEL, fill_line},
					    {"extra", TEMPLATE_RAW, extra_words},
					    {"function", TEMPLATE_RAW, artifact_boot_function},
					    {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_zipl = {
	.name = "zipl",
	.help = "kernel parameters for zipl, the boot loader of s390x",
	.path = "/usr/local/sbin/planner-zipl",
	.script = true,
	.of_target = true,
	.activation = ACTIVATE_REBOOT,
	.activate = "/usr/local/sbin/planner-zipl, then zipl",
	.apply = "/usr/local/sbin/planner-zipl",
	.changes = "/etc/zipl*.conf /boot/loader/entries/*.conf /boot/*parm* /boot/zipl/*parm* "
		   "/etc/*parm* /etc/kernel/cmdline*",
	.refresh = "zipl",
	.unfit = unfit_without_line,
	.template = "boot/zipl.sh",
	.values = zipl_values,
};

const Artifact artifact_kernel_install = {
	.name = "kernel-install",
	.help = "kernel parameters in /etc/kernel/cmdline: systemd-boot and unified kernel images",
	.path = "/usr/local/sbin/planner-kernel-cmdline",
	.script = true,
	.activation = ACTIVATE_REBOOT,
	.activate = "/usr/local/sbin/planner-kernel-cmdline, then kernel-install add for each "
		    "kernel",
	.apply = "/usr/local/sbin/planner-kernel-cmdline",
	.changes = "/etc/kernel/cmdline",
	.refresh = "if [ -e /etc/kernel/proxmox-boot-uuids ]; then proxmox-boot-tool refresh; else "
		   "kernel-install add-all; fi",
	.unfit = unfit_without_line,
	.template = "boot/kernel-install.sh",
	.values = shell_values,
};

static char *artifact_boot_kargs(Fill *f)
{
	GString *block = g_string_new(NULL);

	for (unsigned i = 0; i < f->plan->parameters->len; i++) {
		g_autofree char *word = word_of(g_ptr_array_index(f->plan->parameters, i));
		const TemplateValue values[] = {{"word", word, TEMPLATE_KERNEL}, FILL_END};

		fill_append(f, block, "boot/karg.toml", values);
	}
	return g_string_free(block, FALSE);
}

static const ArtifactValue bootc_values[] = {{"head", TEMPLATE_RAW, fill_head},
					     {"kargs", TEMPLATE_RAW, artifact_boot_kargs},
					     {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_bootc = {
	.name = "bootc",
	.help = "kernel parameters of an image-mode (bootc) system",
	.path = "/usr/lib/bootc/kargs.d/90-planner.toml",
	.activation = ACTIVATE_REBOOT,
	.activate = "build it into the image, then bootc upgrade",
	.apply = "",
	.unfit = unfit_without_line,
	.template = "boot/bootc.toml",
	.values = bootc_values,
};
