/* SPDX-License-Identifier: MIT */
#include "topology/facts/hugepages.h"

#include <string.h>

#define NODES "/sys/devices/system/node"
#define SIZES "/sys/kernel/mm/hugepages"

static uint64_t count_load(Root *root, const char *folder, const char *name, bool *good)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *source =
		g_build_filename(NODES "/node*/hugepages/hugepages-*", name, NULL);
	uint64_t count = 0;

	if (!root_exists(root, path) && !g_str_equal(name, "surplus_hugepages"))
		root_note_text(root, source, "is not there");
	*good &= root_number(root, path, source, &count);
	return count;
}

/* FOLDER is …/hugepages-2048kB. */
static void size_load(Root *root, GArray *pages, unsigned node, const char *folder,
		      const char *name)
{
	g_autofree char *digits = g_strndup(name + strlen("hugepages-"),
					    strspn(name + strlen("hugepages-"), "0123456789"));
	HugePages one = {.node = node, .size = g_ascii_strtoull(digits, NULL, 10) << 10};
	bool good = *digits, told = true;
	uint64_t surplus = count_load(root, folder, "surplus_hugepages", &told);

	one.total = count_load(root, folder, "nr_hugepages", &good);
	one.free = count_load(root, folder, "free_hugepages", &good);
	/* Per node nr_hugepages counts surplus pages, which go when they are free again. */
	one.total -= MIN(surplus, one.total);
	if (good)
		g_array_append_val(pages, one);
}

static int hugepages_compare(const void *a, const void *b)
{
	const HugePages *one = a, *other = b;

	if (one->node != other->node)
		return one->node < other->node ? -1 : 1;
	return one->size < other->size ? -1 : one->size > other->size;
}

static void node_load_pages(Root *root, GArray *pages, unsigned node)
{
	g_autofree char *folder = g_strdup_printf(NODES "/node%u/hugepages", node);
	g_auto(GStrv) names = root_list(root, folder, NODES "/node*/hugepages");

	for (unsigned i = 0; names[i]; i++) {
		g_autofree char *path = g_build_filename(folder, names[i], NULL);

		if (g_str_has_prefix(names[i], "hugepages-"))
			size_load(root, pages, node, path, names[i]);
	}
}

GArray *hugepages_load(Root *root)
{
	g_autoptr(GArray) nodes = root_numbers(root, NODES, "node", NULL);
	GArray *pages;

	root_note_missing(root, NODES);
	if (!nodes->len)
		return NULL;
	pages = g_array_new(FALSE, TRUE, sizeof(HugePages));
	for (guint i = 0; i < nodes->len; i++)
		node_load_pages(root, pages, g_array_index(nodes, unsigned, i));
	g_array_sort(pages, hugepages_compare);
	return pages;
}

void hugepages_load_more(Root *root, GArray *pages)
{
	for (unsigned i = 0; i < pages->len; i++) {
		HugePages *one = &g_array_index(pages, HugePages, i);
		g_autofree char *folder = g_strdup_printf(
			SIZES "/hugepages-%" G_GUINT64_FORMAT "kB", one->size >> 10);
		g_autofree char *most = g_build_filename(folder, "nr_overcommit_hugepages", NULL);
		g_autofree char *surplus = g_build_filename(folder, "surplus_hugepages", NULL);
		uint64_t may = 0, are = 0;

		if (root_number(root, most, SIZES, &may) && root_number(root, surplus, SIZES, &are))
			one->more = may - MIN(are, may);
	}
}

static bool hugepages_known(const void *pages)
{
	return pages;
}

const FactSource hugepages_sources[] = {
	{FACT_HUGEPAGES, {NODES}, hugepages_known},
	{0},
};
