/* SPDX-License-Identifier: MIT */
#include "planner/check/check.h"
#include "planner/base/finding_json.h"
#include "planner/base/json.h"
#include "planner/check/check_node.h"
#include "planner/check/rules_found.h"
#include "topology/base/list.h"

#include <string.h>

static bool check_listed(char **words, const char *id)
{
	for (; words && *words; words++)
		if (rule_covered(*words, id))
			return true;
	return false;
}

bool check_rule_chosen(const Rule *rule, const CheckOptions *options)
{
	return (!options->only || check_listed(options->only, rule->id)) &&
	       !check_listed(options->skip, rule->id);
}

static void check_count(Check *check)
{
	for (unsigned i = 0; i < check->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(check->findings, i);

		if (finding->waived)
			check->waived++;
		else if (finding->verdict == VERDICT_UNKNOWN)
			check->unknown++;
		else
			check->counts[finding->severity]++;
	}
}

Check *check_run(const Audit *audit, const CheckOptions *options)
{
	Check *check = g_new0(Check, 1);

	check->audit = audit;
	check->options = *options;
	check->rules = g_ptr_array_new();
	check->findings = findings_new();
	for (const Rule *const *rule = rules; *rule; rule++) {
		if (!check_rule_chosen(*rule, options) || !rule_applies(*rule, audit))
			continue;
		g_ptr_array_add(check->rules, (gpointer)*rule);
		rule_run(*rule, audit, check->findings);
	}
	if (options->waivers)
		waivers_apply(options->waivers, options->today, check->findings);
	findings_sort(check->findings);
	check_count(check);
	return check;
}

void check_free(Check *check)
{
	g_ptr_array_unref(check->rules);
	g_ptr_array_unref(check->findings);
	g_free(check);
}

bool check_finding_bad(const Check *check, const Finding *finding)
{
	if (finding->waived)
		return false;
	if (finding->verdict == VERDICT_UNKNOWN)
		return check->options.strict;
	return finding->severity >= check->options.fail_on;
}

bool check_bad(const Check *check)
{
	for (unsigned i = 0; i < check->findings->len; i++)
		if (check_finding_bad(check, g_ptr_array_index(check->findings, i)))
			return true;
	return false;
}

char *check_subject(const Check *check)
{
	const Audit *audit = check->audit;
	const char *name = check_node_name(audit);

	if (name && (audit->plan || !audit->facts->live))
		return g_strdup_printf("node %s", name);
	return g_strdup(audit->facts->live ? "this machine" : "the captured node");
}

/* The document */

/* How a rule came out. */
typedef enum RuleOutcome { RULE_PASSED, RULE_UNKNOWN, RULE_FAILED } RuleOutcome;

static RuleOutcome check_rule_outcome(const Check *check, const Rule *rule)
{
	RuleOutcome outcome = RULE_PASSED;

	for (unsigned i = 0; i < check->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(check->findings, i);

		if (!finding->waived && g_str_equal(finding->id, rule->id))
			outcome = MAX(outcome, finding->verdict == VERDICT_UNKNOWN ? RULE_UNKNOWN
										   : RULE_FAILED);
	}
	return outcome;
}

/* Rules that could not be judged, or not everywhere: one that failed for a VM may be unknown for
 * another. */
static unsigned check_rules_unknown(const Check *check)
{
	g_autoptr(GHashTable) unknown = g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned i = 0; i < check->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(check->findings, i);

		if (!finding->waived && finding->verdict == VERDICT_UNKNOWN)
			g_hash_table_add(unknown, finding->id);
	}
	return g_hash_table_size(unknown);
}

bool check_rule_passed(const Check *check, const Rule *rule)
{
	return check_rule_outcome(check, rule) == RULE_PASSED;
}

char *check_counts_text(const Check *check)
{
	GString *text = g_string_new(NULL);
	unsigned passed = 0, unknown = check_rules_unknown(check);

	for (unsigned i = 0; i < check->rules->len; i++)
		passed += check_rule_passed(check, g_ptr_array_index(check->rules, i));
	for (unsigned severity = SEVERITY_ERROR + 1; severity-- > SEVERITY_INFO;)
		if (check->counts[severity])
			list_add(text, "%u %s%s", check->counts[severity], severity_name(severity),
				 check->counts[severity] == 1 ? "" : "s");
	if (!text->len)
		g_string_append(text, "no problem found");
	if (check->waived)
		list_add(text, "%u waived", check->waived);
	g_string_append_printf(text, "; %u rule%s passed", passed, passed == 1 ? "" : "s");
	if (unknown)
		g_string_append_printf(text, ", %u could not be judged", unknown);
	return g_string_free(text, FALSE);
}

static void check_set_to_json(json_t *object, const char *key, hwloc_const_bitmap_t set)
{
	g_autofree char *list = set ? cpulist_format(set) : NULL;

	json_object_set_new(object, key, json_string_or_null(list));
}

/* What the line asks for, and what the kernel made of it. */
static json_t *check_kernel_to_json(const Audit *audit)
{
	const KernelFacts *kernel = audit->facts->kernel;
	const CmdlineEffects *effects = audit->effects;
	json_t *asked = json_object(), *has = json_object();
	const struct {
		const char *key;
		const CmdlineEffect *effect;
	} parameters[] = {{"isolcpus", effects ? &effects->isolcpus : NULL},
			  {"nohz_full", effects ? &effects->nohz_full : NULL},
			  {"rcu_nocbs", effects ? &effects->rcu_nocbs : NULL},
			  {"irqaffinity", effects ? &effects->irqaffinity : NULL}};

	for (unsigned i = 0; i < G_N_ELEMENTS(parameters); i++) {
		const CmdlineEffect *effect = parameters[i].effect;

		check_set_to_json(asked, parameters[i].key,
				  effect && effect->value ? effect->asked : NULL);
	}
	check_set_to_json(has, "isolated", kernel->isolated);
	check_set_to_json(has, "nohz_full", kernel->nohz_full);
	check_set_to_json(has, "rcu_nocbs", effects ? audit->rcu : NULL);
	check_set_to_json(has, "partitions", audit->partitions);
	check_set_to_json(has, "default_smp_affinity", audit->facts->irqs->default_affinity);
	return json_pack("{so so}", "asked", asked, "has", has);
}

static json_t *summary_to_json(const Check *check)
{
	json_t *object = json_object();

	json_object_set_new(object, "rules", json_integer(check->rules->len));
	json_object_set_new(object, "errors", json_integer(check->counts[SEVERITY_ERROR]));
	json_object_set_new(object, "warnings", json_integer(check->counts[SEVERITY_WARNING]));
	json_object_set_new(object, "infos", json_integer(check->counts[SEVERITY_INFO]));
	json_object_set_new(object, "unknown", json_integer(check->unknown));
	json_object_set_new(object, "waived", json_integer(check->waived));
	json_object_set_new(object, "bad", json_boolean(check_bad(check)));
	return object;
}

static json_t *unread_to_json(const Facts *facts)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < facts->unread->len; i++) {
		const Unread *unread = g_ptr_array_index(facts->unread, i);
		json_t *object = json_object();

		json_object_set_new(object, "source", json_string(unread->source));
		json_object_set_new(object, "why", json_string(unread->why));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *rules_to_json(const Check *check)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < check->rules->len; i++)
		json_array_append_new(
			array, json_string(((const Rule *)g_ptr_array_index(check->rules, i))->id));
	return array;
}

json_t *check_to_json(const Check *check)
{
	json_t *object = json_object();

	json_object_set_new(object, "format", json_string(JSON_FORMAT_CHECK));
	json_object_set_new(object, "node", check_node_to_json(check->audit));
	json_object_set_new(object, "planned", json_boolean(check->audit->plan != NULL));
	json_object_set_new(object, "kernel", check_kernel_to_json(check->audit));
	json_object_set_new(object, "summary", summary_to_json(check));
	json_object_set_new(object, "findings", findings_to_json(check->findings));
	json_object_set_new(object, "unread", unread_to_json(check->audit->facts));
	json_object_set_new(object, "rules", rules_to_json(check));
	return object;
}
