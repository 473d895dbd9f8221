/* SPDX-License-Identifier: MIT */
/*
 * Any files as a whole capture, each after a line "== PATH": what a node says of itself, the rules
 * over it with and without a plan, every form of the report, and its adoption, whose inventory is
 * read as it was written.
 */
#include "frame.h"
#include "planner/adopt/adopt.h"
#include "planner/base/json.h"
#include "planner/check/check.h"
#include "topology/facts/facts_root.h"

#define MARK "== "
#define MOST_FILES 200

/* The capture; NULL where a path is none. */
static Root *root_of(char *input)
{
	Tree *tree = tree_new();
	unsigned files = 0;

	for (char *at = input; at && g_str_has_prefix(at, MARK) && files < MOST_FILES; files++) {
		char *path = at + strlen(MARK), *content = strchr(path, '\n');

		at = content ? strstr(content, "\n" MARK) : NULL;
		if (at)
			*at++ = '\0';
		if (content)
			*content++ = '\0';
		if (content)
			tree_add_file(tree, path, content, strlen(content));
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

static void check_rules(const Facts *facts, const Plan *plan, const Inventory *inventory)
{
	const CheckOptions options = {0};
	g_autoptr(Audit) audit = audit_new(plan, inventory, facts);
	g_autoptr(Check) check = check_run(audit, &options);

	check_forms(check);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const FactsOptions options = {.topology = FRAME_TOPOLOGY};
	g_autofree char *input = g_strndup((const char *)data, size);
	g_autoptr(Root) root = root_of(input);
	g_autoptr(Facts) facts = facts_load_root(root, &options);
	g_autoptr(Inventory) inventory = NULL;
	g_autoptr(Plan) plan = NULL;

	frame_plan("[host]\ncores = 2\n[vm a]\nvcpus = 2\n", &inventory, &plan);
	check_rules(facts, NULL, NULL);
	check_rules(facts, plan, inventory);
	if (facts->host)
		check_adopted(facts);
	return 0;
}
