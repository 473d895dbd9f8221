/* SPDX-License-Identifier: MIT */
#include "topology/root/tree.h"

#include <string.h>

#define PATH_LONGEST 1000
#define DEEPEST 64
#define LINKS_MOST 40	  /* on the way to one file, as the kernel has it */
#define LINK_LONGEST 4095 /* of what a link says, as well */

struct Tree {
	GHashTable *files;	 /* path → GBytes */
	GHashTable *modes;	 /* path → permission bits, of those that were said */
	GHashTable *directories; /* path → set of names; "" is the top */
	GHashTable *links;	 /* path → what the symbolic link says */
};

Tree *tree_new(void)
{
	Tree *tree = g_new(Tree, 1);

	tree->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    (GDestroyNotify)g_bytes_unref);
	tree->modes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	tree->directories = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						  (GDestroyNotify)g_hash_table_unref);
	tree->links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	tree_add_directory(tree, "");
	return tree;
}

void tree_free(Tree *tree)
{
	if (!tree)
		return;
	g_hash_table_unref(tree->files);
	g_hash_table_unref(tree->modes);
	g_hash_table_unref(tree->directories);
	g_hash_table_unref(tree->links);
	g_free(tree);
}

bool tree_path_allowed(const char *path)
{
	g_auto(GStrv) parts = NULL;

	if (strlen(path) > PATH_LONGEST)
		return false;
	parts = g_strsplit(path, "/", DEEPEST + 1);
	for (unsigned i = 0; parts[i]; i++)
		if (i >= DEEPEST || !*parts[i] || !strcmp(parts[i], ".") || !strcmp(parts[i], ".."))
			return false;
	return *path;
}

void tree_path_trim(char *path)
{
	const char *start = path;
	size_t length;

	while (g_str_has_prefix(start, "./"))
		start += 2;
	length = strlen(start);
	while (length > 1 && start[length - 1] == '/')
		length--;
	memmove(path, start, length);
	path[length] = '\0';
}

static GHashTable *tree_names_of(const Tree *tree, const char *path)
{
	return g_hash_table_lookup(tree->directories, path);
}

/* Enter PATH in the directory above it, which is made where there is none. */
static bool tree_enter(Tree *tree, const char *path)
{
	const char *slash = strrchr(path, '/');
	g_autofree char *above = slash ? g_strndup(path, (gsize)(slash - path)) : g_strdup("");

	if (!tree_add_directory(tree, above))
		return false;
	g_hash_table_add(tree_names_of(tree, above), g_strdup(slash ? slash + 1 : path));
	return true;
}

bool tree_add_directory(Tree *tree, const char *path)
{
	if (tree_names_of(tree, path))
		return true;
	if (*path && (!tree_path_allowed(path) || tree_file(tree, path) || !tree_enter(tree, path)))
		return false;
	g_hash_table_insert(tree->directories, g_strdup(path),
			    g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL));
	return true;
}

bool tree_add_file(Tree *tree, const char *path, const void *data, size_t length)
{
	if (!tree_path_allowed(path) || tree_names_of(tree, path) || !tree_enter(tree, path))
		return false;
	g_hash_table_insert(tree->files, g_strdup(path), g_bytes_new(data, length));
	return true;
}

void tree_set_mode(Tree *tree, const char *path, unsigned mode)
{
	if (tree_file(tree, path))
		g_hash_table_insert(tree->modes, g_strdup(path), GUINT_TO_POINTER(mode));
}

unsigned tree_mode(const Tree *tree, const char *path)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(tree->modes, path));
}

bool tree_add_link(Tree *tree, const char *path, const char *target)
{
	if (!tree_path_allowed(path) || !tree_enter(tree, path))
		return false;
	g_hash_table_insert(tree->links, g_strdup(path),
			    g_strdup(strlen(target) > LINK_LONGEST ? "" : target));
	return true;
}

static bool tree_holds(const Tree *tree, const char *path)
{
	return tree_file(tree, path) || tree_names_of(tree, path);
}

/* Of PATH, the length of the first that is a link and nothing else, PATH or a directory above it;
 * 0 = none is. */
static size_t link_length(const Tree *tree, const char *path)
{
	g_autofree char *above = g_strdup(path);

	for (size_t i = 1; *path; i++) {
		if (path[i] && path[i] != '/')
			continue;
		above[i] = '\0';
		if (g_hash_table_contains(tree->links, above) && !tree_holds(tree, above))
			return i;
		if (!path[i])
			break;
		above[i] = '/';
	}
	return 0;
}

/* Where the link says to go that is the first LENGTH bytes of PATH, yours; NULL = nowhere. ".."
 * does not leave the top, as in a directory that is read as a root. */
static char *link_target(const Tree *tree, const char *path, size_t length)
{
	g_autofree char *link = g_strndup(path, length);
	const char *said = g_hash_table_lookup(tree->links, link);
	g_autofree char *folder = *said == '/' ? g_strdup("") : g_path_get_dirname(link);
	g_autofree char *joined = g_build_filename("/", folder, said, NULL);
	g_autofree char *whole = g_canonicalize_filename(joined, "/");

	return *said ? g_strdup(whole + strspn(whole, "/")) : NULL;
}

/* Where PATH leads, yours, by LEFT links at most; NULL = one of them leads to nothing. */
static char *path_follow(const Tree *tree, const char *path, unsigned *left)
{
	g_autofree char *at = g_strdup(path);
	size_t length;

	while (!tree_holds(tree, at) && (length = link_length(tree, at))) {
		g_autofree char *target = link_target(tree, at, length), *to = NULL;
		char *next;

		if (target && *left) {
			--*left;
			to = path_follow(tree, target, left);
		}
		if (!to || !tree_holds(tree, to))
			return NULL;
		next = g_strconcat(to, at + length + (*to ? 0 : at[length] == '/'), NULL);
		g_free(at);
		at = next;
	}
	return g_steal_pointer(&at);
}

char *tree_resolve(const Tree *tree, const char *path)
{
	unsigned left = LINKS_MOST;

	return path_follow(tree, path, &left);
}

const char *tree_link(const Tree *tree, const char *path)
{
	const char *slash = strrchr(path, '/');
	g_autofree char *folder = g_strndup(path, slash ? (gsize)(slash - path) : 0);
	g_autofree char *at = tree_resolve(tree, folder);
	g_autofree char *whole =
		at && *at ? g_strconcat(at, slash, NULL) : g_strdup(slash ? slash + 1 : path);

	return at ? g_hash_table_lookup(tree->links, whole) : NULL;
}

Tree *tree_below(const Tree *tree, const char *path)
{
	g_autofree char *above = g_strconcat(path, "/", NULL);
	g_autoptr(GPtrArray) paths = tree_paths(tree);
	Tree *below = tree_new();
	GHashTableIter iter;
	gpointer link, target;

	for (unsigned i = 0; i < paths->len; i++) {
		const char *whole = g_ptr_array_index(paths, i), *rest;
		GBytes *bytes = tree_file(tree, whole);

		if (!g_str_has_prefix(whole, above))
			continue;
		rest = whole + strlen(above);
		if (bytes && tree_enter(below, rest)) {
			g_hash_table_insert(below->files, g_strdup(rest), g_bytes_ref(bytes));
			if (tree_mode(tree, whole))
				tree_set_mode(below, rest, tree_mode(tree, whole));
		} else if (!bytes) {
			tree_add_directory(below, rest);
		}
	}
	g_hash_table_iter_init(&iter, tree->links);
	while (g_hash_table_iter_next(&iter, &link, &target))
		if (g_str_has_prefix(link, above))
			tree_add_link(below, (const char *)link + strlen(above), target);
	return below;
}

GBytes *tree_file(const Tree *tree, const char *path)
{
	return g_hash_table_lookup(tree->files, path);
}

bool tree_is_directory(const Tree *tree, const char *path)
{
	return tree_names_of(tree, path);
}

bool tree_is_parent(const Tree *tree, const char *path)
{
	GHashTable *names = tree_names_of(tree, path);

	return names && g_hash_table_size(names);
}

static int tree_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **tree_list(const Tree *tree, const char *path)
{
	GHashTable *names = tree_names_of(tree, path);
	GPtrArray *list;
	GHashTableIter iter;
	gpointer name;

	if (!names)
		return NULL;
	list = g_ptr_array_new();
	g_hash_table_iter_init(&iter, names);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		g_ptr_array_add(list, g_strdup(name));
	g_ptr_array_sort(list, tree_compare);
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_free(list, FALSE);
}

static void keys_add(GPtrArray *paths, GHashTable *table)
{
	GHashTableIter iter;
	gpointer path;

	g_hash_table_iter_init(&iter, table);
	while (g_hash_table_iter_next(&iter, &path, NULL))
		if (*(const char *)path)
			g_ptr_array_add(paths, path);
}

GPtrArray *tree_paths(const Tree *tree)
{
	GPtrArray *paths = g_ptr_array_new();

	keys_add(paths, tree->files);
	keys_add(paths, tree->directories);
	g_ptr_array_sort(paths, tree_compare);
	return paths;
}
