/* SPDX-License-Identifier: MIT */
/* The legend of the picture: roles with their colours, and who floats over them. */
#include "planner/artifacts/artifact.h"
#include "planner/artifacts/artifact_picture.h"
#include "planner/base/naming.h"
#include "planner/check/trouble.h"
#include "topology/base/error.h"

#include <string.h>

#define ROW 18	/* pixels from line to line */
#define GLYPH 7 /* pixels a character of lstopo's font is wide, rounded up */

typedef struct Legend {
	Fill *f;
	GString *rows;
	unsigned y, width;
} Legend;

static void width_need(Legend *legend, const char *text)
{
	legend->width = MAX(legend->width, (unsigned)g_utf8_strlen(text, -1) * GLYPH + 40);
}

/* A row with a box of COLOR, or two where SECOND is one. */
static void row_add(Legend *legend, const char *color, const char *second, const char *text)
{
	g_autofree char *y = fill_number(legend->y), *base = fill_number(legend->y + 10);
	const TemplateValue values[] = {
		{"color", color, TEMPLATE_XML}, {"second", second ? second : color, TEMPLATE_XML},
		{"y", y, TEMPLATE_XML},		{"base", base, TEMPLATE_XML},
		{"text", text, TEMPLATE_XML},	FILL_END};

	fill_append(legend->f, legend->rows, "picture-row.svg", values);
	legend->y += ROW;
	width_need(legend, text);
}

static void heading_add(Legend *legend, const char *text)
{
	g_autofree char *base = fill_number(legend->y + 10);
	const TemplateValue values[] = {
		{"base", base, TEMPLATE_XML}, {"text", text, TEMPLATE_XML}, FILL_END};

	fill_append(legend->f, legend->rows, "picture-heading.svg", values);
	legend->y += ROW;
	width_need(legend, text);
}

/* "; floating over them: vm13 and 4 more": the shared VMs over CPUS, if there are any. */
static void append_floating(GString *text, const Plan *plan, hwloc_const_bitmap_t cpus)
{
	Naming naming = {0};
	g_autofree char *names = NULL;

	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);
		g_autofree char *name = picture_safe(vm->spec->name, 20);

		if (vm->cpuset && hwloc_bitmap_intersects(vm->cpuset, cpus))
			naming_add(&naming, name);
	}
	names = naming_end(&naming);
	if (*names)
		g_string_append_printf(text, "; floating over them: %s", names);
}

static void role_row(Legend *legend, Role role)
{
	const Plan *plan = legend->f->plan;
	hwloc_const_bitmap_t cpus = plan->cpus[role];
	g_autoptr(GString) text = g_string_new(role_names[role]);
	g_autofree char *list = cpulist_format(cpus);

	if (hwloc_bitmap_iszero(cpus))
		return;
	g_string_append_printf(text, ": %d CPU%s %s", hwloc_bitmap_weight(cpus),
			       hwloc_bitmap_weight(cpus) == 1 ? "" : "s", list);
	append_floating(text, plan, cpus);
	row_add(legend, picture_colors[role],
		role == ROLE_DEDICATED ? picture_second_vm_color : NULL, text->str);
}

static void title_row(Legend *legend)
{
	const Plan *plan = legend->f->plan;
	g_autofree char *name = picture_safe(plan->node->name ? plan->node->name : "this node", 60);
	g_autofree char *text =
		g_strdup_printf("%s: %u of %u VMs placed", name, plan->placed, plan->wanted);

	heading_add(legend, text);
}

#define TROUBLES_MOST 40 /* further ones are counted */

static void trouble_row(Legend *legend, const Trouble *trouble)
{
	g_autofree char *list = cpulist_format(trouble->cpus);
	g_autofree char *text = g_strdup_printf(
		"%s%s: CPUs %s: %s", severity_name(trouble->worst),
		trouble->worst == SEVERITY_INFO ? " (blue letters)" : "", list, trouble->ids);

	row_add(legend, picture_trouble_colors[trouble->worst], NULL, text);
}

/* The worst first. */
static void check_rows(Legend *legend, const Check *check)
{
	g_autoptr(GArray) troubles = check_troubles(check);
	g_autofree char *counts = check_counts_text(check);
	g_autofree char *head = g_strdup_printf("check: %s", counts), *more = NULL;
	unsigned rows = 0;

	heading_add(legend, head);
	for (unsigned rank = 0; rank <= SEVERITY_ERROR; rank++)
		for (unsigned i = 0; i < troubles->len && rows < TROUBLES_MOST; i++) {
			const Trouble *trouble = &g_array_index(troubles, Trouble, i);

			if (trouble->worst != SEVERITY_ERROR - rank)
				continue;
			trouble_row(legend, trouble);
			rows++;
		}
	more = g_strdup_printf("and %u more kinds of trouble", troubles->len - rows);
	if (troubles->len > rows)
		heading_add(legend, more);
}

static void legend_fill(Legend *legend, const Check *check)
{
	title_row(legend);
	for (Role role = 0; role < ROLE_COUNT; role++)
		role_row(legend, role);
	if (check)
		check_rows(legend, check);
}

static char *fill_picture(Fill *f, const Legend *legend, const char *body, size_t length)
{
	g_autofree char *width = fill_number(legend->width), *height = fill_number(legend->y + 6);
	g_autoptr(GString) drawn = g_string_new_len(body, (gssize)length);
	const TemplateValue values[] = {{"width", width, TEMPLATE_XML},
					{"height", height, TEMPLATE_XML},
					{"picture", drawn->str, TEMPLATE_RAW},
					{"legend", legend->rows->str, TEMPLATE_RAW},
					FILL_END};

	/* A size that is not known is no size of nothing. */
	g_string_replace(drawn, ">L3 (0KB)<", ">L3<", 0);
	return fill(f, "picture.svg", values);
}

/* The number behind NAME in the picture's own tag; 0 = there is none. */
static unsigned artifact_legend_size_of(const char *svg, const char *name)
{
	const char *found = strstr(svg, name);
	g_autofree char *digits = NULL;
	guint64 size = 0;

	if (found)
		digits =
			g_strndup(found + strlen(name), strspn(found + strlen(name), "0123456789"));
	if (digits)
		g_ascii_string_to_unsigned(digits, 10, 1, 1 << 20, &size, NULL);
	return (unsigned)size;
}

char *picture_finish(const char *svg, const Plan *plan, const Check *check, GHashTable *templates,
		     GError **error)
{
	const Rendering rendering = {.plan = plan, .templates = templates};
	Fill f = {.artifact = &artifact_picture,
		  .rendering = &rendering,
		  .plan = plan,
		  .error = error};
	Legend legend = {.f = &f, .rows = g_string_new(NULL)};
	const char *tag = strstr(svg, "<svg ");
	const char *body = tag ? strchr(tag, '>') : NULL;
	const char *end = body ? g_strrstr(body, "</svg>") : NULL;
	unsigned width = end ? artifact_legend_size_of(tag, " width='") : 0;
	unsigned height = end ? artifact_legend_size_of(tag, " height='") : 0;
	g_autofree char *text = NULL;

	if (!width || !height) {
		text = fill_failed(&f, "the picture differs from what lstopo-no-graphics 2 draws");
	} else {
		legend.y = height + 10;
		legend.width = width;
		legend_fill(&legend, check);
		text = fill_picture(&f, &legend, body + 1, (size_t)(end - body - 1));
	}
	g_string_free(legend.rows, TRUE);
	return f.failed ? NULL : g_steal_pointer(&text);
}
