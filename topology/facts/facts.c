/* SPDX-License-Identifier: MIT */
#include "topology/facts/facts.h"

#include "topology/facts/facts_root.h"
#include "topology/facts/platform_load.h"

#include <string.h>

#define MEASURED_MAX (32u << 20)

Facts *facts_new(void)
{
	Facts *facts = g_new0(Facts, 1);

	facts->kernel = kernel_new();
	facts->irqs = irqs_new();
	facts->tasks = tasks_new();
	facts->cgroups = cgroups_new();
	facts->kvm = kvm_new();
	facts->services = services_new();
	facts->unread = unread_new();
	return facts;
}

void facts_free(Facts *facts)
{
	if (!facts)
		return;
	kernel_free(facts->kernel);
	irqs_free(facts->irqs);
	tasks_free(facts->tasks);
	cgroups_free(facts->cgroups);
	g_clear_pointer(&facts->hugepages, g_array_unref);
	kvm_free(facts->kvm);
	g_clear_pointer(&facts->power, g_array_unref);
	services_free(facts->services);
	guests_free(facts->guests);
	host_free(facts->host);
	g_ptr_array_unref(facts->unread);
	g_free(facts->source);
	g_free(facts->measured);
	g_free(facts->os);
	g_free(facts);
}

const char *facts_why_unread(const Facts *facts, const char *source)
{
	for (unsigned i = 0; i < facts->unread->len; i++) {
		const Unread *unread = g_ptr_array_index(facts->unread, i);

		if (g_str_equal(unread->source, source))
			return unread->why;
	}
	return NULL;
}

Node facts_node(const Facts *facts)
{
	const GuestFacts *guests = facts->guests;
	Node node = {
		.kernel = facts->kernel->release,
		.qemu = guests ? guests->qemu : NULL,
		.libvirt = guests ? guests->libvirt : NULL,
		.nested = facts->kvm->nested,
	};

	node_exits_set(&node, facts->kvm->disable_exits);
	return node;
}

/* Only a snapshot can have it. */
static char *facts_measured_load(Root *root)
{
	size_t length;

	return root_is_snapshot(root) ? root_read(root, FACTS_MEASURED, NULL, MEASURED_MAX, &length)
				      : NULL;
}

Facts *facts_load_root(Root *root, const FactsOptions *options)
{
	Facts *facts = facts_new();
	g_autoptr(GError) error = NULL;

	facts->source = g_utf8_make_valid(options->root ? options->root : "/", -1);
	facts->live = root_is_live(root);
	facts->host = capture_host_load(root, options->topology, &error);
	if (!facts->host)
		root_note_text(root, "topology", error->message);
	kernel_load(root, facts->kernel);
	irqs_load(root, facts->irqs);
	tasks_load(root, facts->tasks);
	cgroups_load(root, facts->cgroups);
	facts->hugepages = hugepages_load(root);
	kvm_load(root, facts->kvm);
	facts->power = power_load(root, facts->kernel->offline);
	services_load(root, facts->tasks, facts->services);
	facts->guests = guests_load(root, &options->guests, facts->tasks);
	platform_load(root, facts);
	facts->measured = facts_measured_load(root);
	g_ptr_array_unref(facts->unread);
	facts->unread = root_unread(root);
	return facts;
}

Facts *facts_load(const FactsOptions *options, GError **error)
{
	g_autoptr(Root) root = root_open(options->root ? options->root : "/", ROOT_NODE, error);

	return root ? facts_load_root(root, options) : NULL;
}
