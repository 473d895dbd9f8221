/* SPDX-License-Identifier: MIT */
#include "topology/guests/domain.h"

#include <string.h>

/* QEMU takes one dash or two. */
const char *const qemu_options_kept[] = {
	"name",	      "uuid",	  "accel",    "machine", "M",  "cpu",	     "smp", "m",
	"overcommit", "realtime", "mem-path", "numa",	 "id", "readconfig", NULL,
};
const char *const qemu_switches_kept[] = {"mem-prealloc", "enable-kvm", "no-hpet", NULL};

/* The kind of an object or device: its first word, or what JSON says; yours. */
static char *kind_of(const char *value)
{
	static const char *const keys[] = {"\"qom-type\":", "\"driver\":"};

	if (*value != '{')
		value += g_str_has_prefix(value, "qom-type=") ? strlen("qom-type=")
			 : g_str_has_prefix(value, "driver=") ? strlen("driver=")
							      : 0;
	for (unsigned i = 0; *value == '{' && i < G_N_ELEMENTS(keys); i++) {
		const char *at = strstr(value, keys[i]);

		if (at)
			value = at + strlen(keys[i]) + strspn(at + strlen(keys[i]), " \"");
	}
	return g_strndup(value, strcspn(value, ",\""));
}

/* Of these only what is about vCPUs and memory: secrets are objects too. */
static bool is_kept_value(const char *option, const char *value)
{
	g_autofree char *kind = kind_of(value);

	if (!strcmp(option, "object"))
		return g_str_has_prefix(kind, "memory-backend-");
	return strstr(kind, "-cpu") || g_str_has_prefix(kind, "pc-dimm") ||
	       g_str_has_prefix(kind, "virtio-mem");
}

static bool is_many_things(const char *option)
{
	return !strcmp(option, "object") || !strcmp(option, "device");
}

static const char *option_name(const char *argument)
{
	if (*argument != '-')
		return NULL;
	return argument + (argument[1] == '-' ? 2 : 1);
}

/* How many words of ARGV, from the option it begins with, are kept: 0, 1 or 2. */
static unsigned words_kept(const char *const *argv)
{
	const char *name = option_name(argv[0]);

	if (name && is_many_things(name))
		return argv[1] && is_kept_value(name, argv[1]) ? 2 : 0;
	if (name && g_strv_contains(qemu_options_kept, name))
		return argv[1] ? 2 : 1;
	return name && g_strv_contains(qemu_switches_kept, name);
}

char **qemu_args_keep(const char *const *argv)
{
	GPtrArray *args = g_ptr_array_new();

	if (*argv && **argv != '-')
		g_ptr_array_add(args, g_strdup(*argv++));
	while (*argv) {
		unsigned words = words_kept(argv);

		for (unsigned i = 0; i < words; i++)
			g_ptr_array_add(args, g_strdup(argv[i]));
		argv += MAX(words, 1);
	}
	g_ptr_array_add(args, NULL);
	return (char **)g_ptr_array_free(args, FALSE);
}

char **qemu_args_overcommit(const char *const *argv)
{
	GPtrArray *values = g_ptr_array_new();

	for (; *argv; argv++) {
		const char *name = option_name(*argv);

		if (name && !strcmp(name, "overcommit") && argv[1])
			g_ptr_array_add(values, g_strdup(*++argv));
	}
	g_ptr_array_add(values, NULL);
	return (char **)g_ptr_array_free(values, FALSE);
}
