/* SPDX-License-Identifier: MIT */
/* Settings in the place of an inventory's lines. */
#include "planner/inventory/inventory.h"
#include "planner/inventory/what_if.h"

#include <string.h>

#define TEXT                                                                                       \
	"; a node\n[node]\nname = n\n[host] ; at least\ncores-per-node = 2\n[sdk]\ncpus = 4,9\n"   \
	"[vm  a]\nvcpus = 2\ncpus = 1,2\n[vm host]\nvcpus = 1\n"

static char *apply(const char *first, const char *second, GPtrArray *errors)
{
	char *const settings[] = {(char *)first, (char *)second, NULL};

	return what_if_apply(TEXT, settings, errors);
}

static void assert_applied(const char *first, const char *second, const char *expected)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *text = apply(first, second, errors);

	g_assert_cmpuint(errors->len, ==, 0);
	g_assert_cmpstr(text, ==, expected);
	inventory_free(inventory_parse("test", text, strlen(text), errors));
	g_assert_cmpuint(errors->len, ==, 0);
}

static void test_apply(void)
{
	/* The same key, and other ways to ask for cores; the rest stays as it is. */
	assert_applied("host.cores=3", "sdk.cores-per-node=1",
		       "; a node\n[node]\nname = n\n[host] ; at least\ncores = 3\n[sdk]\n"
		       "cores-per-node = 1\n[vm  a]\nvcpus = 2\ncpus = 1,2\n[vm host]\nvcpus = 1\n"
		       "\n");
	/* Sections that are not there; other vcpus want other cpus. */
	assert_applied("kernel.extra=a=b", "a.vcpus=4",
		       "; a node\n[node]\nname = n\n[host] ; at least\ncores-per-node = 2\n[sdk]\n"
		       "cpus = 4,9\n[vm  a]\nvcpus = 4\n[vm host]\nvcpus = 1\n\n[kernel]\n"
		       "extra = a=b\n");
	/* A VM that is called as a section, one that is new. */
	assert_applied("vm host.vcpus=3", "vm b.vcpus=1",
		       "; a node\n[node]\nname = n\n[host] ; at least\ncores-per-node = 2\n[sdk]\n"
		       "cpus = 4,9\n[vm  a]\nvcpus = 2\ncpus = 1,2\n[vm host]\nvcpus = 3\n\n"
		       "[vm b]\nvcpus = 1\n");
	/* VMs are taken away. */
	assert_applied("a.count=0", "vm host.count=0",
		       "; a node\n[node]\nname = n\n[host] ; at least\ncores-per-node = 2\n[sdk]\n"
		       "cpus = 4,9\n");
	assert_applied("vm b.count=0", "a.count=0",
		       "; a node\n[node]\nname = n\n[host] ; at least\ncores-per-node = 2\n[sdk]\n"
		       "cpus = 4,9\n[vm host]\nvcpus = 1\n\n");
}

static void assert_refused(const char *first, const char *second, const char *why)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *text = apply(first, second, errors);

	g_assert_null(text);
	g_assert_cmpuint(errors->len, ==, 1);
	g_test_message("%s", (const char *)errors->pdata[0]);
	g_assert_nonnull(strstr(errors->pdata[0], why));
	g_assert_null(strpbrk(errors->pdata[0], "\n\r\033"));
}

static void test_refused(void)
{
	assert_refused("a", NULL, "write SECTION.KEY=VALUE");
	assert_refused("a=1.5", NULL, "write SECTION.KEY=VALUE");
	assert_refused("a.vcpus=", NULL, "write SECTION.KEY=VALUE");
	assert_refused("b.vcpus=1", NULL, "no section or VM 'b'");
	assert_refused("hosts.cores=1", NULL, "did you mean 'host'?");
	assert_refused("a.vcpus=1\n[vm x]", NULL, "control character");
	assert_refused("a.vcpus=1\xff", NULL, "not UTF-8");
	assert_refused("a.Vcpus=1", NULL, "is not a key");
	assert_refused("a.vcpus=1", "vm a.vcpus=2", "keep one");
	assert_refused("sdk.cores=1", "sdk.cpus=4", "keep one");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/what-if/apply", test_apply);
	g_test_add_func("/what-if/refused", test_refused);
	return g_test_run();
}
