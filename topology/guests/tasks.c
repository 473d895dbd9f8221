/* SPDX-License-Identifier: MIT */
#include "topology/guests/tasks.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

/* include/linux/sched.h, the same since 3.10 */
#define PF_KTHREAD 0x00200000u
#define PF_NO_SETAFFINITY 0x04000000u
#define PF_USER_WORKER 0x00004000u /* from 6.4 on; before nothing had the bit */

#define TASK_FILE_MAX 65536u

unsigned task_vhost_of(const char *comm)
{
	static const char prefix[] = "vhost-";
	guint64 pid;

	if (!g_str_has_prefix(comm, prefix) ||
	    !g_ascii_string_to_unsigned(comm + strlen(prefix), 10, 1, G_MAXINT, &pid, NULL))
		return 0;
	return (unsigned)pid;
}

/* The N-th word of TEXT, from 0, as a number; false when it is none. */
static bool word_number(const char *text, unsigned n, guint64 *number)
{
	g_autofree char *word = NULL;

	for (; n > 0 && *text; n--) {
		text += strcspn(text, " ");
		text += strspn(text, " ");
	}
	word = g_strndup(text, strcspn(text, " \n"));
	return g_ascii_string_to_unsigned(word, 10, 0, G_MAXUINT64, number, NULL);
}

/* Fields of stat as proc(5) numbers them, what follows ") " being the third. */
enum {
	STAT_STATE = 3,
	STAT_PPID = 4,
	STAT_FLAGS = 9,
	STAT_UTIME = 14,
	STAT_STIME = 15,
	STAT_PROCESSOR = 39,
	STAT_PRIORITY = 40,
	STAT_POLICY = 41
};

/* FIELDS begin with STAT_STATE. */
static Scheduler stat_scheduler(const char *fields)
{
	guint64 policy, priority;

	if (!word_number(fields, STAT_PRIORITY - STAT_STATE, &priority) ||
	    !word_number(fields, STAT_POLICY - STAT_STATE, &policy))
		return (Scheduler){0};
	if (policy != SCHED_FIFO && policy != SCHED_RR)
		return (Scheduler){SCHEDULER_OTHER, 0};
	return (Scheduler){policy == SCHED_FIFO ? SCHEDULER_FIFO : SCHEDULER_RR,
			   (unsigned)priority};
}

bool task_stat_parse(const char *text, Task *task, unsigned *parent)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	guint64 number;
	g_autofree char *raw = NULL;

	if (!open || !close || close < open || close[1] != ' ')
		return false;
	raw = g_strndup(open + 1, (gsize)(close - open - 1));
	close += 2;
	if (!word_number(close, STAT_PPID - STAT_STATE, &number))
		return false;
	*parent = (unsigned)number;
	if (!word_number(close, STAT_FLAGS - STAT_STATE, &number))
		return false;
	task->kernel = number & PF_KTHREAD;
	task->unmovable = number & PF_NO_SETAFFINITY;
	task->worker = number & PF_USER_WORKER;
	task->last_cpu =
		word_number(close, STAT_PROCESSOR - STAT_STATE, &number) && number < CPULIST_LIMIT
			? (int)number
			: -1;
	task->scheduler = stat_scheduler(close);
	g_free(task->comm);
	task->comm = g_utf8_make_valid(raw, -1);
	task->vhost_of = task_vhost_of(task->comm);
	return true;
}

char *task_status_value(const char *text, const char *name)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (g_str_has_prefix(line, name) && line[strlen(name)] == ':') {
			line += strlen(name) + 1;
			return g_strstrip(g_strndup(line, strcspn(line, "\n")));
		}
	}
	return NULL;
}

#define TICK_MS 10	 /* of stat's times: USER_HZ is 100 */
#define POLL_LEAST_MS 20 /* what sleeps runs for less between two sleeps */

bool task_polls(const char *stat, const char *status)
{
	const char *fields = strrchr(stat, ')');
	g_autofree char *slept = task_status_value(status, "voluntary_ctxt_switches");
	guint64 user, system, sleeps;

	if (!fields || strncmp(fields, ") R", 3) != 0 || !slept ||
	    !g_ascii_string_to_unsigned(slept, 10, 0, G_MAXUINT32, &sleeps, NULL) ||
	    !word_number(fields + 2, STAT_UTIME - STAT_STATE, &user) ||
	    !word_number(fields + 2, STAT_STIME - STAT_STATE, &system))
		return false;
	return (user + system) * TICK_MS >= (sleeps + 1) * POLL_LEAST_MS;
}

/* Without stat the flags are not known: per-CPU threads by the names the kernel gives them. */
static bool name_unmovable(const char *comm)
{
	static const char *const names[] = {"ksoftirqd/", "migration/", "cpuhp/", "idle_inject/",
					    "watchdog/"};

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_str_has_prefix(comm, names[i]))
			return true;
	return g_str_has_prefix(comm, "kworker/") && comm[8] >= '0' && comm[8] <= '9';
}

static void status_identify(const char *text, Task *task)
{
	g_autofree char *name = task_status_value(text, "Name");
	g_autofree char *kthread = task_status_value(text, "Kthread");
	g_autofree char *memory = task_status_value(text, "VmSize");
	g_autofree char *parent = task_status_value(text, "PPid");
	g_autofree char *state = task_status_value(text, "State");
	bool zombie = state && *state == 'Z';

	task->comm = g_utf8_make_valid(name ? name : "", -1);
	task->kernel =
		kthread ? *kthread == '1'
			: !memory && !zombie && parent && (!strcmp(parent, "2") || task->pid == 2);
	task->unmovable = task->kernel && name_unmovable(task->comm);
	task->last_cpu = -1;
	task->vhost_of = task_vhost_of(task->comm);
}

bool task_status_parse(const char *text, Task *task, bool all)
{
	g_autofree char *list = task_status_value(text, "Cpus_allowed_list");

	if (all)
		status_identify(text, task);
	task->allowed = list ? cpulist_parse(list, NULL) : NULL;
	return task->allowed;
}

/* "4:cpuset:/machine.slice", "0::/system.slice"; a path may hold ':'. That of CONTROLLER, in
 * *UNIFIED that of v2; NULL = not there. Yours. */
static char *cgroup_find(const char *text, const char *controller, char **unified)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (unsigned i = 0; lines[i]; i++) {
		g_auto(GStrv) fields = g_strsplit(lines[i], ":", 3);
		g_auto(GStrv) controllers = NULL;

		if (g_strv_length(fields) != 3)
			continue;
		controllers = g_strsplit(fields[1], ",", -1);
		if (g_strv_contains((const char *const *)controllers, controller))
			return g_utf8_make_valid(fields[2], -1);
		if (!*fields[1] && !*unified)
			*unified = g_utf8_make_valid(fields[2], -1);
	}
	return NULL;
}

char *task_cgroup_parse(const char *text)
{
	g_autofree char *unified = NULL;
	char *found = cgroup_find(text, "cpuset", &unified);

	return found ? found : g_steal_pointer(&unified);
}

char *task_time_group_parse(const char *text)
{
	g_autofree char *unified = NULL;

	return cgroup_find(text, "cpu", &unified);
}

void task_clear(Task *task)
{
	g_free(task->comm);
	g_free(task->cgroup);
	g_free(task->time_group);
	hwloc_bitmap_free(task->allowed);
	*task = (Task){0};
}

TaskFacts *tasks_new(void)
{
	TaskFacts *tasks = g_new0(TaskFacts, 1);

	tasks->tasks = g_array_new(FALSE, TRUE, sizeof(Task));
	g_array_set_clear_func(tasks->tasks, (GDestroyNotify)task_clear);
	return tasks;
}

void tasks_free(TaskFacts *tasks)
{
	g_array_unref(tasks->tasks);
	g_free(tasks->taken_from);
	g_free(tasks);
}

/* Loading */

static char *file_load(Root *root, const char *folder, const char *name)
{
	g_autofree char *path = g_strconcat(folder, "/", name, NULL);
	size_t length;
	int failure;
	char *text = root_read_private(root, path, TASK_FILE_MAX, &length, &failure);

	if (!text) {
		g_autofree char *source = g_strconcat("/proc/PID/", name, NULL);

		root_failed(root, path, source, failure);
	} else {
		g_autofree char *source = g_strconcat("/proc/PID/", name, NULL);

		root_note_damage(root, path, source, text, length);
	}
	return text;
}

const char *const task_status_kept[] = {
	"Name", "State", "PPid", "VmSize", "Kthread", "Cpus_allowed_list", NULL};

/* A snapshot keeps of status what is asked of it, a fifth. */
static void status_record(Root *root, const char *folder, const char *text)
{
	g_autofree char *path = g_strconcat(folder, "/status", NULL);
	g_autoptr(GString) kept = g_string_new(NULL);

	for (const char *const *name = task_status_kept; *name; name++) {
		g_autofree char *value = task_status_value(text, *name);

		if (value)
			g_string_append_printf(kept, "%s:\t%s\n", *name, value);
	}
	root_record_text(root, path, kept->str);
}

/* Of stat what is asked of it: other fields are addresses. */
static void stat_record(Root *root, const char *path, const char *text)
{
	const char *close = strrchr(text, ')');
	g_autofree char *rest = close ? g_strstrip(g_strdup(close + 1)) : NULL;
	g_auto(GStrv) words = rest ? g_strsplit(rest, " ", -1) : NULL;
	g_autoptr(GString) kept = g_string_new_len(text, close ? close + 1 - text : 0);

	for (unsigned i = 0; words && words[i]; i++) {
		unsigned field = i + STAT_STATE;
		bool asked = field == STAT_STATE || field == STAT_PPID || field == STAT_FLAGS ||
			     field == STAT_PROCESSOR || field == STAT_PRIORITY ||
			     field == STAT_POLICY;

		g_string_append_printf(kept, " %s", asked ? words[i] : "0");
	}
	g_string_append(kept, close ? "\n" : "");
	root_record_text(root, path, kept->str);
}

static void tasks_record(Root *root, const char *folder, const char *stat, const char *status,
			 const char *cgroup)
{
	g_autofree char *stat_path = g_strconcat(folder, "/stat", NULL);
	g_autofree char *cgroup_path = g_strconcat(folder, "/cgroup", NULL);

	if (!root_recording(root))
		return;
	status_record(root, folder, status);
	if (stat)
		stat_record(root, stat_path, stat);
	if (cgroup)
		root_record_text(root, cgroup_path, cgroup);
}

static bool file_exists(Root *root, const char *folder, const char *name)
{
	g_autofree char *path = g_strconcat(folder, "/", name, NULL);

	return root_exists(root, path);
}

static bool task_load(Root *root, const char *folder, Task *task)
{
	g_autofree char *stat = file_load(root, folder, "stat");
	g_autofree char *status = file_load(root, folder, "status");
	g_autofree char *cgroup = status ? file_load(root, folder, "cgroup") : NULL;
	unsigned parent;
	bool known = stat && task_stat_parse(stat, task, &parent);

	if (!status) /* it ended, or the capture has only its name */
		return false;
	if (!task_status_parse(status, task, !known))
		root_note_text(root, "/proc/PID/status", "does not say Cpus_allowed_list");
	if (stat && !known)
		root_note_text(root, "/proc/PID/stat", "is damaged");
	if (task->kernel && !known && (stat || file_exists(root, folder, "stat")))
		task->unmovable = true;
	task->polls = known && task_polls(stat, status);
	task->cgroup = cgroup ? task_cgroup_parse(cgroup) : NULL;
	task->time_group = cgroup ? task_time_group_parse(cgroup) : NULL;
	tasks_record(root, folder, stat, status, cgroup);
	return true;
}

static void task_add(Root *root, GArray *tasks, const char *folder, unsigned pid, unsigned tid)
{
	Task task = {.pid = pid, .tid = tid};

	if (task_load(root, folder, &task))
		g_array_append_val(tasks, task);
	else
		task_clear(&task);
}

/* The threads of one process, but those SEEN: the kernel has no number twice, a capture in which
 * processes are links to one another has. False where the capture has no list of them. */
static bool threads_load(Root *root, GArray *tasks, GHashTable *seen, unsigned pid)
{
	g_autofree char *folder = g_strdup_printf("/proc/%u/task", pid);
	g_autoptr(GArray) threads = root_numbers(root, folder, "", "/proc/PID/task");

	for (guint i = 0; i < threads->len; i++) {
		unsigned tid = g_array_index(threads, unsigned, i);
		g_autofree char *thread = g_strdup_printf("%s/%u", folder, tid);

		if (g_hash_table_add(seen, GUINT_TO_POINTER(tid)))
			task_add(root, tasks, thread, pid, tid);
	}
	return threads->len;
}

static void main_load(Root *root, TaskFacts *tasks, unsigned pid)
{
	g_autofree char *folder = g_strdup_printf("/proc/%u", pid);
	guint before = tasks->tasks->len;

	task_add(root, tasks->tasks, folder, pid, pid);
	if (tasks->tasks->len > before && !tasks->taken_from && !root_is_live(root))
		tasks->taken_from = g_strdup("main threads only");
}

void tasks_load(Root *root, TaskFacts *tasks)
{
	g_autoptr(GArray) processes = root_numbers(root, "/proc", "", NULL);
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < processes->len; i++) {
		unsigned pid = g_array_index(processes, unsigned, i);

		if (root_is_live(root) && pid == (unsigned)getpid())
			continue;
		if (!threads_load(root, tasks->tasks, seen, pid))
			main_load(root, tasks, pid);
	}
	if (!tasks->tasks->len)
		root_note_text(root, "/proc/PID/status", "does not exist: tasks are unknown");
}

static bool tasks_known(const void *reader)
{
	const TaskFacts *tasks = reader;

	return tasks->tasks->len > 0 && !tasks->taken_from;
}

const FactSource task_sources[] = {
	{FACT_TASKS,
	 {"/proc/PID/status", "/proc/PID/stat", "/proc/PID/task", "/proc/PID/comm", "/proc"},
	 tasks_known},
	{0},
};
