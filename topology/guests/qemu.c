/* SPDX-License-Identifier: MIT */
#include "topology/guests/qemu.h"

#include "topology/base/worker.h"
#include "topology/guests/domain.h"
#include "topology/guests/qemu_config.h"
#include "topology/guests/qemu_settings.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define CMDLINE_MAX (1u << 20)
#define NUMA_MAPS_MAX (16u << 20)
#define DEBUGFS "/sys/kernel/debug/kvm"

/* Names */

static bool number_ends(const char *text, const char *tail, unsigned *number)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 5 || !g_str_has_prefix(text + digits, tail))
		return false;
	*number = (unsigned)g_ascii_strtoull(text, NULL, 10);
	return *tail || !text[digits];
}

bool qemu_vcpu_parse(const char *comm, unsigned *vcpu)
{
	return g_str_has_prefix(comm, "CPU ") && number_ends(comm + 4, "/", vcpu);
}

bool qemu_iothread_parse(const char *comm, unsigned *iothread)
{
	static const char prefix[] = "IO iothread";

	return g_str_has_prefix(comm, prefix) && number_ends(comm + strlen(prefix), "", iothread);
}

bool qemu_worker(const char *comm)
{
	return g_str_has_prefix(comm, "vhost-") || g_str_has_prefix(comm, "kvm-nx-lpage") ||
	       g_str_has_prefix(comm, "kvm-pit/");
}

/* Commas in values are doubled; without guest= the first value is the name. */
char *qemu_name_parse(const char *value)
{
	GString *word = g_string_new(NULL);

	for (;; value++) {
		bool end = !*value || (*value == ',' && value[1] != ',');

		if (!end) {
			value += *value == ',';
			g_string_append_c(word, *value);
			continue;
		}
		if (g_str_has_prefix(word->str, "guest="))
			g_string_erase(word, 0, (gssize)strlen("guest="));
		else if (strchr(word->str, '='))
			g_string_truncate(word, 0);
		if (word->len || !*value)
			break;
	}
	return g_string_free(word, !word->len);
}

/* QEMU's own text and libraries: mapped from a file and clean, or from where programs lie. */
static bool is_program(const char *line)
{
	static const char *const folders[] = {"/usr/", "/lib", "/bin/", "/sbin/"};
	const char *file = strstr(line, " file=");

	if (!file)
		return false;
	for (unsigned i = 0; i < G_N_ELEMENTS(folders); i++)
		if (g_str_has_prefix(file + strlen(" file="), folders[i]))
			return true;
	return !strstr(line, " dirty=") && !strstr(line, " anon=") && !strstr(line, " huge ");
}

GHashTable *numa_maps_parse(const char *text)
{
	GHashTable *nodes = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (unsigned i = 0; lines[i]; i++) {
		const char *size = strstr(lines[i], "kernelpagesize_kB=");
		uint64_t page = size ? g_ascii_strtoull(strchr(size, '=') + 1, NULL, 10) << 10 : 0;

		if (is_program(lines[i]))
			continue;
		for (const char *at = lines[i]; page && (at = strstr(at, " N")); at++) {
			char *end;
			guint64 node = g_ascii_strtoull(at + 2, &end, 10), *bytes;

			if (end == at + 2 || *end != '=' || node >= CPULIST_LIMIT)
				continue;
			bytes = g_hash_table_lookup(nodes, GUINT_TO_POINTER((guint)node));
			if (!bytes) {
				bytes = g_new0(guint64, 1);
				g_hash_table_insert(nodes, GUINT_TO_POINTER((guint)node), bytes);
			}
			*bytes += g_ascii_strtoull(end + 1, NULL, 10) * page;
		}
	}
	return nodes;
}

/* Reading in a child: lines "PID FAILURE LENGTH\n" and LENGTH bytes each. */

typedef struct Reading {
	Root *root;
	const GArray *pids;
	const char *file;
	size_t limit;
} Reading;

static bool files_send(int fd, const void *data)
{
	const Reading *reading = data;

	for (guint i = 0; i < reading->pids->len; i++) {
		unsigned pid = g_array_index(reading->pids, unsigned, i);
		g_autofree char *path = g_strdup_printf("/proc/%u/%s", pid, reading->file);
		size_t length = 0;
		int failure = 0;
		g_autofree char *text =
			root_read_private(reading->root, path, reading->limit, &length, &failure);
		g_autofree char *head =
			g_strdup_printf("%u %d %zu\n", pid, failure, text ? length : 0);

		if (!worker_write(fd, head, strlen(head)) ||
		    !worker_write(fd, text ? text : "", text ? length : 0))
			return false;
	}
	return true;
}

typedef void Take(Root *root, unsigned pid, int failure, const char *bytes, size_t length,
		  void *data);

static void files_take(Root *root, const char *answer, size_t length, Take *take, void *data)
{
	const char *end = answer + length;

	while (answer < end) {
		char *at;
		unsigned pid = (unsigned)g_ascii_strtoull(answer, &at, 10);
		int failure = (int)g_ascii_strtoull(at, &at, 10);
		size_t size = (size_t)g_ascii_strtoull(at, &at, 10);

		if (*at != '\n' || size > (size_t)(end - at - 1))
			return; /* cut short by the deadline */
		take(root, pid, failure, at + 1, size, data);
		answer = at + 1 + size;
	}
}

/* FILE of each of PIDS: on this machine through a child, of a capture directly. */
static void files_read(Root *root, const GArray *pids, const char *file, size_t limit,
		       unsigned seconds, Take *take, void *data)
{
	Reading reading = {root, pids, file, limit};
	g_autofree char *answer = NULL, *source = NULL;
	size_t length;
	WorkerEnd end;

	if (!pids->len)
		return;
	if (!root_is_live(root)) {
		for (guint i = 0; i < pids->len; i++) {
			unsigned pid = g_array_index(pids, unsigned, i);
			g_autofree char *path = g_strdup_printf("/proc/%u/%s", pid, file);
			int failure = 0;
			g_autofree char *text =
				root_read_private(root, path, limit, &length, &failure);

			take(root, pid, failure, text ? text : "", text ? length : 0, data);
		}
		return;
	}
	answer = worker_run(files_send, &reading, seconds, &length, &end);
	files_take(root, answer ? answer : "", answer ? length : 0, take, data);
	source = g_strdup_printf("/proc/PID/%s", file);
	if (end == WORKER_LATE)
		root_remark(root, source, "hangs: a QEMU process is stuck in the kernel");
	else if (end != WORKER_DONE)
		root_remark(root, source, "not all were read: the reading process failed");
}

/* Command lines */

static QemuProcess *process_find(const GPtrArray *processes, unsigned pid)
{
	for (unsigned i = 0; i < processes->len; i++) {
		QemuProcess *process = g_ptr_array_index(processes, i);

		if (process->pid == pid)
			return process;
	}
	return NULL;
}

static char **argv_split(const char *bytes, size_t length)
{
	GPtrArray *argv = g_ptr_array_new();

	for (size_t at = 0; at < length; at += strnlen(bytes + at, length - at) + 1) {
		g_autofree char *raw = g_strndup(bytes + at, length - at);

		g_ptr_array_add(argv, g_utf8_make_valid(raw, -1));
	}
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_free(argv, FALSE);
}

/* One that was cut is so in the recording too. */
static void argv_record(Root *root, const char *path, char **argv, bool whole)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	for (unsigned i = 0; argv[i]; i++)
		g_byte_array_append(bytes, (const guint8 *)argv[i], (guint)strlen(argv[i]) + 1);
	root_record_bytes(root, path, bytes->data, bytes->len - (!whole && bytes->len));
}

/* What follows OPTION in ARGV, NULL = it has none. */
static const char *argument_of(char **argv, const char *option)
{
	for (; *argv; argv++)
		if (**argv == '-' && g_str_has_suffix(*argv, option))
			return argv[1];
	return NULL;
}

/* ARGV, which becomes the answer's, and what the file of its -readconfig says; yours. */
static char **config_take(Root *root, char **argv)
{
	const char *path = argument_of(argv, "-readconfig");
	bool named = path && g_path_is_absolute(path);
	g_autofree char *text = named ? root_text_kept(root, path, qemu_config_keep) : NULL;
	g_auto(GStrv) args = text ? qemu_config_args(text) : NULL;
	g_autoptr(GStrvBuilder) all = NULL;

	if (named && !text)
		root_note_missing(root, path);
	if (!args)
		return argv;
	all = g_strv_builder_new();
	g_strv_builder_addv(all, (const char **)argv);
	g_strv_builder_addv(all, (const char **)args);
	g_strfreev(argv);
	return g_strv_builder_end(all);
}

static void cmdline_take(Root *root, unsigned pid, int failure, const char *bytes, size_t length,
			 void *data)
{
	QemuProcess *process = process_find(data, pid);
	g_autofree char *path = g_strdup_printf("/proc/%u/cmdline", pid);
	g_auto(GStrv) argv = NULL, kept = NULL;
	bool whole = root_is_live(root) || (length && !bytes[length - 1]);

	if (failure || !process) {
		root_failed(root, path, "/proc/PID/cmdline", failure);
		return;
	}
	if (!length)
		return; /* ended */
	if (!whole)
		root_note_text(root, "/proc/PID/cmdline", "was cut, or is damaged");
	argv = argv_split(bytes, length);
	kept = qemu_args_keep((const char *const *)argv);
	argv_record(root, path, kept, whole);
	for (unsigned i = 0; kept[i]; i++) {
		const char *value = whole || (kept[i + 1] && kept[i + 2]) ? kept[i + 1] : NULL;

		if (value && g_str_has_suffix(kept[i], "-name") && !process->name)
			process->name = qemu_name_parse(value);
		else if (value && g_str_has_suffix(kept[i], "-uuid") && !process->uuid)
			process->uuid = g_strdup(value);
	}
	if (whole)
		process->argv = config_take(root, g_steal_pointer(&kept));
}

/* Processes */

static bool is_program_name(const char *path)
{
	g_autofree char *name = g_path_get_basename(path);

	return g_str_has_prefix(name, "qemu-system-") || g_str_equal(name, "qemu-kvm") ||
	       g_str_equal(name, "kvm") || g_str_equal(name, "qemu");
}

/* The program of PID, by its file here, by its command line in a capture; NULL = not to be read.
 * Of programs that are no QEMU nothing is kept, and it is no trouble if they cannot be read. */
static char *program_of(Root *root, unsigned pid)
{
	static const char source[] = "/proc/PID/exe";
	bool live = root_is_live(root);
	g_autofree char *path = g_strdup_printf("/proc/%u/%s", pid, live ? "exe" : "cmdline");
	size_t length;
	int failure;
	char *program;

	if (!live)
		return root_read_private(root, path, CMDLINE_MAX, &length, &failure);
	root_record_pause(root, true);
	program = root_link(root, path, source);
	root_record_pause(root, false);
	root_forget(root, source);
	return program;
}

/* By the names of its threads; those of a process may be anything (-name …,process=NAME): then by
 * its program. */
static bool qemu_is_qemu(Root *root, const GArray *tasks, guint first, guint count)
{
	const Task *task = &g_array_index(tasks, Task, first);
	g_autofree char *program = NULL;
	unsigned vcpu;

	if (task->kernel)
		return false;
	if (g_str_has_prefix(task->comm, "qemu-") || !strcmp(task->comm, "kvm"))
		return true;
	for (guint i = first; i < first + count; i++)
		if (qemu_vcpu_parse(g_array_index(tasks, Task, i).comm, &vcpu))
			return true;
	program = count > 1 ? program_of(root, task->pid) : NULL;
	return program && is_program_name(program);
}

static void processes_find(Root *root, GPtrArray *processes, GArray *pids, const GArray *tasks)
{
	guint count;

	for (guint first = 0; first < tasks->len; first += count) {
		unsigned pid = g_array_index(tasks, Task, first).pid;
		QemuProcess *process;

		for (count = 1; first + count < tasks->len; count++)
			if (g_array_index(tasks, Task, first + count).pid != pid)
				break;
		if (!qemu_is_qemu(root, tasks, first, count))
			continue;
		process = g_new0(QemuProcess, 1);
		*process =
			(QemuProcess){.pid = pid, .first = first, .count = count, .halt_exits = -1};
		g_ptr_array_add(processes, process);
		g_array_append_val(pids, pid);
	}
}

static void process_free(gpointer data)
{
	QemuProcess *process = data;

	g_free(process->name);
	g_free(process->uuid);
	g_strfreev(process->argv);
	if (process->vcpus)
		g_hash_table_unref(process->vcpus);
	g_free(process);
}

/* A guest's statistics are in kvm/PID-FD. */
static void exits_load(Root *root, GPtrArray *processes)
{
	g_auto(GStrv) names = root_exists(root, DEBUGFS) ? root_list(root, DEBUGFS, NULL) : NULL;

	for (unsigned i = 0; names && names[i]; i++) {
		char *end;
		unsigned pid = (unsigned)g_ascii_strtoull(names[i], &end, 10);
		QemuProcess *process = *end == '-' ? process_find(processes, pid) : NULL;
		g_autofree char *path = g_strdup_printf(DEBUGFS "/%s/halt_exits", names[i]);
		uint64_t exits;

		if (process && root_number(root, path, DEBUGFS "/*/halt_exits", &exits) &&
		    exits <= G_MAXINT64)
			process->halt_exits = (int64_t)exits;
	}
}

/* Threads without names: QEMU before 11 gives them some only with debug-threads=on. */

bool qemu_descriptor_parse(const char *target, unsigned *vcpu)
{
	static const char prefix[] = "anon_inode:kvm-vcpu:";

	return g_str_has_prefix(target, prefix) && number_ends(target + strlen(prefix), "", vcpu);
}

/* The same number of KVM_RUN, _IO(0xae, 0x80), everywhere; that of ioctl differs. */
int qemu_run_parse(const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", 4);
	guint64 descriptor;

	if (g_strv_length(words) < 3 || g_strcmp0(words[2], "0xae80") != 0 ||
	    !g_str_has_prefix(words[1], "0x") ||
	    !g_ascii_string_to_unsigned(words[1] + 2, 16, 0, G_MAXINT, &descriptor, NULL))
		return -1;
	return (int)descriptor;
}

static bool threads_named(const QemuProcess *process, const GArray *tasks)
{
	unsigned vcpu;

	for (guint i = process->first; i < process->first + process->count; i++)
		if (qemu_vcpu_parse(g_array_index(tasks, Task, i).comm, &vcpu))
			return true;
	return false;
}

static void descriptor_record(Root *root, const char *path, unsigned vcpu)
{
	g_autofree char *line = g_strdup_printf("anon_inode:kvm-vcpu:%u\n", vcpu);

	root_record_pause(root, false);
	root_record_text(root, path, line);
	root_record_pause(root, true);
}

/* Descriptor → vCPU, plus one: 0 is none. */
static GHashTable *descriptors_load(Root *root, unsigned pid)
{
	g_autofree char *folder = g_strdup_printf("/proc/%u/fd", pid);
	g_auto(GStrv) names = root_list(root, folder, "/proc/PID/fd");
	GHashTable *vcpus = g_hash_table_new(NULL, NULL);

	root_record_pause(root, true); /* what else is open is nobody's business */
	for (unsigned i = 0; names[i]; i++) {
		g_autofree char *path = g_strconcat(folder, "/", names[i], NULL);
		g_autofree char *target = root_link(root, path, "/proc/PID/fd");
		guint64 number;
		unsigned vcpu;

		if (!target || !qemu_descriptor_parse(target, &vcpu) ||
		    !g_ascii_string_to_unsigned(names[i], 10, 0, G_MAXINT, &number, NULL))
			continue;
		g_hash_table_insert(vcpus, GUINT_TO_POINTER((guint)number),
				    GUINT_TO_POINTER(vcpu + 1));
		descriptor_record(root, path, vcpu);
	}
	root_record_pause(root, false);
	return vcpus;
}

/* A thread outside KVM_RUN for a moment shows "running" or another call: asked again. */
#define TRIES 50

static unsigned thread_asks(Root *root, const Task *task, GHashTable *descriptors)
{
	g_autofree char *path = g_strdup_printf("/proc/%u/task/%u/syscall", task->pid, task->tid);

	for (unsigned try = 0; try < (root_is_live(root) ? TRIES : 1); try++) {
		g_autofree char *text = root_text(root, path, "/proc/PID/task/TID/syscall");
		int descriptor = text ? qemu_run_parse(text) : -1;
		gpointer vcpu = descriptor < 0 ? NULL
					       : g_hash_table_lookup(descriptors,
								     GINT_TO_POINTER(descriptor));

		if (vcpu)
			return GPOINTER_TO_UINT(vcpu);
		if (!text || !g_str_has_prefix(text, "running"))
			break;
	}
	return 0;
}

/* Which thread is which vCPU, if that can be told of every vCPU. The kernel's own workers show the
 * call of the thread that made them. */
static void threads_tell(Root *root, QemuProcess *process, const GArray *tasks)
{
	g_autoptr(GHashTable) descriptors = descriptors_load(root, process->pid);
	g_autoptr(GHashTable) vcpus = g_hash_table_new(NULL, NULL);
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

	for (guint i = process->first;
	     g_hash_table_size(descriptors) && i < process->first + process->count; i++) {
		const Task *task = &g_array_index(tasks, Task, i);
		unsigned vcpu = task->tid == task->pid || task->worker
					? 0
					: thread_asks(root, task, descriptors);

		if (vcpu && g_hash_table_add(seen, GUINT_TO_POINTER(vcpu)))
			g_hash_table_insert(vcpus, GUINT_TO_POINTER(task->tid),
					    GUINT_TO_POINTER(vcpu - 1));
	}
	process->descriptors = g_hash_table_size(descriptors);
	if (process->descriptors && process->descriptors == g_hash_table_size(vcpus))
		process->vcpus = g_steal_pointer(&vcpus);
}

/* Was it told of vCPUs or memory? libvirt's probes have neither. */
static bool has_machine(const QemuProcess *process)
{
	QemuSettings settings = qemu_settings_parse(process->argv);
	bool told = settings.vcpus || settings.memory;

	qemu_settings_clear(&settings);
	return told;
}

/* Xen's domains have no vCPUs here: QEMU is their devices alone. */
static bool qemu_is_of_xen(char *const *argv)
{
	for (; argv && argv[0] && argv[1]; argv++) {
		bool machine = g_str_has_suffix(*argv, "-machine") || g_str_has_suffix(*argv, "-M");

		if ((machine &&
		     (strstr(argv[1], "accel=xen") || g_str_has_prefix(argv[1], "xenfv") ||
		      g_str_has_prefix(argv[1], "xenpv"))) ||
		    (g_str_has_suffix(*argv, "-accel") && g_str_equal(argv[1], "xen")))
			return true;
	}
	return false;
}

GPtrArray *qemu_load(Root *root, const TaskFacts *tasks, unsigned seconds)
{
	GPtrArray *processes = g_ptr_array_new_with_free_func(process_free);
	g_autoptr(GArray) pids = g_array_new(FALSE, FALSE, sizeof(unsigned));

	processes_find(root, processes, pids, tasks->tasks);
	files_read(root, pids, "cmdline", CMDLINE_MAX, seconds, cmdline_take, processes);
	if (processes->len)
		exits_load(root, processes);
	for (unsigned i = 0; i < processes->len; i++) {
		QemuProcess *process = g_ptr_array_index(processes, i);

		process->named = threads_named(process, tasks->tasks);
		process->vm = (process->named || process->name || has_machine(process)) &&
			      !qemu_is_of_xen(process->argv);
		if (process->vm && !process->named)
			threads_tell(root, process, tasks->tasks);
	}
	return processes;
}

/* Memory */

/* A snapshot keeps the sums, in numa_maps' own words: the lines name files of the guest. */
static void memory_record(Root *root, const char *path, GHashTable *nodes)
{
	g_autoptr(GString) line = g_string_new("sum");

	for (guint node = 0; node < CPULIST_LIMIT; node++) {
		guint64 *bytes = g_hash_table_lookup(nodes, GUINT_TO_POINTER(node));

		if (bytes)
			g_string_append_printf(line, " N%u=%" G_GUINT64_FORMAT, node, *bytes >> 10);
	}
	g_string_append(line, " kernelpagesize_kB=1\n");
	root_record_text(root, path, line->str);
}

static void memory_take(Root *root, unsigned pid, int failure, const char *bytes, size_t length,
			void *data)
{
	g_autofree char *path = g_strdup_printf("/proc/%u/numa_maps", pid);
	g_autofree char *text = g_strndup(bytes, length);
	GHashTable *nodes;

	if (failure) {
		root_failed(root, path, "/proc/PID/numa_maps", failure);
		return;
	}
	if (!*text)
		return; /* ended, or not ours: the kernel shows an empty file */
	root_note_damage(root, path, "/proc/PID/numa_maps", bytes, length);
	nodes = numa_maps_parse(text);
	if (root_recording(root))
		memory_record(root, path, nodes);
	g_hash_table_insert(data, GUINT_TO_POINTER(pid), nodes);
}

GHashTable *qemu_memory_load(Root *root, const GArray *pids, unsigned seconds)
{
	GHashTable *memory =
		g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_hash_table_unref);

	files_read(root, pids, "numa_maps", NUMA_MAPS_MAX, seconds, memory_take, memory);
	return memory;
}
