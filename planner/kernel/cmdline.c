/* SPDX-License-Identifier: MIT */
#include "planner/kernel/cmdline.h"
#include "planner/kernel/feature.h"
#include "topology/facts/kernel_line.h"

#include <string.h>

/* Words */

static void word_free(gpointer data)
{
	CmdlineWord *word = data;

	g_free(word->name);
	g_free(word->value);
	g_free(word->stray);
	g_free(word->meant);
	g_free(word);
}

/* LENGTH bytes without one pair of quotes, each only where it is. */
static char *cmdline_unquote(const char *text, size_t length)
{
	bool quoted = length && *text == '"';

	if (!quoted)
		return g_strndup(text, length);
	if (length > 1 && text[length - 1] == '"')
		length--;
	return g_strndup(text + 1, length - 1);
}

/* An '=' that is the first character belongs to a name. */
static CmdlineWord *word_new(const char *text)
{
	CmdlineWord *word = g_new0(CmdlineWord, 1);
	g_autofree char *whole = NULL;
	const char *sign = strchr(text + 1, '=');
	size_t length = strlen(text), equals = sign ? (size_t)(sign - text) : 0;
	bool quoted = *text == '"';

	if (!equals) {
		word->name = cmdline_unquote(text, length);
		return word;
	}
	if (!quoted) {
		word->name = g_strndup(text, equals);
		word->value = cmdline_unquote(text + equals + 1, length - equals - 1);
		return word;
	}
	whole = cmdline_unquote(text, length);
	word->name = g_strndup(whole, equals - 1);
	word->value = cmdline_unquote(whole + equals, strlen(whole + equals));
	return word;
}

/* Lists that blanks have torn */

/* Does the bare word PIECE belong to the list MEANT so far? A digit alone is a runlevel for init,
 * where the list does not end in the middle. */
static bool piece_belongs(const GString *meant, const char *piece)
{
	char last = meant->len ? meant->str[meant->len - 1] : ',';

	return kernel_word_is_piece(piece) && (piece[1] || strchr(",-:/", last) || *piece == '-');
}

static void piece_append(GString *meant, const char *piece)
{
	piece += *piece == '=';
	if (meant->len && *piece && !strchr(",-:/", meant->str[meant->len - 1]) &&
	    !strchr(",-:/", *piece))
		g_string_append_c(meant, ',');
	g_string_append(meant, piece);
}

/* What follows WORD, the word I, and belongs to its list. */
static void word_tear(const Cmdline *cmdline, CmdlineWord *word, unsigned i)
{
	g_autoptr(GString) meant = g_string_new(word->value), stray = g_string_new(NULL);

	while (++i < cmdline->words->len) {
		const CmdlineWord *next = g_ptr_array_index(cmdline->words, i);

		if (next->value || !piece_belongs(meant, next->name) ||
		    (*next->name == '=' && (word->value || stray->len)))
			break;
		piece_append(meant, next->name);
		g_string_append_printf(stray, "%s%s", stray->len ? " " : "", next->name);
	}
	if (!strpbrk(stray->str, G_CSET_DIGITS))
		return;
	word->stray = g_strdup(stray->str);
	word->meant = g_strdup(meant->str);
}

static void lists_tear(const Cmdline *cmdline)
{
	for (unsigned i = 0; i < cmdline->words->len; i++) {
		CmdlineWord *word = g_ptr_array_index(cmdline->words, i);

		if (cmdline_listed(cmdline_cpu_names, word->name))
			word_tear(cmdline, word, i);
	}
}

Cmdline *cmdline_parse(const char *text)
{
	Cmdline *cmdline = g_new0(Cmdline, 1);
	char *next;

	cmdline->words = g_ptr_array_new_with_free_func(word_free);
	while (!cmdline->init && (next = kernel_line_word(&text))) {
		g_autofree char *whole = next;
		CmdlineWord *word = word_new(whole);

		if (!word->value && !strcmp(word->name, "--")) {
			cmdline->init = g_strdup(text);
			word_free(word);
		} else {
			g_ptr_array_add(cmdline->words, word);
		}
	}
	lists_tear(cmdline);
	return cmdline;
}

void cmdline_free(Cmdline *cmdline)
{
	g_ptr_array_unref(cmdline->words);
	g_free(cmdline->init);
	g_free(cmdline);
}

static char cmdline_dashed(char c)
{
	return c == '-' ? '_' : c;
}

bool cmdline_same(const char *a, const char *b)
{
	for (; *a && cmdline_dashed(*a) == cmdline_dashed(*b); a++, b++)
		;
	return !*a && !*b;
}

bool cmdline_listed(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (cmdline_same(*names, name))
			return true;
	return false;
}

const char *const cmdline_cpu_names[] = {"isolcpus", "nohz_full", "rcu_nocbs", "irqaffinity", NULL};

const CmdlineWord *cmdline_last(const Cmdline *cmdline, const char *name)
{
	for (unsigned i = cmdline->words->len; i-- > 0;) {
		const CmdlineWord *word = g_ptr_array_index(cmdline->words, i);

		if (cmdline_same(word->name, name))
			return word;
	}
	return NULL;
}

/* Lists */

CmdlineKernel cmdline_kernel(const char *release)
{
	return (CmdlineKernel){
		.all = kernel_has(release, KERNEL_LIST_ALL) != TRISTATE_NO,
		.last = kernel_has(release, KERNEL_LIST_N) != TRISTATE_NO,
		.flags = kernel_has(release, KERNEL_ISOLCPUS_FLAGS) != TRISTATE_NO,
		.managed = kernel_has(release, KERNEL_MANAGED_IRQ) != TRISTATE_NO,
		.skip = kernel_has(release, KERNEL_SKIPS_FLAGS) != TRISTATE_NO,
		.one_mask = kernel_has(release, KERNEL_MASK_PER_TYPE) == TRISTATE_NO,
	};
}

typedef struct WordReader {
	const char *at;
	unsigned bits;
	const CmdlineKernel *kernel;
	ListFault fault;
} WordReader;

static bool region_ends(char c)
{
	return !c || c == ',' || g_ascii_isspace(c);
}

/* bitmap_getnum() */
static unsigned read_number(WordReader *reader)
{
	uint64_t n = 0;
	const char *start = reader->at;

	if (reader->kernel->last && *reader->at == 'N') {
		reader->at++;
		return reader->bits - 1;
	}
	for (; g_ascii_isdigit(*reader->at); reader->at++)
		n = MIN(n * 10 + (uint64_t)(*reader->at - '0'), UINT64_C(1) << 40);
	if (reader->at == start)
		reader->fault = LIST_MALFORMED;
	else if (n > G_MAXUINT && !reader->fault)
		reader->fault = LIST_OUT_OF_RANGE;
	return (unsigned)MIN(n, G_MAXUINT);
}

typedef struct WordRegion {
	unsigned start, end, used, group;
} WordRegion;

static bool cmdline_expect(WordReader *reader, char c)
{
	if (reader->fault)
		return false;
	if (*reader->at != c) {
		reader->fault = LIST_MALFORMED;
		return false;
	}
	reader->at++;
	return true;
}

/* The numbers before a pattern. */
static void read_range(WordReader *reader, WordRegion *region)
{
	if (reader->kernel->all && !g_ascii_strncasecmp(reader->at, "all", 3)) {
		*region = (WordRegion){.start = 0, .end = reader->bits - 1};
		reader->at += 3;
		return;
	}
	region->start = region->end = read_number(reader);
	if (reader->fault || region_ends(*reader->at))
		return;
	if (cmdline_expect(reader, '-'))
		region->end = read_number(reader);
}

/* bitmap_parse_region() */
static WordRegion read_region(WordReader *reader)
{
	WordRegion region = {0};

	read_range(reader, &region);
	region.used = region.group = region.end == G_MAXUINT ? G_MAXUINT : region.end + 1;
	if (reader->fault || region_ends(*reader->at))
		return region;
	if (cmdline_expect(reader, ':'))
		region.used = read_number(reader);
	if (cmdline_expect(reader, '/'))
		region.group = read_number(reader);
	return region;
}

/* bitmap_check_region(), and the range check of bitmap_set_region() */
static void check_region(WordReader *reader, const WordRegion *region)
{
	if (reader->fault)
		return;
	if (region->start > region->end || !region->group || region->used > region->group)
		reader->fault = LIST_MALFORMED;
	else if (region->end >= reader->bits)
		reader->fault = LIST_OUT_OF_RANGE;
}

static void set_region(hwloc_bitmap_t set, const WordRegion *region)
{
	for (uint64_t at = region->start; region->used && at <= region->end; at += region->group)
		hwloc_bitmap_set_range(set, (unsigned)at,
				       (int)MIN(at + region->used - 1, region->end));
}

ListFault cmdline_list(const char *text, unsigned bits, const CmdlineKernel *kernel,
		       hwloc_bitmap_t set)
{
	WordReader reader = {text, MIN(bits, CPULIST_LIMIT), kernel, LIST_GOOD};

	hwloc_bitmap_zero(set);
	while (!reader.fault) {
		WordRegion region;

		for (; *reader.at == ',' || g_ascii_isspace(*reader.at); reader.at++)
			;
		if (!*reader.at)
			break;
		region = read_region(&reader);
		check_region(&reader, &region);
		if (!reader.fault)
			set_region(set, &region);
	}
	return reader.fault;
}
