/* SPDX-License-Identifier: MIT */
#include "topology/facts/bootloader.h"

#include "topology/base/text.h"
#include "topology/facts/grubenv.h"
#include "topology/facts/kernel_line.h"
#include "topology/facts/syslinux.h"

#include <string.h>

#define GRUB_MAX (4u << 20)

static const char *const grub_folders[] = {"/boot/grub2", "/boot/grub", "/boot/efi/EFI/redhat"};

/* Boot Loader Specification */

/* What follows "options" in LINE, NULL = it is another. */
static const char *options_of(const char *line)
{
	if (!g_str_has_prefix(line, "options") || !line[7] || !strchr(" \t", line[7]))
		return NULL;
	return line + 7 + strspn(line + 7, " \t");
}

char *bls_parse(const char *text, GHashTable *variables)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *line = g_string_new(NULL);
	bool found = false;

	for (unsigned i = 0; lines[i]; i++) {
		const char *options = options_of(g_strstrip(lines[i]));

		found |= options != NULL;
		if (options)
			grub_variables_fill(line, options, variables);
	}
	if (found)
		g_strstrip(line->str);
	return g_string_free(line, !found);
}

/* Where FOLDER has several entries: the saved one, or what all of them say. */
typedef struct Entries {
	char *line, *source; /* so far; NULL = none */
	bool differ, chosen;
} Entries;

static void entries_clear(Entries *entries)
{
	g_clear_pointer(&entries->line, g_free);
	g_clear_pointer(&entries->source, g_free);
}

static void entry_take(Entries *entries, char *line, const char *path, bool saved)
{
	if (entries->chosen && !saved) {
		g_free(line);
		return;
	}
	if (saved) { /* of several that a pattern names the newest, which comes last */
		entries_clear(entries);
		entries->chosen = true;
	} else if (entries->line) {
		entries->differ |= !g_str_equal(line, entries->line);
		g_free(line);
		return;
	}
	entries->line = line;
	entries->source = g_strdup(path);
}

static char *entry_keep(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *kept = g_string_new(NULL);

	for (unsigned i = 0; lines[i]; i++) {
		const char *options = options_of(g_strstrip(lines[i]));
		g_autofree char *clean = options ? kernel_line_clean(options) : NULL;

		if (clean)
			g_string_append_printf(kept, "options %s\n", clean);
	}
	return g_string_free(kept, FALSE);
}

/* systemd-boot's may be a pattern, and ends with .conf. */
static bool entry_is_saved(const char *saved, const char *id, const char *name)
{
	return g_str_equal(saved, id) || g_pattern_match_simple(saved, id) ||
	       g_pattern_match_simple(saved, name);
}

static void entry_load(Root *root, const char *folder, const char *name, GHashTable *variables,
		       Entries *entries)
{
	const char *saved = variables ? g_hash_table_lookup(variables, "saved_entry") : NULL;
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *id = g_str_has_suffix(name, ".conf")
				      ? g_strndup(name, strlen(name) - strlen(".conf"))
				      : NULL;
	g_autofree char *text = id ? root_text_kept(root, path, entry_keep) : NULL;
	char *line = text ? bls_parse(text, variables) : NULL;

	if (line && saved && entry_is_saved(saved, id, name))
		entry_take(entries, line, path, true);
	else if (line && !strstr(id, "rescue")) /* GRUB begins with the highest name */
		entry_take(entries, line, path, !saved && g_str_has_prefix(id, "ostree-"));
	else
		g_free(line);
}

static char *entries_load(Root *root, const char *folder, GHashTable *variables, char **source)
{
	g_auto(GStrv) names = root_list(root, folder, NULL);
	Entries entries = {0};

	for (unsigned i = 0; names[i]; i++)
		entry_load(root, folder, names[i], variables, &entries);
	if (entries.differ && !entries.chosen)
		entries_clear(&entries);
	*source = entries.source;
	return entries.line;
}

/* GRUB */

static bool word_is(const char *line, const char *word)
{
	size_t length = strlen(word);

	return !strncmp(line, word, length) && (line[length] == ' ' || line[length] == '\t');
}

/* What follows the command and the kernel's file in LINE, NULL = it is another. */
static const char *linux_options(const char *line)
{
	if (!word_is(line, "linux") && !word_is(line, "linux16") && !word_is(line, "linuxefi"))
		return NULL;
	line += strcspn(line, " \t");
	line += strspn(line, " \t");
	return line + strcspn(line, " \t");
}

static bool is_kept(const char *line)
{
	return word_is(line, "menuentry") || word_is(line, "submenu") ||
	       g_str_has_prefix(line, "set default=") || g_str_equal(line, "blscfg") ||
	       g_str_equal(line, "}");
}

char *grub_keep(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *kept = g_string_new(NULL);

	for (unsigned i = 0; lines[i]; i++) {
		const char *line = g_strstrip(lines[i]), *options = linux_options(line);
		g_autofree char *clean = options ? kernel_line_clean(options) : NULL;

		if (options)
			g_string_append_printf(kept, "%.*s %s\n", (int)(options - line), line,
					       clean);
		else if (is_kept(line))
			g_string_append_printf(kept, "%s\n", line);
	}
	return g_string_free(kept, FALSE);
}

/* "0", an entry's title or its id; NULL = not to be told. */
static char *grub_default(char **lines, const char *saved)
{
	g_autofree char *wanted = g_strdup("0");

	for (unsigned i = 0; lines[i]; i++) {
		g_autoptr(GHashTable) set = NULL;

		if (!g_str_has_prefix(lines[i], "set default="))
			continue;
		set = settings_parse(lines[i] + strlen("set "));
		g_free(wanted);
		wanted = g_strdup(g_hash_table_lookup(set, "default"));
		if (strstr(wanted, "next_entry")) { /* for one boot only, where it is set */
			g_free(wanted);
			wanted = g_strdup("0");
		}
	}
	if (strstr(wanted, "saved_entry"))
		return g_strdup(saved && *saved ? saved : "0");
	return strchr(wanted, '$') ? NULL : g_steal_pointer(&wanted);
}

/* Is the menuentry LINE the one called WANTED, by title or id, below its submenu or not? */
static bool entry_is(const char *line, const char *wanted)
{
	const char *last = strrchr(wanted, '>');
	g_autofree char *single = g_strdup_printf("'%s'", last ? last + 1 : wanted);
	g_autofree char *both = g_strdup_printf("\"%s\"", last ? last + 1 : wanted);

	return strstr(line, single) || strstr(line, both);
}

char *grub_parse(const char *text, const char *saved)
{
	g_autofree char *kept = grub_keep(text);
	g_auto(GStrv) lines = g_strsplit(kept, "\n", -1);
	g_autofree char *wanted = grub_default(lines, saved);
	bool inside = false;

	for (unsigned i = 0; wanted && lines[i]; i++) {
		const char *options = linux_options(lines[i]);

		if (g_str_equal(lines[i], "blscfg"))
			return NULL; /* its entries are not here */
		if (word_is(lines[i], "menuentry"))
			inside = g_str_equal(wanted, "0") || entry_is(lines[i], wanted);
		else if (inside && options)
			return g_strstrip(g_strdup(options));
	}
	return NULL;
}

/* Has the menu KEPT the kernel RELEASE (NULL = any)? One without did not boot it. */
static bool grub_has(const char *kept, const char *release)
{
	return !release || strstr(kept, release);
}

/* *OWN: it has its lines itself, not in entries. */
static char *grub_load(Root *root, const char *folder, const char *saved, const char *release,
		       char **source, bool *own)
{
	g_autofree char *path = g_build_filename(folder, "grub.cfg", NULL);
	size_t length;
	int failure;
	g_autofree char *raw = root_read_private(root, path, GRUB_MAX, &length, &failure);
	g_autofree char *text = raw ? g_utf8_make_valid(raw, -1) : NULL;
	g_autofree char *kept = text ? grub_keep(text) : NULL;
	bool whole = kept && !root_note_damage(root, path, NULL, raw, length);
	char *line = whole && grub_has(kept, release) ? grub_parse(kept, saved) : NULL;

	if (kept && !whole) /* so that the recording is no better than the file */
		kept[strlen(kept) ? strlen(kept) - 1 : 0] = '\0';
	if (kept)
		root_record_text(root, path, kept);
	else
		root_failed(root, path, NULL, failure);
	if (kept && strstr(kept, "menuentry") && !strstr(kept, "blscfg"))
		*own = true;
	if (line)
		*source = g_steal_pointer(&path);
	return line;
}

static GHashTable *variables_load(Root *root)
{
	GHashTable *variables = NULL;

	for (unsigned i = 0; !variables && i < G_N_ELEMENTS(grub_folders); i++) {
		g_autofree char *path = g_build_filename(grub_folders[i], "grubenv", NULL);

		variables = grubenv_load(root, path);
	}
	return variables;
}

/* Evidence */

/* The value of the first word NAME= of LINE, yours; NULL = there is none. */
static char *word_value(const char *line, const char *name)
{
	char *next;

	while (line && (next = kernel_line_word(&line))) {
		g_autofree char *word = next;

		if (g_str_has_prefix(word, name))
			return g_strdup(word + strlen(name));
	}
	return NULL;
}

Loader loader_of_line(const char *running)
{
	g_autofree char *image = word_value(running, "BOOT_IMAGE=");
	g_autofree char *initrd = word_value(running, "initrd=");

	/* GRUB never gives an initrd=: it hands over the memory. The EFI stub takes backslashes. */
	if (image)
		return initrd && *initrd != '\\' ? LOADER_SYSLINUX : LOADER_GRUB;
	if (!initrd || *initrd != '\\')
		return LOADER_UNKNOWN;
	return g_ascii_strncasecmp(initrd, "\\EFI\\proxmox\\", 13) == 0 ? LOADER_PROXMOX
									: LOADER_ENTRIES;
}

/* zipl numbers its kernels: "BOOT_IMAGE=0". */
static bool is_of_zipl(Root *root, const char *running)
{
	g_autofree char *image = word_value(running, "BOOT_IMAGE=");

	return root_exists(root, "/etc/zipl.conf") &&
	       (!image || (*image && !image[strspn(image, "0123456789")]));
}

Loader loader_find(Root *root, const char *running)
{
	static const char stub[] = "/sys/firmware/efi/efivars/"
				   "StubInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
	Loader loader = loader_of_line(running);

	if (!running || loader == LOADER_PROXMOX || loader == LOADER_SYSLINUX)
		return loader;
	if (is_of_zipl(root, running))
		return LOADER_ZIPL;
	if (loader == LOADER_GRUB)
		return loader;
	if (root_exists(root, stub)) {
		root_record_bytes(root, stub, "", 0);
		return LOADER_UKI;
	}
	/* U-Boot and others that read such a menu leave no mark. */
	return loader == LOADER_UNKNOWN && syslinux_exists(root) ? LOADER_SYSLINUX : loader;
}

char *boot_image_release(const char *running)
{
	static const char kernel[] = "vmlinuz-";
	g_autofree char *image = word_value(running, "BOOT_IMAGE=");
	const char *at = image ? g_strrstr(image, kernel) : NULL;

	return at && g_ascii_isdigit(at[strlen(kernel)]) ? g_strdup(at + strlen(kernel)) : NULL;
}

/* Loaders */

/* "default PATTERN" of loader.conf, as the entry that is chosen. */
static char *loader_conf_keep(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *kept = g_string_new(NULL);

	for (unsigned i = 0; lines[i]; i++)
		if (word_is(g_strstrip(lines[i]), "default"))
			g_string_append_printf(kept, "%s\n", lines[i]);
	return g_string_free(kept, FALSE);
}

static GHashTable *loader_conf_load(Root *root, const char *folder)
{
	g_autofree char *path = g_build_filename(folder, "loader.conf", NULL);
	g_autofree char *kept = root_text_kept(root, path, loader_conf_keep);
	GHashTable *chosen = table_new();

	if (kept && *kept)
		g_hash_table_insert(chosen, g_strdup("saved_entry"),
				    g_strstrip(g_strdup(kept + strlen("default"))));
	return chosen;
}

static char *entries_of_efi(Root *root, char **source)
{
	static const char *const folders[] = {"/boot/efi/loader", "/efi/loader", "/boot/loader"};
	char *line = NULL;

	for (unsigned i = 0; !line && i < G_N_ELEMENTS(folders); i++) {
		g_autoptr(GHashTable) chosen = loader_conf_load(root, folders[i]);
		g_autofree char *entries = g_build_filename(folders[i], "entries", NULL);

		line = entries_load(root, entries, chosen, source);
	}
	return line;
}

/* ESPs are seldom mounted: what the entries are made of says what they will be. */
static char *proxmox_load(Root *root, char **source)
{
	static const char path[] = "/etc/kernel/cmdline";
	char *line = entries_of_efi(root, source);

	if (line)
		return line;
	line = kernel_line_load(root, path);
	*source = line ? g_strdup(path) : NULL;
	return line;
}

/* Harvester's image has the menu. Its variables set up the line, the last time for a normal boot,
 * and the environment block has what a site adds. */
static char *harvester_load(Root *root, char **source)
{
	g_autofree char *kept = root_text_kept(root, HARVESTER_MENU, grub_sets_keep);
	g_autoptr(GHashTable) variables = kept ? grub_sets_parse(kept) : NULL;
	const char *line = variables ? g_hash_table_lookup(variables, "kernelcmd") : NULL;
	g_autoptr(GHashTable) added = line ? grubenv_load(root, HARVESTER_ENV) : NULL;
	const char *own = added ? g_hash_table_lookup(added, HARVESTER_ADDED) : NULL;
	GString *filled;

	if (!line)
		return NULL;
	if (own)
		g_hash_table_insert(variables, g_strdup(HARVESTER_ADDED), g_strdup(own));
	filled = g_string_new(NULL);
	grub_variables_fill(filled, line, variables);
	*source = g_strdup(HARVESTER_ENV);
	return g_string_free(filled, FALSE);
}

/* A menu has the line, or, with blscfg or where there is none, entries have it. */
static char *grub_or_entries_load(Root *root, const char *running, const char *release,
				  char **source)
{
	g_autoptr(GHashTable) variables = variables_load(root);
	const char *saved = variables ? g_hash_table_lookup(variables, "saved_entry") : NULL;
	g_autofree char *image = boot_image_release(running);
	char *line = harvester_load(root, source);
	bool own = false;

	for (unsigned i = 0; !line && i < G_N_ELEMENTS(grub_folders); i++)
		line = grub_load(root, grub_folders[i], saved, image ? release : NULL, source,
				 &own);
	if (!line && !own)
		line = entries_load(root, "/boot/loader/entries", variables, source);
	return line;
}

char *bootloader_load(Root *root, Loader loader, const char *running, const char *release,
		      char **source)
{
	*source = NULL;
	switch (loader) {
	case LOADER_GRUB:
		return grub_or_entries_load(root, running, release, source);
	case LOADER_PROXMOX:
		return proxmox_load(root, source);
	case LOADER_ENTRIES:
		return entries_of_efi(root, source);
	case LOADER_SYSLINUX:
		return syslinux_load(root, source);
	default:
		return NULL;
	}
}
