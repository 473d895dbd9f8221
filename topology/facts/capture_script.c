/* SPDX-License-Identifier: MIT */
#include "topology/facts/capture_script.h"

#include "topology/facts/kernel_line.h"
#include "topology/facts/services.h"
#include "topology/facts/snapshot.h"
#include "topology/guests/domain.h"

static const char *const script_format[] = {SNAPSHOT_FORMAT, NULL};
static const char *const script_left_out[] = {KERNEL_LEFT_OUT, NULL};

static const struct {
	const char *name;
	const char *const *words;
} script_words[] = {
	{"@format@", script_format},
	{"@left-out@", script_left_out},
	{"@tuning@", kernel_tuning},
	{"@tuning-modules@", kernel_tuning_modules},
	{"@plain@", kernel_plain},
	{"@list-names@", kernel_list_names},
	{"@settings@", services_kept},
	{"@status@", task_status_kept},
	{"@qemu-options@", qemu_options_kept},
	{"@qemu-switches@", qemu_switches_kept},
	{"@domain@", domain_kept},
	{"@os@", domain_os_kept},
	{"@devices@", domain_devices_kept},
	{"@device@", domain_device_kept},
	{"@passed@", domain_passed_kept},
	{"@further@", domain_further_kept},
	{"@attributes@", domain_attributes_kept},
	{"@texts@", domain_texts_kept},
	{"@namespaces@", platform_namespaces},
};

char *capture_script_fill(const char *text)
{
	char *filled = g_strdup(text);

	for (unsigned i = 0; i < G_N_ELEMENTS(script_words); i++) {
		g_autofree char *words = g_strjoinv(" ", (char **)script_words[i].words);
		g_auto(GStrv) parts = g_strsplit(filled, script_words[i].name, -1);

		g_free(filled);
		filled = g_strjoinv(words, parts);
	}
	return filled;
}
