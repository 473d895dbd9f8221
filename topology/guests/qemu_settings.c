/* SPDX-License-Identifier: MIT */
#include "topology/guests/qemu_settings.h"

#include <jansson.h>
#include <string.h>

#define VCPUS_MAX 65536

/* Words of a value: "size=4G,id=ram0", or the same as a JSON object */

typedef struct Words {
	char **parts; /* "key=value"; the first may be a value alone */
	json_t *json; /* NULL: it is parts */
} Words;

/* A doubled comma is one in a value. */
static char **words_split(const char *value)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_autoptr(GString) word = g_string_new(NULL);

	for (;; value++) {
		if (*value && (*value != ',' || value[1] == ',')) {
			value += *value == ',';
			g_string_append_c(word, *value);
			continue;
		}
		g_strv_builder_add(builder, word->str);
		g_string_truncate(word, 0);
		if (!*value)
			break;
	}
	return g_strv_builder_end(builder);
}

static Words words_of(const char *value)
{
	if (*value == '{')
		return (Words){NULL, json_loads(value, 0, NULL)};
	return (Words){words_split(value), NULL};
}

static void words_clear(Words *words)
{
	g_strfreev(words->parts);
	json_decref(words->json);
}

/* The first word has no key: it is that of KEY. */
static const char *words_first(const Words *words, const char *key)
{
	if (!words->parts)
		return json_string_value(json_object_get(words->json, key));
	return strchr(words->parts[0], '=') ? NULL : words->parts[0];
}

/* The value of KEY as text, yours; lists are as the kernel writes them: "0,2". NULL = not said. */
static char *settings_json_text(const json_t *value)
{
	GString *text = g_string_new(NULL);

	if (json_is_integer(value))
		g_string_printf(text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_boolean(value))
		g_string_assign(text, json_is_true(value) ? "on" : "off");
	else if (json_is_string(value))
		g_string_assign(text, json_string_value(value));
	for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++)
		g_string_append_printf(text, "%s%" JSON_INTEGER_FORMAT, i ? "," : "",
				       json_integer_value(json_array_get(value, i)));
	return g_string_free(text, !value);
}

static char *words_value(const Words *words, const char *key)
{
	size_t length = strlen(key);
	g_autoptr(GString) all = g_string_new(NULL);

	if (words->json)
		return settings_json_text(json_object_get(words->json, key));
	/* host-nodes may be said more than once */
	for (char **part = words->parts; part && *part; part++)
		if (!strncmp(*part, key, length) && (*part)[length] == '=')
			g_string_append_printf(all, "%s%s", all->len ? "," : "",
					       *part + length + 1);
	return all->len ? g_strdup(all->str) : NULL;
}

static unsigned words_number(const Words *words, const char *key)
{
	g_autofree char *text = words_value(words, key);
	guint64 number;

	return text && g_ascii_string_to_unsigned(text, 10, 1, VCPUS_MAX, &number, NULL)
		       ? (unsigned)number
		       : 0;
}

/* Sizes: QEMU's suffixes, UNIT where there is none. 0 = none of these. */
static uint64_t settings_size_of(const char *text, uint64_t unit)
{
	static const char suffixes[] = "bkmgtpe";
	char *end;
	guint64 number = text ? g_ascii_strtoull(text, &end, 10) : 0;
	const char *suffix = number && *end ? strchr(suffixes, g_ascii_tolower(*end)) : NULL;
	unsigned shift = suffix ? 10 * (unsigned)(suffix - suffixes) : 0;

	if (!number || (*end && !suffix))
		return 0;
	return *end ? (number <= G_MAXUINT64 >> shift ? number << shift : 0) : number * unit;
}

static bool settings_said_on(const char *text)
{
	return text && (!strcmp(text, "on") || !strcmp(text, "yes") || !strcmp(text, "true"));
}

/* vCPUs */

/* hw/core/machine-smp.c: machines from 6.2 on fill up cores, older ones sockets. */
static bool machine_prefers_sockets(char **argv)
{
	for (; *argv; argv++) {
		const char *version = strstr(*argv, "pc-i440fx-");
		char *end;
		guint64 major;

		version = version ? version + strlen("pc-i440fx-") : strstr(*argv, "pc-q35-");
		if (!version)
			continue;
		version += g_str_has_prefix(version, "pc-q35-") ? strlen("pc-q35-") : 0;
		major = g_ascii_strtoull(version, &end, 10);
		return end != version && *end == '.' &&
		       (major < 6 || (major == 6 && g_ascii_strtoull(end + 1, NULL, 10) < 2));
	}
	return false;
}

static void topology_fill(QemuSettings *s, bool sockets_first)
{
	unsigned *first = sockets_first ? &s->sockets : &s->cores;
	unsigned *other = sockets_first ? &s->cores : &s->sockets;
	unsigned most = s->vcpus_max ? s->vcpus_max : s->vcpus;

	s->dies = MAX(s->dies, 1);
	s->clusters = MAX(s->clusters, 1);
	if (!*first || !most) {
		*other = MAX(*other, 1);
		s->threads = MAX(s->threads, 1);
	} else if (!*other) {
		s->threads = MAX(s->threads, 1);
		*other = MAX(most / (s->dies * s->clusters * *first * s->threads), 1);
	}
	if (!*first)
		*first = most ? MAX(most / (s->dies * s->clusters * *other * s->threads), 1) : 1;
	if (!s->threads)
		s->threads = MAX(most / (s->sockets * s->dies * s->clusters * s->cores), 1);
}

static void settings_smp_take(QemuSettings *s, const char *value, char **argv)
{
	Words words = words_of(value);
	const char *first = words_first(&words, "cpus");
	guint64 number = 0;

	if (first)
		(void)g_ascii_string_to_unsigned(first, 10, 1, VCPUS_MAX, &number, NULL);
	s->vcpus = number ? (unsigned)number : words_number(&words, "cpus");
	s->vcpus_max = words_number(&words, "maxcpus");
	s->sockets = words_number(&words, "sockets");
	s->dies = words_number(&words, "dies");
	s->clusters = words_number(&words, "clusters");
	s->cores = words_number(&words, "cores");
	s->threads = words_number(&words, "threads");
	topology_fill(s, machine_prefers_sockets(argv));
	if (!s->vcpus_max)
		s->vcpus_max = s->vcpus
				       ? s->vcpus
				       : s->sockets * s->dies * s->clusters * s->cores * s->threads;
	if (!s->vcpus)
		s->vcpus = s->vcpus_max;
	words_clear(&words);
}

/* "host-x86_64-cpu": a vCPU that was there at start beside those of -smp, as Proxmox has them. */
static bool device_is_vcpu(const char *driver)
{
	return g_str_has_suffix(driver, "-cpu");
}

static bool device_is_memory(const char *driver)
{
	return !strcmp(driver, "pc-dimm") || g_str_has_prefix(driver, "virtio-mem");
}

static void settings_cpu_take(QemuSettings *s, const char *value)
{
	size_t length = strcspn(value, ",");

	s->cpu_mode = length == 4 && !strncmp(value, "host", 4)	 ? "host-passthrough"
		      : length == 3 && !strncmp(value, "max", 3) ? "maximum"
								 : "custom";
}

/* Memory */

/* "/run/hugepages/kvm/2048kB", "/dev/hugepages1G": a mount's name may say the size of its pages. */
static uint64_t page_of_path(const char *path)
{
	const char *at = strstr(path, "kB");
	const char *digits = at;

	while (digits && digits > path && g_ascii_isdigit(digits[-1]))
		digits--;
	if (digits && digits < at)
		return g_ascii_strtoull(digits, NULL, 10) << 10;
	at = strstr(path, "hugepages");
	return at ? settings_size_of(at + strlen("hugepages"), 0) : 0;
}

static void settings_path_take(QemuSettings *s, const char *path)
{
	if (!strstr(path, "huge"))
		return;
	s->hugepages = true;
	if (!s->page)
		s->page = page_of_path(path);
}

/* The objects' sizes by id; their nodes and pages go into S. */
static void settings_object_take(QemuSettings *s, const char *value, GHashTable *sizes)
{
	Words words = words_of(value);
	const char *type = words_first(&words, "qom-type");
	g_autofree char *id = words_value(&words, "id"), *size = words_value(&words, "size");
	g_autofree char *path = words_value(&words, "mem-path");
	g_autofree char *huge = words_value(&words, "hugetlb");
	g_autofree char *page = words_value(&words, "hugetlbsize");
	g_autofree char *policy = words_value(&words, "policy");
	g_autofree char *list = words_value(&words, "host-nodes");
	g_auto(CpuSet) nodes = list ? cpulist_parse(list, NULL) : NULL;

	if (type && g_str_has_prefix(type, "memory-backend-")) {
		if (path)
			settings_path_take(s, path);
		s->hugepages |= settings_said_on(huge);
		s->page = page ? settings_size_of(page, 1) : s->page;
		if (nodes && policy && !strcmp(policy, "bind")) {
			s->nodes = s->nodes ? s->nodes : hwloc_bitmap_alloc();
			hwloc_bitmap_or(s->nodes, s->nodes, nodes);
		}
		if (id && size) {
			guint64 *bytes = g_new(guint64, 1);

			*bytes = settings_size_of(size, 1);
			g_hash_table_insert(sizes, g_strdup(id), bytes);
		}
	}
	words_clear(&words);
}

static void settings_device_take(QemuSettings *s, const char *value, GHashTable *sizes)
{
	Words words = words_of(value);
	const char *driver = words_first(&words, "driver");
	g_autofree char *memdev = words_value(&words, "memdev");
	guint64 *bytes = memdev ? g_hash_table_lookup(sizes, memdev) : NULL;

	if (driver && device_is_vcpu(driver))
		s->vcpus++;
	else if (driver && device_is_memory(driver) && bytes)
		s->memory += *bytes;
	words_clear(&words);
}

static void settings_memory_take(QemuSettings *s, const char *value)
{
	Words words = words_of(value);
	const char *first = words_first(&words, "size");
	g_autofree char *size = words_value(&words, "size");

	s->memory = settings_size_of(first ? first : size, 1 << 20);
	words_clear(&words);
}

static void settings_lock_take(QemuSettings *s, const char *value)
{
	Words words = words_of(value);
	g_autofree char *lock = words_value(&words, "mem-lock");
	g_autofree char *mlock = words_value(&words, "mlock");

	s->locked = lock || mlock ? settings_said_on(lock) || settings_said_on(mlock) : s->locked;
	words_clear(&words);
}

/* What all objects of SIZES have. */
static uint64_t settings_backed(GHashTable *sizes)
{
	GHashTableIter iter;
	gpointer bytes;
	uint64_t sum = 0;

	g_hash_table_iter_init(&iter, sizes);
	while (g_hash_table_iter_next(&iter, NULL, &bytes))
		sum += *(guint64 *)bytes;
	return sum;
}

/* The whole */

static const char *settings_option(const char *argument)
{
	return *argument == '-' ? argument + 1 + (argument[1] == '-') : "";
}

QemuSettings qemu_settings_parse(char **argv)
{
	QemuSettings s = {0};
	g_autoptr(GHashTable) sizes =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GPtrArray) devices = g_ptr_array_new();
	bool said;

	for (char **at = argv; at && *at && at[1]; at++) {
		const char *option = settings_option(*at), *value = at[1];

		if (!strcmp(option, "smp"))
			settings_smp_take(&s, value, argv);
		else if (!strcmp(option, "cpu"))
			settings_cpu_take(&s, value);
		else if (!strcmp(option, "m"))
			settings_memory_take(&s, value);
		else if (!strcmp(option, "mem-path"))
			settings_path_take(&s, value);
		else if (!strcmp(option, "overcommit") || !strcmp(option, "realtime"))
			settings_lock_take(&s, value);
		else if (!strcmp(option, "object"))
			settings_object_take(&s, value, sizes);
		else if (!strcmp(option, "numa"))
			s.cells += g_str_has_prefix(value, "node") || strstr(value, "\"node\"");
		else if (!strcmp(option, "device"))
			g_ptr_array_add(devices, at[1]);
	}
	said = s.memory;
	for (unsigned i = 0; i < devices->len; i++)
		settings_device_take(&s, g_ptr_array_index(devices, i), sizes);
	if (!said)
		s.memory = settings_backed(sizes);
	s.vcpus_max = MAX(s.vcpus_max, s.vcpus);
	return s;
}

void qemu_settings_clear(QemuSettings *settings)
{
	g_clear_pointer(&settings->nodes, hwloc_bitmap_free);
}
