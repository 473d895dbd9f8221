/* SPDX-License-Identifier: MIT */
#include "tests/unit/scratch.h"
#include "topology/facts/facts.h"
#include "topology/guests/qemu.h"
#include "topology/guests/qemu_config.h"
#include "topology/guests/qemu_settings.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void test_names(void)
{
	static const struct {
		const char *value, *name;
	} rows[] = {
		{"guest=vm1,debug-threads=on", "vm1"},
		{"guest=a,,b,debug-threads=on", "a,b"},
		{"plain", "plain"},
		{"debug-threads=on,guest=x", "x"},
		{"plain,process=qemu", "plain"},
		{"process=qemu", NULL},
		{"", NULL},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *name = qemu_name_parse(rows[i].value);

		g_assert_cmpstr(name, ==, rows[i].name);
	}
}

static void test_threads(void)
{
	unsigned n = 99;

	g_assert_true(qemu_vcpu_parse("CPU 12/KVM", &n) && n == 12);
	g_assert_true(qemu_vcpu_parse("CPU 0/TCG", &n) && n == 0);
	g_assert_false(qemu_vcpu_parse("CPU /KVM", &n));
	g_assert_false(qemu_vcpu_parse("CPU 1", &n));
	g_assert_true(qemu_iothread_parse("IO iothread3", &n) && n == 3);
	g_assert_false(qemu_iothread_parse("IO mon_iothread", &n));
	g_assert_false(qemu_iothread_parse("IO iothread3x", &n));
	g_assert_true(qemu_worker("kvm-nx-lpage-re"));
	g_assert_false(qemu_worker("kvm"));
}

static void test_run(void)
{
	unsigned vcpu = 99;

	g_assert_cmpint(qemu_run_parse("16 0x1c 0xae80 0x0 0x0 0x0 0x0 0x7f 0x7f\n"), ==, 28);
	g_assert_cmpint(qemu_run_parse("29 0x1c 0xae80 0x0 0x0 0x0 0x0 0x7f 0x7f\n"), ==, 28);
	g_assert_cmpint(qemu_run_parse("16 0x1c 0xae81 0x0"), ==, -1);
	g_assert_cmpint(qemu_run_parse("running\n"), ==, -1);
	g_assert_cmpint(qemu_run_parse(""), ==, -1);
	g_assert_true(qemu_descriptor_parse("anon_inode:kvm-vcpu:3", &vcpu) && vcpu == 3);
	g_assert_false(qemu_descriptor_parse("anon_inode:kvm-vm", &vcpu));
}

static void test_settings(void)
{
	static const struct {
		const char *line;
		unsigned vcpus, most, threads;
		guint64 megabytes;
		const char *mode, *nodes;
	} rows[] = {
		{"kvm -smp 8,sockets=1,cores=8,maxcpus=8 -cpu host,kvm=off -m 16384", 8, 8, 1,
		 16384, "host-passthrough", NULL},
		{"q -smp cpus=4,cores=2 -m 4G -cpu max", 4, 4, 1, 4096, "maximum", NULL},
		{"q -smp 4,sockets=1,cores=2 -cpu EPYC,+x", 4, 4, 2, 0, "custom", NULL},
		{"q -machine pc-q35-6.0 -smp 8,cores=4", 8, 8, 1, 0, NULL, NULL},
		{"q -smp sockets=2,cores=2,threads=2", 8, 8, 2, 0, NULL, NULL},
		{"kvm -smp 1,sockets=1,cores=4,maxcpus=4 -device host-x86_64-cpu,id=cpu2,core-id=1",
		 2, 4, 1, 0, NULL, NULL},
		{"q -m size=1024,slots=255,maxmem=4G -object memory-backend-ram,id=d,size=512M "
		 "-device pc-dimm,id=x,memdev=d",
		 0, 0, 0, 1536, NULL, NULL},
		{"q -m 2G -object {\"qom-type\":\"memory-backend-file\",\"id\":\"a\",\"size\":9,"
		 "\"host-nodes\":[0,2],\"policy\":\"bind\"}",
		 0, 0, 0, 2048, NULL, "0,2"},
		{"q -object memory-backend-ram,id=a,size=1G,host-nodes=1,policy=bind", 0, 0, 0,
		 1024, NULL, "1"},
		{"q -object memory-backend-ram,id=a,size=1G,host-nodes=1,policy=preferred", 0, 0, 0,
		 1024, NULL, NULL},
		{"q -smp x -m y", 0, 0, 1, 0, NULL, NULL},
		{"q -smp", 0, 0, 0, 0, NULL, NULL},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(GStrv) argv = g_strsplit(rows[i].line, " ", -1);
		QemuSettings s = qemu_settings_parse(argv);
		g_autofree char *nodes = s.nodes ? cpulist_format(s.nodes) : NULL;

		g_test_message("%s", rows[i].line);
		if (i + 2 < G_N_ELEMENTS(rows)) {
			g_assert_cmpuint(s.vcpus, ==, rows[i].vcpus);
			g_assert_cmpuint(s.vcpus_max, ==, rows[i].most);
		}
		g_assert_cmpuint(s.threads, ==, rows[i].threads);
		g_assert_cmpuint(s.memory, ==, rows[i].megabytes << 20);
		g_assert_cmpstr(s.cpu_mode, ==, rows[i].mode);
		g_assert_cmpstr(nodes, ==, rows[i].nodes);
		qemu_settings_clear(&s);
	}
}

static void test_pages(void)
{
	static const char line[] = "kvm -object memory-backend-file,id=r,size=2G,mem-path=/run/"
				   "hugepages/kvm/2048kB,share=on -overcommit mem-lock=on";
	g_auto(GStrv) argv = g_strsplit(line, " ", -1);
	QemuSettings s = qemu_settings_parse(argv);

	g_assert_true(s.hugepages && s.locked);
	g_assert_cmpuint(s.page, ==, 2 << 20);
	qemu_settings_clear(&s);
}

static guint64 bytes_of(GHashTable *nodes, unsigned node)
{
	guint64 *bytes = g_hash_table_lookup(nodes, GUINT_TO_POINTER(node));

	return bytes ? *bytes : 0;
}

/* LXD says in a file what others say in arguments. */
static void test_config(void)
{
	static const char text[] =
		"# Machine\n[machine]\ntype = \"q35\"\n\n[smp-opts]\ncpus = \"4\"\n"
		"cores = \"2\"\nthreads = \"2\"\n\n[object \"mem0\"]\n"
		"qom-type = \"memory-backend-memfd\"\nsize = \"8192M\"\n"
		"host-nodes.0 = \"1\"\npolicy = \"bind\"\n\n[object \"sec0\"]\n"
		"qom-type = \"secret\"\ndata = \"letmein\"\n\n[numa]\n"
		"type = \"node\"\nmemdev = \"mem0\"\n\n[numa]\ntype = \"cpu\"\n";
	g_autofree char *kept = qemu_config_keep(text), *again = qemu_config_keep(kept);
	g_autofree char *none = qemu_config_keep("no such file");
	g_auto(GStrv) args = qemu_config_args(kept);
	g_autofree char *line = g_strjoinv(" ", args);
	QemuSettings s = qemu_settings_parse(args);

	g_assert_null(strstr(kept, "letmein"));
	g_assert_cmpstr(kept, ==, again);
	g_assert_cmpstr(none, ==, "");
	g_assert_cmpstr(line, ==,
			"-machine q35 -smp cpus=4,cores=2,threads=2 -object "
			"memory-backend-memfd,id=mem0,size=8192M,host-nodes=1,policy=bind");
	g_assert_cmpuint(s.vcpus, ==, 4);
	g_assert_cmpuint(s.threads, ==, 2);
	g_assert_cmpuint(s.memory, ==, 8ull << 30);
	g_assert_true(hwloc_bitmap_isset(s.nodes, 1));
	qemu_settings_clear(&s);
}

static void test_numa(void)
{
	g_autoptr(GHashTable) nodes = numa_maps_parse(
		"7f00 bind:0 file=/dev/hugepages/libvirt/N1=9 huge dirty=2 N0=2 N1=1 "
		"kernelpagesize_kB=2048\n7f01 default anon=3 N0=3 kernelpagesize_kB=4\n7f02 "
		"default\n7f03 default file=/usr/bin/qemu-system-x86_64 dirty=9 N0=9 "
		"kernelpagesize_kB=4\n7f04 default file=/opt/lib.so mapped=7 mapmax=2 N1=7 "
		"kernelpagesize_kB=4\n7f05 default file=/memfd:pc.ram dirty=5 N1=5 "
		"kernelpagesize_kB=4\n");

	g_assert_cmpuint(bytes_of(nodes, 0), ==, (2 << 21) + 3 * 4096);
	g_assert_cmpuint(bytes_of(nodes, 1), ==, (1 << 21) + 5 * 4096);
}

static void test_cpuinfo(void)
{
	static const struct {
		const char *text;
		Tristate nested, pause;
	} rows[] = {
		{"processor\t: 0\nflags\t\t: fpu svm pausefilter pfthreshold\n", TRISTATE_NO,
		 TRISTATE_YES},
		{"flags\t\t: fpu svm pausefilter hypervisor\n", TRISTATE_YES, TRISTATE_NO},
		{"flags\t\t: fpu svm\n", TRISTATE_NO, TRISTATE_NO},
		{"flags\t\t: fpu vmx\nvmx flags\t: vnmi ept ple\n", TRISTATE_NO, TRISTATE_YES},
		{"flags\t\t: fpu vmx\nvmx flags\t: vnmi ept\n", TRISTATE_NO, TRISTATE_NO},
		/* before 5.10 the kernel does not show them */
		{"flags\t\t: fpu vmx\n", TRISTATE_NO, TRISTATE_UNKNOWN},
		{"cpu\t\t: POWER9\n", TRISTATE_UNKNOWN, TRISTATE_UNKNOWN},
		{"", TRISTATE_UNKNOWN, TRISTATE_UNKNOWN},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_assert_cmpint(cpuinfo_nested(rows[i].text), ==, rows[i].nested);
		g_assert_cmpint(cpuinfo_pause_exits(rows[i].text), ==, rows[i].pause);
	}
}

static void test_log(void)
{
	g_autofree char *line =
		guest_log_parse("starting up libvirt version: 8\nkvm: guest stopping "
				"CPU not supported: Invalid argument\nend\n");
	g_autofree char *old =
		guest_log_parse("starting up libvirt version: 8\nkvm: guest stopping "
				"CPU not supported: x\nstarting up libvirt version: 8\n");

	g_assert_cmpstr(line, ==, "kvm: guest stopping CPU not supported: Invalid argument");
	g_assert_null(old);
}

#define DOMAIN(name, id, pin)                                                                      \
	"<domain type='kvm'" id "><name>" name "</name><vcpu cpuset='0-1'>2</vcpu><iothreads>1"    \
	"</iothreads><cputune><vcpupin vcpu='0' cpuset='" pin "'/><emulatorpin cpuset='0'/>"       \
	"</cputune></domain>"

static const Guest *guest_at(const Facts *facts, guint i)
{
	g_assert_nonnull(facts->guests);
	g_assert_cmpuint(i, <, facts->guests->guests->len);
	return g_ptr_array_index(facts->guests->guests, i);
}

static const GuestThread *thread_of(const GArray *threads, guint i)
{
	g_assert_cmpuint(i, <, threads->len);
	return &g_array_index(threads, GuestThread, i);
}

static void put_thread(const char *directory, unsigned tid, const char *comm, const char *cpus)
{
	g_autofree char *path = g_strdup_printf("proc/50/task/%u/status", tid);
	g_autofree char *text = g_strdup_printf(
		"Name:\t%s\nPPid:\t1\nVmSize:\t1 kB\nCpus_allowed_list:\t%s\n", comm, cpus);

	scratch_put(directory, path, text);
}

/* The words of LINE as the kernel shows a command line. */
static void put_cmdline(const char *directory, const char *line)
{
	g_autofree char *words = g_strdup(line);

	for (size_t i = 0, n = strlen(line); i < n; i++)
		words[i] = line[i] == ' ' ? '\0' : line[i];
	scratch_put_bytes(directory, "proc/50/cmdline", words, strlen(line) + 1);
}

/* Live, inactive and real pins of one guest, from files and /proc. */
static void test_merge(void)
{
	g_autofree char *directory = scratch_new();
	g_autofree char *domains = g_build_filename(directory, "domains", NULL);
	FactsOptions options = {.root = directory, .guests.domains = domains};
	g_autoptr(Facts) facts = NULL;
	const Guest *guest;

	scratch_put(domains, "a.xml", DOMAIN("vm", "", "4"));
	scratch_put(domains, "live/a.xml", DOMAIN("vm", "", "5"));
	scratch_put(domains, "stopped.xml", DOMAIN("off", "", "6"));
	scratch_put(domains, "copy.xml", DOMAIN("vm", "", "8"));
	scratch_put(domains, "bad.xml", "<domain>");
	put_cmdline(directory, "/usr/bin/qemu-kvm -name guest=vm -vnc x");
	put_thread(directory, 50, "qemu-kvm", "0-1");
	put_thread(directory, 51, "CPU 0/KVM", "7");
	put_thread(directory, 52, "IO iothread1", "3");
	put_thread(directory, 53, "vhost-50", "9");
	put_thread(directory, 54, "worker", "2");
	facts = facts_load(&options, NULL);
	g_assert_cmpuint(facts->guests->guests->len, ==, 3); /* two files of one name */
	guest = guest_at(facts, 1);
	g_assert_false(guest->running);
	assert_set(thread_of(guest->vcpu_threads, 0)->inactive, "8");
	guest = guest_at(facts, 2);
	g_assert_true(guest->running && guest->persistent && !guest->unlisted);
	g_assert_cmpuint(guest->pid, ==, 50);
	g_assert_cmpuint(g_strv_length(guest->argv), ==, 3);
	g_assert_cmpuint(guest->vcpu_threads->len, ==, 2);
	assert_set(thread_of(guest->vcpu_threads, 0)->live, "5");
	assert_set(thread_of(guest->vcpu_threads, 0)->inactive, "4");
	assert_set(thread_of(guest->vcpu_threads, 0)->real, "7");
	g_assert_null(thread_of(guest->vcpu_threads, 1)->real);
	assert_set(thread_of(guest->iothreads, 0)->real, "3");
	g_assert_cmpuint(guest->emulator_threads->len, ==, 2);
	assert_set(thread_of(guest->emulator_threads, 1)->live, "0");
	assert_set(thread_of(guest->emulator_threads, 1)->real, "2");
	guest = guest_at(facts, 0);
	g_assert_false(guest->running);
	assert_set(thread_of(guest->emulator_threads, 0)->inactive, "0");
	scratch_remove(directory);
}

/* Without any XML a QEMU is a guest all the same. */
static void test_unlisted(void)
{
	g_autofree char *directory = scratch_new();
	FactsOptions options = {.root = directory};
	g_autoptr(Facts) facts = NULL;

	put_cmdline(directory, "qemu -name guest=x -overcommit cpu-pm=on");
	put_thread(directory, 50, "qemu-system-x86", "0-1");
	put_thread(directory, 51, "CPU 0/KVM", "7");
	facts = facts_load(&options, NULL);
	g_assert_true(guest_at(facts, 0)->unlisted && guest_at(facts, 0)->running);
	g_assert_cmpstr(guest_at(facts, 0)->name, ==, "x");
	g_assert_cmpuint(guest_at(facts, 0)->vcpus, ==, 1);
	g_assert_cmpstr(guest_at(facts, 0)->overcommit_live[0], ==, "cpu-pm=on");
	g_assert_cmpstr(facts->guests->source, ==, "/proc");
	scratch_remove(directory);
}

/* As sos 4.10 and later has it: domstatus, virsh's dump, taskset. */
static void test_sosreport(void)
{
	g_autofree char *directory = scratch_new();
	FactsOptions options = {.root = directory};
	g_autoptr(Facts) facts = NULL;
	const Guest *guest;

	scratch_put(directory, "etc/libvirt/qemu/vm.xml", DOMAIN("vm", "", "4"));
	scratch_put(
		directory, "run/libvirt/qemu/vm.xml",
		"<domstatus state='running' pid='50'><vcpus><vcpu id='0' pid='51'/></vcpus>" DOMAIN(
			"vm", " id='1'", "5") "</domstatus>");
	scratch_put(directory, "sos_commands/virsh/virsh_-r_dumpxml_other",
		    DOMAIN("other", " id='2'", "8"));
	scratch_put(directory, "sos_commands/virsh/virsh_-r_list_--all", "nothing");
	scratch_put(directory, "sos_commands/virsh/taskset_vm",
		    "pid 50's current affinity list: 0,1\npid 51's current affinity list: 9\nx\n");
	facts = facts_load(&options, NULL);
	g_assert_cmpuint(facts->guests->guests->len, ==, 2);
	g_assert_true(guest_at(facts, 0)->running && !guest_at(facts, 0)->persistent);
	guest = guest_at(facts, 1);
	g_assert_true(guest->running && guest->persistent);
	assert_set(thread_of(guest->vcpu_threads, 0)->real, "9");
	g_assert_cmpuint(thread_of(guest->vcpu_threads, 0)->tid, ==, 51);
	assert_set(thread_of(guest->emulator_threads, 0)->real, "0-1");
	scratch_remove(directory);
}

static const char *why_of(const Facts *facts, const char *source)
{
	for (unsigned i = 0; i < facts->unread->len; i++) {
		const Unread *unread = g_ptr_array_index(facts->unread, i);

		if (!strcmp(unread->source, source))
			return unread->why;
	}
	return "";
}

/* Somebody listens and never says a word. */
static void test_hung(void)
{
	g_autofree char *directory = scratch_new();
	g_autofree char *uri = g_strdup_printf("qemu+unix:///session?socket=%s/sock", directory);
	g_autofree char *source = g_strdup_printf("libvirt %s", uri);
	FactsOptions options = {.root = directory, .guests.uri = uri, .guests.deadline = 1};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	gint64 start = g_get_monotonic_time();
	g_autoptr(Facts) facts = NULL;

	scratch_put(directory, "proc/cmdline", "quiet\n");
	g_snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock", directory);
	g_assert_cmpint(bind(listener, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_assert_cmpint(listen(listener, 5), ==, 0);
	facts = facts_load(&options, NULL);
	g_assert_cmpint(g_get_monotonic_time() - start, <, 4 * G_USEC_PER_SEC);
	g_assert_null(facts->guests);
	g_test_message("%s", why_of(facts, source));
	g_assert_nonnull(strstr(why_of(facts, source), "did not answer within 1 s"));
	close(listener);
	scratch_remove(directory);
}

/* libvirt's own test driver: many domains, 72 CPUs. */
static void test_driver(void)
{
	g_autofree char *directory = scratch_new();
	g_autofree char *uri = g_strdup_printf("test://%s/node.xml", directory);
	FactsOptions options = {.root = directory, .guests.uri = uri};
	g_autoptr(GString) node = g_string_new(
		"<node><cpu><mhz>1</mhz><model>x86_64</model><active>72</active><nodes>2</nodes>"
		"<sockets>1</sockets><cores>18</cores><threads>2</threads></cpu>"
		"<memory>1048576</memory>");
	g_autoptr(Facts) facts = NULL;

	for (unsigned i = 0; i < 200; i++)
		g_string_append_printf(
			node,
			"<domain type='test'><name>vm%03u</name><memory>1024</memory>"
			"<vcpu>1</vcpu><os><type>hvm</type></os><cputune>"
			"<vcpupin vcpu='0' cpuset='%u'/></cputune></domain>",
			i, i % 72);
	g_string_append(node, "</node>");
	scratch_put(directory, "node.xml", node->str);
	scratch_put(directory, "proc/cmdline", "quiet\n");
	facts = facts_load(&options, NULL);
	g_assert_nonnull(facts->guests);
	g_assert_cmpuint(facts->guests->guests->len, ==, 200);
	g_assert_true(guest_at(facts, 71)->running);
	assert_set(thread_of(guest_at(facts, 71)->vcpu_threads, 0)->live, "71");
	assert_set(thread_of(guest_at(facts, 71)->vcpu_threads, 0)->real, "71");
	g_assert_nonnull(facts->guests->libvirt);
	scratch_remove(directory);
}

static void test_refused(void)
{
	g_autofree char *directory = scratch_new();
	FactsOptions options = {.root = directory, .guests.uri = "foo:///x"};
	g_autoptr(Facts) facts = NULL;

	scratch_put(directory, "proc/cmdline", "quiet\n");
	facts = facts_load(&options, NULL);
	g_assert_cmpstr(why_of(facts, "libvirt foo:///x"), !=, "");
	g_assert_null(facts->guests);
	scratch_remove(directory);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qemu/names", test_names);
	g_test_add_func("/qemu/threads", test_threads);
	g_test_add_func("/qemu/config", test_config);
	g_test_add_func("/qemu/numa", test_numa);
	g_test_add_func("/kvm/cpuinfo", test_cpuinfo);
	g_test_add_func("/guests/log", test_log);
	g_test_add_func("/guests/merge", test_merge);
	g_test_add_func("/guests/unlisted", test_unlisted);
	g_test_add_func("/guests/run", test_run);
	g_test_add_func("/guests/settings", test_settings);
	g_test_add_func("/guests/pages", test_pages);
	g_test_add_func("/guests/sosreport", test_sosreport);
	g_test_add_func("/libvirt/hung", test_hung);
	g_test_add_func("/libvirt/driver", test_driver);
	g_test_add_func("/libvirt/refused", test_refused);
	return g_test_run();
}
