/* SPDX-License-Identifier: MIT */
/* [node] and [kernel]: versions, and what the kernel line says beside its CPU lists. */
#include "planner/adopt/adopt_internal.h"
#include "planner/base/version.h"
#include "planner/inventory/setting_types.h"
#include "planner/inventory/settings.h"
#include "planner/kernel/feature.h"
#include "topology/facts/kernel_line.h"

#include <string.h>

/* [node] */

/* What was told of SETTING, a version, is kept only where an inventory can say it. */
static void version_keep(Adopter *a, const Setting *setting)
{
	char **version = setting_field(setting, a->inventory->node);
	g_autofree char *shown = *version ? adopt_short(*version) : NULL;

	if (!*version) {
		adopt_note(a, SEEN, "node", NULL, "%s: its version is not known", setting->key);
	} else if (!version_valid(*version) || !adopt_parses("node", setting->key, *version)) {
		adopt_note(a, LOST, "node", NULL, "%s: '%s' is not a version", setting->key, shown);
		g_clear_pointer(version, g_free);
	}
}

void adopt_node(Adopter *a)
{
	NodeSpec *node = a->inventory->node;
	Node own = facts_node(a->facts);
	const char *fault;

	own.name = (char *)sysctl_value(a->facts, "kernel", "hostname");
	settings_tell(node_settings, &own, node);
	fault = node->name ? inventory_name_fault(node->name) : NULL;
	if (fault) {
		adopt_note(a, SEEN, "node", NULL, "the node's own name %s", fault);
		g_clear_pointer(&node->name, g_free);
	}
	for (const Setting *setting = node_settings->settings; setting->key; setting++)
		if (setting->told && setting->type == &setting_version)
			version_keep(a, setting);
	if (node->mwait == TRISTATE_UNKNOWN)
		adopt_note(a, SEEN, "node", NULL,
			   "mwait: could not ask KVM whether it offers MWAIT (/dev/kvm)");
}

/* Flags of isolcpus */

static char **flags_of(const CmdlineEffect *isolcpus)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	if (isolcpus->managed)
		g_strv_builder_add(builder, "managed_irq");
	if (isolcpus->flagged && isolcpus->domain)
		g_strv_builder_add(builder, "domain");
	return g_strv_builder_end(builder);
}

/* The flags that a plan writes where the inventory does not say. */
static bool flags_default(char **flags, const char *kernel)
{
	unsigned usual = kernel && !version_before(kernel, 5, 6) ? 2 : 0;

	return g_strv_length(flags) == usual;
}

/* Flags without `domain` isolate nothing: nobody means that. A kernel that is older than they are
 * drops the whole parameter: a plan writes none. */
static void flags_adopt(Adopter *a, const CmdlineEffect *isolcpus)
{
	g_auto(GStrv) flags = flags_of(isolcpus);
	KernelFeature needed = isolcpus->managed ? KERNEL_MANAGED_IRQ : KERNEL_ISOLCPUS_FLAGS;

	if (isolcpus->flagged && hwloc_bitmap_iszero(a->audit->scheduler) &&
	    kernel_has(a->inventory->node->kernel, needed) == TRISTATE_NO)
		return;
	if (isolcpus->flagged && !isolcpus->domain)
		adopt_note(a, GUESSED, "kernel", "flags",
			   "isolcpus= has flags without 'domain', so it isolates nothing; the "
			   "flags here do");
	else if (isolcpus->value && !flags_default(flags, a->inventory->node->kernel))
		a->inventory->flags = g_steal_pointer(&flags);
}

/* Further parameters: those that concern CPUs, timers, KVM and memory. */

/* A quoted value may hold blanks, even ends of lines. */
static bool one_word(const char *text)
{
	for (; *text; text++)
		if (!g_ascii_isgraph(*text))
			return false;
	return true;
}

static void extra_add(Adopter *a, GStrvBuilder *extra, const CmdlineWord *word)
{
	g_autofree char *text = word->value ? g_strconcat(word->name, "=", word->value, NULL)
					    : g_strdup(word->name);
	g_autofree char *name = adopt_short(word->name);

	if (one_word(text) && adopt_parses("kernel", "extra", text))
		g_strv_builder_add(extra, text);
	else
		adopt_note(a, LOST, "kernel", "extra",
			   "%s=: its value has characters that are not safe on a kernel line",
			   name);
}

static void extra_adopt(Adopter *a)
{
	g_autoptr(GStrvBuilder) extra = g_strv_builder_new();
	const GPtrArray *words = a->audit->cmdline->words;
	unsigned left = 0;

	for (unsigned i = 0; i < words->len; i++) {
		const CmdlineWord *word = g_ptr_array_index(words, i);

		if (kernel_word_tunes(word->name))
			extra_add(a, extra, word);
		else
			left += !cmdline_listed(cmdline_cpu_names, word->name);
	}
	g_strfreev(a->inventory->extra);
	a->inventory->extra = g_strv_builder_end(extra);
	if (left)
		adopt_note(a, SEEN, "kernel", NULL,
			   "%u other parameters of the line are left out: they concern neither "
			   "CPUs nor memory",
			   left);
}

/* The whole */

/* Without isolcpus= cpusets keep the scheduler off, if anything does and the kernel can. */
static void isolation_adopt(Adopter *a, const CmdlineEffects *effects)
{
	if (effects->isolcpus.value || !hwloc_bitmap_iszero(a->audit->scheduler) ||
	    hwloc_bitmap_iszero(a->isolated) ||
	    (!effects->nohz_full.value && hwloc_bitmap_iszero(a->audit->partitions) &&
	     kernel_has(a->inventory->node->kernel, KERNEL_CPUSET_ISOLATED) == TRISTATE_NO))
		return;
	a->inventory->isolation = ISOLATION_CPUSET;
	if (hwloc_bitmap_isincluded(a->isolated, a->audit->partitions))
		return;
	adopt_note(
		a, GUESSED, "kernel", "isolation",
		effects->nohz_full.value
			? "the line has nohz_full= and no isolcpus=; not all of those CPUs are in "
			  "an isolated cpuset partition"
			: "the line has no isolcpus=: a plan keeps the host off these CPUs by the "
			  "cpusets of slices");
}

static void note_pending(Adopter *a)
{
	const KernelFacts *kernel = a->facts->kernel;
	const CmdlineEffects *effects = a->audit->next_effects;
	g_autofree char *source = NULL;

	if (!effects)
		return;
	source = adopt_short(kernel->boot_source ? kernel->boot_source : "the boot loader");
	if (g_strcmp0(effects->isolcpus.value, a->audit->effects->isolcpus.value) != 0 ||
	    g_strcmp0(effects->nohz_full.value, a->audit->effects->nohz_full.value) != 0)
		adopt_note(a, SEEN, "kernel", NULL,
			   "the next boot has different isolcpus= or nohz_full=, according to %s; "
			   "this inventory describes the running line",
			   source);
}

void adopt_kernel(Adopter *a)
{
	const CmdlineEffects *effects = a->audit->effects;

	if (!effects)
		return;
	isolation_adopt(a, effects);
	flags_adopt(a, &effects->isolcpus);
	if (!hwloc_bitmap_iszero(a->isolated))
		a->inventory->irqaffinity = effects->irqaffinity.value;
	extra_adopt(a);
	note_pending(a);
}
