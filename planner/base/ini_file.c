/* SPDX-License-Identifier: MIT */
#include "planner/base/ini_file.h"

#include "topology/base/text.h"

#include <ini.h>
#include <string.h>

typedef struct Complaint {
	int line;
	char *text;
} Complaint;

struct IniState {
	IniFile file;
	const IniReader *reader;
	void *user;
	const char *text, *end; /* what is still to read */
	GArray *complaints;	/* of Complaint */
	GHashTable *sections;	/* name → line */
	GHashTable *keys;	/* of this section → line */
	char *section;
	bool wanted; /* its keys are read */
	bool cr;     /* carriage returns were reported */
};

void ini_complain(IniFile *ini, int line, const char *format, ...)
{
	Complaint complaint = {.line = line};
	va_list args;

	va_start(args, format);
	complaint.text = g_strdup_vprintf(format, args);
	va_end(args);
	g_array_append_val(ini->state->complaints, complaint);
}

void ini_refuse(IniFile *ini, const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	ini_complain(ini, ini->line, "[%s] %s: %s", ini->section, ini->key, what);
}

int ini_given(const IniFile *ini, const char *key)
{
	return GPOINTER_TO_INT(g_hash_table_lookup(ini->state->keys, key));
}

/* Sections */

/* The section being read ends; NAME, the state's from now on, is that of the next. Its keys are
 * passed over until it is known what they are. */
static void section_end(struct IniState *s, char *name)
{
	if (s->section && s->reader->end)
		s->reader->end(&s->file, s->user);
	s->wanted = s->file.faulty = false;
	g_hash_table_remove_all(s->keys);
	g_free(s->section);
	s->file.section = s->section = name;
}

static void ini_section_begin(struct IniState *s, char *name)
{
	char *blank = strchr(name, ' ');
	int first;

	if (blank)
		g_strchug(blank + 1);
	section_end(s, name);
	first = GPOINTER_TO_INT(g_hash_table_lookup(s->sections, name));
	if (first) {
		ini_complain(&s->file, s->file.line, "[%s]: already begun in line %d", name, first);
		return;
	}
	g_hash_table_insert(s->sections, g_strdup(name), GINT_TO_POINTER(s->file.line));
	s->wanted = s->reader->begin(&s->file, s->user);
}

/* Lines, before inih sees them */

static bool comment_or_blank(const char *text)
{
	text += strspn(text, " \t");
	return !*text || *text == ';' || *text == '#';
}

/* "[name]", blanks and a comment after it. */
static void section_line(struct IniState *s, const char *line)
{
	const char *close = strchr(line, ']');

	if (!close || !comment_or_blank(close + 1) || (close[1] && !strchr(" \t", close[1]))) {
		ini_complain(&s->file, s->file.line,
			     "'%s' is not a section line: write [name] alone", line);
		section_end(s, g_strdup(line));
		return;
	}
	ini_section_begin(s, g_strstrip(g_strndup(line + 1, (gsize)(close - line - 1))));
}

static const char *key_fault(const char *line)
{
	size_t key = strspn(line, INI_KEY_CHARACTERS);

	if (!key || g_ascii_isdigit(*line))
		return "a key is lower-case letters, digits and '-', and begins with no digit";
	if (line[key] == '_')
		return "write '-' for '_' in a key";
	if (line[key + strspn(line + key, " \t")] != '=')
		return "write key = value";
	return NULL;
}

/* A faulty line may have been a section's, whose keys are then passed over; or a key of this one.
 */
static void line_unread(struct IniState *s, const char *line, size_t length)
{
	while (length && strchr(" \t", *line)) {
		line++;
		length--;
	}
	if (length && *line == '[')
		section_end(s, g_strdup(""));
	else
		s->file.faulty = true;
}

/* Is LINE one that inih shall see as a key? Section lines are taken here, faults reported. */
static bool line_is_key(struct IniState *s, const char *line)
{
	const char *fault;

	if (comment_or_blank(line))
		return false;
	if (g_ascii_isspace(*line)) {
		ini_complain(&s->file, s->file.line,
			     "the line is indented; begin it in the first column");
		line_unread(s, line, strlen(line));
		return false;
	}
	if (*line == '[') {
		section_line(s, line);
		return false;
	}
	fault = key_fault(line);
	if (fault) {
		ini_complain(&s->file, s->file.line, "'%s' is not a key with its value: %s", line,
			     fault);
		s->file.faulty = true;
	} else if (!s->section) {
		ini_complain(&s->file, s->file.line, "'%s' is before the first section", line);
	}
	return !fault && s->wanted;
}

/* Faults that make a line unfit to be looked at, or even shown. */
static bool bytes_faulty(struct IniState *s, const char *line, size_t length)
{
	if (length > INI_LINE_MAX)
		ini_complain(&s->file, s->file.line, "the line is longer than %d bytes",
			     INI_LINE_MAX);
	else if (memchr(line, '\0', length))
		ini_complain(&s->file, s->file.line, "the line has a NUL byte");
	else if (!g_utf8_validate(line, (gssize)length, NULL))
		ini_complain(&s->file, s->file.line, "the line is not UTF-8");
	else
		return false;
	return true;
}

static bool controls_faulty(struct IniState *s, const char *line)
{
	if (strchr(line, '\r')) {
		if (!s->cr)
			ini_complain(&s->file, s->file.line,
				     "the line has a carriage return; end lines with LF "
				     "alone (such as by dos2unix)");
		s->cr = true;
		return true;
	}
	for (const char *c = line; *c; c = g_utf8_next_char(c))
		if (*c != '\t' && text_obeyed(g_utf8_get_char(c))) {
			ini_complain(&s->file, s->file.line, "the line has a control character");
			return true;
		}
	return false;
}

/* Put the next line, LENGTH bytes, into BUFFER; false where it is not fit to be looked at. */
static bool line_fit(struct IniState *s, size_t length, char *buffer)
{
	if (bytes_faulty(s, s->text, length))
		return false;
	memcpy(buffer, s->text, length);
	buffer[length] = '\0';
	return !controls_faulty(s, buffer);
}

/* The reader inih calls, as fgets: one line, empty where there is nothing for inih in it. */
static char *line_read(char *buffer, int size, void *stream)
{
	struct IniState *s = stream;
	const char *newline;
	size_t length;

	if (s->text >= s->end)
		return NULL;
	newline = memchr(s->text, '\n', (size_t)(s->end - s->text));
	length = (size_t)((newline ? newline : s->end) - s->text);
	s->file.line++;
	g_assert(size > INI_LINE_MAX + 2);
	if (line_fit(s, length, buffer)) {
		if (!line_is_key(s, buffer))
			*buffer = '\0';
	} else {
		line_unread(s, s->text, length);
		*buffer = '\0';
	}
	strcat(buffer, "\n");
	s->text += length + (newline ? 1 : 0);
	return buffer;
}

/* inih's handler; 1 = go on. Its section name is not used: inih cuts it at 49 bytes. */
static int ini_key_read(void *user, const char *section, const char *name, const char *value)
{
	struct IniState *s = user;
	int first = ini_given(&s->file, name);

	(void)section;
	s->file.key = name;
	if (first) {
		ini_refuse(&s->file, "already given in line %d", first);
		return 1;
	}
	s->reader->key(&s->file, value, s->user);
	g_hash_table_insert(s->keys, g_strdup(name), GINT_TO_POINTER(s->file.line));
	return 1;
}

/* Reading */

/*
 * Debian's inih 55 has its build-time limits as variables; upstream's 200-byte line would cut the
 * CPU list of a large VM. Multi-line values would swallow indented keys. Once: they are
 * everybody's, and other threads may be parsing.
 */
static void inih_configure(void)
{
	static gsize done;

	if (!g_once_init_enter(&done))
		return;
	ini_max_line = INI_LINE_MAX + 96;
	ini_use_stack = true;
	ini_allow_multiline = false;
	ini_stop_on_first_error = false;
	g_once_init_leave(&done, 1);
}

static void complaint_clear(gpointer data)
{
	g_free(((Complaint *)data)->text);
}

static int complaint_compare(gconstpointer a, gconstpointer b)
{
	return ((const Complaint *)a)->line - ((const Complaint *)b)->line;
}

static void complaints_report(struct IniState *s, const char *name, GPtrArray *errors)
{
	g_array_sort(s->complaints, complaint_compare);
	for (unsigned i = 0; i < s->complaints->len; i++) {
		const Complaint *complaint = &g_array_index(s->complaints, Complaint, i);

		g_ptr_array_add(errors, g_strdup_printf("%s:%d: %s", name, complaint->line,
							complaint->text));
	}
}

bool ini_read(const char *name, const char *text, size_t length, const IniReader *reader,
	      void *user, GPtrArray *errors)
{
	g_autoptr(GHashTable) sections =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GArray) complaints = g_array_new(FALSE, FALSE, sizeof(Complaint));
	struct IniState s = {.reader = reader,
			     .user = user,
			     .text = text,
			     .end = text + length,
			     .complaints = complaints,
			     .sections = sections,
			     .keys = keys};

	s.file.state = &s;
	g_array_set_clear_func(complaints, complaint_clear);
	if (length >= 3 &&
	    !memcmp(text, "\xef\xbb\xbf", 3)) /* the byte order mark some editors write */
		s.text += 3;
	inih_configure();
	ini_parse_stream(line_read, &s, ini_key_read, &s);
	section_end(&s, NULL);
	if (reader->finish)
		reader->finish(&s.file, user);
	complaints_report(&s, name, errors);
	return !complaints->len;
}
