/* SPDX-License-Identifier: MIT */
#include "topology/facts/irqs.h"

#include <string.h>

#define INTERRUPTS_MAX (64u << 20) /* 8192 CPUs are 90 kB a line */

GHashTable *interrupts_parse(const char *text)
{
	GHashTable *names = g_hash_table_new_full(NULL, NULL, NULL, g_free);

	while (*text) {
		size_t length = strcspn(text, "\n");
		g_autofree char *line = g_strndup(text, length);
		char *end, *word = g_strstrip(line);
		guint64 number = g_ascii_strtoull(word, &end, 10);

		/* "24:  1 0  PCI-MSI 5-edge  eth0"; those with a name for a number are the CPU's */
		if (end != word && *end == ':' && number < G_MAXINT) {
			const char *last = strrchr(end, ' ');

			g_hash_table_insert(names, GUINT_TO_POINTER((guint)number),
					    g_strdup(last ? last + 1 : ""));
		}
		text += length + (text[length] == '\n');
	}
	return names;
}

/* "nvme0q3": queue 0 is the admin queue and free to move. */
static bool is_nvme_queue(const char *name)
{
	const char *at = name + strlen("nvme");

	if (!g_str_has_prefix(name, "nvme"))
		return false;
	at += strspn(at, "0123456789");
	return at[0] == 'q' && at[1] >= '1' && at[1] <= '9';
}

bool irq_name_managed(const char *name)
{
	return is_nvme_queue(name) || (g_str_has_prefix(name, "virtio") && strstr(name, "-req."));
}

static GHashTable *names_load(Root *root)
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

static hwloc_bitmap_t affinity_load(Root *root, unsigned number, const char *file)
{
	g_autofree char *path = g_strdup_printf("/proc/irq/%u/%s", number, file);
	g_autofree char *source = g_strdup_printf("/proc/irq/*/%s", file);

	return root_cpulist(root, path, source);
}

static void irq_load(Root *root, GArray *irqs, GHashTable *names, unsigned number, bool debugfs)
{
	const char *name = g_hash_table_lookup(names, GUINT_TO_POINTER(number));
	g_autofree char *path = g_strdup_printf("/sys/kernel/debug/irq/irqs/%u", number);
	g_autofree char *text = NULL;
	Irq irq = {.number = number, .name = g_strdup(name ? name : "")};

	irq.affinity = affinity_load(root, number, "smp_affinity_list");
	irq.effective = affinity_load(root, number, "effective_affinity_list");
	/* debugfs says it outright, where the kernel has it and we may. */
	text = debugfs ? root_text(root, path, NULL) : NULL;
	irq.managed =
		text ? strstr(text, "IRQD_AFFINITY_MANAGED") != NULL : irq_name_managed(irq.name);
	g_array_append_val(irqs, irq);
}

static void irq_clear(gpointer data)
{
	Irq *irq = data;

	g_free(irq->name);
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
	g_autoptr(GHashTable) names = names_load(root);
	g_autoptr(GArray) numbers = root_numbers(root, "/proc/irq", "", NULL);
	bool debugfs = root_exists(root, "/sys/kernel/debug/irq/irqs");

	root_note_missing(root, "/proc/irq");
	irqs->default_affinity = root_cpumask(root, "/proc/irq/default_smp_affinity", NULL);
	for (guint i = 0; i < numbers->len; i++)
		irq_load(root, irqs->irqs, names, g_array_index(numbers, unsigned, i), debugfs);
}

static bool irqs_known(const void *reader)
{
	const IrqFacts *irqs = reader;

	return irqs->irqs->len > 0;
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
