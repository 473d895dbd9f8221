/* SPDX-License-Identifier: MIT */
#include "tests/unit/scratch.h"
#include "topology/base/text.h"
#include "topology/facts/bootloader.h"
#include "topology/facts/facts_root.h"
#include "topology/facts/kernel.h"
#include "topology/facts/kernel_line.h"
#include "topology/facts/line_written.h"
#include "topology/facts/services.h"
#include "topology/facts/snapshot.h"
#include "topology/facts/syslinux.h"
#include "topology/root/gunzip.h"

static void assert_nohz(const char *text, const char *list)
{
	g_auto(CpuSet) set = kernel_nohz_parse(text);

	assert_set(set, list);
}

static void test_nohz(void)
{
	assert_nohz("(null)\n", "");
	assert_nohz("  (null)\n", "");
	assert_nohz("\n", "");
	assert_nohz("4-7\n", "4-7");
	assert_nohz("none", NULL);
}

static void test_config(void)
{
	g_autoptr(GHashTable) config = kernel_config_parse(
		"#\n# Linux\nCONFIG_NO_HZ_FULL=y\n# CONFIG_CPUSETS_V1 is not set\n"
		"CONFIG_CMDLINE=\"a b\"\nCONFIG_NR_CPUS=8192\n");

	g_assert_cmpstr(g_hash_table_lookup(config, "CONFIG_NO_HZ_FULL"), ==, "y");
	g_assert_cmpstr(g_hash_table_lookup(config, "CONFIG_CPUSETS_V1"), ==, "n");
	g_assert_cmpstr(g_hash_table_lookup(config, "CONFIG_CMDLINE"), ==, "a b");
	g_assert_null(g_hash_table_lookup(config, "CONFIG_HZ"));
}

/* "CONFIG_NO_HZ_FULL=y", "# CONFIG_RCU_NOCB_CPU is not set": gzip -n. */
static const char config_gz[] = "\037\213\010\000\000\000\000\000\002\003\163\366\367\163\363\164"
				"\217\367\363\217\367\210\212\167\013\365\361\261\255\344\122\126"
				"\160\206\210\006\071\207\002\145\234\235\342\235\003\102\025\062"
				"\213\025\362\362\113\024\212\123\113\270\000\327\324\156\376\065"
				"\000\000\000";
#define CONFIG_GZ_LENGTH (sizeof(config_gz) - 1)

#define STRING(literal) (literal), sizeof(literal) - 1

static void assert_no_gunzip(const char *bytes, size_t length, size_t limit, const char *reason)
{
	g_autofree char *copy = g_memdup2(bytes, length); /* for ASan to guard its end */
	const char *why = NULL;

	g_assert_null(gunzip(copy, length, limit, &why));
	g_assert_cmpstr(why, ==, reason);
}

static void test_gunzip(void)
{
	static const char broken[] = "not a gzip file, or damaged";
	g_autofree char *damaged = g_memdup2(config_gz, CONFIG_GZ_LENGTH);
	g_autofree char *more = g_strnfill(CONFIG_GZ_LENGTH + 3, 'x');
	g_autofree char *text = NULL, *first = NULL;
	const char *why;

	text = gunzip(config_gz, CONFIG_GZ_LENGTH, 53, &why);
	g_assert_cmpstr(text, ==, "CONFIG_NO_HZ_FULL=y\n# CONFIG_RCU_NOCB_CPU is not set\n");
	memcpy(more, config_gz, CONFIG_GZ_LENGTH);
	first = gunzip(more, CONFIG_GZ_LENGTH + 3, 53, &why);
	g_assert_cmpstr(first, ==, text);
	assert_no_gunzip(config_gz, CONFIG_GZ_LENGTH, 52, "it is too large");
	for (size_t length = 0; length < CONFIG_GZ_LENGTH; length++)
		assert_no_gunzip(config_gz, length, 53, "it is cut off");
	assert_no_gunzip(STRING("CONFIG_NO_HZ_FULL=y\n"), 53, broken);
	assert_no_gunzip(STRING("\x78\x9c\x03\0\0\0\0\x01"), 53, broken); /* zlib's own format */
	damaged[CONFIG_GZ_LENGTH - 6] ^= 1;				  /* in its checksum */
	assert_no_gunzip(damaged, CONFIG_GZ_LENGTH, 53, broken);
}

/* A deflate stream of N zero bytes in blocks of 65,535, stored: what is read, but too long. */
static GByteArray *long_gz(size_t blocks)
{
	GByteArray *bytes = g_byte_array_new();
	g_autofree guint8 *zeros = g_malloc0(65535);

	g_byte_array_append(bytes, (const guint8 *)"\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
	for (size_t i = 0; i < blocks; i++) {
		g_byte_array_append(bytes, (const guint8 *)"\0\xff\xff\0\0", 5);
		g_byte_array_append(bytes, zeros, 65535);
	}
	return bytes;
}

static bool is_unread(const Facts *facts, const char *source)
{
	for (unsigned i = 0; i < facts->unread->len; i++) {
		const Unread *unread = g_ptr_array_index(facts->unread, i);

		if (!strcmp(unread->source, source))
			return true;
	}
	return false;
}

static Facts *config_facts(const char *directory, const void *gz, size_t length)
{
	FactsOptions options = {.root = directory};
	g_autoptr(GError) error = NULL;
	Facts *facts;

	scratch_put_bytes(directory, "proc/config.gz", gz, length);
	facts = facts_load(&options, &error);
	g_assert_no_error(error);
	return facts;
}

static void assert_snapshot_keeps_config(const char *directory)
{
	g_autofree char *folder = scratch_new();
	g_autofree char *file = g_build_filename(folder, "node.tar", NULL);
	FactsOptions options = {.root = directory}, read = {.root = file};
	g_autoptr(GError) error = NULL;
	g_autoptr(GByteArray) tar = snapshot_load(&options, NULL, &error);
	g_autoptr(Facts) facts = NULL;

	g_assert_no_error(error);
	scratch_put_bytes(folder, "node.tar", tar->data, tar->len);
	facts = facts_load(&read, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(g_hash_table_lookup(facts->kernel->config, "CONFIG_NO_HZ_FULL"), ==, "y");
	scratch_remove(folder);
}

/* The compressed copy stands in where there is no other; a bad one is unread, by name. */
static void test_config_gz(void)
{
	g_autofree char *directory = scratch_new();
	g_autoptr(GByteArray) much = long_gz(127);
	g_autoptr(Facts) good = NULL, bad = NULL, large = NULL, other = NULL;

	scratch_put(directory, "proc/sys/kernel/osrelease", "6.1.0-1-amd64\n");
	good = config_facts(directory, config_gz, CONFIG_GZ_LENGTH);
	g_assert_cmpstr(g_hash_table_lookup(good->kernel->config, "CONFIG_NO_HZ_FULL"), ==, "y");
	g_assert_cmpstr(g_hash_table_lookup(good->kernel->config, "CONFIG_RCU_NOCB_CPU"), ==, "n");
	g_assert_false(is_unread(good, "/proc/config.gz"));
	assert_snapshot_keeps_config(directory);
	bad = config_facts(directory, config_gz, CONFIG_GZ_LENGTH - 9);
	g_assert_null(bad->kernel->config);
	g_assert_true(is_unread(bad, "/proc/config.gz"));
	large = config_facts(directory, much->data, much->len);
	g_assert_null(large->kernel->config);
	g_assert_true(is_unread(large, "/proc/config.gz"));
	scratch_put(directory, "boot/config-6.1.0-1-amd64", "CONFIG_HZ=100\n");
	other = config_facts(directory, config_gz, CONFIG_GZ_LENGTH);
	g_assert_cmpstr(g_hash_table_lookup(other->kernel->config, "CONFIG_HZ"), ==, "100");
	g_assert_null(g_hash_table_lookup(other->kernel->config, "CONFIG_NO_HZ_FULL"));
	scratch_remove(directory);
}

/* Nothing of the environment but what the line put there. */
static void test_environ(void)
{
	static const char bytes[] = "HOME=/\0TERM=linux\0rcu_ncbs=4-7\0SECRET=x\0isolcpus=4-99\0"
				    "foo-bar=1\0\0last=2";
	g_auto(GStrv) kept =
		kernel_environ_parse(bytes, sizeof(bytes) - 1,
				     "quiet rcu_ncbs=4-7 \"isolcpus=4-99\" foo_bar=1 xSECRET=y");
	g_autofree char *line = g_strjoinv(" ", kept);

	g_assert_cmpstr(line, ==, "rcu_ncbs=4-7 isolcpus=4-99 foo-bar=1");
}

static void assert_clean(const char *line, const char *kept)
{
	g_autofree char *once = kernel_line_clean(line), *again = kernel_line_clean(once);

	g_assert_cmpstr(once, ==, kept);
	g_assert_cmpstr(again, ==, kept);
}

/* Values of parameters that may hold anything are left out, and named. */
static void test_clean(void)
{
	assert_clean("BOOT_IMAGE=(hd0)/v-5 ro quiet isolcpus=managed_irq,domain,2-5 nohz=on nosmt",
		     "BOOT_IMAGE=(hd0)/v-5 ro quiet isolcpus=managed_irq,domain,2-5 nohz=on nosmt");
	assert_clean("rd.iscsi.password=S3CRET netroot=iscsi:u:S3CRET@h  x=\"a S3CRET\" y",
		     "rd.iscsi.password=(left-out) netroot=(left-out) x=(left-out) y");
	assert_clean("systemd.set_credential=a:S3CRET \"z=S3 CRET\" S3CRET a:S3=1",
		     "systemd.set_credential=(left-out) z=(left-out) (left-out) (left-out)");
	assert_clean("rcu_ncbs=2-5 rcu_x=S3CRET isolcpu=1-S $kernelopts",
		     "rcu_ncbs=2-5 rcu_x=(left-out) isolcpu=(left-out) $kernelopts");
	assert_clean(
		"kvm-intel.nested=1 intel_idle.max-cstate=1 -- secret b=S3CRET isolcpus=4",
		"kvm-intel.nested=1 intel_idle.max-cstate=1 -- (left-out) (left-out) isolcpus=4");
	assert_clean("isolcpus=4-5, 6-7 123456", "isolcpus=4-5, 6-7 (left-out)");
	assert_clean("isolc: 2", "(left-out) (left-out)");
	assert_clean("isolcpus = 4-5 nohz_full=2 3-4 rcu_nocbs =5 quiet 6-7",
		     "isolcpus = 4-5 nohz_full=2 3-4 rcu_nocbs =5 quiet (left-out)");
	assert_clean("isolcpus=nohz, domain,4 x=1 8 =S3", "isolcpus=nohz, domain,4 x=(left-out) "
							  "(left-out) (left-out)");
	assert_clean("ISOLCPUS=4-7 isolcpus:4-7 isolcpus:S3CRET nohz;1",
		     "ISOLCPUS=4-7 isolcpus:4-7 (left-out) nohz;1");
	assert_clean(" \n ", "");
}

static void test_bls(void)
{
	g_autoptr(GHashTable) variables = table_new();
	g_autofree char *line = NULL, *none = NULL, *two = NULL;

	g_hash_table_insert(variables, g_strdup("kernelopts"), g_strdup("root=/dev/x ro"));
	line = bls_parse("title T\nlinux /v\noptions $kernelopts $tuned_params quiet\n", variables);
	g_assert_cmpstr(line, ==, "root=/dev/x ro  quiet");
	two = bls_parse("options a\noptions\tb\n", NULL);
	g_assert_cmpstr(two, ==, "a b");
	none = bls_parse("title T\noptionsx y\n", NULL);
	g_assert_null(none);
}

static const char menu[] =
	"if [ \"${next_entry}\" ] ; then\n   set default=\"${next_entry}\"\nelse\n"
	"   set default=\"%s\"\nfi\npassword_pbkdf2 root grub.pbkdf2.secret\n"
	"menuentry 'Debian' --class x $menuentry_id_option 'gnulinux-simple' {\n"
	"\tlinux\t/boot/vmlinuz root=UUID=1 ro quiet isolcpus=4-7\n}\n"
	"submenu 'Advanced' $menuentry_id_option 'gnulinux-advanced' {\n"
	"menuentry 'Old' $menuentry_id_option 'gnulinux-old' {\n\tlinux /boot/old ro old\n}\n}\n";

static void assert_grub(const char *chosen, const char *saved, const char *line)
{
	g_auto(GStrv) parts = g_strsplit(menu, "%s", 2);
	g_autofree char *text = g_strjoinv(chosen, parts), *kept = grub_keep(text);
	g_autofree char *got = grub_parse(text, saved), *again = grub_parse(kept, saved);

	g_assert_cmpstr(got, ==, line);
	g_assert_cmpstr(again, ==, line);
	g_assert_null(strstr(kept, "secret"));
}

static void test_grub(void)
{
	g_autofree char *bls = grub_parse("blscfg\nmenuentry 'x' {\nlinux /v a\n}\n", NULL);

	assert_grub("0", NULL, "root=(left-out) ro quiet isolcpus=4-7");
	assert_grub("${saved_entry}", NULL, "root=(left-out) ro quiet isolcpus=4-7");
	assert_grub("${saved_entry}", "gnulinux-advanced>gnulinux-old", "ro old");
	assert_grub("Advanced>Old", NULL, "ro old");
	assert_grub("nothing", NULL, NULL);
	assert_grub("${strange}", NULL, NULL);
	g_assert_null(bls);
}

static char *boot_line(const char *directory)
{
	g_autoptr(Root) root = scratch_open(directory, 0);
	g_autofree char *source = NULL;
	char *line = bootloader_load(root, LOADER_GRUB, NULL, NULL, &source);

	g_assert_true(!line == !source);
	return line;
}

/* Entries that differ are ambiguous until one is chosen; rescue entries never count. */
static void test_entries(void)
{
	g_autofree char *directory = scratch_new();
	g_autofree char *one = NULL, *both = NULL, *chosen = NULL;

	scratch_put(directory, "boot/loader/entries/id-rescue.conf", "options rescue\n");
	scratch_put(directory, "boot/loader/entries/id-1.conf", "options a\n");
	one = boot_line(directory);
	g_assert_cmpstr(one, ==, "a");
	scratch_put(directory, "boot/loader/entries/id-2.conf", "options b\n");
	both = boot_line(directory);
	g_assert_null(both);
	scratch_put(directory, "boot/grub2/grubenv", "# GRUB\nsaved_entry=id-2\n####");
	chosen = boot_line(directory);
	g_assert_cmpstr(chosen, ==, "b");
	scratch_remove(directory);
}

static void test_loaders(void)
{
	static const struct {
		const char *line;
		Loader loader;
		const char *release;
	} rows[] = {
		{"BOOT_IMAGE=/boot/vmlinuz-6.1.0-28-amd64 root=/dev/sda1", LOADER_GRUB,
		 "6.1.0-28-amd64"},
		{"BOOT_IMAGE=(hd0,gpt3)/vmlinuz-5.14.0-427.el9.x86_64 root=x", LOADER_GRUB,
		 "5.14.0-427.el9.x86_64"},
		{"BOOT_IMAGE=/vmlinuz root=x", LOADER_GRUB, NULL},
		{"BOOT_IMAGE=/bzimage initrd=/bzroot", LOADER_SYSLINUX, NULL},
		{"BOOT_IMAGE=vmlinuz-lts quiet initrd=initramfs-lts", LOADER_SYSLINUX, NULL},
		{"initrd=\\EFI\\proxmox\\6.8.12-4-pve\\initrd.img-6.8.12-4-pve root=ZFS=x",
		 LOADER_PROXMOX, NULL},
		{"initrd=\\abc\\6.1.0\\initrd root=x", LOADER_ENTRIES, NULL},
		{"root=/dev/sda1 quiet", LOADER_UNKNOWN, NULL},
		{NULL, LOADER_UNKNOWN, NULL},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *release = boot_image_release(rows[i].line);

		g_assert_cmpint(loader_of_line(rows[i].line), ==, rows[i].loader);
		g_assert_cmpstr(release, ==, rows[i].release);
	}
}

static void assert_next(const char *directory, const char *running, const char *release,
			const char *wanted)
{
	g_autoptr(Root) root = scratch_open(directory, 0);
	g_autofree char *source = NULL;
	g_autofree char *line =
		bootloader_load(root, loader_of_line(running), running, release, &source);

	g_assert_cmpstr(line, ==, wanted);
}

/* Only the loader that booted the line that runs is believed, and a menu that has its kernel. */
static void test_next_line(void)
{
	static const char efi[] = "initrd=\\EFI\\proxmox\\6.8\\initrd.img root=x";
	g_autofree char *directory = scratch_new();

	scratch_put(directory, "boot/grub/grub.cfg",
		    "menuentry 'a' {\nlinux /boot/vmlinuz-6.1 root=x isolcpus=4\n}\n");
	assert_next(directory, "BOOT_IMAGE=/boot/vmlinuz-6.1 root=x", "6.1",
		    "root=(left-out) isolcpus=4");
	assert_next(directory, "BOOT_IMAGE=/boot/vmlinuz-6.9 root=x", "6.9", NULL);
	assert_next(directory, efi, "6.8", NULL);
	assert_next(directory, "root=x", "6.1", NULL);
	scratch_put(directory, "etc/kernel/cmdline", "root=x quiet\n");
	assert_next(directory, efi, "6.8", "root=(left-out) quiet");
	scratch_put(directory, "boot/efi/loader/entries/proxmox-6.8.conf", "options root=x y\n");
	assert_next(directory, efi, "6.8", "root=(left-out) y");
	assert_next(directory, "initrd=\\a\\initrd root=x", "6.8", "root=(left-out) y");
	assert_next(directory, "BOOT_IMAGE=/bzimage initrd=/bzroot", NULL, NULL);
	scratch_put(directory, "boot/syslinux/syslinux.cfg", "DEFAULT a\nLABEL a\nAPPEND quiet\n");
	assert_next(directory, "BOOT_IMAGE=/bzimage initrd=/bzroot", NULL, "quiet");
	scratch_remove(directory);
}

/* Of several entries loader.conf names one, or the newest of a pattern. */
static void test_loader_conf(void)
{
	static const char running[] = "initrd=\\a\\initrd root=x";
	g_autofree char *directory = scratch_new();

	scratch_put(directory, "boot/efi/loader/entries/m-6.1.conf", "options quiet\n");
	scratch_put(directory, "boot/efi/loader/entries/m-6.8.conf", "options isolcpus=4\n");
	scratch_put(directory, "boot/efi/loader/entries/z.conf", "options nosmt\n");
	assert_next(directory, running, NULL, NULL);
	scratch_put(directory, "boot/efi/loader/loader.conf", "timeout 3\ndefault m-6.1.conf\n");
	assert_next(directory, running, NULL, "quiet");
	scratch_put(directory, "boot/efi/loader/loader.conf", "default m-*\n");
	assert_next(directory, running, NULL, "isolcpus=4");
	scratch_remove(directory);
}

static void test_syslinux(void)
{
	static const struct {
		const char *menu, *line;
	} rows[] = {
		{"default menu.c32\nlabel a\nappend quiet\nlabel b\nmenu default\nappend nosmt\n",
		 "nosmt"},
		{"label a\nappend quiet\nlabel b\nappend nosmt\nmenu default\n", "nosmt"},
		{"DEFAULT b\nLABEL a\nAPPEND quiet\nLABEL b\n  APPEND ${cbootargs} nosmt\n",
		 "nosmt"},
		{"append nosmt\nlabel a\nkernel x\nlabel b\nappend quiet\n", "nosmt"},
		{"label a\nappend nosmt\nlabel b\nappend quiet\n", "nosmt"},
		{"timeout 30\n", NULL},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *kept = syslinux_keep(rows[i].menu);
		g_autofree char *line = syslinux_parse(kept);

		g_assert_cmpstr(line, ==, rows[i].line);
	}
}

/* Where the line bears no mark, files tell; GRUB's mark counts more than they do. */
static void test_loader_find(void)
{
	static const struct {
		const char *file, *line;
		Loader loader;
	} rows[] = {
		{"boot/extlinux/extlinux.conf", "root=x", LOADER_SYSLINUX},
		{"boot/extlinux/extlinux.conf", "BOOT_IMAGE=/vmlinuz-6.1 root=x", LOADER_GRUB},
		{"sys/firmware/efi/efivars/StubInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", "root=x",
		 LOADER_UKI},
		{"etc/zipl.conf", "root=x", LOADER_ZIPL},
		{"etc/zipl.conf", "root=x BOOT_IMAGE=0", LOADER_ZIPL},
		{"etc/zipl.conf", "BOOT_IMAGE=/vmlinuz-6.1 root=x", LOADER_GRUB},
		{"etc/default/grub", "root=x", LOADER_UNKNOWN},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *directory = scratch_new();
		g_autoptr(Root) root = NULL;

		scratch_put(directory, rows[i].file, "x\n");
		root = scratch_open(directory, 0);
		g_assert_cmpint(loader_find(root, rows[i].line), ==, rows[i].loader);
		scratch_remove(directory);
	}
}

static void test_written(void)
{
	g_autofree char *directory = scratch_new();
	g_autoptr(Root) root = NULL;
	LineWritten written[WRITTEN_COUNT];

	scratch_put(directory, "etc/default/grub", "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n");
	scratch_put(directory, "etc/default/grub.d/a.cfg",
		    "GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT isolcpus=4\"\n");
	scratch_put(directory, "etc/default/grub.d/a.cfg~", "GRUB_CMDLINE_LINUX=nosmt\n");
	scratch_put(directory, "etc/tuned/bootcmdline", "TUNED_BOOT_CMDLINE=\"nohz_full=4\"\n");
	scratch_put(directory, "etc/update-extlinux.conf", "default_kernel_opts=\"nosmt\"\n");
	root = scratch_open(directory, 0);
	written_load(root, written);
	g_assert_cmpstr(written[WRITTEN_ALPINE].words, ==, "nosmt");
	g_assert_cmpstr(written[WRITTEN_GRUB].words, ==, "quiet isolcpus=4");
	g_assert_cmpstr(written[WRITTEN_GRUB].file, ==,
			"/etc/default/grub, /etc/default/grub.d/a.cfg");
	g_assert_cmpstr(written[WRITTEN_TUNED].words, ==, "nohz_full=4");
	g_assert_null(written[WRITTEN_ZIPL].words);
	written_clear(written);
	scratch_remove(directory);
}

static void test_systemd(void)
{
	g_autoptr(GHashTable) manager = table_new();

	systemd_parse(manager, "[Unit]\nCPUAffinity=9\n[Manager]\n#CPUAffinity=8\nCPUAffinity=0-1\n"
			       "CPUAffinity = 2\nLogLevel=info\n");
	g_assert_cmpstr(g_hash_table_lookup(manager, "CPUAffinity"), ==, "0-1 2");
	systemd_parse(manager, "[Manager]\nCPUAffinity=\nLogLevel=debug\nCPUAffinity=5\n");
	g_assert_cmpstr(g_hash_table_lookup(manager, "CPUAffinity"), ==, "5");
	g_assert_cmpstr(g_hash_table_lookup(manager, "LogLevel"), ==, "debug");
}

static void test_settings(void)
{
	g_autoptr(GHashTable) set = settings_parse(
		"# A=1\n;B=2\nC = \"x y\" \nexport D='z'\nE=\nF\n=G\nC2=\"half\nC=last=1\n");

	g_assert_cmpuint(g_hash_table_size(set), ==, 4);
	g_assert_cmpstr(g_hash_table_lookup(set, "C"), ==, "last=1");
	g_assert_cmpstr(g_hash_table_lookup(set, "D"), ==, "z");
	g_assert_cmpstr(g_hash_table_lookup(set, "E"), ==, "");
}

/* A directory with one file in it: everything else is unread, nothing is guessed. */
static void test_bare(void)
{
	g_autofree char *directory = scratch_new();
	FactsOptions options = {.root = directory};
	g_autoptr(GError) error = NULL;
	g_autoptr(Facts) facts = NULL;

	scratch_put(directory, "proc/cmdline", "quiet \xff\n");
	facts = facts_load(&options, &error);
	g_assert_no_error(error);
	g_assert_false(facts->live);
	g_assert_cmpstr(facts->kernel->cmdline, ==, "quiet (left-out)");
	g_assert_null(facts->kernel->isolated);
	g_assert_null(facts->kernel->nohz_full);
	g_assert_null(facts->kernel->config);
	g_assert_null(facts->kernel->init_environ);
	g_assert_null(facts->host);
	g_assert_null(facts->guests);
	g_assert_null(facts->hugepages);
	g_assert_cmpint(facts->kvm->disable_exits, ==, -1);
	g_assert_true(is_unread(facts, "/sys/devices/system/cpu/isolated"));
	g_assert_true(is_unread(facts, "/proc/1/environ"));
	g_assert_true(is_unread(facts, "/proc/irq"));
	g_assert_true(is_unread(facts, "/dev/kvm"));
	g_assert_true(is_unread(facts, "topology"));
	scratch_remove(directory);
}

/* What is there for good: pages that were taken from the pool while VMs hold them are surplus. */
static void test_hugepages(void)
{
	static const char at[] = "sys/devices/system/node/node1/hugepages/hugepages-2048kB/";
	g_autofree char *directory = scratch_new();
	FactsOptions options = {.root = directory};
	g_autoptr(Facts) facts = NULL;
	static const char *const rows[][2] = {{"nr_hugepages", "104\n"},
					      {"free_hugepages", "3\n"},
					      {"surplus_hugepages", "96\n"}};
	const HugePages *pages;

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *path = g_strconcat(at, rows[i][0], NULL);

		scratch_put(directory, path, rows[i][1]);
	}
	facts = facts_load(&options, NULL);
	g_assert_cmpuint(facts->hugepages->len, ==, 1);
	pages = &g_array_index(facts->hugepages, HugePages, 0);
	g_assert_cmpuint(pages->node, ==, 1);
	g_assert_cmpuint(pages->size, ==, 2 << 20);
	g_assert_cmpuint(pages->total, ==, 8);
	g_assert_cmpuint(pages->free, ==, 3);
	scratch_remove(directory);
}

/* Files that hold something else than they should are unread, not empty. */
static void test_nonsense(void)
{
	g_autofree char *directory = scratch_new();
	FactsOptions options = {.root = directory};
	g_autoptr(Facts) facts = NULL;

	scratch_put(directory, "sys/devices/system/cpu/isolated", "4-\n");
	scratch_put(directory, "sys/devices/system/cpu/possible", "0-7\n");
	scratch_put(directory, "sys/devices/virtual/workqueue/cpumask", "xyz\n");
	facts = facts_load(&options, NULL);
	g_assert_null(facts->kernel->isolated);
	g_assert_null(facts->kernel->workqueue);
	assert_set(facts->kernel->possible, "0-7");
	assert_set(facts->kernel->nohz_full, ""); /* the kernel has no such file */
	g_assert_false(facts->kernel->nohz_full_file);
	g_assert_true(is_unread(facts, "/sys/devices/system/cpu/isolated"));
	g_assert_true(is_unread(facts, "/sys/devices/virtual/workqueue/cpumask"));
	scratch_remove(directory);
}

/* sos 4.0 as it came from a Debian 12 guest: no /proc/sys, but what `sysctl -a` printed. */
static void test_sosreport(void)
{
	g_autofree char *directory = scratch_new();
	FactsOptions options = {.root = directory};
	g_autoptr(GError) error = NULL;
	g_autoptr(Facts) facts = NULL;
	g_autoptr(GByteArray) tar = NULL;

	scratch_put(directory, "proc/cmdline", "quiet\n");
	scratch_put(directory, "proc/sys/kernel/hostname", "own\n");
	scratch_put(directory, "sos_commands/kernel/sysctl_-a",
		    "kernel.hostname = printed\nkernel.numa_balancing = 0\n"
		    "kernel.osrelease = 6.1.0-1-amd64\nkernel.sched_domain.cpu0.name = \n"
		    "net.ipv4.tcp_fastopen_key = 1234-5678\n");
	facts = facts_load(&options, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(facts->kernel->release, ==, "6.1.0-1-amd64");
	g_assert_cmpstr(g_hash_table_lookup(facts->kernel->sysctls, "kernel.hostname"), ==, "own");
	g_assert_cmpstr(g_hash_table_lookup(facts->kernel->sysctls, "kernel.numa_balancing"), ==,
			"0");
	g_assert_null(g_hash_table_lookup(facts->kernel->sysctls, "kernel.nmi_watchdog"));
	g_assert_false(is_unread(facts, "/proc/sys/kernel/osrelease"));
	tar = snapshot_load(&options, NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(memmem(tar->data, tar->len, "6.1.0-1-amd64", 13));
	g_assert_null(memmem(tar->data, tar->len, "1234-5678", 9));
	scratch_remove(directory);
}

static void test_environment(void)
{
	g_autofree char *kept = environment_keep(
		"[Service]\nEnvironment=\"IRQBALANCE_ARGS=a b\" SECRET=3\nEnvironmentFile=/x\n"
		"Environment='broken\nEnvironment=\n Environment=IRQBALANCE_BANNED_CPULIST=4-7\n");

	g_assert_cmpstr(kept, ==,
			"Environment=\"IRQBALANCE_ARGS=a b\"\nEnvironment=\n"
			"Environment=\"IRQBALANCE_BANNED_CPULIST=4-7\"\n");
}

/* A profile of one's own includes one that includes one that isolates. */
static void test_tuned(void)
{
	g_autofree char *directory = scratch_new(), *names = NULL;
	TaskFacts *tasks = tasks_new();
	ServiceFacts *services = services_new();
	g_autoptr(Root) root = scratch_open(directory, 0);

	scratch_put(directory, "etc/tuned/active_profile", "mine\n");
	scratch_put(directory, "etc/tuned/mine/tuned.conf",
		    "[main]\nsummary=x\ninclude=rt-host, powersave\n[sysctl]\ninclude=no\n");
	scratch_put(directory, "usr/lib/tuned/rt-host/tuned.conf", "[main]\ninclude=realtime\n");
	scratch_put(directory, "usr/lib/tuned/realtime/tuned.conf", "[main]\ninclude=mine\n");
	services_load(root, tasks, services);
	names = g_strjoinv(" ", services->tuned_included);
	g_assert_cmpstr(names, ==, "mine rt-host powersave realtime");
	services_free(services);
	tasks_free(tasks);
	scratch_remove(directory);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kernel/nohz", test_nohz);
	g_test_add_func("/kernel/config", test_config);
	g_test_add_func("/kernel/gunzip", test_gunzip);
	g_test_add_func("/kernel/config-gz", test_config_gz);
	g_test_add_func("/kernel/environ", test_environ);
	g_test_add_func("/kernel/clean", test_clean);
	g_test_add_func("/bootloader/bls", test_bls);
	g_test_add_func("/bootloader/grub", test_grub);
	g_test_add_func("/bootloader/entries", test_entries);
	g_test_add_func("/bootloader/loaders", test_loaders);
	g_test_add_func("/bootloader/next-line", test_next_line);
	g_test_add_func("/bootloader/loader-conf", test_loader_conf);
	g_test_add_func("/bootloader/syslinux", test_syslinux);
	g_test_add_func("/bootloader/find", test_loader_find);
	g_test_add_func("/bootloader/written", test_written);
	g_test_add_func("/services/systemd", test_systemd);
	g_test_add_func("/services/environment", test_environment);
	g_test_add_func("/services/tuned", test_tuned);
	g_test_add_func("/settings", test_settings);
	g_test_add_func("/facts/bare", test_bare);
	g_test_add_func("/facts/hugepages", test_hugepages);
	g_test_add_func("/facts/sosreport", test_sosreport);
	g_test_add_func("/facts/nonsense", test_nonsense);
	return g_test_run();
}
