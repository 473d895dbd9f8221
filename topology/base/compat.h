/* SPDX-License-Identifier: MIT */
/*
 * What older releases lack, under its own name: of GLib from 2.56 on, hwloc from 2.2
 * and glibc from 2.28. The Makefile includes it first in every file. With newer libraries nothing
 * of it is left. Each function does what planner asks of it, which may be less than GLib's does.
 * Debian 11 (GLib 2.66, hwloc 2.4, glibc 2.31) is built by `make check-ports`; what is for older
 * ones was never compiled by a test.
 */
#ifndef TOPOLOGY_BASE_COMPAT_H
#define TOPOLOGY_BASE_COMPAT_H

#include <glib.h>
#include <hwloc.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef SYS_openat2
#define SYS_openat2 __NR_openat2
#endif

/* Without it hwloc binds this process to each CPU of this machine, and back. */
#if HWLOC_API_VERSION < 0x00020500
#define HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING 0
#endif

/* 2.4: older ones know one kind of CPU. */
#if HWLOC_API_VERSION < 0x00020400
#define hwloc_cpukinds_get_nr(topology, flags) 0
#define hwloc_cpukinds_get_by_cpuset(topology, cpus, flags) (-1)
#define hwloc_cpukinds_register(topology, cpus, efficiency, n, infos, flags) ((void)(cpus))
#endif

#if !GLIB_CHECK_VERSION(2, 58, 0)
static inline gpointer g_ptr_array_steal_index(GPtrArray *array, guint index)
{
	gpointer stolen = g_ptr_array_index(array, index);

	array->len--;
	memmove(array->pdata + index, array->pdata + index + 1,
		(array->len - index) * sizeof(gpointer));
	return stolen;
}

static inline gpointer g_ptr_array_steal_index_fast(GPtrArray *array, guint index)
{
	gpointer stolen = g_ptr_array_index(array, index);

	array->pdata[index] = array->pdata[--array->len];
	return stolen;
}

/* A count before the object; not for several threads. */
static inline gpointer compat_rc_box(gsize size)
{
	gsize *box = g_malloc0(2 * sizeof(gsize) + size);

	*box = 1;
	return box + 2;
}
#define g_rc_box_new(type) ((type *)compat_rc_box(sizeof(type)))

static inline gpointer g_rc_box_acquire(gpointer object)
{
	((gsize *)object)[-2]++;
	return object;
}

static inline void g_rc_box_release_full(gpointer object, GDestroyNotify clear)
{
	gsize *box = (gsize *)object - 2;

	if (--*box > 0)
		return;
	clear(object);
	g_free(box);
}

static inline char *g_canonicalize_filename(const char *name, const char *relative_to)
{
	g_autofree char *here = relative_to ? g_strdup(relative_to) : g_get_current_dir();
	g_autofree char *whole =
		g_path_is_absolute(name) ? g_strdup(name) : g_build_filename(here, name, NULL);
	g_auto(GStrv) parts = g_strsplit(whole, "/", -1);
	GString *clean = g_string_new(NULL);

	for (unsigned i = 0; parts[i]; i++) {
		const char *last = strrchr(clean->str, '/');

		if (g_str_equal(parts[i], ".."))
			g_string_truncate(clean, last ? (gsize)(last - clean->str) : 0);
		else if (*parts[i] && !g_str_equal(parts[i], "."))
			g_string_append_printf(clean, "/%s", parts[i]);
	}
	if (!clean->len)
		g_string_append_c(clean, '/');
	return g_string_free(clean, FALSE);
}
#endif

#if !GLIB_CHECK_VERSION(2, 60, 0)
static inline gboolean g_strv_equal(const char *const *a, const char *const *b)
{
	while (*a && *b && g_str_equal(*a, *b)) {
		a++;
		b++;
	}
	return !*a && !*b;
}

static inline void g_queue_clear_full(GQueue *queue, GDestroyNotify free_one)
{
	g_queue_foreach(queue, (GFunc)(void (*)(void))free_one, NULL);
	g_queue_clear(queue);
}
#endif

#if !GLIB_CHECK_VERSION(2, 62, 0)
static inline GArray *g_array_copy(GArray *array)
{
	GArray *copy = g_array_sized_new(FALSE, FALSE, g_array_get_element_size(array), array->len);

	return g_array_append_vals(copy, array->data, array->len);
}

/* The copy frees nothing: set its function. */
static inline GPtrArray *g_ptr_array_copy(GPtrArray *array, GCopyFunc copy_one, gpointer data)
{
	GPtrArray *copy = g_ptr_array_sized_new(array->len);

	for (guint i = 0; i < array->len; i++) {
		gpointer one = g_ptr_array_index(array, i);

		g_ptr_array_add(copy, copy_one ? copy_one(one, data) : one);
	}
	return copy;
}

static inline void g_ptr_array_extend_and_steal(GPtrArray *array, GPtrArray *more)
{
	for (guint i = 0; i < more->len; i++)
		g_ptr_array_add(array, g_ptr_array_index(more, i));
	g_free(g_ptr_array_free(more, FALSE));
}
#endif

#if !GLIB_CHECK_VERSION(2, 66, 0)
enum { G_FILE_SET_CONTENTS_CONSISTENT = 1, G_FILE_SET_CONTENTS_DURABLE = 2 };

/* Consistent, but not durable: by a rename, without fsync. */
static inline gboolean g_file_set_contents_full(const char *name, const char *text, gssize length,
						int flags, int mode, GError **error)
{
	mode_t before = umask(0777);
	gboolean good;

	(void)flags;
	umask(before | (0777 & ~(mode_t)mode));
	good = g_file_set_contents(name, text, length, error);
	umask(before);
	return good;
}
#endif

#if !GLIB_CHECK_VERSION(2, 68, 0)
#define g_memdup2(from, size) g_memdup(from, (guint)(size))

static inline guint g_string_replace(GString *string, const char *find, const char *replace,
				     guint limit)
{
	guint n = 0;

	for (char *at = strstr(string->str, find); at; at = strstr(at, find)) {
		gssize position = at - string->str;

		g_string_erase(string, position, (gssize)strlen(find));
		g_string_insert(string, position, replace);
		at = string->str + position + strlen(replace);
		if (++n == limit)
			break;
	}
	return n;
}

typedef GPtrArray GStrvBuilder;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GStrvBuilder, g_ptr_array_unref)

static inline GStrvBuilder *g_strv_builder_new(void)
{
	return g_ptr_array_new_with_free_func(g_free);
}

static inline void g_strv_builder_add(GStrvBuilder *builder, const char *text)
{
	g_ptr_array_add(builder, g_strdup(text));
}

/* The builder is empty then. */
static inline GStrv g_strv_builder_end(GStrvBuilder *builder)
{
	GStrv texts = g_new0(char *, builder->len + 1);

	for (guint i = 0; i < builder->len; i++)
		texts[i] = g_ptr_array_index(builder, i);
	builder->len = 0;
	return texts;
}
#endif

#if !GLIB_CHECK_VERSION(2, 70, 0)
static inline void g_strv_builder_addv(GStrvBuilder *builder, const char **texts)
{
	for (unsigned i = 0; texts[i]; i++)
		g_strv_builder_add(builder, texts[i]);
}
#endif

/* The older name is deprecated where the new one is. */
#if !GLIB_CHECK_VERSION(2, 82, 0)
#define g_sort_array(array, n, size, compare, data)                                                \
	g_qsort_with_data(array, (gint)(n), size, compare, data)
#endif

#endif
