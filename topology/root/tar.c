/* SPDX-License-Identifier: MIT */
#include "topology/root/tar.h"

#include "topology/base/error.h"

#include <stdio.h>
#include <string.h>

#define BLOCK 512u
#define ENTRIES_MAX 1000000u

/* The header block of POSIX.1-1988 ustar. */
typedef struct Header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8];
	char type;
	char linkname[100], magic[6], version[2], uname[32], gname[32], major[8], minor[8],
		prefix[155], pad[12];
} Header;

G_STATIC_ASSERT(sizeof(Header) == BLOCK);

/* Of what no mode was recorded of. */
enum { MODE_FILE = 0644, MODE_DIRECTORY = 0755 };

enum {
	TYPE_FILE = '0',
	TYPE_DIRECTORY = '5',
	TYPE_PAX = 'x',
	TYPE_PAX_GLOBAL = 'g',
	TYPE_GNU_NAME = 'L', /* GNU tar's and busybox's: the next entry's path */
};

static unsigned tar_checksum(const Header *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	unsigned sum = 0;

	for (unsigned i = 0; i < BLOCK; i++)
		sum += i >= offsetof(Header, checksum) && i < offsetof(Header, type) ? ' '
										     : bytes[i];
	return sum;
}

static size_t tar_padding(size_t length)
{
	return (BLOCK - length % BLOCK) % BLOCK;
}

/* Writing */

static void header_append(GByteArray *tar, const char *name, char type, unsigned mode, size_t size)
{
	Header header = {.type = type, .magic = "ustar", .version = {'0', '0'}};

	memcpy(header.name, name, MIN(strlen(name), sizeof(header.name)));
	g_snprintf(header.mode, sizeof(header.mode), "%07o", mode);
	g_snprintf(header.uid, sizeof(header.uid), "%07o", 0u);
	g_snprintf(header.gid, sizeof(header.gid), "%07o", 0u);
	g_snprintf(header.size, sizeof(header.size), "%011zo", size);
	g_snprintf(header.mtime, sizeof(header.mtime), "%011o", 0u);
	g_snprintf(header.checksum, sizeof(header.checksum), "%06o", tar_checksum(&header));
	header.checksum[7] = ' ';
	g_byte_array_append(tar, (const guint8 *)&header, sizeof(header));
}

static void data_append(GByteArray *tar, const void *data, size_t length)
{
	static const guint8 zeros[BLOCK];

	if (length)
		g_byte_array_append(tar, data, (guint)length);
	g_byte_array_append(tar, zeros, (guint)tar_padding(length));
}

/* "27 path=…\n": the length counts its own digits. */
static void pax_append(GByteArray *tar, const char *path)
{
	size_t rest = strlen(" path=") + strlen(path) + 1, length = rest;
	g_autofree char *record = NULL;

	for (size_t before = 0; before != length;) {
		before = length;
		length = rest + (size_t)g_snprintf(NULL, 0, "%zu", before);
	}
	record = g_strdup_printf("%zu path=%s\n", length, path);
	header_append(tar, "planner/pax", TYPE_PAX, MODE_FILE, length);
	data_append(tar, record, length);
}

static void entry_append(GByteArray *tar, const Tree *tree, const char *path)
{
	GBytes *bytes = tree_file(tree, path);
	unsigned mode = tree_mode(tree, path);
	g_autofree char *name = g_strconcat(path, bytes ? "" : "/", NULL);
	size_t length = bytes ? g_bytes_get_size(bytes) : 0;

	if (strlen(name) > sizeof(((Header *)0)->name))
		pax_append(tar, name);
	if (!bytes)
		header_append(tar, name, TYPE_DIRECTORY, MODE_DIRECTORY, 0);
	else
		header_append(tar, name, TYPE_FILE, mode ? mode : MODE_FILE, length);
	if (bytes)
		data_append(tar, g_bytes_get_data(bytes, NULL), length);
}

GByteArray *tar_format(const Tree *tree)
{
	GByteArray *tar = g_byte_array_new();
	g_autoptr(GPtrArray) paths = tree_paths(tree);
	static const guint8 end[2 * BLOCK];

	for (unsigned i = 0; i < paths->len; i++) {
		const char *path = g_ptr_array_index(paths, i);

		if (!tree_is_parent(tree, path))
			entry_append(tar, tree, path);
	}
	g_byte_array_append(tar, end, sizeof(end));
	return tar;
}

/* Reading */

typedef struct TarReader {
	const char *at;
	size_t left;
	char *path; /* of a pax or GNU header, for the next entry; NULL = none */
	Tree *tree;
} TarReader;

static bool tar_refuse(GError **error, const char *what, const char *path)
{
	g_autofree char *shown = path ? g_strescape(path, NULL) : NULL;

	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "is not a snapshot: %s%s%s", what,
		    shown ? ": " : "", shown ? shown : "");
	return false;
}

/* Octal digits, after blanks, up to a blank or NUL. */
static bool tar_octal(const char *field, size_t size, size_t *number)
{
	size_t i = 0;

	*number = 0;
	while (i < size && field[i] == ' ')
		i++;
	for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
		*number = *number * 8 + (size_t)(field[i] - '0');
	return i == size || !field[i] || field[i] == ' ';
}

static char *header_path(const Header *header)
{
	g_autofree char *name = g_strndup(header->name, sizeof(header->name));
	g_autofree char *prefix = g_strndup(header->prefix, sizeof(header->prefix));

	return *prefix ? g_strconcat(prefix, "/", name, NULL) : g_steal_pointer(&name);
}

/* The path= of a pax header; other keys do not concern us. NULL where it is malformed. */
static bool pax_parse(TarReader *reader, const char *data, size_t length, GError **error)
{
	while (length) {
		g_autofree char *number = g_strndup(data, MIN(length, 10));
		char *rest;
		size_t record = g_ascii_strtoull(number, &rest, 10);
		size_t digits = (size_t)(rest - number);
		g_autofree char *text = NULL;

		if (*rest != ' ' || record <= digits + 1 || record > length ||
		    data[record - 1] != '\n')
			return tar_refuse(error, "a pax header is malformed", NULL);
		text = g_strndup(data + digits + 1, record - digits - 2);
		if (g_str_has_prefix(text, "path=")) {
			g_free(reader->path);
			reader->path = g_strdup(text + strlen("path="));
		}
		data += record;
		length -= record;
	}
	return true;
}

static bool entry_add(TarReader *reader, const Header *header, const char *data, size_t size,
		      GError **error)
{
	g_autofree char *path = reader->path ? g_steal_pointer(&reader->path) : header_path(header);
	size_t mode;
	bool added;

	tree_path_trim(path);
	if (header->type == TYPE_DIRECTORY)
		added = !*path || !strcmp(path, ".") || tree_add_directory(reader->tree, path);
	else if (tree_file(reader->tree, path))
		return tar_refuse(error, "a file is in it twice", path);
	else if (header->type == TYPE_FILE || !header->type)
		added = tree_add_file(reader->tree, path, data, size);
	else
		return tar_refuse(error, "a link or special file", path);
	if (added && tar_octal(header->mode, sizeof(header->mode), &mode))
		tree_set_mode(reader->tree, path, (unsigned)(mode & 0777));
	return added || tar_refuse(error, "a path that leads elsewhere or exists already", path);
}

static bool entry_parse(TarReader *reader, GError **error)
{
	const Header *header = (const Header *)(const void *)reader->at;
	const char *data = reader->at + BLOCK;
	size_t sum, size;

	if (!tar_octal(header->checksum, sizeof(header->checksum), &sum) ||
	    sum != tar_checksum(header) || memcmp(header->magic, "ustar", 5) != 0)
		return tar_refuse(error,
				  "not a tar archive (xz-compressed? unpack it first) or damaged",
				  NULL);
	if (!tar_octal(header->size, sizeof(header->size), &size) || size > reader->left - BLOCK ||
	    tar_padding(size) > reader->left - BLOCK - size)
		return tar_refuse(error, "it is cut short", NULL);
	reader->at += BLOCK + size + tar_padding(size);
	reader->left -= BLOCK + size + tar_padding(size);
	if (header->type == TYPE_PAX_GLOBAL)
		return true;
	if (header->type == TYPE_PAX)
		return pax_parse(reader, data, size, error);
	if (header->type == TYPE_GNU_NAME) {
		g_free(reader->path);
		reader->path = g_strndup(data, size);
		return true;
	}
	return entry_add(reader, header, data, size, error);
}

static bool is_end(const char *block)
{
	for (unsigned i = 0; i < BLOCK; i++)
		if (block[i])
			return false;
	return true;
}

static bool entries_parse(TarReader *reader, GError **error)
{
	for (unsigned n = 0; reader->left >= BLOCK; n++) {
		if (is_end(reader->at))
			return true;
		if (n == ENTRIES_MAX)
			return tar_refuse(error, "it has too many entries", NULL);
		if (!entry_parse(reader, error))
			return false;
	}
	return tar_refuse(error, "it is cut short", NULL); /* without its end */
}

Tree *tar_parse(const char *bytes, size_t length, GError **error)
{
	TarReader reader = {.at = bytes, .left = length, .tree = tree_new()};
	bool good = entries_parse(&reader, error);

	g_free(reader.path);
	if (good)
		return reader.tree;
	tree_free(reader.tree);
	return NULL;
}
