/* SPDX-License-Identifier: MIT */
/*
 * Any files as a whole capture, each after a line "== PATH": what a node says of itself, the rules
 * over it with and without a plan, every form of the report, and its adoption, whose inventory is
 * read as it was written. Then one file is taken away, emptied, cut or garbled: what could not be
 * read is not known, and there is no error that was not there before.
 */
#include "frame.h"
#include "planner/adopt/adopt.h"
#include "planner/base/json.h"
#include "planner/check/check.h"
#include "topology/facts/facts_root.h"

#define MARK "== "
#define MOST_FILES 200

/* What befalls one file of a capture. */
typedef enum Damage { DAMAGE_GONE, DAMAGE_EMPTY, DAMAGE_CUT, DAMAGE_GARBLED, N_DAMAGES } Damage;

static void add_damaged(Tree *tree, const char *path, const char *content, Damage damage)
{
	static const char garbage[] = "\xff\xfe <\x01\n\x80=,:/";
	size_t length = strlen(content);

	if (damage == DAMAGE_GARBLED)
		tree_add_file(tree, path, garbage, strlen(garbage));
	else if (damage != DAMAGE_GONE)
		tree_add_file(tree, path, content, damage == DAMAGE_CUT ? length / 2 : 0);
}

/* The capture, with DAMAGE done to its file DAMAGED, counted from 0; *FILES, how many there are.
 * *OF_VM is set where that file says what a VM is. */
static Root *root_of(const char *input, unsigned damaged, Damage damage, unsigned *files,
		     bool *of_vm)
{
	g_autofree char *text = g_strdup(input);
	Tree *tree = tree_new();

	*files = 0;
	*of_vm = false;
	for (char *at = text; at && g_str_has_prefix(at, MARK) && *files < MOST_FILES; ++*files) {
		char *path = at + strlen(MARK), *content = strchr(path, '\n');

		at = content ? strstr(content, "\n" MARK) : NULL;
		if (at)
			*at++ = '\0';
		if (content)
			*content++ = '\0';
		if (content && *files == damaged) {
			*of_vm = strstr(path, "domains/") || strstr(path, "libvirt/");
			add_damaged(tree, path, content, damage);
		} else if (content) {
			tree_add_file(tree, path, content, strlen(content));
		}
	}
	return root_open_tree(tree);
}

static void check_forms(const Check *check)
{
	g_autofree char *prometheus = check_to_prometheus(check), *junit = check_to_junit(check);
	g_autofree char *counts = check_counts_text(check), *subject = check_subject(check);
	json_t *json = check_to_json(check);
	g_autofree char *text = json_text(json);

	json_decref(json);
	frame_check_clean(prometheus, "\n");
	frame_check_clean(junit, "\n\t");
	frame_check_clean(counts, "");
	frame_check_clean(subject, "");
	frame_check_clean(text, "\n");
}

/* The errors of CHECK are added to ERRORS, by rule and, but for VMs, by subject: one whose domain
 * is not known any more is told by its process. */
static void errors_add(const Check *check, GHashTable *errors)
{
	for (unsigned i = 0; i < check->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(check->findings, i);
		bool of_vm = g_str_has_prefix(finding->subject, "vm ");

		if (finding->verdict == VERDICT_FAIL && finding->severity == SEVERITY_ERROR)
			g_hash_table_add(errors,
					 g_strconcat(finding->id, " ",
						     of_vm ? "vm" : finding->subject, NULL));
	}
}

static void check_rules(const Facts *facts, const Plan *plan, const Inventory *inventory,
			GHashTable *errors)
{
	const CheckOptions options = {0};
	g_autoptr(Audit) audit = audit_new(plan, inventory, facts);
	g_autoptr(Check) check = check_run(audit, &options);

	check_forms(check);
	errors_add(check, errors);
}

static void check_adopted(const Facts *facts)
{
	g_autoptr(Adoption) adoption = adopt(facts);
	g_autofree char *written = inventory_write(adoption->inventory, adoption->notes);
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Inventory) read = inventory_parse("f", written, strlen(written), errors);

	frame_check_clean(written, "\n");
	g_assert(read);
}

/* What is wrong with the capture of ROOT, with and without a plan. Its topology is its own where
 * OWN. */
static GHashTable *errors_of(Root *root, bool own, bool adopted)
{
	const FactsOptions options = {.topology = own ? NULL : FRAME_TOPOLOGY};
	GHashTable *errors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(Facts) facts = facts_load_root(root, &options);
	g_autoptr(Inventory) inventory = NULL;
	g_autoptr(Plan) plan = NULL;

	frame_plan("[host]\ncores = 2\n[vm a]\nvcpus = 2\n", &inventory, &plan);
	check_rules(facts, NULL, NULL, errors);
	if (!own) /* of another machine nothing is compared with the plan */
		check_rules(facts, plan, inventory, errors);
	if (adopted && facts->host)
		check_adopted(facts);
	return errors;
}

/* Has the capture a topology? */
static bool has_topology(const char *input)
{
	const FactsOptions options = {0};
	unsigned files;
	bool of_vm;
	g_autoptr(Root) root = root_of(input, G_MAXUINT, DAMAGE_GONE, &files, &of_vm);
	g_autoptr(Facts) facts = facts_load_root(root, &options);

	return facts->host;
}

static bool any_of_vms(GHashTable *errors)
{
	GHashTableIter iter;
	gpointer error;

	g_hash_table_iter_init(&iter, errors);
	while (g_hash_table_iter_next(&iter, &error, NULL))
		if (g_str_has_suffix(error, " vm"))
			return true;
	return false;
}

/* A VM that had a fault may show it in another way, when only its threads are left to tell of it.
 */
static void check_damaged(const char *input, unsigned damaged, Damage damage, bool own,
			  GHashTable *before)
{
	unsigned files;
	bool of_vm, told;
	g_autoptr(Root) root = root_of(input, damaged, damage, &files, &of_vm);
	g_autoptr(GHashTable) after = errors_of(root, own, false);
	GHashTableIter iter;
	gpointer error;

	told = of_vm && any_of_vms(before);
	g_hash_table_iter_init(&iter, after);
	while (g_hash_table_iter_next(&iter, &error, NULL))
		if (!g_hash_table_contains(before, error) &&
		    !(told && g_str_has_suffix(error, " vm")))
			g_error("file %u, damage %u: %s", damaged, damage, (const char *)error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *input = g_strndup((const char *)data, size);
	bool own = has_topology(input), of_vm;
	unsigned files, hash = g_str_hash(input);
	g_autoptr(Root) root = root_of(input, G_MAXUINT, DAMAGE_GONE, &files, &of_vm);
	g_autoptr(GHashTable) errors = errors_of(root, own, true);

	if (files)
		check_damaged(input, hash / N_DAMAGES % files, hash % N_DAMAGES, own, errors);
	return 0;
}
