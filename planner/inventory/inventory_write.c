/* SPDX-License-Identifier: MIT */
#include "planner/inventory/inventory_write.h"
#include "planner/base/size.h"

#include <string.h>

#define WIDTH 78      /* of comments, with their "; " */
#define WORD_MAX 1000 /* bytes: a longer word is cut, lest the parser refuse the line */

typedef struct Writer {
	GString *text;
	const GPtrArray *notes;
	const char *section; /* being written */
	GPtrArray *keys;     /* of it: of char *, key and value in turn */
} Writer;

/* Notes */

InventoryNote *inventory_note_new(const char *section, const char *key, const char *text,
				  const char *offer)
{
	InventoryNote *note = g_new(InventoryNote, 1);

	*note = (InventoryNote){g_strdup(section), g_strdup(key), g_strdup(text), g_strdup(offer)};
	return note;
}

void inventory_note_free(InventoryNote *note)
{
	g_free(note->section);
	g_free(note->key);
	g_free(note->text);
	g_free(note->offer);
	g_free(note);
}

/* TEXT on one line: what a terminal or the parser would not take becomes '?'. Yours. */
static char *inventory_write_plain(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *out = g_string_new(NULL);

	for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
		gunichar character = g_utf8_get_char(c);
		GUnicodeType type = g_unichar_type(character);

		if (g_unichar_isprint(character) && type != G_UNICODE_LINE_SEPARATOR &&
		    type != G_UNICODE_PARAGRAPH_SEPARATOR)
			g_string_append_unichar(out, character);
		else
			g_string_append_c(out, *c == '\n' || *c == '\t' ? ' ' : '?');
	}
	return g_string_free(out, FALSE);
}

/* At most WORD_MAX bytes of WORD, whole characters. Yours. */
static char *inventory_write_cut(const char *word)
{
	const char *end = word;

	while (*end && end - word < WORD_MAX)
		end = g_utf8_next_char(end);
	return g_strndup(word, (gsize)(end - word));
}

static void inventory_write_comment(GString *out, const char *text)
{
	g_autofree char *line = inventory_write_plain(text);
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	glong column = 0;

	for (char **word = words; *word; word++) {
		g_autofree char *part = inventory_write_cut(*word);
		glong length = g_utf8_strlen(part, -1);

		if (!*part)
			continue;
		if (column && column + 1 + length > WIDTH) {
			g_string_append_c(out, '\n');
			column = 0;
		}
		g_string_append_printf(out, "%s%s", column ? " " : "; ", part);
		column += 1 + length + !column;
	}
	g_string_append_c(out, '\n');
}

static void inventory_write_offer(GString *out, const char *line)
{
	g_autofree char *safe = inventory_write_plain(line);

	g_string_append_printf(out, "; %s\n", safe);
}

static bool has_key(const Writer *w, const char *key)
{
	for (unsigned i = 0; key && i < w->keys->len; i += 2)
		if (!strcmp(g_ptr_array_index(w->keys, i), key))
			return true;
	return false;
}

/* The notes on KEY, or, where it is NULL, on the section as a whole. */
static void put_notes(Writer *w, const char *key)
{
	for (unsigned i = 0; w->notes && i < w->notes->len; i++) {
		const InventoryNote *note = g_ptr_array_index(w->notes, i);
		const char *on = has_key(w, note->key) ? note->key : NULL;

		if (g_strcmp0(note->section, w->section) != 0 || g_strcmp0(on, key) != 0)
			continue;
		if (note->text)
			inventory_write_comment(w->text, note->text);
		if (note->offer)
			inventory_write_offer(w->text, note->offer);
	}
}

static bool has_notes(const Writer *w)
{
	for (unsigned i = 0; w->notes && i < w->notes->len; i++) {
		const InventoryNote *note = g_ptr_array_index(w->notes, i);

		if (!g_strcmp0(note->section, w->section))
			return true;
	}
	return false;
}

/* Sections */

static void inventory_write_begin(Writer *w, const char *section)
{
	w->section = section;
	g_ptr_array_set_size(w->keys, 0);
}

/* VALUE is the writer's from now on; NULL = there is no such key. */
static void inventory_write_put(Writer *w, const char *key, char *value)
{
	if (!value)
		return;
	g_ptr_array_add(w->keys, g_strdup(key));
	g_ptr_array_add(w->keys, value);
}

static int inventory_write_widest(const Writer *w)
{
	size_t width = 0;

	for (unsigned i = 0; i < w->keys->len; i += 2)
		width = MAX(width, strlen(g_ptr_array_index(w->keys, i)));
	return (int)width;
}

/* A section that has notes and no key stands there as a comment. */
static void inventory_write_end(Writer *w)
{
	int width = inventory_write_widest(w);
	bool alone =
		!w->keys->len && !strchr(w->section, ' '); /* named ones stand for themselves */

	if (alone && !has_notes(w))
		return;
	g_string_append_printf(w->text, "%s%s[%s]\n", w->text->len ? "\n" : "", alone ? "; " : "",
			       w->section);
	put_notes(w, NULL);
	for (unsigned i = 0; i < w->keys->len; i += 2) {
		const char *key = g_ptr_array_index(w->keys, i);
		const char *value = g_ptr_array_index(w->keys, i + 1);

		put_notes(w, key);
		g_string_append_printf(w->text, "%-*s =%s%s\n", width, key, *value ? " " : "",
				       value);
	}
}

/* Values */

static char *inventory_write_number(unsigned n)
{
	return g_strdup_printf("%u", n);
}

static char *inventory_write_size(uint64_t bytes)
{
	return bytes ? size_format(bytes) : NULL;
}

char *inventory_cpus(const GArray *cpus)
{
	GString *text = g_string_new(NULL);

	for (unsigned first = 0, last; first < cpus->len; first = last + 1) {
		const unsigned *cpu = &g_array_index(cpus, unsigned, 0);

		for (last = first; last + 1 < cpus->len && cpu[last + 1] == cpu[last] + 1;)
			last++;
		if (last < first + 2) /* two in a row read better as two */
			last = first;
		g_string_append_printf(text, "%s%u", first ? "," : "", cpu[first]);
		if (last > first)
			g_string_append_printf(text, "-%u", cpu[last]);
	}
	return g_string_free(text, FALSE);
}

static void put_request(Writer *w, const CoreRequest *request)
{
	static const char *const keys[] = {[SPLIT_SOCKET] = "cores-per-socket",
					   [SPLIT_NODE] = "cores-per-node",
					   [SPLIT_MACHINE] = "cores"};

	if (request->by == SPLIT_CPUS)
		inventory_write_put(w, "cpus", cpulist_format(request->cpus));
	else if (request->by != SPLIT_NONE)
		inventory_write_put(w, keys[request->by], inventory_write_number(request->cores));
}

/* The sections */

static void put_mwait(Writer *w, Tristate mwait)
{
	if (mwait != TRISTATE_UNKNOWN)
		inventory_write_put(w, "mwait", g_strdup(mwait == TRISTATE_YES ? "yes" : "no"));
}

static void node_write(Writer *w, const Inventory *inventory)
{
	inventory_write_begin(w, "node");
	inventory_write_put(w, "name", g_strdup(inventory->name));
	inventory_write_put(w, "kernel", g_strdup(inventory->kernel));
	inventory_write_put(w, "qemu", g_strdup(inventory->qemu));
	inventory_write_put(w, "libvirt", g_strdup(inventory->libvirt));
	put_mwait(w, inventory->mwait);
	inventory_write_end(w);
}

static void partner_write(Writer *w, const Partner *partner)
{
	g_autofree char *section = g_strconcat("partner ", partner->name, NULL);

	inventory_write_begin(w, section);
	inventory_write_put(w, "kernel", g_strdup(partner->kernel));
	inventory_write_put(w, "qemu", g_strdup(partner->qemu));
	inventory_write_put(w, "libvirt", g_strdup(partner->libvirt));
	put_mwait(w, partner->mwait);
	inventory_write_end(w);
}

static void roles_write(Writer *w, const Inventory *inventory)
{
	inventory_write_begin(w, "host");
	put_request(w, &inventory->host);
	inventory_write_put(w, "memory-per-node", inventory_write_size(inventory->host_memory));
	inventory_write_end(w);
	inventory_write_begin(w, "sdk");
	put_request(w, &inventory->sdk);
	inventory_write_put(w, "near", inventory->near ? g_strjoinv(", ", inventory->near) : NULL);
	inventory_write_end(w);
	inventory_write_begin(w, "shared");
	put_request(w, &inventory->shared);
	if (inventory->overcommit > 0)
		inventory_write_put(w, "overcommit",
				    g_strdup_printf("%.0f", inventory->overcommit));
	inventory_write_end(w);
}

static void kernel_write(Writer *w, const Inventory *inventory)
{
	inventory_write_begin(w, "kernel");
	if (inventory->isolation != ISOLATION_ISOLCPUS)
		inventory_write_put(w, "isolation",
				    g_strdup(isolation_names[inventory->isolation]));
	inventory_write_put(w, "flags",
			    inventory->flags ? g_strjoinv(",", inventory->flags) : NULL);
	if (!inventory->irqaffinity)
		inventory_write_put(w, "irqaffinity", g_strdup("no"));
	if (*inventory->extra)
		inventory_write_put(w, "extra", g_strjoinv(" ", inventory->extra));
	inventory_write_end(w);
}

static void vm_write(Writer *w, const VmSpec *vm)
{
	g_autofree char *section = g_strconcat("vm ", vm->name, NULL);

	inventory_write_begin(w, section);
	inventory_write_put(w, "vcpus", inventory_write_number(vm->vcpus));
	inventory_write_put(w, "policy", g_strdup(policy_names[vm->policy]));
	inventory_write_put(w, "cpus", vm->cpus ? inventory_cpus(vm->cpus) : NULL);
	inventory_write_put(w, "node",
			    vm->node >= 0 ? inventory_write_number((unsigned)vm->node) : NULL);
	inventory_write_put(w, "memory", inventory_write_size(vm->memory));
	inventory_write_put(w, "hugepages", inventory_write_size(vm->page));
	if (vm->threads != THREADS_SIBLINGS)
		inventory_write_put(w, "threads", g_strdup(threads_names[vm->threads]));
	inventory_write_put(w, "cpu-mode", g_strdup(cpu_mode_names[vm->cpu_mode]));
	if (!vm->cpu_pm)
		inventory_write_put(w, "cpu-pm", g_strdup("off"));
	if (vm->iothreads)
		inventory_write_put(w, "iothreads", inventory_write_number(vm->iothreads));
	if (vm->locked)
		inventory_write_put(w, "locked", g_strdup("yes"));
	inventory_write_end(w);
}

const char *inventory_name_fault(const char *name)
{
	size_t length = strlen(name);
	const char *fault = vm_name_fault(name);

	if (fault)
		return fault;
	if (name[0] == ' ' || name[length - 1] == ' ')
		return "begins or ends with a blank";
	if (strchr(name, ']'))
		return "has a ']', which ends a section's name";
	if (name[0] == ';' || strstr(name, " ;"))
		return "has a ';' that begins a comment";
	return NULL;
}

char *inventory_write(const Inventory *inventory, const GPtrArray *notes)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
	Writer w = {.text = g_string_new(NULL), .notes = notes, .keys = keys};

	put_notes(&w, NULL);
	node_write(&w, inventory);
	roles_write(&w, inventory);
	kernel_write(&w, inventory);
	for (unsigned i = 0; i < inventory->partners->len; i++)
		partner_write(&w, g_ptr_array_index(inventory->partners, i));
	for (unsigned i = 0; i < inventory->vms->len; i++)
		vm_write(&w, g_ptr_array_index(inventory->vms, i));
	return g_string_free(w.text, FALSE);
}
