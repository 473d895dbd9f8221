/* SPDX-License-Identifier: MIT */
/*
 * The inventory parser. inih splits lines into keys and values; what inih lets through silently is
 * caught before it sees the line (long lines, NUL, CR, indentation, bad UTF-8, bad section lines),
 * and what it does not tell (line numbers, new sections, duplicates) is kept here: our reader hands
 * it one line at a time, so the line being read is the line the handler is called for.
 */
#include "planner/base/inih.h"
#include "planner/base/nearest.h"
#include "planner/inventory/inventory.h"
#include "planner/inventory/settings.h"
#include "topology/base/text.h"

#include <string.h>

#define PARTNERS_MAX 256

typedef struct Complaint {
	int line;
	char *text;
} Complaint;

typedef struct Parser {
	const char *file;
	const char *text, *end; /* what is still to read */
	int line;
	Inventory *inventory;
	GArray *complaints;   /* of Complaint */
	GArray *rows;	      /* of SettingRow, of the section being read; NULL = unknown
				 section, keys passed over */
	void *object;	      /* a VM or partner whose they are; NULL = the inventory */
	char *section;	      /* its name as written, NULL before the first */
	const char *key;      /* being set */
	GHashTable *sections; /* name → line */
	GHashTable *seen;     /* keys of this section → line */
	GPtrArray *vms;	      /* of VmSpec, by section, in the file's order */
	VmSpec *vm;	      /* being read, of vms; NULL = another section */
	bool unread;	      /* a line of the section being read was faulty */
	bool cr;	      /* carriage returns were reported */
} Parser;

/* An error of LINE. */
G_GNUC_PRINTF(3, 4)
static void parser_complain(Parser *p, int line, const char *format, ...)
{
	Complaint complaint = {.line = line};
	va_list args;

	va_start(args, format);
	complaint.text = g_strdup_vprintf(format, args);
	va_end(args);
	g_array_append_val(p->complaints, complaint);
}

/* An error in the value of the key being set. */
G_GNUC_PRINTF(2, 3)
static void parser_refuse(Parser *p, const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	parser_complain(p, p->line, "[%s] %s: %s", p->section, p->key, what);
}

/* Sections */

static void vm_complain(Parser *p, const VmSpec *vm, const char *text)
{
	parser_complain(p, vm->line, "[vm %s] %s", vm->name, text);
}

/* May the section being read give KEY, well or badly? */
static bool inventory_parse_given(const Parser *p, const char *key)
{
	return p->unread || g_hash_table_contains(p->seen, key);
}

/* What only the whole section of a VM shows. */
static void vm_check(Parser *p, const VmSpec *vm)
{
	if (!inventory_parse_given(p, "vcpus"))
		vm_complain(p, vm, "vcpus: missing; give the number of vCPUs");
	if (vm->cpus && vm->vcpus && vm->cpus->len != vm->vcpus)
		parser_complain(p, vm->line,
				"[vm %s] cpus: %u CPUs for %u vCPUs; name one for each", vm->name,
				vm->cpus->len, vm->vcpus);
	if (vm->maximum && vm->maximum < vm->vcpus)
		parser_complain(p, vm->line, "[vm %s] maximum: %u is less than its %u vCPUs",
				vm->name, vm->maximum, vm->vcpus);
	if (vm->cpus && vm->count > 1)
		vm_complain(p, vm, "cpus: the same CPUs cannot be given to count VMs");
	if (vm->page && !inventory_parse_given(p, "memory"))
		vm_complain(p, vm, "hugepages: give memory as well");
	if (vm->policy == POLICY_SHARED && vm->cpus)
		vm_complain(p, vm, "cpus: a shared VM floats over the pool; leave the key out");
	if (vm->policy == POLICY_SHARED && vm->threads == THREADS_ISOLATE)
		vm_complain(p, vm, "threads: a shared VM has no cores of its own");
}

static void sdk_check(Parser *p)
{
	if (p->inventory->near && !p->inventory->sdk.line)
		parser_complain(p, GPOINTER_TO_INT(g_hash_table_lookup(p->seen, "near")),
				"[sdk] near: give the number of cores: cores-per-node, cores, …");
}

/* The section being read ends; NAME, the parser's from now on, is that of the next. Its keys are
 * passed over until it is known what they are. */
static void section_end(Parser *p, char *name)
{
	if (p->vm)
		vm_check(p, p->vm);
	if (p->rows && !g_strcmp0(p->section, "sdk"))
		sdk_check(p);
	p->vm = NULL;
	p->object = NULL;
	g_clear_pointer(&p->rows, g_array_unref);
	p->unread = false;
	g_hash_table_remove_all(p->seen);
	g_free(p->section);
	p->section = name;
}

static void vm_begin(Parser *p, const char *name)
{
	const char *fault = vm_name_fault(name);

	if (fault)
		parser_complain(p, p->line, "[%s]: the VM's name %s", p->section, fault);
	p->vm = vm_spec_new(name);
	p->vm->line = p->line;
	g_ptr_array_add(p->vms, p->vm);
	p->object = p->vm;
}

static void partner_begin(Parser *p, const char *name)
{
	const char *fault = vm_name_fault(name);

	if (fault)
		parser_complain(p, p->line, "[%s]: the partner's name %s", p->section, fault);
	if (p->inventory->partners->len == PARTNERS_MAX)
		parser_complain(p, p->line, "[%s]: more than %d partners", p->section,
				PARTNERS_MAX);
	p->object = partner_new(name);
	g_ptr_array_add(p->inventory->partners, p->object);
}

/* Sections that have a name of their own, "[vm NAME]". */
static const struct Named {
	const char *kind;
	void (*begin)(Parser *p, const char *name);
} named[] = {{"vm", vm_begin}, {"partner", partner_begin}};

/* The kind that WORD is, or that "WORD name" begins with; NULL. */
static const struct Named *named_find(const char *section, bool alone)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(named); i++) {
		size_t length = strlen(named[i].kind);

		if (!strncmp(section, named[i].kind, length) &&
		    section[length] == (alone ? '\0' : ' '))
			return &named[i];
	}
	return NULL;
}

static void inventory_parse_section_unknown(Parser *p)
{
	g_autoptr(GPtrArray) known = g_ptr_array_new();
	g_autofree char *word = g_strndup(p->section, strcspn(p->section, " "));
	g_autofree char *sections = g_strjoinv(", ", (char **)inventory_sections);
	const char *near;

	for (const char *const *section = inventory_sections; *section; section++)
		g_ptr_array_add(known, (gpointer)*section);
	for (unsigned i = 0; i < G_N_ELEMENTS(named); i++)
		g_ptr_array_add(known, (gpointer)named[i].kind);
	g_ptr_array_add(known, NULL);
	near = nearest_word(word, (const char *const *)known->pdata);
	if (named_find(word, true))
		parser_complain(p, p->line, "[%s]: which %s? write [%s NAME]", p->section,
				strcmp(word, "vm") ? word : "VM", word);
	else if (near)
		parser_complain(p, p->line, "[%s]: unknown section; did you mean [%s%s]?",
				p->section, near, named_find(near, true) ? " NAME" : "");
	else
		parser_complain(p, p->line,
				"[%s]: unknown section; known: %s, vm NAME, partner NAME",
				p->section, sections);
}

static void section_begin(Parser *p, char *name)
{
	const struct Named *kind = named_find(name, false);
	char *own = kind ? g_strchug(name + strlen(kind->kind) + 1) : NULL;
	int first;

	section_end(p, name);
	first = GPOINTER_TO_INT(g_hash_table_lookup(p->sections, name));
	if (first) {
		parser_complain(p, p->line, "[%s]: already begun in line %d", name, first);
		return;
	}
	g_hash_table_insert(p->sections, g_strdup(name), GINT_TO_POINTER(p->line));
	if (kind)
		kind->begin(p, own);
	else if (!g_strv_contains(inventory_sections, name)) {
		inventory_parse_section_unknown(p);
		return;
	}
	p->rows = settings_of_section(kind ? kind->kind : name);
}

/* Lines, before inih sees them */

static bool comment_or_blank(const char *text)
{
	text += strspn(text, " \t");
	return !*text || *text == ';' || *text == '#';
}

/* "[name]", blanks and a comment after it. */
static void section_line(Parser *p, const char *line)
{
	const char *close = strchr(line, ']');

	if (!close || !comment_or_blank(close + 1) || (close[1] && !strchr(" \t", close[1]))) {
		parser_complain(p, p->line, "'%s' is not a section line: write [name] alone", line);
		section_end(p, g_strdup(line));
		return;
	}
	section_begin(p, g_strstrip(g_strndup(line + 1, (gsize)(close - line - 1))));
}

static const char *key_fault(const char *line)
{
	size_t key = strspn(line, "abcdefghijklmnopqrstuvwxyz-");

	if (!key)
		return "a key is lower-case letters and '-'";
	if (line[key + strspn(line + key, " \t")] != '=')
		return "write key = value";
	return NULL;
}

/* A faulty line may have been a section's, whose keys are then passed over; or a key of this one.
 */
static void line_unread(Parser *p, const char *line, size_t length)
{
	while (length && strchr(" \t", *line)) {
		line++;
		length--;
	}
	if (length && *line == '[')
		section_end(p, g_strdup(""));
	else
		p->unread = true;
}

/* Is LINE one that inih shall see as a key? Section lines are taken here, faults reported. */
static bool line_is_key(Parser *p, const char *line)
{
	const char *fault;

	if (comment_or_blank(line))
		return false;
	if (g_ascii_isspace(*line)) {
		parser_complain(p, p->line, "the line is indented; begin it in the first column");
		line_unread(p, line, strlen(line));
		return false;
	}
	if (*line == '[') {
		section_line(p, line);
		return false;
	}
	fault = key_fault(line);
	if (fault) {
		parser_complain(p, p->line, "'%s' is not a key with its value: %s", line, fault);
		p->unread = true;
	} else if (!p->section) {
		parser_complain(p, p->line, "'%s' is before the first section", line);
	}
	return !fault && p->rows;
}

/* Faults that make a line unfit to be looked at, or even shown. */
static bool bytes_faulty(Parser *p, const char *line, size_t length)
{
	if (length > INIH_LINE_MAX)
		parser_complain(p, p->line, "the line is longer than %d bytes", INIH_LINE_MAX);
	else if (memchr(line, '\0', length))
		parser_complain(p, p->line, "the line has a NUL byte");
	else if (!g_utf8_validate(line, (gssize)length, NULL))
		parser_complain(p, p->line, "the line is not UTF-8");
	else
		return false;
	return true;
}

static bool controls_faulty(Parser *p, const char *line)
{
	if (strchr(line, '\r')) {
		if (!p->cr)
			parser_complain(p, p->line,
					"the line has a carriage return; end lines with LF "
					"alone (such as by dos2unix)");
		p->cr = true;
		return true;
	}
	for (const char *c = line; *c; c = g_utf8_next_char(c))
		if (*c != '\t' && text_obeyed(g_utf8_get_char(c))) {
			parser_complain(p, p->line, "the line has a control character");
			return true;
		}
	return false;
}

/* Put the next line, LENGTH bytes, into BUFFER; false where it is not fit to be looked at. */
static bool line_fit(Parser *p, size_t length, char *buffer)
{
	if (bytes_faulty(p, p->text, length))
		return false;
	memcpy(buffer, p->text, length);
	buffer[length] = '\0';
	return !controls_faulty(p, buffer);
}

/* The reader inih calls, as fgets: one line, empty where there is nothing for inih in it. */
static char *line_read(char *buffer, int size, void *stream)
{
	Parser *p = stream;
	const char *newline;
	size_t length;

	if (p->text >= p->end)
		return NULL;
	newline = memchr(p->text, '\n', (size_t)(p->end - p->text));
	length = (size_t)((newline ? newline : p->end) - p->text);
	p->line++;
	g_assert(size > INIH_LINE_MAX + 2);
	if (line_fit(p, length, buffer)) {
		if (!line_is_key(p, buffer))
			*buffer = '\0';
	} else {
		line_unread(p, p->text, length);
		*buffer = '\0';
	}
	strcat(buffer, "\n");
	p->text += length + (newline ? 1 : 0);
	return buffer;
}

/* Keys */

static void key_unknown(Parser *p, const char *name)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *all = NULL;
	const char *near;

	for (unsigned i = 0; i < p->rows->len; i++)
		g_ptr_array_add(names,
				(gpointer)g_array_index(p->rows, SettingRow, i).setting->key);
	g_ptr_array_add(names, NULL);
	near = nearest_word(name, (const char *const *)names->pdata);
	all = g_strjoinv(", ", (char **)names->pdata);
	if (near)
		parser_complain(p, p->line, "[%s] %s: unknown key; did you mean '%s'?", p->section,
				name, near);
	else
		parser_complain(p, p->line, "[%s] %s: unknown key; known: %s", p->section, name,
				all);
}

/* The line of another setting of this section that excludes ROW; 0. */
static int rival_line(const Parser *p, const SettingRow *row)
{
	for (unsigned i = 0; i < p->rows->len; i++) {
		const SettingRow *other = &g_array_index(p->rows, SettingRow, i);

		if (setting_excludes(row, other) &&
		    g_hash_table_contains(p->seen, other->setting->key))
			return GPOINTER_TO_INT(g_hash_table_lookup(p->seen, other->setting->key));
	}
	return 0;
}

static void key_set(Parser *p, const SettingRow *row, const char *value)
{
	const Setting *setting = row->setting;
	g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);
	int rival = rival_line(p, row);

	if (!*value && !(setting->flags & SETTING_EMPTY)) {
		parser_refuse(p, "has no value");
		return;
	}
	if (rival) {
		parser_refuse(p, "the cores are already given in line %d; keep one of the two",
			      rival);
		return;
	}
	setting_parse(setting, p->object ? p->object : inventory_part(p->inventory, row->table),
		      value, p->line, faults);
	for (unsigned i = 0; i < faults->len; i++)
		parser_refuse(p, "%s", (const char *)g_ptr_array_index(faults, i));
}

/* inih's handler; 1 = go on. Its section name is not used: inih cuts it at 49 bytes. */
static int key_read(void *user, const char *section, const char *name, const char *value)
{
	Parser *p = user;
	int first = GPOINTER_TO_INT(g_hash_table_lookup(p->seen, name));
	const SettingRow *row = setting_row_find(p->rows, name);

	(void)section;
	p->key = name;
	if (first) {
		parser_refuse(p, "already given in line %d", first);
		return 1;
	}
	if (row)
		key_set(p, row, value);
	else
		key_unknown(p, name);
	g_hash_table_insert(p->seen, g_strdup(name), GINT_TO_POINTER(p->line));
	return 1;
}

/* What only the whole file shows */

static void inventory_parse_vm_add(Parser *p, GHashTable *names, const VmSpec *vm, const char *name)
{
	int line = GPOINTER_TO_INT(g_hash_table_lookup(names, name));
	VmSpec *copy = vm_spec_copy(vm, name);

	if (line)
		parser_complain(p, vm->line,
				"[vm %s]: its VM %s has the same name as one in line %d", vm->name,
				name, line);
	g_hash_table_insert(names, g_strdup(name), GINT_TO_POINTER(vm->line));
	copy->count = 1;
	g_ptr_array_add(p->inventory->vms, copy);
}

/* The last name that count spells out is the longest. */
static void counted_check(Parser *p, const VmSpec *vm)
{
	g_autofree char *last = g_strdup_printf("%s-%u", vm->name, vm->count);
	const char *fault = vm_name_fault(last);

	if (vm->count > 1 && fault && !vm_name_fault(vm->name))
		parser_complain(p, vm->line, "[vm %s]: the name of its VM %s %s", vm->name, last,
				fault);
}

/* Spell out count = n into vm-1 … vm-n. */
static void vms_expand(Parser *p)
{
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (unsigned i = 0; i < p->vms->len; i++) {
		const VmSpec *vm = g_ptr_array_index(p->vms, i);

		if (p->inventory->vms->len + vm->count > INVENTORY_VMS_MAX) {
			parser_complain(p, vm->line, "[vm %s]: more than %d VMs in all", vm->name,
					INVENTORY_VMS_MAX);
			return;
		}
		counted_check(p, vm);
		if (vm->count == 1)
			inventory_parse_vm_add(p, names, vm, vm->name);
		for (unsigned n = 1; vm->count > 1 && n <= vm->count; n++) {
			g_autofree char *name = g_strdup_printf("%s-%u", vm->name, n);

			inventory_parse_vm_add(p, names, vm, name);
		}
	}
}

/* The parser's life */

static void complaint_clear(gpointer data)
{
	g_free(((Complaint *)data)->text);
}

static void parser_init(Parser *p, const char *name, const char *text, size_t length)
{
	*p = (Parser){.file = name, .text = text, .end = text + length};
	if (length >= 3 &&
	    !memcmp(text, "\xef\xbb\xbf", 3)) /* the byte order mark some editors write */
		p->text += 3;
	p->inventory = inventory_new();
	p->complaints = g_array_new(FALSE, FALSE, sizeof(Complaint));
	g_array_set_clear_func(p->complaints, complaint_clear);
	p->vms = g_ptr_array_new_with_free_func((GDestroyNotify)vm_spec_free);
	p->sections = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	p->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void parser_clear(Parser *p)
{
	g_array_unref(p->complaints);
	g_ptr_array_unref(p->vms);
	g_hash_table_unref(p->sections);
	g_hash_table_unref(p->seen);
	g_free(p->section);
}

static int complaint_compare(gconstpointer a, gconstpointer b)
{
	return ((const Complaint *)a)->line - ((const Complaint *)b)->line;
}

static void complaints_report(Parser *p, GPtrArray *errors)
{
	g_array_sort(p->complaints, complaint_compare);
	for (unsigned i = 0; i < p->complaints->len; i++) {
		const Complaint *complaint = &g_array_index(p->complaints, Complaint, i);

		g_ptr_array_add(errors, g_strdup_printf("%s:%d: %s", p->file, complaint->line,
							complaint->text));
	}
}

Inventory *inventory_parse(const char *name, const char *text, size_t length, GPtrArray *errors)
{
	Parser parser;
	bool bad;

	parser_init(&parser, name, text, length);
	inih_configure();
	ini_parse_stream(line_read, &parser, key_read, &parser);
	section_end(&parser, NULL);
	vms_expand(&parser);
	bad = parser.complaints->len;
	complaints_report(&parser, errors);
	parser_clear(&parser);
	if (bad)
		g_clear_pointer(&parser.inventory, inventory_free);
	return parser.inventory;
}
