/* SPDX-License-Identifier: MIT */
#include "tests/unit/scratch.h"
#include "topology/guests/domain.h"

#define NAMESPACE " xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"

static Domain *parse(const char *inside)
{
	g_autofree char *xml = g_strdup_printf(
		"<domain type='kvm'" NAMESPACE "><name>vm</name>%s</domain>", inside);
	g_autoptr(GError) error = NULL;
	Domain *domain = domain_parse(xml, strlen(xml), &error);

	g_assert_no_error(error);
	return domain;
}

static void assert_refused(const char *xml, size_t length)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Domain) domain = domain_parse(xml, length, &error);

	g_assert_null(domain);
	g_assert_nonnull(error);
	g_assert_null(strchr(error->message, '\n'));
	g_assert_true(g_utf8_validate(error->message, -1, NULL));
}

/* libvirt 9.0's virBitmapParse() */
static void test_cpuset(void)
{
	static const struct {
		const char *text, *list;
	} rows[] = {
		{"0", "0"},
		{"0-3", "0-3"},
		{" 0 - 3 , 5 ", "0-3,5"},
		{"0-3,", "0-3"},
		{"0-7,^3", "0-2,4-7"},
		{"^3,0-7", "0-7"},
		{"0-3,^1,1", "0-3"},
		{"16383", "16383"},
		{"010", "10"},
		{"16384", NULL},
		{"99999999999999999999", NULL},
		{"", NULL},
		{",0", NULL},
		{"0,,1", NULL},
		{"3-0", NULL},
		{"0,^0", NULL},
		{"^0-1", NULL},
		{"0-7:1/2", NULL},
		{"all", NULL},
		{"0x3", NULL},
		{"-1", NULL},
		{"1-", NULL},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(CpuSet) set = domain_cpuset_parse(rows[i].text);

		assert_set(set, rows[i].list);
	}
}

static void assert_pin(const Domain *domain, unsigned at, unsigned number, const char *list)
{
	const DomainPin *pin = &g_array_index(domain->vcpupins, DomainPin, at);

	g_assert_cmpuint(at, <, domain->vcpupins->len);
	g_assert_cmpuint(pin->number, ==, number);
	assert_set(pin->cpus, list);
}

static void test_pins(void)
{
	g_autoptr(Domain) domain =
		parse("<vcpu cpuset='0-3'>4</vcpu><vcpu>9</vcpu>"
		      "<cputune><vcpupin vcpu='2' cpuset='11'/><vcpupin vcpu='0' cpuset='10'/>"
		      "<emulatorpin cpuset='0-1'/></cputune>"
		      "<cputune><vcpupin vcpu='1' cpuset='46'/><vcpupin vcpu='1' cpuset='47'/>"
		      "<vcpupin vcpu='4' cpuset='nonsense'/></cputune>");

	g_assert_cmpuint(domain->vcpus_max, ==, 4);
	assert_set(domain->enabled, "0-3");
	assert_set(domain->cpuset, "0-3");
	assert_set(domain->emulatorpin, "0-1");
	g_assert_cmpuint(domain->vcpupins->len, ==, 3);
	assert_pin(domain, 0, 0, "10");
	assert_pin(domain, 1, 1, "46");
	assert_pin(domain, 2, 2, "11");
	g_assert_cmpuint(domain->doubled_pins, ==, 1);
	g_assert_cmpuint(domain->ignored_pins, ==, 1);
}

static void test_vcpus(void)
{
	g_autoptr(Domain) current = parse("<vcpu current='2'>4</vcpu>");
	g_autoptr(Domain) listed =
		parse("<vcpu current='1'>4</vcpu><vcpus><vcpu id='0' enabled='yes'/>"
		      "<vcpu id='1' enabled='no'/><vcpu id='3' enabled='yes'/></vcpus>");
	g_autoptr(Domain) none = parse("");
	g_autoptr(Domain) numad = parse("<vcpu placement='auto' cpuset='0-3'>2</vcpu>");

	assert_set(current->enabled, "0-1");
	assert_set(listed->enabled, "0,3");
	assert_set(none->enabled, "0");
	g_assert_null(numad->cpuset);
}

static void test_schedulers(void)
{
	static const char *const texts[] = {"fifo:1", "none", "rr:9", "rr:9"};
	g_autoptr(Domain) domain =
		parse("<vcpu>4</vcpu><cputune><vcpusched vcpus='0' scheduler='fifo' priority='1'/>"
		      "<vcpusched scheduler='rr' priority='9'/>"
		      "<vcpusched vcpus='1' scheduler='batch'/>"
		      "<vcpusched vcpus='x' scheduler='fifo' priority='2'/></cputune>");
	g_autoptr(Domain) none = parse("<vcpu>4</vcpu>");

	g_assert_cmpuint(domain->schedulers->len, ==, G_N_ELEMENTS(texts));
	for (unsigned v = 0; v < G_N_ELEMENTS(texts); v++) {
		g_autofree char *text =
			scheduler_text(&g_array_index(domain->schedulers, Scheduler, v));

		g_assert_cmpstr(text, ==, texts[v]);
	}
	g_assert_cmpuint(none->schedulers->len, ==, 0);
}

static void test_iothreads(void)
{
	g_autoptr(Domain) domain =
		parse("<iothreads>3</iothreads><iothreadids><iothread id='7'/></iothreadids>"
		      "<cputune><iothreadpin iothread='7' cpuset='1'/>"
		      "<iothreadpin iothread='9' cpuset='2'/></cputune>");

	g_assert_cmpuint(domain->iothreads->len, ==, 3);
	g_assert_cmpuint(g_array_index(domain->iothreads, DomainPin, 0).number, ==, 1);
	g_assert_cmpuint(g_array_index(domain->iothreads, DomainPin, 2).number, ==, 7);
	assert_set(g_array_index(domain->iothreads, DomainPin, 2).cpus, "1");
	g_assert_null(g_array_index(domain->iothreads, DomainPin, 0).cpus);
}

static void assert_memory(const char *element, uint64_t bytes)
{
	g_autoptr(Domain) domain = parse(element);

	g_assert_cmpuint(domain->memory, ==, bytes);
}

static void assert_page(const char *pages, uint64_t bytes)
{
	g_autofree char *elements =
		g_strdup_printf("<memoryBacking><hugepages>%s</hugepages></memoryBacking>", pages);
	g_autoptr(Domain) domain = parse(elements);

	g_assert_true(domain->hugepages);
	g_assert_cmpuint(domain->page, ==, bytes);
}

static void test_memory(void)
{
	g_autoptr(Domain) domain = parse(
		"<memoryBacking><hugepages/><locked/></memoryBacking><numatune>"
		"<memory mode='strict' nodeset='0'/><memnode cellid='0' nodeset='1'/></numatune>");

	g_assert_true(domain->hugepages && domain->locked);
	g_assert_cmpuint(domain->page, ==, 0);
	assert_set(domain->nodes, "0-1");
	assert_page("<page size='2048' unit='KiB'/>", UINT64_C(2) << 20);
	assert_page("<page size='1' unit='G' nodeset='0'/><page size='2' unit='M'/>",
		    UINT64_C(1) << 30);
	assert_page("<page size='x'/>", 0);
	assert_memory("<memory>8388608</memory>", UINT64_C(8) << 30);
	assert_memory("<memory unit='G'>2</memory>", UINT64_C(2) << 30);
	assert_memory("<memory unit='MB'>1</memory>", 1000000);
	assert_memory("<memory unit='bytes'>4096</memory>", 4096);
	assert_memory("<memory unit='EiB'>99</memory>", 0);
	assert_memory("<memory unit='furlong'>1</memory>", 0);
}

static void test_commandline(void)
{
	static const char args[] = "<X:arg value='-overcommit'/><X:arg value='cpu-pm=on'/>"
				   "<X:arg value='--overcommit'/><X:arg value='mem-lock=on'/>";
	g_auto(GStrv) parts = g_strsplit(args, "X", -1);
	g_autofree char *qemu = g_strjoinv("qemu", parts);
	g_autofree char *inside = g_strdup_printf("<qemu:commandline>%s</qemu:commandline>", qemu);
	g_autofree char *bare = g_strdup_printf("<domain><name>n</name>%s</domain>", inside);
	g_autoptr(Domain) domain = parse(inside), missing = NULL;

	g_assert_cmpstr(domain->overcommit[0], ==, "cpu-pm=on");
	g_assert_cmpstr(domain->overcommit[1], ==, "mem-lock=on");
	g_assert_null(domain->overcommit[2]);
	g_assert_false(domain->namespace_missing);
	missing = domain_parse(bare, strlen(bare), NULL);
	g_assert_nonnull(missing);
	g_assert_true(missing->namespace_missing);
	g_assert_null(missing->overcommit[0]);
}

static void test_devices(void)
{
	g_autoptr(Domain) domain = parse(
		"<devices><disk device='disk'><target dev='hda' bus='ide'/></disk>"
		"<disk device='cdrom'><target dev='hdb' bus='ide'/></disk>"
		"<disk><target dev='vda' bus='virtio'/></disk>"
		"<interface type='bridge'><model type='e1000'/></interface>"
		"<interface type='bridge'><model type='virtio'/></interface>"
		"<interface type='bridge'><model type='virtio'/><driver name='qemu'/></interface>"
		"</devices>");

	g_assert_cmpuint(domain->slow_devices->len, ==, 3);
	g_assert_cmpstr(g_ptr_array_index(domain->slow_devices, 0), ==, "ide disk");
	g_assert_cmpstr(g_ptr_array_index(domain->slow_devices, 1), ==, "e1000 interface");
}

static void test_status(void)
{
	static const char xml[] =
		"<domstatus state='running' pid='4711'><vcpus><vcpu id='0' pid='4720'/>"
		"<vcpu id='1' pid='4721'/></vcpus><domain type='kvm' id='3'><name>vm</name>"
		"<vcpu>2</vcpu></domain></domstatus>";
	g_autoptr(Domain) domain = domain_parse(xml, strlen(xml), NULL);

	g_assert_true(domain->active);
	g_assert_cmpuint(domain->pid, ==, 4711);
	g_assert_cmpuint(g_array_index(domain->tids, unsigned, 1), ==, 4721);
}

static void test_refused(void)
{
	static const char *const rows[] = {
		"",
		"<",
		"<domain>",
		"<network><name>n</name></network>",
		"<domain/>",
		"<domain><name> </name></domain>",
		"<domain><name>n</name><vcpu>99999999</vcpu></domain>",
		"<domain><name>n</name><vcpu cpuset='a-b'>1</vcpu></domain>",
		"<domain><name>n</name><cputune><vcpupin vcpu='0' cpuset=''/></cputune></domain>",
		"<domain><name>n</name><cputune><vcpupin vcpu='x' cpuset='1'/></cputune></domain>",
		"<!DOCTYPE domain [<!ENTITY a 'b'>]><domain><name>&a;</name></domain>",
		"<!DOCTYPE domain SYSTEM 'http://localhost/x'><domain><name>n</name></domain>",
		"<domain><name>\xff\xfe</name></domain>",
	};
	g_autoptr(GString) deep = g_string_new("<domain><name>n</name>");

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_refused(rows[i], strlen(rows[i]));
	for (unsigned i = 0; i < 100000; i++)
		g_string_append(deep, "<a>");
	assert_refused(deep->str, deep->len);
	assert_refused("<domain><name>n\0</name></domain>", 32);
}

static void test_strip(void)
{
	static const char xml[] =
		"<!-- secret --><domain type='kvm'" NAMESPACE "><name>vm</name>"
		"<metadata><a>secret</a>"
		"<o:vm xmlns:o='http://ovirt.org/vm/1.0' k='secret'>secret<o:x/></o:vm>"
		"</metadata><description>secret</description>"
		"<vcpu>1</vcpu><cputune><vcpupin vcpu='0' cpuset='3'/></cputune>"
		"<os><type>hvm</type><cmdline>secret</cmdline></os>"
		"<sysinfo type='fwcfg'><entry name='opt/x'>secret</entry></sysinfo>"
		"<devices><graphics type='vnc' passwd='secret'/><disk type='network'>"
		"<auth username='secret'/><source name='secret'/><target "
		"bus='ide'/></disk></devices>"
		"<qemu:commandline><qemu:arg value='-object'/><qemu:arg value='secret,data=x'/>"
		"<qemu:arg value='-overcommit'/><qemu:arg value='cpu-pm=on'/>"
		"<qemu:env name='P' value='secret'/></qemu:commandline></domain>";
	g_autofree char *kept = domain_strip(xml, strlen(xml)), *again = NULL;
	g_autoptr(Domain) domain = domain_parse(kept, strlen(kept), NULL);

	g_assert_null(strstr(kept, "secret"));
	g_assert_cmpuint(domain->vcpupins->len, ==, 1);
	g_assert_cmpstr(domain->overcommit[0], ==, "cpu-pm=on");
	g_assert_cmpuint(domain->slow_devices->len, ==, 1);
	g_assert_cmpint(domain->platform, ==, PLATFORM_OVIRT);
	again = domain_strip(kept, strlen(kept));
	g_assert_cmpstr(again, ==, kept);
}

/* A name is its own text, however it is written and whatever is in it: the same before and after.
 */
static void test_strip_text(void)
{
	static const char *const rows[] = {
		"<domain><name>v<b>x</b>m</name><vcpu>1</vcpu></domain>",
		"<domain><name>v<!-- - -->m</name><vcpu>1</vcpu></domain>",
		"<domain><name><![CDATA[vm]]></name><vcpu>1</vcpu></domain>",
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *kept = domain_strip(rows[i], strlen(rows[i]));
		g_autoptr(Domain) domain = domain_parse(rows[i], strlen(rows[i]), NULL);
		g_autoptr(Domain) stripped = domain_parse(kept, strlen(kept), NULL);

		g_assert_cmpstr(domain->name, ==, "vm");
		g_assert_cmpstr(stripped->name, ==, "vm");
	}
}

static void test_args(void)
{
	static const char *const argv[] = {"/usr/bin/qemu-kvm",
					   "-name",
					   "guest=a,debug-threads=on",
					   "-object",
					   "secret,id=x,data=y",
					   "-overcommit",
					   "mem-lock=on",
					   "-vnc",
					   "password=x",
					   "-m",
					   "8192",
					   NULL};
	g_auto(GStrv) kept = qemu_args_keep(argv);
	g_autofree char *line = g_strjoinv(" ", kept);

	g_assert_cmpstr(line, ==,
			"/usr/bin/qemu-kvm -name guest=a,debug-threads=on -overcommit mem-lock=on "
			"-m 8192");
}

/* Each was given to libvirt 9.0, and refused with these words or not. */
static void test_refusal(void)
{
#define TUNE(what) "<vcpu>2</vcpu><iothreads>1</iothreads><cputune>" what "</cputune>"
#define CPU(what) "<vcpu>4</vcpu><cpu mode='host-passthrough'>" what "</cpu>"
#define CELL(id, cpus) "<cell id='" id "' cpus='" cpus "' memory='4' unit='GiB'/>"
	static const struct {
		const char *inside, *reason; /* NULL: it is taken */
	} rows[] = {
		{TUNE("<iothreadpin iothread='1' cpuset='0'/>"), NULL},
		{TUNE("<iothreadpin iothread='2' cpuset='0'/>"), "Cannot find 'iothread' : 2"},
		{TUNE("<iothreadpin iothread='0' cpuset='0'/>"), "Zero is not permitted"},
		{TUNE("<iothreadpin iothread='1' cpuset='0'/><iothreadpin iothread='1' "
		      "cpuset='1'/>"),
		 "duplicate iothreadpin for same iothread '1'"},
		{"<iothreadids><iothread id='2'/><iothread id='2'/></iothreadids>",
		 "duplicate iothread id '2' found"},
		{TUNE("<iothreadsched iothreads='3' scheduler='fifo' priority='1'/>"),
		 "Cannot find 'iothread' : 3"},
		{TUNE("<emulatorpin cpuset='0'/><emulatorpin cpuset='1'/>"),
		 "only one emulatorpin is supported"},
		{TUNE("<emulatorpin/>"), "missing cpuset for emulatorpin"},
		{TUNE("<vcpusched vcpus='0-1' scheduler='fifo' priority='1'/>"), NULL},
		{TUNE("<vcpusched vcpus='0-1' scheduler='batch'/>"), NULL},
		{TUNE("<vcpusched vcpus='0-1' scheduler='fifo'/>"),
		 "Missing required attribute 'priority' in element 'vcpusched'"},
		{TUNE("<vcpusched vcpus='0-1' scheduler='fifo' priority='1'/><vcpusched vcpus='1' "
		      "scheduler='fifo' priority='2'/>"),
		 "'vcpusched' attributes 'vcpus' must not overlap"},
		{TUNE("<vcpusched vcpus='7' scheduler='fifo' priority='1'/>"),
		 "vCPU '7' is not present in domain definition"},
		{TUNE("<quota>-1</quota><period>100000</period>"), NULL},
		{TUNE("<quota>10</quota>"), "'quota' must be in range [1000, 17592186044415]"},
		{TUNE("<period>10</period>"), "'period' must be in range [1000, 1000000]"},
		{"<vcpu current='2'>4</vcpu>", NULL},
		{"<vcpu current='3'>2</vcpu>", "must not be less than current vCPU count"},
		{"<vcpu current='0'>2</vcpu>", "vcpu 0 can't be offline"},
		{"<vcpu>2</vcpu><vcpus><vcpu id='9' enabled='yes'/></vcpus>",
		 "vcpu id '9' is out of range"},
		{"<vcpu>2</vcpu><vcpus><vcpu id='0' enabled='no'/></vcpus>",
		 "vcpu 0 can't be offline"},
		{CPU("<topology sockets='1' dies='1' cores='2' threads='2'/>"), NULL},
		{CPU("<topology sockets='1' cores='1' threads='2'/>"),
		 "CPU topology doesn't match maximum vcpu count"},
		{CPU("<topology sockets='1' cores='0' threads='2'/>"), "Zero is not permitted"},
		{CPU("<numa>" CELL("0", "0-1") CELL("1", "2-3") "</numa>"), NULL},
		{CPU("<numa>" CELL("0", "0-1") CELL("0", "2-3") "</numa>"),
		 "Duplicate NUMA cell info for cell id '0'"},
		{CPU("<numa>" CELL("0", "0-1") CELL("2", "2-3") "</numa>"),
		 "ranges not starting from 0"},
		{CPU("<numa>" CELL("0", "0-2") CELL("1", "2-3") "</numa>"), "overlapping vCPU ids"},
		{CPU("<numa>" CELL("0", "0-7") "</numa>"), "exceeds the <vcpu> count"},
		{CPU("<numa><cell id='0' cpus='0-3'/></numa>"), "'./@memory'"},
		{"<numatune><memory mode='strict' nodeset='0'/></numatune>", NULL},
		{"<vcpu placement='auto'>2</vcpu><numatune><memory mode='strict'/></numatune>",
		 NULL},
		{"<numatune><memory mode='strict'/></numatune>", "must be set if 'placement'"},
		{"<numatune><memory mode='always' nodeset='0'/></numatune>",
		 "Unsupported NUMA memory tuning mode 'always'"},
		{"<numatune><memnode cellid='0' mode='strict' nodeset='0'/></numatune>",
		 "'memnode' is invalid without any guest NUMA cells"},
		{CPU("<numa>" CELL("0", "0-3") "</numa>") "<numatune><memnode cellid='3' "
							  "mode='strict' nodeset='0'/></numatune>",
		 "Argument 'cellid'"},
		{"<memoryBacking><hugepages><page size='2048' unit='KiB'/></hugepages>"
		 "</memoryBacking>",
		 NULL},
		{"<memoryBacking><hugepages><page size='2048'/><page size='1048576'/></hugepages>"
		 "</memoryBacking>",
		 "two master hugepages detected"},
		{"<memoryBacking><hugepages><page size='2048' nodeset='1'/></hugepages>"
		 "</memoryBacking>",
		 "hugepages: node 1 not found"},
		{"<cpu mode='passthru'/>", "Invalid mode attribute 'passthru'"},
		{"<cpu mode='host-model' migratable='on'/>",
		 "Attribute migratable is only allowed"},
		{"<cpu mode='maximum' migratable='on'><cache mode='passthrough'/></cpu>", NULL},
		{"<cpu mode='host-model'><cache mode='passthrough'/></cpu>",
		 "CPU cache mode 'passthrough' can only"},
		{"<cpu mode='maximum'><cache mode='passthrough' level='3'/></cpu>",
		 "unsupported CPU cache level"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Domain) domain = parse(rows[i].inside);

		g_test_message("%s: %s", rows[i].inside, domain->refusal);
		g_assert_true(rows[i].reason
				      ? domain->refusal && strstr(domain->refusal, rows[i].reason)
				      : !domain->refusal);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/domain/cpuset", test_cpuset);
	g_test_add_func("/domain/pins", test_pins);
	g_test_add_func("/domain/vcpus", test_vcpus);
	g_test_add_func("/domain/iothreads", test_iothreads);
	g_test_add_func("/domain/schedulers", test_schedulers);
	g_test_add_func("/domain/memory", test_memory);
	g_test_add_func("/domain/commandline", test_commandline);
	g_test_add_func("/domain/devices", test_devices);
	g_test_add_func("/domain/status", test_status);
	g_test_add_func("/domain/refused", test_refused);
	g_test_add_func("/domain/refusal", test_refusal);
	g_test_add_func("/domain/strip", test_strip);
	g_test_add_func("/domain/strip-text", test_strip_text);
	g_test_add_func("/domain/args", test_args);
	return g_test_run();
}
