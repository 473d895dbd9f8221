/* SPDX-License-Identifier: MIT */
#include "topology/facts/irqs.h"

#include "topology/facts/irq_managed.h"

#include <string.h>

#define INTERRUPTS_MAX (64u << 20) /* 8192 CPUs are 90 kB a line */

/* /proc/interrupts */

static void interrupt_free(void *data)
{
	Interrupt *interrupt = data;

	g_free(interrupt->name);
	g_free(interrupt->chip);
	g_array_unref(interrupt->counts);
	g_free(interrupt);
}

/* "           CPU0       CPU1 …": the CPU of each column. */
static GArray *columns_parse(const char *line)
{
	GArray *columns = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_auto(GStrv) words = g_strsplit_set(line, " \t", -1);

	for (char **word = words; *word; word++) {
		guint64 cpu;

		if (g_str_has_prefix(*word, "CPU") &&
		    g_ascii_string_to_unsigned(*word + 3, 10, 0, CPULIST_LIMIT - 1, &cpu, NULL)) {
			unsigned number = (unsigned)cpu;

			g_array_append_val(columns, number);
		}
	}
	return columns;
}

/* The counts at the start of TEXT; what is after them. */
static const char *counts_parse(const char *text, const GArray *columns, GArray *counts)
{
	static const guint64 unknown = G_MAXUINT64;

	for (unsigned i = 0; i < columns->len; i++) {
		unsigned cpu = g_array_index(columns, unsigned, i);
		char *end;
		guint64 count = g_ascii_strtoull(text, &end, 10);

		if (end == text || (*end && !g_ascii_isspace(*end)))
			break;
		while (counts->len <= cpu)
			g_array_append_val(counts, unknown);
		g_array_index(counts, guint64, cpu) = count;
		text = end;
	}
	return text;
}

/* "5-edge", "9-fasteoi", "Level": the last word of the chip. */
static bool ends_chip(const char *word)
{
	size_t digits = strspn(word, "0123456789");

	return (digits && word[digits] == '-' && g_ascii_islower(word[digits + 1])) ||
	       g_str_equal(word, "Edge") || g_str_equal(word, "Level");
}

/* "PCI-MSI 5-edge  a, b": the chip, then the actions; where no word ends the chip, the last one is
 * the action. */
static void actions_parse(const char *text, Interrupt *interrupt)
{
	g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);
	GString *parts[] = {g_string_new(NULL), g_string_new(NULL)};
	unsigned part = 0;
	const char *last = strrchr(text, ' ');

	for (char **word = words; *word; word++) {
		if (!**word)
			continue;
		g_string_append_printf(parts[part], "%s%s", parts[part]->len ? " " : "", *word);
		if (!part && ends_chip(*word))
			part = 1;
	}
	if (!part)
		g_string_assign(parts[1], last ? last + 1 : text);
	interrupt->chip = g_string_free(parts[0], FALSE);
	interrupt->name = g_string_free(parts[1], FALSE);
}

static Interrupt *interrupt_parse(const char *text, const GArray *columns)
{
	Interrupt *interrupt = g_new0(Interrupt, 1);
	g_autofree char *rest = NULL;

	interrupt->counts = g_array_new(FALSE, FALSE, sizeof(guint64));
	rest = g_strdup(counts_parse(text, columns, interrupt->counts));
	actions_parse(g_strstrip(rest), interrupt);
	return interrupt;
}

GHashTable *interrupts_parse(const char *text)
{
	GHashTable *table = g_hash_table_new_full(NULL, NULL, NULL, interrupt_free);
	g_autofree char *first = g_strndup(text, strcspn(text, "\n"));
	g_autoptr(GArray) columns = columns_parse(first);

	while (*text) {
		size_t length = strcspn(text, "\n");
		g_autofree char *line = g_strndup(text, length);
		char *end, *word = g_strstrip(line);
		guint64 number = g_ascii_strtoull(word, &end, 10);

		/* "24:  1 0  PCI-MSI 5-edge  eth0"; those with a name for a number are the CPU's */
		if (end != word && *end == ':' && number < G_MAXINT)
			g_hash_table_insert(table, GUINT_TO_POINTER((guint)number),
					    interrupt_parse(end + 1, columns));
		text += length + (text[length] == '\n');
	}
	return table;
}

/* The row of a CPU's own interrupt, or of a softirq: its counts, then words. */
static Interrupt *row_parse(const char *text, const GArray *columns)
{
	Interrupt *interrupt = g_new0(Interrupt, 1);

	interrupt->counts = g_array_new(FALSE, FALSE, sizeof(guint64));
	interrupt->name = g_strstrip(g_strdup(counts_parse(text, columns, interrupt->counts)));
	interrupt->chip = g_strdup("");
	return interrupt;
}

GHashTable *interrupt_rows_parse(const char *text)
{
	GHashTable *rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, interrupt_free);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GArray) columns = columns_parse(lines[0] ? lines[0] : "");

	for (unsigned i = 1; lines[0] && lines[i]; i++) {
		char *colon = strchr(lines[i], ':');
		const char *label;

		if (!colon)
			continue;
		*colon = '\0';
		label = g_strstrip(lines[i]);
		/* One number for the whole machine. */
		if (g_str_equal(label, "ERR") || g_str_equal(label, "MIS"))
			continue;
		g_hash_table_insert(rows, g_strdup(label),
				    g_ascii_isdigit(*label) ? interrupt_parse(colon + 1, columns)
							    : row_parse(colon + 1, columns));
	}
	return rows;
}

bool irq_fired(const Irq *irq, hwloc_const_bitmap_t cpus, guint64 *times)
{
	int cpu;

	*times = 0;
	hwloc_bitmap_foreach_begin(cpu, cpus)
		if (!irq->counts || (unsigned)cpu >= irq->counts->len ||
		    g_array_index(irq->counts, guint64, cpu) == G_MAXUINT64)
			return false;
		*times += g_array_index(irq->counts, guint64, cpu);
	hwloc_bitmap_foreach_end();
	return true;
}

static GHashTable *interrupts_load(Root *root)
{
	size_t length;
	static const char path[] = "/proc/interrupts";
	g_autofree char *bytes = root_read(root, path, NULL, INTERRUPTS_MAX, &length);
	g_autofree char *text = bytes ? g_utf8_make_valid(bytes, -1) : NULL;

	if (!bytes)
		root_note_missing(root, path);
	else if (!g_str_has_prefix(text + strspn(text, " "), "CPU"))
		root_note_text(root, path, "is damaged: it does not begin with its CPUs");
	else
		root_note_damage(root, path, NULL, bytes, length);

	return interrupts_parse(text ? text : "");
}

static void tell_clear(void *data)
{
	g_free(((IrqTell *)data)->debugfs);
}

/* debugfs says it outright, where the kernel has it and we may. */
static IrqTell tell_load(Root *root, unsigned number, bool debugfs)
{
	g_autofree char *path = g_strdup_printf("/sys/kernel/debug/irq/irqs/%u", number);
	g_autofree char *list = g_strdup_printf("/proc/irq/%u/smp_affinity_list", number);
	g_autofree char *mask = g_strdup_printf("/proc/irq/%u/smp_affinity", number);
	unsigned of_list = root_mode(root, list), of_mask = root_mode(root, mask);

	return (IrqTell){of_list && of_mask ? of_list & of_mask : of_list | of_mask,
			 debugfs ? root_text(root, path, NULL) : NULL};
}

static hwloc_bitmap_t affinity_load(Root *root, unsigned number, const char *file)
{
	g_autofree char *path = g_strdup_printf("/proc/irq/%u/%s", number, file);
	g_autofree char *source = g_strdup_printf("/proc/irq/*/%s", file);

	return root_cpulist(root, path, source);
}

static bool effective_exists(Root *root, unsigned number)
{
	g_autofree char *path = g_strdup_printf("/proc/irq/%u/effective_affinity_list", number);

	return root_exists(root, path);
}

static void irq_load(Root *root, GArray *irqs, GHashTable *lines, unsigned number)
{
	const Interrupt *line = g_hash_table_lookup(lines, GUINT_TO_POINTER(number));
	Irq irq = {.number = number,
		   .name = g_strdup(line ? line->name : ""),
		   .chip = g_strdup(line ? line->chip : ""),
		   .counts = line ? g_array_ref(line->counts) : NULL};

	irq.affinity = affinity_load(root, number, "smp_affinity_list");
	irq.effective = affinity_load(root, number, "effective_affinity_list");
	irq.lost = !irq.effective && effective_exists(root, number);
	g_array_append_val(irqs, irq);
}

static void irq_clear(gpointer data)
{
	Irq *irq = data;

	g_free(irq->name);
	g_free(irq->chip);
	if (irq->counts)
		g_array_unref(irq->counts);
	hwloc_bitmap_free(irq->affinity);
	hwloc_bitmap_free(irq->effective);
}

IrqFacts *irqs_new(void)
{
	IrqFacts *irqs = g_new0(IrqFacts, 1);

	irqs->irqs = g_array_new(FALSE, TRUE, sizeof(Irq));
	g_array_set_clear_func(irqs->irqs, irq_clear);
	return irqs;
}

void irqs_free(IrqFacts *irqs)
{
	g_array_unref(irqs->irqs);
	hwloc_bitmap_free(irqs->default_affinity);
	g_free(irqs);
}

void irqs_load(Root *root, IrqFacts *irqs)
{
	g_autoptr(GHashTable) lines = interrupts_load(root);
	g_autoptr(GArray) numbers = root_numbers(root, "/proc/irq", "", NULL);
	g_autoptr(GArray) tells = g_array_new(FALSE, FALSE, sizeof(IrqTell));
	g_auto(CpuSet) online = root_cpulist(root, "/sys/devices/system/cpu/online", NULL);
	bool debugfs = root_exists(root, "/sys/kernel/debug/irq/irqs");

	g_array_set_clear_func(tells, tell_clear);
	root_note_missing(root, "/proc/irq");
	irqs->default_affinity = root_cpumask(root, "/proc/irq/default_smp_affinity");
	for (guint i = 0; i < numbers->len; i++) {
		unsigned number = g_array_index(numbers, unsigned, i);
		IrqTell tell;

		irq_load(root, irqs->irqs, lines, number);
		tell = tell_load(root, number, debugfs);
		g_array_append_val(tells, tell);
	}
	irqs_judge(irqs->irqs, tells, online, g_hash_table_size(lines) ? lines : NULL);
}

static bool irqs_known(const void *reader)
{
	const IrqFacts *irqs = reader;

	for (unsigned i = 0; i < irqs->irqs->len; i++) {
		const Irq *irq = &g_array_index(irqs->irqs, Irq, i);

		if (irq->affinity || irq->effective)
			return true;
	}
	return false;
}

static bool irq_default_known(const void *reader)
{
	const IrqFacts *irqs = reader;

	return irqs->default_affinity;
}

const FactSource irq_sources[] = {
	{FACT_IRQS, {"/proc/irq", "/proc/interrupts"}, irqs_known},
	{FACT_IRQ_DEFAULT, {"/proc/irq/default_smp_affinity"}, irq_default_known},
	{0},
};
