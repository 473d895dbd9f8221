/* SPDX-License-Identifier: MIT */
/*
 * What libvirt's hook asks. It speaks with nobody: the plan, libvirt's files of what runs and /sys
 * are all it reads, and where that takes too long a signal ends it with an answer. libvirt waits
 * for hooks without a limit, and a hook that asks libvirt waits for itself.
 */
#include "planner/check/admit.h"
#include "cmd/cmd.h"
#include "cmd/inputs.h"
#include "cmd/output.h"
#include "planner/artifacts/artifact.h"
#include "planner/document/plan_read.h"
#include "topology/facts/hugepages.h"
#include "topology/guests/domain.h"
#include "topology/guests/domains.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <syslog.h>
#include <unistd.h>

/* The deadline */

#define ADMIT_SECONDS 1

static const char admit_late[] = "planner: admit: no answer in a second; not judged\n";
static volatile sig_atomic_t admit_late_status;

static void admit_give_up(int signal)
{
	ssize_t written = write(STDERR_FILENO, admit_late, sizeof(admit_late) - 1);

	(void)signal;
	(void)written;
	_exit(admit_late_status);
}

static void admit_deadline_set(Guard guard)
{
	const struct sigaction action = {.sa_handler = admit_give_up};
	const struct itimerval limit = {.it_value = {.tv_sec = ADMIT_SECONDS}};

	admit_late_status = guard == GUARD_STRICT ? STATUS_BAD_NEWS : STATUS_FINE;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &limit, NULL);
}

/* What is asked */

static bool admit_guard(const Options *options, Guard *guard, GError **error)
{
	*guard = GUARD_WARN;
	if (!options->guard)
		return true;
	for (Guard word = GUARD_WARN; guard_names[word]; word++)
		if (g_str_equal(options->guard, guard_names[word])) {
			*guard = word;
			return true;
		}
	return options_refuse(error, &command_admit,
			      "--guard: '%s' is not one of warn, refuse, strict", options->guard);
}

/* Of others libvirt asks too, and once the VM runs, a refusal ends it. */
static bool admit_operation_judged(char *const *arguments)
{
	return !arguments[1] || g_str_equal(arguments[1], "prepare") ||
	       g_str_equal(arguments[1], "migrate");
}

/* What it is judged by */

/* The VM of XML, which becomes one of DOMAINS; its name, yours; NULL with ERROR. */
static char *admit_domain_take(Domains *domains, const char *xml, size_t length, GError **error)
{
	g_autoptr(Domain) domain = domain_parse(xml, length, error);
	DomainRecord *record;

	if (!domain)
		return NULL;
	record = domains_record(domains, domain->name);
	record->running = true;
	record->live = g_strndup(xml, length);
	return g_strdup(domain->name);
}

/* The VMs of PLAN, and NAME: libvirt's files of these need not be read. Yours. */
static GHashTable *admit_known(const Plan *plan, const char *name)
{
	GHashTable *known = g_hash_table_new(g_str_hash, g_str_equal);

	g_hash_table_add(known, (gpointer)name);
	for (unsigned i = 0; i < plan->vms->len; i++)
		g_hash_table_add(known,
				 ((const PlanVm *)g_ptr_array_index(plan->vms, i))->spec->name);
	return known;
}

/* Why the VM of XML, *NAME, may not start beside PLAN; empty = it may. Yours; NULL with ERROR. */
static GPtrArray *admit_reasons(const Options *options, const Plan *plan, const char *xml,
				size_t length, char **name, GError **error)
{
	g_autoptr(Root) root = root_open(options->root ? options->root : "/", 0, error);
	g_autoptr(Domains) given = domains_new("the hook");
	g_autoptr(Domains) domains = NULL;
	g_autoptr(GHashTable) known = NULL;
	g_autoptr(GArray) pages = NULL;
	GuestFacts *guests;
	GPtrArray *reasons;

	*name = root ? admit_domain_take(given, xml, length, error) : NULL;
	if (!*name)
		return NULL;
	known = admit_known(plan, *name);
	domains = domains_running(root, known);
	g_ptr_array_add(domains->records, g_ptr_array_steal_index(given->records, 0));
	pages = hugepages_load(root);
	if (pages)
		hugepages_load_more(root, pages);
	guests = guests_of_domains(root, domains);
	reasons = admit_judge(plan, guests, *name, pages);
	guests_free(guests);
	return reasons;
}

/* The answer */

/* To whoever asks, in one line; where it is the hook, to the system's log too: libvirt keeps
 * nothing of a hook that agrees. */
static void admit_say(const Options *options, int level, const char *text)
{
	g_autofree char *safe = output_safe(text);

	fprintf(stderr, "planner: %s\n", safe);
	if (!options->arguments[1])
		return;
	openlog("planner", LOG_PID, LOG_DAEMON);
	syslog(level, "%s", safe);
}

static Status admit_answer(const Options *options, Guard guard, const char *name,
			   const GPtrArray *reasons)
{
	g_autofree char *reason = NULL;

	if (!reasons->len)
		return STATUS_FINE;
	reason = admit_reason(name, reasons);
	admit_say(options, guard == GUARD_WARN ? LOG_WARNING : LOG_ERR, reason);
	return guard == GUARD_WARN ? STATUS_FINE : STATUS_BAD_NEWS;
}

static Status admit_unjudged(const Options *options, Guard guard, const GError *why)
{
	g_autofree char *text = g_strdup_printf("admit: not judged: %s", why->message);

	admit_say(options, LOG_WARNING, text);
	return guard == GUARD_STRICT ? STATUS_BAD_NEWS : STATUS_FINE;
}

/* A VM that has no place in PLAN is a stranger to it: nothing says where it may run. */
static void admit_unplaced_drop(Plan *plan)
{
	for (unsigned i = plan->vms->len; i-- > 0;)
		if (!((const PlanVm *)g_ptr_array_index(plan->vms, i))->placed)
			g_ptr_array_remove_index(plan->vms, i);
}

/* GUARD: what --guard says, else what the plan does, from where it is read. */
static Status admit_judged(const Options *options, Guard guard)
{
	const char *file = options->plan ? options->plan : ARTIFACT_PLAN;
	g_autofree char *text = NULL, *xml = NULL, *name = NULL;
	g_autoptr(GPtrArray) reasons = NULL;
	g_autoptr(GError) why = NULL;
	g_autoptr(Host) host = NULL;
	g_autoptr(Plan) plan = NULL;
	size_t length;

	text = input_read(file, &length, &why);
	plan = text ? plan_read(file, text, length, &host, &why) : NULL;
	if (plan)
		admit_unplaced_drop(plan);
	if (plan && !options->guard && plan->node->guard != GUARD_OFF) {
		guard = plan->node->guard;
		admit_deadline_set(guard);
	}
	xml = plan ? input_read("-", &length, &why) : NULL;
	reasons = xml ? admit_reasons(options, plan, xml, length, &name, &why) : NULL;
	return reasons ? admit_answer(options, guard, name, reasons)
		       : admit_unjudged(options, guard, why);
}

static Status admit_command(const Options *options, GError **error)
{
	Guard guard;

	if (!*options->arguments) {
		options_refuse(error, &command_admit, "name the VM");
		return STATUS_TROUBLE;
	}
	if (!admit_guard(options, &guard, error))
		return STATUS_TROUBLE;
	if (!admit_operation_judged(options->arguments))
		return STATUS_FINE;
	admit_deadline_set(guard);
	return admit_judged(options, guard);
}

static const OptionRow admit_options[] = {
	{0, "guard", "warn|refuse|strict", offsetof(Options, guard),
	 "what to do with a VM that would break the plan: warn lets it start, refuse exits with 1, "
	 "strict does so too if it cannot be judged; default: as the plan says, else warn"},
	{0},
};

const Command command_admit = {
	.name = "admit",
	.help = "say whether a VM may start beside the plan: what libvirt's hook asks",
	.arguments = "NAME [OPERATION [...]] <XML",
	.options = OPTION_PLAN | OPTION_ROOT,
	.own = admit_options,
	.example = "planner admit web --guard refuse -p plan.json <web.xml",
	.before = "planner emit libvirt-hook makes libvirt ask, with [node] guard in the inventory",
	.after = "planner check finds what changes while a VM runs, which no hook sees",
	.run = admit_command,
};
