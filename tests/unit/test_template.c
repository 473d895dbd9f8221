/* SPDX-License-Identifier: MIT */
/* Templates, and the domain XML that is made of most of them. */
#include "planner/artifacts/artifact.h"
#include "planner/artifacts/template.h"
#include "topology/base/error.h"

#include <libxml/parser.h>
#include <string.h>

#define END                                                                                        \
	{                                                                                          \
		NULL, NULL, TEMPLATE_RAW                                                           \
	}

/* Filling */

static char *fill_one(const char *text, const char *value, TemplateEscape escape, GError **error)
{
	const TemplateValue values[] = {{"a", value, escape}, END};

	return template_fill("t.xml", text, values, error);
}

static void assert_filled(const char *text, const char *value, TemplateEscape escape,
			  const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *filled = fill_one(text, value, escape, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(filled, ==, expected);
}

static void assert_refused(const char *text, const char *value, TemplateEscape escape,
			   const char *pattern)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *filled = fill_one(text, value, escape, &error);

	g_assert_null(filled);
	g_assert_true(g_error_matches(error, PLANNER_ERROR, PLANNER_ERROR_INPUT));
	g_assert_true(g_str_has_prefix(error->message, "t.xml: "));
	g_assert_true(g_utf8_validate(error->message, -1, NULL));
	g_assert_null(strchr(error->message, '\n'));
	if (!g_pattern_match_simple(pattern, error->message))
		g_test_message("'%s' is not like '%s'", error->message, pattern);
	g_assert_true(g_pattern_match_simple(pattern, error->message));
}

static void test_fill(void)
{
	static const struct {
		const char *text, *filled;
	} rows[] = {
		{"${a}", "x"},
		{"<${a}>", "<x>"},
		{"${a}${a} ${a}", "xx x"},
		{"$$${a}$$", "$x$"},
		{"$${a} ${a}", "${a} x"},
		{"$$$$${a}", "$$x"},
		{"{a} ${a} }", "{a} x }"},
		{"a\n${a}\n", "a\nx\n"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_filled(rows[i].text, "x", TEMPLATE_RAW, rows[i].filled);
}

static void test_fill_nothing(void)
{
	const TemplateValue none[] = {END};
	g_autoptr(GError) error = NULL;
	g_autofree char *empty = template_fill("t.xml", "", none, &error);
	g_autofree char *plain = template_fill("t.xml", "plain $$5\n", none, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(empty, ==, "");
	g_assert_cmpstr(plain, ==, "plain $5\n");
}

static void test_fill_refused(void)
{
	static const struct {
		const char *text, *pattern;
	} rows[] = {
		{"${a} ${b}", "*unknown name ${b}"},
		{"${a} ${}", "*unknown name ${}"},
		{"${a} ${ a}", "*unknown name ${ a}"},
		{"${a} ${A}", "*unknown name ${A}"},
		{"${a} ${aa}", "*unknown name ${aa}"},
		{"${a} ${a\n}", "*unknown name*"},
		{"${a} $", "*single '$'*"},
		{"${a} $a", "*single '$'*"},
		{"${a} $(a)", "*single '$'*"},
		{"${a} ${a", "*single '$'*"},
		{"${a} $$$", "*single '$'*"},
		{"", "*${a} is missing*"},
		{"a", "*${a} is missing*"},
		{"$${a}", "*${a} is missing*"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_refused(rows[i].text, "x", TEMPLATE_RAW, rows[i].pattern);
}

/* A name is as long as it likes, in any script: the message stays short and is UTF-8. */
static void test_fill_long_name(void)
{
	for (unsigned pad = 0; pad < 4; pad++) {
		g_autoptr(GString) text = g_string_new("${");

		for (unsigned i = 0; i < pad; i++)
			g_string_append_c(text, 'x');
		for (unsigned i = 0; i < 200; i++)
			g_string_append(text, "数");
		g_string_append(text, "}");
		assert_refused(text->str, "x", TEMPLATE_RAW, "*unknown name ${*数*}");
	}
}

/* Values do not hold templates: what they bring is text. */
static void test_values_are_text(void)
{
	assert_filled("${a}", "${a}", TEMPLATE_RAW, "${a}");
	assert_filled("${a}", "$", TEMPLATE_LINE, "$");
	assert_filled("${a}", "$$", TEMPLATE_XML, "$$");
}

static void test_escapes(void)
{
	static const struct {
		TemplateEscape escape;
		const char *value, *filled;
	} rows[] = {
		{TEMPLATE_XML, "<&>\"'", "&lt;&amp;&gt;&quot;&apos;"},
		{TEMPLATE_XML, "&amp;", "&amp;amp;"},
		{TEMPLATE_XML, "]]>", "]]&gt;"},
		{TEMPLATE_XML, "Ünï-数", "Ünï-数"},
		{TEMPLATE_XML, "", ""},
		{TEMPLATE_LINE, "a <b> \"c\" 'd'", "a <b> \"c\" 'd'"},
		{TEMPLATE_SHELL, "a b", "a b"},
		{TEMPLATE_SHELL, "it's", "it'\\''s"},
		{TEMPLATE_SHELL, "$(x) `y` \\ \"", "$(x) `y` \\ \""},
		{TEMPLATE_KERNEL, "isolcpus=4-7 a.b=c,d:/e", "isolcpus=4-7 a.b=c,d:/e"},
		{TEMPLATE_STRING, "a \"b\" \\c", "a \\\"b\\\" \\\\c"},
		{TEMPLATE_RAW, "<a>\n\t<b/>\n</a>", "<a>\n\t<b/>\n</a>"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_filled("${a}", rows[i].value, rows[i].escape, rows[i].filled);
}

static void test_controls(void)
{
	static const TemplateEscape escapes[] = {TEMPLATE_XML, TEMPLATE_LINE, TEMPLATE_SHELL,
						 TEMPLATE_KERNEL, TEMPLATE_STRING};
	/* The last four: NEL, CSI, a line's end, right to left. */
	static const char *const values[] = {
		"a\nb", "\n",	     "a\tb",	   "a\r",	   "\x01",	  "a\x1b[31m",
		"\x7f", "a\xc2\x85", "a\xc2\x9bm", "\xe2\x80\xa8", "\xe2\x80\xae"};

	for (unsigned e = 0; e < G_N_ELEMENTS(escapes); e++)
		for (unsigned i = 0; i < G_N_ELEMENTS(values); i++)
			assert_refused("${a}", values[i], escapes[e], "*${a}*control character*");
	assert_refused("${a}", "\xff", TEMPLATE_XML, "*${a}*UTF-8*");
	assert_refused("${a}", "a;b", TEMPLATE_KERNEL, "*${a}*kernel line*");
	assert_refused("${a}", "a\"", TEMPLATE_KERNEL, "*${a}*kernel line*");
	assert_refused("${a}", "$x", TEMPLATE_KERNEL, "*${a}*kernel line*");
}

/* The site's own */

static void test_site(void)
{
	g_autoptr(GHashTable) site = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GError) error = NULL;

	g_hash_table_insert(site, (char *)"vcpupin.xml", (char *)"mine ${vcpu} ${cpuset}");
	g_hash_table_insert(site, (char *)"new.xml", (char *)"new");
	g_assert_cmpstr(template_text(site, "vcpupin.xml", &error), ==, "mine ${vcpu} ${cpuset}");
	g_assert_cmpstr(template_text(site, "new.xml", &error), ==, "new");
	g_assert_nonnull(strstr(template_text(site, "domain.xml", &error), "${vcpupins}"));
	g_assert_nonnull(strstr(template_text(NULL, "vcpupin.xml", &error), "<vcpupin "));
	g_assert_no_error(error);
	g_assert_null(template_text(site, "no.xml", &error));
	g_assert_true(g_error_matches(error, PLANNER_ERROR, PLANNER_ERROR_INPUT));
	g_assert_nonnull(strstr(error->message, "no.xml"));
}

static void test_built_in(void)
{
	for (const TemplateFile *file = template_files; file->name; file++) {
		g_assert_true(g_utf8_validate(file->text, -1, NULL));
		g_assert_null(strchr(file->text, '\r'));
	}
}

/* Domains of many shapes */

typedef struct Made {
	Host *host;
	Plan *plan;
} Made;

static void made_clear(Made *made)
{
	plan_free(made->plan);
	host_free(made->host);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Made, made_clear)

/* A host of two nodes says how far they are from each other. */
static Made make(const char *topology, const char *arch, const char *text)
{
	static const unsigned distances[] = {10, 21, 21, 10};
	const PlanOptions options = {0};
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Inventory) inventory = inventory_parse("f.ini", text, strlen(text), errors);
	Made made = {.host = host_load(topology, NULL)};

	g_assert_cmpuint(errors->len, ==, 0);
	made.host->arch = g_strdup(arch);
	if (made.host->nodes->len == 2)
		g_array_append_vals(made.host->distances_said, distances, G_N_ELEMENTS(distances));
	made.plan = plan_compute(made.host, inventory, NULL, &options);
	return made;
}

static char *domain(const Plan *plan, const PlanVm *vm, GHashTable *site, GError **error)
{
	const Rendering rendering = {.plan = plan, .vm = vm, .templates = site};

	return artifact_render(artifact_find("domain"), &rendering, error);
}

#define PLAIN "pack:2 [numa] l3:1 core:6 pu:2"

/* VM sections: every choice that changes what is written. */
static const char *const shapes[] = {
	"vcpus = 1\n",
	"vcpus = 4\n",
	"vcpus = 3\nthreads = isolate\n",
	"vcpus = 12\n",
	"vcpus = 2\niothreads = 3\n",
	"vcpus = 2\nhugepages = 2M\n",
	"vcpus = 12\nhugepages = 1G\n",
	"vcpus = 2\nlocked = yes\n",
	"vcpus = 2\nrealtime = fifo:1\n",
	"vcpus = 2\ncpu-pm = off\n",
	"vcpus = 2\ncpu-mode = host-passthrough\n",
	"vcpus = 2\ncpu-mode = maximum\n",
	"vcpus = 2\ncpu-mode = custom\n",
	"vcpus = 2\npolicy = shared\n",
	"vcpus = 300\npolicy = shared\n",
	"vcpus = 2\npolicy = shared\nhugepages = 2M\nlocked = yes\niothreads = 1\n",
	"vcpus = 4\ncpus = 2,3,14,15\n",
	"vcpus = 2\ncpus = 0,1\n",
};

static void each_shape(const char *arch, void (*see)(const Plan *, const PlanVm *, gpointer),
		       gpointer data)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(shapes); i++) {
		g_autofree char *text =
			g_strdup_printf("[node]\nkernel = 6.1\nqemu = 9.1.0\nlibvirt = 9.0.0\n"
					"[vm a]\nmemory = 3G\n%s",
					shapes[i]);
		g_auto(Made) made = make(PLAIN, arch, text);
		const PlanVm *vm = plan_vm(made.plan, "a");

		g_assert_true(vm->placed);
		see(made.plan, vm, data);
	}
}

static xmlDoc *parse(const char *text)
{
	xmlDoc *document =
		xmlReadMemory(text, (int)strlen(text), "domain.xml", NULL, XML_PARSE_NONET);

	if (!document)
		g_test_message("%s", text);
	g_assert_nonnull(document);
	return document;
}

static xmlNode *child(xmlNode *node, const char *name)
{
	for (node = node->children; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, name))
			return node;
	return NULL;
}

static unsigned count(xmlNode *node, const char *name)
{
	unsigned n = 0;

	for (node = node ? node->children : NULL; node; node = node->next)
		n += node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, name);
	return n;
}

static void assert_content(xmlNode *node, const char *name, const char *expected)
{
	xmlChar *text = xmlNodeGetContent(child(node, name));

	g_assert_cmpstr((const char *)text, ==, expected);
	xmlFree(text);
}

/* What a domain of any shape has. */
static void see_domain(const Plan *plan, const PlanVm *vm, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = domain(plan, vm, data, &error);
	g_autofree char *vcpus = g_strdup_printf("%u", vm->spec->vcpus);
	xmlNode *root, *tune;
	xmlDoc *document;

	g_assert_no_error(error);
	document = parse(text);
	root = xmlDocGetRootElement(document);
	tune = child(root, "cputune");
	assert_content(root, "name", vm->spec->name);
	assert_content(root, "vcpu", vcpus);
	g_assert_cmpuint(count(tune, "vcpupin"), ==, vm->pins->len);
	g_assert_cmpuint(count(tune, "emulatorpin"), ==, 1);
	g_assert_cmpuint(count(tune, "iothreadpin"), ==, vm->spec->iothreads);
	g_assert_true(!strstr(text, "<qemu:arg") == (vm->cpupm->verdict != CPUPM_ON));
	g_assert_true(!strstr(text, "xmlns:qemu=") == (vm->cpupm->verdict != CPUPM_ON));
	g_assert_null(strstr(text, "${"));
	xmlFreeDoc(document);
}

static void test_domains(void)
{
	each_shape("x86_64", see_domain, NULL);
	each_shape("aarch64", see_domain, NULL);
	each_shape(NULL, see_domain, NULL);
}

/* Each template of domains is needed by some shape: a broken one does not pass unseen. */

typedef struct Broken {
	GHashTable *site;
	const char *name;
	bool seen;
} Broken;

static void see_broken(const Plan *plan, const PlanVm *vm, gpointer data)
{
	Broken *broken = data;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = domain(plan, vm, broken->site, &error);

	g_assert_true(!text == !!error);
	if (text)
		return;
	g_assert_true(g_str_has_prefix(error->message, broken->name));
	g_assert_nonnull(strstr(error->message, "${nosuch}"));
	broken->seen = true;
}

static bool is_of_domains(const char *name)
{
	return g_str_has_suffix(name, ".xml") && !strchr(name, '/');
}

static void test_every_template(void)
{
	for (const TemplateFile *file = template_files; file->name; file++) {
		g_autoptr(GHashTable) site = g_hash_table_new(g_str_hash, g_str_equal);
		Broken broken = {site, file->name, false};

		if (!is_of_domains(file->name))
			continue;
		g_hash_table_insert(site, (char *)file->name, (char *)"${nosuch}");
		each_shape("x86_64", see_broken, &broken);
		if (!broken.seen)
			g_test_message("%s is never used", file->name);
		g_assert_true(broken.seen);
	}
}

/* A site's template that leaves a name out is refused, not silently short. */
static void test_site_incomplete(void)
{
	g_autoptr(GHashTable) site = g_hash_table_new(g_str_hash, g_str_equal);
	g_auto(Made) made = make(PLAIN, "x86_64", "[vm a]\nvcpus = 2\nmemory = 1G\n");
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	g_hash_table_insert(site, (char *)"vcpupin.xml", (char *)"<vcpupin vcpu='${vcpu}'/>");
	text = domain(made.plan, plan_vm(made.plan, "a"), site, &error);
	g_assert_null(text);
	g_assert_nonnull(strstr(error->message, "vcpupin.xml: ${cpuset} is missing"));
}

/* Names that would be markup are names. */
static void test_hostile_names(void)
{
	static const char *const names[] = {
		"<name>x</name>",
		"</name><name>y",
		"&amp;",
		"a & b",
		"\"'>",
		"<!-- x -->",
		"<![CDATA[x]]>",
		"<?xml?>",
		"${x}",
		"$$",
		"Ünï-数",
		"-rf",
		"a;b",
		"%s%n",
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_auto(Made) made = make(PLAIN, "x86_64", "[vm a]\nvcpus = 2\nmemory = 1G\n");
		PlanVm *vm = g_ptr_array_index(made.plan->vms, 0);
		g_autoptr(GError) error = NULL;
		g_autofree char *text = NULL;
		xmlDoc *document;

		g_free(vm->spec->name);
		vm->spec->name = g_strdup(names[i]);
		text = domain(made.plan, vm, NULL, &error);
		g_assert_no_error(error);
		document = parse(text);
		assert_content(xmlDocGetRootElement(document), "name", names[i]);
		g_assert_cmpuint(count(xmlDocGetRootElement(document), "name"), ==, 1);
		xmlFreeDoc(document);
	}
}

/* A domain cannot be worded of a VM that has no place, or no memory. */
static void test_unwordable(void)
{
	g_auto(Made) made =
		make(PLAIN, "x86_64", "[vm a]\nvcpus = 2\n[vm b]\nvcpus = 99\nmemory = 1G\n");
	g_autoptr(GError) memory = NULL;
	g_autoptr(GError) place = NULL;

	g_assert_null(domain(made.plan, plan_vm(made.plan, "a"), NULL, &memory));
	g_assert_true(g_error_matches(memory, PLANNER_ERROR, PLANNER_ERROR_INPUT));
	g_assert_nonnull(strstr(memory->message, "memory"));
	g_assert_null(domain(made.plan, plan_vm(made.plan, "b"), NULL, &place));
	g_assert_true(g_error_matches(place, PLANNER_ERROR, PLANNER_ERROR_INPUT));
	g_assert_nonnull(strstr(place->message, "unplaced"));
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/template/fill", test_fill);
	g_test_add_func("/template/fill-nothing", test_fill_nothing);
	g_test_add_func("/template/fill-refused", test_fill_refused);
	g_test_add_func("/template/fill-long-name", test_fill_long_name);
	g_test_add_func("/template/values-are-text", test_values_are_text);
	g_test_add_func("/template/escapes", test_escapes);
	g_test_add_func("/template/controls", test_controls);
	g_test_add_func("/template/site", test_site);
	g_test_add_func("/template/site-incomplete", test_site_incomplete);
	g_test_add_func("/template/built-in", test_built_in);
	g_test_add_func("/template/domains", test_domains);
	g_test_add_func("/template/every-template", test_every_template);
	g_test_add_func("/template/hostile-names", test_hostile_names);
	g_test_add_func("/template/unwordable", test_unwordable);
	status = g_test_run();
	xmlCleanupParser();
	return status;
}
