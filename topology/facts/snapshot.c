/* SPDX-License-Identifier: MIT */
#include "topology/facts/snapshot.h"

#include "topology/facts/facts_root.h"
#include "topology/root/tar.h"

GByteArray *snapshot_load(const FactsOptions *options, GPtrArray **unread, GError **error)
{
	g_autoptr(Root) root = root_open(options->root ? options->root : "/", ROOT_NODE, error);
	g_autoptr(Facts) facts = NULL;

	if (!root)
		return NULL;
	root_record(root);
	root_record_text(root, "/planner/snapshot", SNAPSHOT_FORMAT "\n");
	if (options->measured)
		root_record_text(root, FACTS_MEASURED, options->measured);
	facts = facts_load_root(root, options);
	if (unread)
		*unread = g_ptr_array_ref(facts->unread);
	return tar_format(root_recorded(root));
}
