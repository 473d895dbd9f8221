/* SPDX-License-Identifier: MIT */
#include "planner/kernel/cmdline.h"
#include "planner/kernel/feature.h"

#include <string.h>

#define BOOT_CPU 0

/* What one parameter asks */

static const CmdlineKernel newest = {true, true, true, true, true, false};

/* `all` or `N` as a region or a part of one, not the letters of a flag. */
static bool has_keyword(const char *list)
{
	for (const char *c = list; *c; c++)
		if (*c == 'N' || ((c == list || c[-1] == ',') && !g_ascii_strncasecmp(c, "all", 3)))
			return true;
	return false;
}

static Outcome outcome_of(ListFault fault)
{
	static const Outcome outcomes[] = {OUTCOME_TAKEN, OUTCOME_MALFORMED, OUTCOME_OUT_OF_RANGE};

	return outcomes[fault];
}

/* Compared as text: two that differ only in how they are written are one and the same at worst. */
static void count_times(const Cmdline *cmdline, const char *name, CmdlineEffect *effect)
{
	for (unsigned i = 0; i < cmdline->words->len; i++) {
		const CmdlineWord *word = g_ptr_array_index(cmdline->words, i);

		if (!cmdline_same(word->name, name) || !word->value)
			continue;
		effect->times++;
		if (!effect->value)
			effect->value = g_strdup(word->value);
		else if (strcmp(effect->value, word->value) != 0)
			effect->differs = true;
	}
}

static void effect_init(const Cmdline *cmdline, const char *name, CmdlineEffect *effect)
{
	effect->asked = hwloc_bitmap_alloc();
	count_times(cmdline, name, effect);
}

/* Flags of isolcpus: housekeeping_isolcpus_setup() */

typedef struct Flag {
	const char *name;
	size_t flag; /* in CmdlineEffect */
} Flag;

static const Flag flags[] = {
	{"nohz,", offsetof(CmdlineEffect, tick)},
	{"domain,", offsetof(CmdlineEffect, domain)},
	{"managed_irq,", offsetof(CmdlineEffect, managed)},
};

static bool flag_known(const char **list, const CmdlineKernel *kernel, CmdlineEffect *effect)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(flags); i++) {
		size_t length = strlen(flags[i].name);

		if (strncmp(*list, flags[i].name, length) != 0 || !kernel->flags ||
		    (flags[i].flag == offsetof(CmdlineEffect, managed) && !kernel->managed))
			continue;
		*(bool *)((char *)effect + flags[i].flag) = true;
		*list += length;
		return true;
	}
	return false;
}

/* Skip the word at *LIST; false where this kernel fails the parameter over it. */
static bool flag_unknown(const char **list, const CmdlineKernel *kernel, CmdlineEffect *effect)
{
	size_t length = strcspn(*list, ",");
	bool letters =
		strspn(*list, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") >= length;

	if (!effect->unknown_flag)
		effect->unknown_flag = g_strndup(*list, length);
	if (!letters || !kernel->skip || !(*list)[length])
		return false;
	*list += length + 1;
	return true;
}

/* Where the list begins; NULL where the flags fail the parameter. */
static const char *flags_read(const char *list, const CmdlineKernel *kernel, CmdlineEffect *effect)
{
	while (g_ascii_isalpha(*list)) {
		if (!flag_known(&list, kernel, effect) && !flag_unknown(&list, kernel, effect))
			return NULL;
		effect->flagged = true;
	}
	if (!effect->tick && !effect->domain && !effect->managed)
		effect->domain = true;
	return list;
}

/* One list, as this kernel reads it into SET; `asked` as a generous one would. */
static Outcome list_read(const char *list, unsigned bits, const CmdlineKernel *kernel,
			 CmdlineEffect *effect, hwloc_bitmap_t set)
{
	effect->keyword = has_keyword(list);
	cmdline_list(list, bits, &newest, effect->asked);
	return outcome_of(cmdline_list(list, bits, kernel, set));
}

/* The parameters on the line, in its order */

typedef struct Machine {
	CmdlineKernel kernel;
	unsigned bits;
	hwloc_const_bitmap_t possible; /* NULL = not known */
	hwloc_const_bitmap_t needed;   /* of these one must stay; NULL = not known */
	bool common;		       /* one must stay of both parameters together */
	hwloc_bitmap_t mask;	       /* before 5.18: the one set taken away */
	bool masked;
	bool domain_set, managed_set, tick_set, full_set; /* kinds that are in force */
	hwloc_bitmap_t managed;
	hwloc_bitmap_t full; /* nohz_full's own kinds */
	CmdlineEffects *effects;
} Machine;

/* Housekeeping needs a CPU: the boot CPU stays. */
static void keep_boot_cpu(const Machine *machine, hwloc_bitmap_t set)
{
	if (machine->needed && hwloc_bitmap_isincluded(machine->needed, set))
		hwloc_bitmap_clr(set, BOOT_CPU);
}

/* Would SET and what the other parameter took away leave no CPU? Those of managed_irq do not count.
 */
static bool cmdline_effects_none_left(const Machine *machine, const CmdlineEffect *effect,
				      bool full, hwloc_const_bitmap_t set)
{
	const CmdlineEffects *effects = machine->effects;
	hwloc_const_bitmap_t first = machine->domain_set ? effects->domain
				     : machine->full_set ? machine->full
							 : NULL;
	g_auto(CpuSet) both = NULL;

	if (!machine->common || !machine->needed || !first ||
	    !(full || effect->domain || effect->tick))
		return false;
	both = hwloc_bitmap_dup(set);
	hwloc_bitmap_or(both, both, first);
	return hwloc_bitmap_isincluded(machine->needed, both);
}

/* Must SET agree with what is in force already, and does it not? */
static bool cmdline_effects_mismatch(const Machine *machine, const CmdlineEffect *effect, bool full,
				     hwloc_const_bitmap_t set)
{
	const CmdlineEffects *effects = machine->effects;

	if (machine->kernel.one_mask)
		return machine->masked && !hwloc_bitmap_isequal(machine->mask, set);
	if (full)
		return machine->tick_set && !hwloc_bitmap_isequal(effects->tick, set);
	return (effect->domain && machine->domain_set &&
		!hwloc_bitmap_isequal(effects->domain, set)) ||
	       (effect->managed && machine->managed_set &&
		!hwloc_bitmap_isequal(machine->managed, set)) ||
	       (effect->tick && machine->tick_set && !hwloc_bitmap_isequal(machine->full, set));
}

static void put_in_force(hwloc_bitmap_t target, bool *set, bool wanted, hwloc_const_bitmap_t cpus)
{
	if (!wanted || *set)
		return;
	hwloc_bitmap_copy(target, cpus);
	*set = true;
}

/* housekeeping_setup() for isolcpus, or nohz_full where FULL. */
static Outcome cmdline_effects_housekeeping(Machine *machine, const CmdlineEffect *effect,
					    bool full, hwloc_bitmap_t set)
{
	CmdlineEffects *effects = machine->effects;

	keep_boot_cpu(machine, set);
	if (cmdline_effects_mismatch(machine, effect, full, set))
		return OUTCOME_MISMATCH;
	if (cmdline_effects_none_left(machine, effect, full, set))
		return OUTCOME_NO_COMMON;
	put_in_force(machine->mask, &machine->masked, true, set);
	put_in_force(effects->domain, &machine->domain_set, !full && effect->domain, set);
	put_in_force(machine->managed, &machine->managed_set, !full && effect->managed, set);
	put_in_force(machine->full, &machine->full_set, full || effect->tick, set);
	put_in_force(effects->tick, &machine->tick_set, full || effect->tick, set);
	return OUTCOME_TAKEN;
}

/* What the parameter asks for, read generously: vendors take flags into kernels that are older than
 * they are. */
static void isolcpus_asked(const char *value, unsigned bits, CmdlineEffect *effect)
{
	const char *list = flags_read(value, &newest, effect);

	effect->keyword = has_keyword(value);
	if (list)
		cmdline_list(list, bits, &newest, effect->asked);
}

static Outcome isolcpus_done(Machine *machine, const char *value)
{
	CmdlineEffect own = {.asked = hwloc_bitmap_alloc()};
	g_auto(CpuSet) set = hwloc_bitmap_alloc();
	const char *list = flags_read(value, &machine->kernel, &own);
	Outcome outcome = OUTCOME_MALFORMED;

	if (list)
		outcome = list_read(list, machine->bits, &machine->kernel, &own, set);
	if (outcome == OUTCOME_TAKEN)
		outcome = cmdline_effects_housekeeping(machine, &own, false, set);
	hwloc_bitmap_free(own.asked);
	g_free(own.unknown_flag);
	return outcome;
}

static void take_isolcpus(Machine *machine, const char *value)
{
	CmdlineEffect *effect = &machine->effects->isolcpus;
	Outcome outcome = isolcpus_done(machine, value);

	if (effect->outcome != OUTCOME_ABSENT)
		return;
	effect->outcome = outcome;
	isolcpus_asked(value, machine->bits, effect);
}

static void take_nohz_full(Machine *machine, const char *value)
{
	CmdlineEffect *effect = &machine->effects->nohz_full;
	CmdlineEffect own = {.asked = hwloc_bitmap_alloc()};
	g_auto(CpuSet) set = hwloc_bitmap_alloc();
	Outcome outcome = list_read(value, machine->bits, &machine->kernel, &own, set);

	if (outcome == OUTCOME_TAKEN)
		outcome = cmdline_effects_housekeeping(machine, &own, true, set);
	if (effect->outcome == OUTCOME_ABSENT) {
		effect->outcome = outcome;
		effect->keyword = own.keyword;
		hwloc_bitmap_copy(effect->asked, own.asked);
	}
	hwloc_bitmap_free(own.asked);
}

static void take_rcu_nocbs(Machine *machine, const char *value)
{
	CmdlineEffect *effect = &machine->effects->rcu_nocbs;
	CmdlineKernel kernel = machine->kernel;

	kernel.all = kernel.all || !g_ascii_strcasecmp(value, "all");
	effect->outcome = list_read(value, machine->bits, &kernel, effect, machine->effects->nocbs);
	if (effect->outcome == OUTCOME_TAKEN)
		return;
	if (machine->possible)
		hwloc_bitmap_copy(machine->effects->nocbs, machine->possible);
	else
		hwloc_bitmap_set_range(machine->effects->nocbs, 0, (int)machine->bits - 1);
}

static void take_irqaffinity(Machine *machine, const char *value)
{
	CmdlineEffects *effects = machine->effects;

	if (!effects->irq)
		effects->irq = hwloc_bitmap_alloc();
	effects->irqaffinity.outcome = list_read(value, machine->bits, &machine->kernel,
						 &effects->irqaffinity, effects->irq);
	hwloc_bitmap_set(effects->irq, BOOT_CPU);
}

static void take_word(Machine *machine, const CmdlineWord *word)
{
	static const struct {
		const char *name;
		void (*take)(Machine *machine, const char *value);
	} takers[] = {
		{"isolcpus", take_isolcpus},
		{"nohz_full", take_nohz_full},
		{"rcu_nocbs", take_rcu_nocbs},
		{"irqaffinity", take_irqaffinity},
	};

	for (unsigned i = 0; word->value && i < G_N_ELEMENTS(takers); i++)
		if (cmdline_same(word->name, takers[i].name))
			takers[i].take(machine, word->value);
}

static CmdlineEffect *effect_named(CmdlineEffects *effects, const char *name)
{
	CmdlineEffect *all[] = {&effects->isolcpus, &effects->nohz_full, &effects->rcu_nocbs,
				&effects->irqaffinity};

	for (unsigned i = 0; i < G_N_ELEMENTS(all); i++)
		if (cmdline_same(name, cmdline_cpu_names[i]))
			return all[i];
	g_assert_not_reached();
}

void cmdline_effects_astray(CmdlineEffects *effects, const char *name, const char *list,
			    hwloc_const_bitmap_t possible)
{
	CmdlineEffect *effect = effect_named(effects, name);
	int last = possible ? hwloc_bitmap_last(possible) : -1;
	unsigned bits = last < 0 ? CPULIST_LIMIT : (unsigned)last + 1;

	effect->astray = true;
	if (!list)
		return;
	if (effect == &effects->isolcpus)
		isolcpus_asked(list, bits, effect);
	else
		cmdline_list(list, bits, &newest, effect->asked);
}

/* A blank has torn WORD's list, or left it without one. Bare rcu_nocbs means that the CPUs are to
 * be chosen later. */
static void take_torn(CmdlineEffects *effects, const CmdlineWord *word,
		      hwloc_const_bitmap_t possible)
{
	bool bare = !word->value && !cmdline_same(word->name, "rcu_nocbs");

	if (word->stray || (bare && cmdline_listed(cmdline_cpu_names, word->name)))
		cmdline_effects_astray(effects, word->name, word->meant, possible);
	if (word->stray)
		effect_named(effects, word->name)->torn = true;
}

bool cmdline_broken(const CmdlineEffect *effect)
{
	return effect->astray || cmdline_refused(effect);
}

bool cmdline_refused(const CmdlineEffect *effect)
{
	return effect->outcome == OUTCOME_MALFORMED || effect->outcome == OUTCOME_OUT_OF_RANGE;
}

static CmdlineEffects *effects_new(const Cmdline *cmdline)
{
	CmdlineEffects *effects = g_new0(CmdlineEffects, 1);

	effect_init(cmdline, "isolcpus", &effects->isolcpus);
	effect_init(cmdline, "nohz_full", &effects->nohz_full);
	effect_init(cmdline, "rcu_nocbs", &effects->rcu_nocbs);
	effect_init(cmdline, "irqaffinity", &effects->irqaffinity);
	effects->domain = hwloc_bitmap_alloc();
	effects->tick = hwloc_bitmap_alloc();
	effects->rcu = hwloc_bitmap_alloc();
	effects->nocbs = hwloc_bitmap_alloc();
	return effects;
}

CmdlineEffects *cmdline_effects(const Cmdline *cmdline, const char *release,
				hwloc_const_bitmap_t possible, hwloc_const_bitmap_t present)
{
	bool of_present = present && kernel_has(release, KERNEL_PRESENT_CPU) != TRISTATE_NO;
	int last = possible ? hwloc_bitmap_last(possible) : -1;
	Machine machine = {
		.kernel = cmdline_kernel(release),
		.bits = last < 0 ? CPULIST_LIMIT : (unsigned)last + 1,
		.possible = last < 0 ? NULL : possible,
		.needed = of_present ? present
			  : last < 0 ? NULL
				     : possible,
		.common = !release || kernel_has(release, KERNEL_COMMON_CPU) == TRISTATE_YES,
		.mask = hwloc_bitmap_alloc(),
		.managed = hwloc_bitmap_alloc(),
		.full = hwloc_bitmap_alloc(),
		.effects = effects_new(cmdline),
	};

	for (unsigned i = 0; i < cmdline->words->len; i++)
		take_word(&machine, g_ptr_array_index(cmdline->words, i));
	for (unsigned i = 0; i < cmdline->words->len; i++)
		take_torn(machine.effects, g_ptr_array_index(cmdline->words, i), possible);
	/* After the line: the boot CPU keeps its tick, and ticks imply offloading. */
	hwloc_bitmap_clr(machine.effects->tick, BOOT_CPU);
	hwloc_bitmap_or(machine.effects->rcu, machine.effects->nocbs, machine.effects->tick);
	hwloc_bitmap_free(machine.mask);
	hwloc_bitmap_free(machine.managed);
	hwloc_bitmap_free(machine.full);
	return machine.effects;
}

static void effect_clear(CmdlineEffect *effect)
{
	hwloc_bitmap_free(effect->asked);
	g_free(effect->value);
	g_free(effect->unknown_flag);
}

void cmdline_effects_free(CmdlineEffects *effects)
{
	effect_clear(&effects->isolcpus);
	effect_clear(&effects->nohz_full);
	effect_clear(&effects->rcu_nocbs);
	effect_clear(&effects->irqaffinity);
	hwloc_bitmap_free(effects->domain);
	hwloc_bitmap_free(effects->tick);
	hwloc_bitmap_free(effects->rcu);
	hwloc_bitmap_free(effects->nocbs);
	if (effects->irq)
		hwloc_bitmap_free(effects->irq);
	g_free(effects);
}
