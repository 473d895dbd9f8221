/* SPDX-License-Identifier: MIT */
#include "topology/facts/kvm.h"

#include "topology/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifndef KVM_CAP_X86_DISABLE_EXITS
#define KVM_CAP_X86_DISABLE_EXITS 143
#endif

static const char *const modules[] = {"kvm", "kvm_intel", "kvm_amd"};

static GHashTable *parameters_load(Root *root)
{
	GHashTable *parameters = table_new();

	for (unsigned i = 0; i < G_N_ELEMENTS(modules); i++) {
		g_autofree char *folder = g_strdup_printf("/sys/module/%s/parameters", modules[i]);
		g_autofree char *source = g_strconcat(folder, "/*", NULL);
		g_auto(GStrv) names = root_list(root, folder, NULL);

		for (unsigned n = 0; names[n]; n++) {
			g_autofree char *path = g_build_filename(folder, names[n], NULL);
			g_autofree char *name = g_strdup_printf("%s.%s", modules[i], names[n]);
			char *text = root_text(root, path, source);

			if (text)
				g_hash_table_insert(parameters, g_utf8_make_valid(name, -1), text);
		}
	}
	return parameters;
}

/* Has the first CPU, which stands for all, WORD on its line NAME? Unknown: it has no such line. */
static Tristate cpu_has(const char *text, const char *name, const char *word)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (unsigned i = 0; lines[i]; i++) {
		char *colon = strchr(lines[i], ':');
		g_auto(GStrv) words = NULL;

		if (!colon)
			continue;
		*colon = '\0';
		if (!g_str_equal(g_strchomp(lines[i]), name))
			continue;
		words = g_strsplit_set(colon + 1, " \t", -1);
		return g_strv_contains((const char *const *)words, word) ? TRISTATE_YES
									 : TRISTATE_NO;
	}
	return TRISTATE_UNKNOWN;
}

Tristate cpuinfo_nested(const char *text)
{
	return cpu_has(text, "flags", "hypervisor");
}

Tristate cpuinfo_pause_exits(const char *text)
{
	Tristate filter, threshold;

	if (cpu_has(text, "flags", "svm") != TRISTATE_YES)
		return cpu_has(text, "vmx flags", "ple");
	filter = cpu_has(text, "flags", "pausefilter");
	threshold = cpu_has(text, "flags", "pfthreshold");
	return filter == TRISTATE_YES ? threshold : filter;
}

/* Of cpuinfo only the first CPU matters; a snapshot keeps no more. */
static void cpuinfo_load(Root *root, KvmFacts *kvm)
{
	static const char path[] = "/proc/cpuinfo";
	size_t length;
	int failure;
	g_autofree char *text = root_read_private(root, path, CPUINFO_MAX, &length, &failure);
	char *second;

	if (!text) {
		root_failed(root, path, NULL, failure);
		return;
	}
	second = strstr(text, "\n\n");
	if (second)
		second[1] = '\0';
	root_record_text(root, path, text);
	kvm->nested = cpuinfo_nested(text);
	kvm->pause_exits = cpuinfo_pause_exits(text);
}

/* The kernel answers for /dev/kvm as a whole; no VM is made. */
int kvm_ask(void)
{
	int device = open("/dev/kvm", O_RDONLY | O_CLOEXEC);
	int exits = device < 0 ? -1 : ioctl(device, KVM_CHECK_EXTENSION, KVM_CAP_X86_DISABLE_EXITS);
	int failure = errno;

	if (device >= 0)
		close(device);
	errno = failure;
	return MAX(exits, -1);
}

static int device_load(Root *root)
{
	int exits = kvm_ask();
	g_autofree char *text = NULL;

	if (exits < 0 && errno == ENOENT)
		root_remark(root, "/dev/kvm", "is not there: KVM is not loaded");
	else if (exits < 0)
		root_failed(root, "/dev/kvm", NULL, errno);
	else
		root_record_text(root, KVM_ANSWER, (text = g_strdup_printf("%d\n", exits)));
	return exits;
}

static int answer_load(Root *root)
{
	uint64_t exits;

	if (root_number(root, KVM_ANSWER, NULL, &exits) && exits <= G_MAXINT)
		return (int)exits;
	if (!root_is_snapshot(root))
		root_note_text(root, "/dev/kvm",
			       "the capture does not say what KVM answered; capture with `planner "
			       "snapshot`, as root");
	return -1;
}

KvmFacts *kvm_new(void)
{
	KvmFacts *kvm = g_new0(KvmFacts, 1);

	kvm->disable_exits = -1;
	return kvm;
}

void kvm_free(KvmFacts *kvm)
{
	g_clear_pointer(&kvm->parameters, g_hash_table_unref);
	g_free(kvm);
}

void kvm_load(Root *root, KvmFacts *kvm)
{
	kvm->parameters = parameters_load(root);
	cpuinfo_load(root, kvm);
	kvm->disable_exits = root_is_live(root) ? device_load(root) : answer_load(root);
}

static bool kvm_known(const void *reader)
{
	const KvmFacts *kvm = reader;

	return kvm->parameters;
}

static bool exits_known(const void *reader)
{
	const KvmFacts *kvm = reader;

	return kvm->disable_exits >= 0;
}

const FactSource kvm_sources[] = {
	{FACT_KVM, {"/sys/module"}, kvm_known},
	{FACT_EXITS, {"/dev/kvm"}, exits_known},
	{0},
};
