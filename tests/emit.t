#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
What planner emits, read back by the programs it is for: GRUB, systemd, irqbalance, tuned, modprobe,
sysctl, libcgroup, virsh, lstopo and librsvg where they are here. Nothing of this machine is
changed: everything is done in a folder of its own.

To add a consumer: a check_… function and its line in main().
"""

import configparser
import ctypes
import ctypes.util
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TEMPLATES = os.path.join(HERE, "..", "templates")
sys.path.insert(0, os.path.join(HERE, "judge"))

import cpulist
from program import PLANNER
from tap import Tap

X6 = ["-i", os.path.join(HERE, "cases", "x6", "inventory.ini"),
      "-t", os.path.join(HERE, "hosts", "x6.xml")]
LINE = ("isolcpus=4-17,22-35,40-53,58-71 nohz_full=4-17,22-35,40-53,58-71 "
        "rcu_nocbs=4-17,22-35,40-53,58-71")
ISOLATED = cpulist.parse("4-17,22-35,40-53,58-71")
SDK = cpulist.parse("4,9,22,35,40,45,58,71")
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"

MODERN = """[node]
name = modern
kernel = 6.12.0
qemu = 9.2.0
libvirt = 10.8.0
mwait = yes
[host]
cores-per-node = 2
[sdk]
cores-per-node = 1
[kernel]
isolation = cpuset
extra = skew_tick=1 nosoftlockup
[vm giant]
vcpus = 4
memory = 8G
hugepages = 1G
cpu-mode = host-passthrough
"""
HOST = "pack:2 [numa(memory=68719476736)] l3:1 core:8 pu:2"

HOSTILE = ["'; touch ran; '", "$(touch ran)", "`touch ran`", "a;touch ran", "{{ 7*7 }}", "<script>&",
           "]]>-->", "%s%n", "-rf", "..%2f..", "~", "a b", "ünïcödé☃", "\\", '"', "x" * 128, "$HOME",
           "#", "a:b@c"]


def run(*words, status=0, env=None, cwd=None, text=True, stdin=None):
    done = subprocess.run(words, capture_output=True, text=text, timeout=60, cwd=cwd, input=stdin,
                          env=dict(os.environ, PATH=PATH, LC_ALL="C.UTF-8", **(env or {})))
    done.good = done.returncode == status
    return done


def stubbed(bin_, script, *words, cwd=None, **env):
    """Run a shell SCRIPT with the programs of the folder BIN before all others."""
    return subprocess.run(["sh", script, *words], capture_output=True, text=True, timeout=20, cwd=cwd,
                          env={"PATH": f"{bin_}:{PATH}", **env})


def emit(*words, inputs=None, status=0):
    return run(PLANNER, "emit", *(X6 if inputs is None else inputs), *words, status=status)


def write(folder, name, text, mode=0o644):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return file.read()


def files_of(tree):
    return sorted("/" + os.path.relpath(os.path.join(folder, name), tree)
                  for folder, _, names in os.walk(tree) for name in names)


def missing(*programs):
    """The reason to skip: the first of PROGRAMS that is not here."""
    return next((f"no {p}" for p in programs if not shutil.which(p, path=PATH)), None)


# The frame

def check_frame(tap, work, tree):
    names = run(PLANNER, "emit", "--list-names").stdout.split()
    listed = [line.split()[0] for line in run(PLANNER, "emit").stdout.splitlines()[1:]]
    tap.ok(names == listed and len(names) == len(set(names)), "emit lists its artifacts", names)
    index = read(tree, "etc/planner/INDEX")
    unlisted = [path for path in files_of(tree) if f"\n{path}\n" not in index]
    tap.ok(not unlisted, "the index names every file", unlisted)
    again = os.path.join(work, "again")
    emit("--all", "-d", again)
    tap.ok(run("diff", "-r", tree, again).good, "the same plan gives the same tree")
    diff = emit("--diff", tree)
    tap.ok(diff.good and not diff.stdout, "--diff of what is there: nothing", diff.stdout)
    modes = [path for path in files_of(tree)
             if read(tree, path[1:]).startswith("#!") and not path.endswith("undo.sh")
             and os.stat(tree + path).st_mode & 0o777 != 0o755]
    tap.ok(not modes, "scripts are executable", modes)
    silent = [path for path in files_of(tree)
              if "planner" not in read(tree, path[1:]).lower() and not path.endswith(".json")]
    tap.ok(not silent, "every file says what wrote it", silent)


def check_diff(tap, work, tree):
    empty = os.path.join(work, "empty")
    os.mkdir(empty)
    diff = emit("--diff", empty, status=1)
    tap.ok(diff.good, "--diff says by its status that something would change", diff.stderr)
    if missing("patch"):
        tap.skip("patch takes the diff", missing("patch"))
        return
    run("patch", "-p1", "-s", "-d", empty, stdin=diff.stdout)
    tap.ok(run("diff", "-r", tree, empty).good, "patch makes the tree of the diff")
    grub = os.path.join(empty, "etc/default/grub.d/zz-planner.cfg")
    write(empty, "etc/default/grub.d/zz-planner.cfg", "first\n" + read(grub).replace("set -f\n", "")
          .replace("# To undo", "# to undo") + "no end")
    diff = emit("--diff", empty, status=1)
    run("patch", "-p1", "-s", "-d", empty, stdin=diff.stdout)
    tap.ok(run("diff", "-r", tree, empty).good, "and mends a changed file", diff.stdout)


def check_refusals(tap, work):
    for words, why in ((["--all"], "--all alone"), (["nonsense"], "an unknown artifact"),
                       (["domain"], "a VM that is not named"), (["domain", "vm99"], "an unknown VM"),
                       (["--all", "-d", "x", "--diff", "y"], "-d and --diff"),
                       (["cmdline", "-d", "x"], "-d of what has no place"),
                       (["sdk-partition"], "an artifact that makes no sense for the plan"),
                       (["--merge", "x", "cmdline"], "--merge of what cannot be merged")):
        done = run(PLANNER, "emit", *X6, *words, status=2, cwd=work)
        tap.ok(done.good and not done.stdout and done.stderr.count("\n") == 1, f"refused: {why}",
               done.stderr)
    tap.ok(not os.path.exists(os.path.join(work, "x")), "and nothing is written")


def check_links(tap, work):
    """Nothing is followed out of DIR."""
    outside, inside = os.path.join(work, "outside"), os.path.join(work, "inside")
    os.makedirs(outside)
    os.makedirs(inside)
    os.symlink(outside, os.path.join(inside, "etc"))
    done = emit("--all", "-d", inside, status=2)
    tap.ok(done.good and not os.listdir(outside) and f"{inside}/etc: is a symbolic link" in done.stderr
           and "--skip" in done.stderr, "a link to a folder outside is refused, by its name", done.stderr)
    done = emit("--all", "-d", write(work, "no-folder", ""), status=2)
    tap.ok(done.good and "no-folder: " in done.stderr, "so is a DIR that is a file", done.stderr)
    within = os.path.join(work, "within")
    os.makedirs(within + "/real")
    os.symlink("real", within + "/link")
    done = emit("grub", "-d", within + "/link/")
    tap.ok(done.stdout == within + "/link/etc/default/grub.d/zz-planner.cfg\n" and os.path.exists(
        within + "/real/etc/default/grub.d/zz-planner.cfg"), "DIR itself may be a link", done.stdout)
    left = [path for path in files_of(inside) if ".planner-new" in path]
    tap.ok(not left, "nothing written aside is left behind", left)
    os.unlink(os.path.join(inside, "etc"))
    victim = write(outside, "victim", "as it was")
    os.makedirs(os.path.join(inside, "etc/planner"))
    os.symlink(victim, os.path.join(inside, "etc/planner/INDEX"))
    done = emit("--all", "-d", inside)
    tap.ok(done.good and read(victim) == "as it was", "a link to a file outside is replaced", done.stderr)
    os.unlink(os.path.join(inside, "etc/planner/INDEX"))
    os.symlink("/etc/passwd", os.path.join(inside, "etc/planner/INDEX"))
    done = emit("--diff", inside, status=2)
    tap.ok(done.good and "root:" not in done.stdout, "--diff reads through no link", done.stderr)
    os.unlink(os.path.join(inside, "etc/planner/INDEX"))
    os.mkfifo(os.path.join(inside, "etc/planner/INDEX"))
    done = emit("--diff", inside, status=2)
    tap.ok(done.good and "is not a regular file" in done.stderr, "--diff waits for no pipe", done.stderr)


FEW = "[vm a]\nvcpus = 4\nmemory = 1G\n"


def check_parking(tap, work):
    """A VM of more vCPUs than there are host CPUs cannot be re-pinned blindly; the rest of the tree is written."""
    inputs = ["-i", write(work, "few.ini", FEW), "-t", "core:6 pu:1"]
    tree = os.path.join(work, "few")
    done = emit("--all", "-d", tree, inputs=inputs)
    tap.ok(done.good and os.path.exists(os.path.join(tree, "etc/planner/domains/a.xml"))
           and "left out: virsh a: " in read(tree, "etc/planner/INDEX"),
           "without room to park, the script alone is left out", done.stderr)
    done = emit("virsh", "a", inputs=inputs, status=2)
    tap.ok(done.good and "--merge" in done.stderr, "and one is told how to get it", done.stderr)
    pins = "".join(f"<vcpupin vcpu='{vcpu}' cpuset='{cpu}'/>" for vcpu, cpu in enumerate((2, 1, 3, 5)))
    base = write(work, "few.xml", f"<domain><name>a</name><vcpu>4</vcpu><cputune>{pins}</cputune></domain>")
    done = emit("virsh", "a", "--merge", base, inputs=inputs)
    tap.ok(done.good and done.stdout.count("# parked") == 1, "from where they are, one place to park is enough",
           done.stdout, done.stderr)


def check_templates(tap, work):
    site = os.path.join(work, "site")
    write(site, "services/affinity.conf", "${head}[Manager]\n# ours\nCPUAffinity=${host}\n")
    done = emit("--templates", site, "systemd-affinity")
    tap.ok(done.good and "# ours" in done.stdout, "a site's template counts", done.stderr)
    for text, why in (("${head}${host}${nope}", "unknown"), ("${head}", "is missing"),
                      ("${head}${host}$", "a single")):
        write(site, "services/affinity.conf", text)
        done = emit("--templates", site, "systemd-affinity", status=2)
        tap.ok(done.good and why in done.stderr, f"a wrong template is refused: {why}", done.stderr)
    shutil.rmtree(site)
    check_template_files(tap, site)


def make(path, how):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    how(path)


def check_template_files(tap, site):
    """What lies in the folder and is no template, or cannot be read as one."""
    for name, how, why in (
            ("services/affinityy.conf", lambda path: open(path, "w").close(), "mean services/affinity.conf?"),
            ("service/affinity.conf", lambda path: open(path, "w").close(), "site/service: is not a template"),
            ("vm/x/virsh.sh", lambda path: open(path, "w").close(), "site/vm/x: is not a template"),
            ("ansible.yml", lambda path: open(path, "w").close(), "is not a template"),
            ("domain.xml", os.mkfifo, "not a regular file"),
            ("domain.xml", os.mkdir, "is a directory, not a file"),
            ("domain.xml", lambda path: os.symlink("domain.xml", path), "levels of symbolic links"),
            ("domain.xml", lambda path: os.symlink("nowhere", path), "No such file"),
            ("services", lambda path: os.symlink(".", path), "is not a template"),
            ("domain.xml", lambda path: os.symlink("/dev/zero", path), "not a regular file"),
            ("services", lambda path: open(path, "w").close(), "Not a directory")):
        make(os.path.join(site, "head.conf"), lambda path: os.symlink(
            os.path.join(TEMPLATES, "head.conf"), path))
        make(os.path.join(site, name), how)
        done = emit("--templates", site, "cmdline", status=2)
        tap.ok(done.good and why in done.stderr, f"not a template: {name}: {why}", done.stderr)
        shutil.rmtree(site)
    for name in (".git/x", "README.md", "ansible/site.yml", "head.conf~", "sdk/.spdk.env.swp"):
        write(site, name, "")
    write(site, "sdk/ovs.sh", read(TEMPLATES, "sdk/ovs.sh"))
    done = emit("--templates", site, "ovs")
    tap.ok(done.good, "what editors and version control leave is passed over", done.stderr)


# Boot

BEFORE = ["", "quiet", "isolcpus=1-3", "quiet isolcpus=1 isolcpus=2 nohz_full=7 splash",
          "isolcpus=managed_irq,domain,2-3 rcu_nocbs=2 irqaffinity=0", "nohz-full=3 rcu-nocbs=3",
          'dyndbg=\\"file x.c +p\\" isolcpus=\\"4, 5\\" quiet', "rcu_nocbs nohz_full a*b [x] ?",
          "quiet -- isolcpus=9 single", "isolcpus"]
MINE = re.compile(r'^"?(isolcpus|nohz[_-]full|rcu[_-]nocbs|irqaffinity)(=|$)')


def words_of(line):
    """The kernel's words of a line: quotes hold blanks, "--" ends them."""
    words = re.findall(r'(?:"[^"]*"|[^\s"])+', line)
    return words[:words.index("--")] if "--" in words else words


def judge_line(line, before):
    """What is wrong with LINE, made of BEFORE."""
    words = words_of(line)
    mine = [word for word in words if MINE.match(word)]
    others = [word for word in words if not MINE.match(word)]
    kept = [word for word in words_of(before) if not MINE.match(word)]
    return ([f"isolates by {mine}"] if mine != LINE.split() else []) + \
        [f"lost {word}" for word in kept if word not in others]


def check_grub(tap, work, tree):
    dropin = os.path.join(tree, "etc/default/grub.d/zz-planner.cfg")
    for first, second in list(itertools.product(BEFORE, repeat=2)):
        script = (f'set -e\nGRUB_CMDLINE_LINUX="{first}"\nGRUB_CMDLINE_LINUX_DEFAULT="{second}"\n'
                  f'. "$1"\nprintf "%s %s\\n" "$GRUB_CMDLINE_LINUX" "$GRUB_CMDLINE_LINUX_DEFAULT"')
        done = run("sh", "-c", script, "sh", dropin)
        plain = f"{first} {second}".replace('\\"', '"')
        wrong = judge_line(done.stdout, plain)
        if not done.good or wrong:
            tap.ok(False, f"GRUB: the line once, after {plain!r}", wrong, done.stdout, done.stderr)
            return
    tap.ok(True, f"GRUB: the plan's line once, after {len(BEFORE) ** 2} others")


PROBE = """#!/bin/sh
case "$*" in
*target=device*) echo /dev/vda1 ;;
*target=fs_uuid*) echo 0000-0000 ;;
*target=partuuid* | *target=abstraction*) ;;
*target=fs*) echo ext2 ;;
*) echo hd0 ;;
esac
"""


def check_grub_mkconfig(tap, work, tree):
    """The real grub-mkconfig and 10_linux, led to a root of ours."""
    name = "grub-mkconfig: the next boot has the plan's line once"
    mkconfig, linux = "/usr/sbin/grub-mkconfig", "/etc/grub.d/10_linux"
    if not (os.path.exists(mkconfig) and os.path.exists(linux)):
        tap.skip(name, "no grub-mkconfig or no 10_linux (grub2-common)")
        return
    root = os.path.join(work, "grub")
    shutil.copytree(tree, root)
    probe = write(root, "probe", PROBE, 0o755)
    write(root, "etc/default/grub", 'GRUB_CMDLINE_LINUX_DEFAULT="quiet isolcpus=1-3"\n'
          'GRUB_CMDLINE_LINUX="console=ttyS0 nohz_full=1"\n')
    write(root, "etc/grub.d/10_linux", read(linux).replace("/boot/", f"{root}/boot/"), 0o755)
    write(root, "boot/vmlinuz-6.1.0-9-amd64", "")
    text = re.sub("^sysconfdir=.*", f"sysconfdir={root}/etc", read(mkconfig), flags=re.M)
    text = re.sub("^grub_probe=.*", f"grub_probe={probe}; export grub_probe", text, flags=re.M)
    done = run("sh", write(root, "mkconfig", text), "-o", os.path.join(root, "grub.cfg"))
    entries = re.findall(r"^\s+linux\s+\S+ root=\S+ ro (.*)$", read(root, "grub.cfg"), re.M) \
        if done.good else []
    wrong = judge_line(entries[0], "console=ttyS0 quiet") if entries else ["no entry"]
    tap.ok(not wrong, name, wrong, done.stderr)
    single = [entry for entry in entries if "single" in entry]
    tap.ok(single and not any(MINE.match(word) for word in single[0].split()),
           "grub-mkconfig: recovery boots without isolation", entries)


def check_kernel_install(tap, work, tree):
    script = os.path.join(tree, "usr/local/sbin/planner-kernel-cmdline")
    root = os.path.join(work, "uki")
    write(root, "proc/cmdline",
          "BOOT_IMAGE=/vmlinuz initrd=\\x root=UUID=1 ro isolcpus=1 quiet -- x\n")
    env = {"SYSROOT": root}
    first, second = run("sh", script, env=env), run("sh", script, env=env)
    line = read(root, "etc/kernel/cmdline") if first.good else ""
    wrong = judge_line(line, "root=UUID=1 ro quiet")
    tap.ok(second.good and not wrong and "BOOT_IMAGE" not in line and line.endswith("-- x\n"),
           "kernel-install: /etc/kernel/cmdline, twice", wrong, line, first.stderr)
    undone = run("sh", script, "undo", env=env)
    tap.ok(undone.good and read(root, "etc/kernel/cmdline") == "root=UUID=1 ro quiet -- x\n",
           "kernel-install: undone", read(root, "etc/kernel/cmdline"))
    write(root, "etc/kernel/cmdline", "quiet\n")
    done = run("sh", script, env=env, status=1)
    tap.ok(done.good and read(root, "etc/kernel/cmdline") == "quiet\n",
           "kernel-install: a line without a root is not touched", done.stderr)


def check_grubby(tap, work, tree):
    bin_ = os.path.join(work, "bin-grubby")
    write(bin_, "grubby", '#!/bin/sh\nfor a; do printf "[%s]" "$a"; done\necho\n', 0o755)
    script = os.path.join(tree, "usr/local/sbin/planner-grubby")
    done = stubbed(bin_, script)
    remove, add = (done.stdout.splitlines() + ["", ""])[:2]
    tap.ok("isolcpus nohz_full" in remove and f"[--args={LINE}]" in add,
           "grubby: takes away, then adds", done.stdout, done.stderr)


def check_bootc(tap, tree):
    try:
        import tomllib
    except ImportError:
        tap.skip("bootc: TOML", "no tomllib (Python 3.11)")
        return
    kargs = tomllib.loads(read(tree, "usr/lib/bootc/kargs.d/90-planner.toml"))
    tap.ok(kargs == {"kargs": LINE.split()}, "bootc: kargs.d", kargs)


# Services

def check_systemd(tap, work, tree, modern):
    if missing("systemd-analyze"):
        tap.skip("systemd reads its units", missing("systemd-analyze"))
        return
    units = [top + path for top in (tree, modern) for path in files_of(top)
             if re.search(r"systemd/system/[^/]*\.(slice|service|mount|timer)$", path)]
    for name in ("system", "user", "machine"):
        dropin = read(tree, f"etc/systemd/system/{name}.slice.d/planner.conf")
        units.append(write(work, f"units/planner-{name}.slice", dropin))
    for unit in units:
        done = run("systemd-analyze", "verify", "--man=no", unit)
        said = [line for line in done.stderr.splitlines() if os.path.basename(unit) in line]
        tap.ok(not said, f"systemd-analyze verify: {os.path.basename(unit)}", *said)
    check_exposure(tap, tree)
    bad = write(work, "units/bad.slice", "[Slice]\nAllowedCPUs=nonsense\n")
    tap.ok("bad.slice" in run("systemd-analyze", "verify", "--man=no", bad).stderr,
           "systemd-analyze verify would see a wrong list")
    done = run("systemd-analyze", f"--root={tree}", "cat-config", "systemd/system.conf")
    tap.ok("CPUAffinity=0-3,18-21,36-39,54-57" in done.stdout, "systemd finds the drop-in", done.stdout)


def check_exposure(tap, tree):
    """What the audit's unit leaves open, as systemd counts it: 0 nothing, 10 everything."""
    unit = os.path.join(tree, "etc/systemd/system/planner-check.service")
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
    found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    if not found:
        tap.skip("the audit's unit is hardened", "no systemd-analyze security --offline (systemd 250)")
        return
    tap.ok(float(found[1]) < 3, "the audit's unit is hardened", found[0])


def check_tmpfiles(tap, work, tree):
    if missing("systemd-tmpfiles"):
        tap.skip("systemd-tmpfiles sets huge pages", missing("systemd-tmpfiles"))
        return
    root, counts = os.path.join(work, "sysfs"), []
    for node in (0, 1):
        write(root, f"sys/devices/system/node/node{node}/hugepages/hugepages-2048kB/nr_hugepages", "")
    done = run("systemd-tmpfiles", f"--root={root}", "--create",
               os.path.join(tree, "etc/tmpfiles.d/planner-hugepages.conf"))
    for node in (0, 1):
        counts.append(read(root, f"sys/devices/system/node/node{node}/hugepages/hugepages-2048kB"
                                 "/nr_hugepages").strip())
    tap.ok(sum(map(int, filter(None, counts))) == 13 * 4096, "systemd-tmpfiles sets huge pages",
           counts, done.stderr)


def check_irqbalance(tap, work, tree):
    """Not as root: it then says what it would not use, and moves no interrupt."""
    lack = missing("irqbalance", "setpriv")
    if lack or os.geteuid() != 0:
        tap.skip("irqbalance bans the isolated CPUs", lack or "not root, so not able to be nobody")
        return
    script = ('set -a; . "$1"; exec timeout 2 setpriv --reuid=65534 --regid=65534 --clear-groups '
              "irqbalance --debug --oneshot --foreground")
    done = run("sh", "-c", script, "sh", os.path.join(tree, "etc/default/irqbalance"), status=124)
    found = re.search(r"Banned CPUs: ([0-9a-f,]+)", done.stdout)
    if not found:
        tap.skip("irqbalance bans the isolated CPUs", "irqbalance does not run here")
        return
    mask = int(found[1].replace(",", ""), 16)
    tap.ok(mask == sum(1 << cpu for cpu in ISOLATED), "irqbalance bans the isolated CPUs", found[0])


def check_tuned(tap, tree):
    sys.path.insert(0, "/usr/lib/python3/dist-packages")
    try:
        from tuned.profiles.variables import Variables
    except Exception as why:  # pylint: disable=broad-except
        tap.skip("tuned reads the variables", f"no tuned: {type(why).__name__}")
        return
    for name in ("cpu-partitioning", "realtime-virtual-host"):
        variables = Variables()
        variables.add_from_file(os.path.join(tree, f"etc/tuned/{name}-variables.conf"))
        mask = variables.expand("${f:cpulist2hex:${f:cpulist_unpack:${isolated_cores}}}")
        tap.ok(int(mask.replace(",", ""), 16) == sum(1 << cpu for cpu in ISOLATED),
               f"tuned reads the variables of {name}", mask)


def check_modprobe(tap, tree):
    if missing("modprobe"):
        tap.skip("modprobe reads the options", missing("modprobe"))
        return
    done = run("modprobe", "-C", os.path.join(tree, "etc/modprobe.d"), "-c")
    tap.ok("options kvm halt_poll_ns=0" in done.stdout.splitlines(), "modprobe reads the options",
           done.stderr)
    tap.ok("ple_gap" not in done.stdout, "a mix of VMs keeps its pause exits")


def check_sysctl(tap, tree):
    if "--dry-run" not in run("sysctl", "--help").stdout:
        tap.skip("sysctl reads the settings", "no sysctl --dry-run (procps 4)")
        return
    done = run("sysctl", "--dry-run", "-p", os.path.join(tree, "etc/sysctl.d/90-planner.conf"))
    tap.ok(done.good and "kernel.watchdog_cpumask = 0-3,18-21,36-39,54-57" in done.stdout,
           "sysctl reads the settings", done.stdout, done.stderr)


def check_cgconfig(tap, work, tree):
    """libcgroup's own parser, by the call that reads a file and makes no group; a process each."""
    library = ctypes.util.find_library("cgroup")
    # libcgroup 3 refuses controllers that the machine has not mounted.
    script = "import ctypes, sys; own = ctypes.CDLL(sys.argv[1]); own.cgroup_init(); " \
             "sys.exit(own.cgroup_init_templates_cache(sys.argv[2].encode()) != 0)"

    def parsed(path):
        return run(sys.executable, "-c", script, library, path, status=None)

    if not library or parsed(write(work, "least.conf", "group g { cpuset { cpuset.cpus = 0; } }\n")).returncode:
        tap.skip("libcgroup reads cgconfig.conf", "no libcgroup, or no controller cpuset for it")
        return
    good = parsed(os.path.join(tree, "etc/cgconfig.d/planner.conf"))
    tap.ok(good.returncode == 0, "libcgroup reads cgconfig.conf", good.stderr)
    bad = parsed(write(work, "bad.conf", "group sdk { cpuset { cpuset.cpus = ; } }\n"))
    tap.ok(bad.returncode == 1, "libcgroup would see a wrong file", bad.stderr)


# SDK and clouds

def check_sdk(tap, work, tree):
    script = '. "$1"; . "$2"; printf "%s\\n" "$DPDK_LCORE_LIST" "$DPDK_LCORE_MASK" "$SPDK_CPUMASK" ' \
             '"$DPDK_LCORES"'
    said = run("sh", "-c", script, "sh", os.path.join(tree, "etc/planner/dpdk.env"),
               os.path.join(tree, "etc/planner/spdk.env")).stdout.splitlines()
    mask = sum(1 << cpu for cpu in SDK)
    tap.ok(cpulist.parse(said[0].split()[1]) == SDK and int(said[1], 16) == int(said[2], 16) == mask
           and {int(p.split("@")[1]) for p in said[3].split("=")[1].split(",")} == SDK,
           "DPDK and SPDK: lists and masks", said)
    bin_ = os.path.join(work, "bin-ovs")
    write(bin_, "ovs-vsctl", '#!/bin/sh\necho "$*"\n', 0o755)
    done = stubbed(bin_, os.path.join(tree, "usr/local/sbin/planner-ovs"))
    found = re.search(r"pmd-cpu-mask=(0x[0-9a-f]+)", done.stdout)
    tap.ok(found and int(found[1], 16) == mask, "Open vSwitch: pmd-cpu-mask", done.stdout, done.stderr)
    wide = ["-t", "pack:8 [numa] l3:1 core:64 pu:2", "-i",
            write(work, "wide.ini", "[sdk]\ncpus = 4-5,1020-1023\n")]
    said = emit("spdk", inputs=wide)
    found = re.search(r"SPDK_CPUMASK='(0x[0-9a-f]+)'", said.stdout)
    tap.ok(found and int(found[1], 16) == sum(1 << c for c in (4, 5, *range(1020, 1024))),
           "masks of any width", said.stdout, said.stderr)


def check_clouds(tap, work, tree):
    nova = configparser.ConfigParser()
    nova.read(os.path.join(tree, "etc/nova/nova.conf.d/planner.conf"))
    dedicated = cpulist.parse(nova["compute"]["cpu_dedicated_set"])
    tap.ok(dedicated == ISOLATED - SDK and not dedicated & cpulist.parse(
        nova["compute"]["cpu_shared_set"]), "Nova: the sets", dict(nova["compute"]))
    bin_ = os.path.join(work, "bin-openstack")
    write(bin_, "openstack", '#!/bin/sh\nprintf "%s|" "$@"; echo\n', 0o755)
    done = stubbed(bin_, os.path.join(tree, "etc/planner/openstack-flavors.sh"))
    tap.ok(done.stdout.count("flavor|create") == 2 and "hw:cpu_policy=dedicated" in done.stdout,
           "OpenStack: a flavor for each shape", done.stdout, done.stderr)
    try:
        import yaml
    except ImportError:
        tap.skip("OpenShift and Ansible: YAML", "no python3-yaml")
        return
    spec = yaml.safe_load(read(tree, "etc/planner/performance-profile.yaml"))["spec"]
    reserved = cpulist.parse(spec["cpu"]["reserved"])
    tap.ok(reserved | cpulist.parse(spec["cpu"]["isolated"]) == set(range(72)) and
           sum(page["count"] for page in spec["hugepages"]["pages"]) == 13 * 4096,
           "OpenShift: every CPU is isolated or reserved", spec)

    class Unsafe(yaml.SafeLoader):
        """Ansible's tag for what holds no expression."""

    Unsafe.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
    # pylint: disable=no-member
    variables = yaml.load(read(tree, "etc/planner/ansible-host-vars.yml"), Unsafe)
    plan = json.loads(read(tree, "etc/planner/plan.json"))
    tap.ok([vm["name"] for vm in variables["planner_vms"]] == [vm["name"] for vm in plan["vms"]]
           and variables["planner_kernel_cmdline"] == LINE, "Ansible: host variables", variables)


PLATFORMS = """[node]
name = n
kernel = 6.1
qemu = 9.1.0
[host]
cores-per-node = 1
[sdk]
cpus = 1,9
[vm one]
vcpus = 4
memory = 2G
hugepages = 2M
cpu-mode = host-passthrough
[vm floats]
vcpus = 2
policy = shared
memory = 1G
"""


def check_platforms(tap, work):
    """Parsers as strict as the platforms' own: an unknown key, or a value of another type, is refused there."""
    inputs = ["-t", "pack:1 [numa(memory=68719476736)] l3:1 core:8 pu:2(indexes=2*8:8*1)", "-i",
              write(work, "platforms.ini", PLATFORMS)]
    try:
        import yaml
    except ImportError:
        tap.skip("kubelet and KubeVirt: YAML", "no python3-yaml")
        return
    kubelet = yaml.safe_load(emit("kubelet", inputs=inputs).stdout)
    tap.ok(kubelet == {
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "cpuManagerPolicy": "static",
        "cpuManagerPolicyOptions": {"full-pcpus-only": "true"}, "reservedSystemCPUs": "0-1,8-9",
        "topologyManagerPolicy": "single-numa-node"}, "kubelet: the types and the values", kubelet)
    virtual = yaml.safe_load(emit("kubevirt", "one", inputs=inputs).stdout)
    tap.ok(virtual["metadata"] == {"name": "one"} and virtual["spec"]["template"]["spec"]["domain"] == {
        "cpu": {"sockets": 1, "cores": 2, "threads": 2, "model": "host-passthrough", "dedicatedCpuPlacement": True,
                "isolateEmulatorThread": True, "numa": {"guestMappingPassthrough": {}}},
        "memory": {"guest": "2048Mi", "hugepages": {"pageSize": "2Mi"}}, "devices": {}}, "KubeVirt: the domain", virtual)
    check_proxmox(tap, work, inputs)
    bin_ = os.path.join(work, "bin-starlingx")
    write(bin_, "system", '#!/bin/sh\necho "$*"\n', 0o755)
    script = write(work, "starlingx.sh", emit("starlingx", inputs=inputs).stdout, 0o755)
    done = stubbed(bin_, script, "controller-0")
    tap.ok(done.stdout.splitlines() == [
        "host-lock controller-0", "host-cpu-modify -f platform -c 0,8 controller-0",
        "host-cpu-modify -f vswitch -c 1,9 controller-0",
        "host-cpu-modify -f application-isolated -c 2-7,10-15 controller-0",
        "host-label-assign controller-0 kube-cpu-mgr-policy=static kube-topology-mgr-policy=single-numa-node",
        "host-unlock controller-0"], "StarlingX: the commands", done.stdout, done.stderr)


def check_proxmox(tap, work, inputs):
    """The hookscript over the threads that a QEMU has, with a taskset that only tells."""
    bin_ = os.path.join(work, "bin-proxmox")
    for name in ("taskset", "qm"):
        write(bin_, name, '#!/bin/sh\necho "$*" >>"$TOLD"\n', 0o755)
    text = emit("proxmox", "one", inputs=inputs).stdout
    text = text.replace("/var/run/qemu-server", work).replace('"/proc/$pid', f'"{work}/proc/$pid')
    script = write(work, "planner-one.sh", text.replace(">/dev/null || [", "|| ["), 0o755)
    write(work, "101.pid", "77\n")
    for task, name in ((77, "kvm"), (78, "CPU 0/KVM"), (79, "CPU 3/KVM"), (80, "IO iothread1")):
        write(os.path.join(work, f"proc/77/task/{task}"), "comm", name + "\n")
    told = os.path.join(work, "told")
    for phase in ("pre-start", "post-start", "set"):
        stubbed(bin_, script, "101", phase, TOLD=told)
    with open(told, encoding="utf-8") as file:
        lines = file.read().splitlines()
    tap.ok(lines[:-1] == ["--cpu-list --pid 0,8 77", "--cpu-list --pid 2 78", "--cpu-list --pid 11 79",
                          "--cpu-list --pid 0,8 80"], "Proxmox: each thread is pinned", *lines)
    tap.ok(lines[-1].startswith("set 101 --hookscript local:snippets/planner-one.sh ") and
           "--numa0 cpus=0-3,hostnodes=0,memory=2048,policy=bind" in lines[-1], "Proxmox: qm set", *lines)


# VMs

def pins_of(script):
    return [(int(v), int(c)) for v, c in
            re.findall(r"^pin vcpupin --vcpu='(\d+)' --cpulist='(\d+)'", script, re.M)]


def check_virsh_order(tap, work):
    """From every arrangement of a VM's pins to the plan's: two vCPUs are never on one CPU."""
    wrong = []
    places = [list(p) for p in itertools.permutations([10, 46, 11, 47])]
    places += [[46, 10, 0, 1], [11, 10, 12, 13], [10, 46, 11, 0], None]
    for now in places:
        words = []
        if now:
            pins = "".join(f"<vcpupin vcpu='{v}' cpuset='{c}'/>" for v, c in enumerate(now))
            words = ["--merge", write(work, "now.xml", f"<domain><name>vm1</name><cputune>{pins}"
                                                       "</cputune></domain>")]
        at = dict(enumerate(now or [None] * 4))
        for vcpu, cpu in pins_of(emit("virsh", "vm1", *words).stdout):
            if cpu in at.values() or (None in at.values() and cpu in (10, 46, 11, 47)):
                wrong.append(f"from {now}: vCPU {vcpu} to {cpu}, where {at}")
            at[vcpu] = cpu
        if list(at.values()) != [10, 46, 11, 47]:
            wrong.append(f"from {now}: ends at {at}")
    tap.ok(not wrong, f"virsh: no two vCPUs on one CPU, from {len(places)} places", *wrong)


def check_virsh(tap, work):
    """virsh itself takes the commands: all in one session of its test driver, which has 8 CPUs and
    none of the flags that say when."""
    if missing("virsh"):
        tap.skip("virsh takes the commands", missing("virsh"))
        return
    node = write(work, "node.xml", """<node><domain type='test'><name>vm1</name><memory>1024</memory>
<vcpu>4</vcpu><os><type>hvm</type></os></domain></node>""")
    small = ["-t", "pack:1 [numa(memory=17179869184)] core:4 pu:2",
             "-i", write(work, "small.ini", "[host]\ncores = 2\n[vm vm1]\nvcpus = 4\nmemory = 1G\n")]
    bin_, log = os.path.join(work, "bin-virsh"), os.path.join(work, "virsh.log")
    write(bin_, "virsh", '#!/bin/sh\nfor a; do printf "%s " "$a"; done >>"$LOG"; echo ";" >>"$LOG"\n', 0o755)
    script = emit("virsh", "vm1", inputs=small).stdout
    done = stubbed(bin_, write(work, "vm1.sh", script), LOG=log)
    commands = read(log).replace("--live --config", "") if done.returncode == 0 else ""
    done = run("virsh", "-c", f"test://{node}", f"{commands} vcpupin vm1; emulatorpin vm1")
    pins = re.findall(r"^ +([\d*]):?\s+(\S+)$", done.stdout, re.M)
    tap.ok(done.good and pins == [("0", "4"), ("1", "5"), ("2", "6"), ("3", "7"), ("*", "0-3")],
           "virsh takes the commands", done.stdout, done.stderr)


# Names

def check_hostile(tap, work):
    text = "[node]\nname = $(touch ran)\nkernel = 6.1\nqemu = 9.2\nlibvirt = 10.0\n[host]\ncores = 1\n"
    for i, name in enumerate(HOSTILE):
        if "]" not in name and "#" not in name and ";" not in name:
            text += f"[vm {name}]\nvcpus = 2\nmemory = 1G\npolicy = {'shared' if i % 3 else 'dedicated'}\n"
    inputs = ["-t", "pack:1 [numa(memory=137438953472)] core:32 pu:2", "-i",
              write(work, "hostile.ini", text)]
    tree = os.path.join(work, "hostile")
    done = emit("--all", "-d", tree, inputs=inputs)
    tap.ok(done.good, "hostile names: emitted", done.stderr)
    n = text.count("[vm ")
    domains = os.listdir(os.path.join(tree, "etc/planner/domains")) if done.good else []
    safe = all(re.fullmatch(r"[A-Za-z0-9_.+%~-]+", name) and name[0] not in ".-" for name in domains)
    tap.ok(len(domains) == n and safe, "hostile names: a file each, with a harmless name", domains)
    bin_ = os.path.join(work, "bin-hostile")
    for stub in ("virsh", "openstack", "ovs-vsctl", "grubby"):
        write(bin_, stub, "#!/bin/sh\n:\n", 0o755)
    empty = os.path.join(work, "nowhere")
    os.mkdir(empty)
    for path in files_of(tree):
        if path.endswith(".sh") and "undo" not in path or path.endswith("planner-grubby"):
            stubbed(bin_, tree + path, cwd=empty)
        if path.endswith(".sh") or "sbin" in path or path.endswith((".env", ".cfg")):
            done = run("sh", "-n", tree + path)
            if not done.good:
                tap.ok(False, f"hostile names: {path} is shell", done.stderr)
    tap.ok(not os.listdir(empty), "hostile names: nothing of them is run", os.listdir(empty))
    names = re.findall(r"\[vm (.*)\]", text)
    saved = json.loads(emit("plan", inputs=inputs).stdout)
    tap.ok(sorted(vm["name"] for vm in saved["vms"]) == sorted(names), "hostile names: the plan is JSON, with them")
    check_yaml(tap, names, inputs)
    units = [path for path in files_of(tree) if path.endswith((".service", ".slice", ".timer"))]
    bad = [f"{path}: {line}" for path in units for line in read(tree + path).splitlines()
           if not re.fullmatch(r"(#.*|\[\w+\]|[A-Z]\w+=.*|)", line)]
    tap.ok(units and not bad, "hostile names: units have sections and settings", *bad)
    if not missing("xmllint"):
        bad = [name for name in domains if not run(
            "xmllint", "--noout", os.path.join(tree, "etc/planner/domains", name)).good]
        tap.ok(not bad, "hostile names: the domains are XML", bad)
    svg = emit("svg", inputs=inputs)
    if not missing("lstopo-no-graphics", "xmllint"):
        tap.ok("<script" not in svg.stdout and run("xmllint", "--noout", "-", stdin=svg.stdout).good,
               "hostile names: the picture is XML", svg.stderr)
    check_saved(tap, work, inputs)


def check_yaml(tap, names, inputs):
    try:
        import yaml
    except ImportError:
        tap.skip("hostile names: Ansible's variables are YAML", "no yaml")
        return
    yaml.SafeLoader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
    said = yaml.safe_load(emit("ansible", inputs=inputs).stdout)
    tap.ok(sorted(vm["name"] for vm in said["planner_vms"]) == sorted(names)
           and said["planner_node"] == "$(touch ran)", "hostile names: Ansible's variables are YAML, with them", said)


def check_saved(tap, work, inputs):
    """A saved plan may hold what no inventory would: it cannot leave its place either."""
    plan = json.loads(run(PLANNER, "plan", "--json", *inputs).stdout)
    for key, value, names in (("cmdline", "isolcpus=1\"; reboot #", ["grub", "grubby"]),
                              ("cmdline", "a=1\nb", ["grub", "bootc"])):
        plan["kernel"]["cmdline"] = value
        plan["kernel"]["parameters"] = [{"name": "x", "value": value}]
        path = write(work, "saved.json", json.dumps(plan))
        for name in names:
            done = emit(name, inputs=["-p", path])
            tap.ok(not done.stdout and done.returncode == 2, f"a saved plan's line is not safe: {name}",
                   done.stdout, done.stderr)


# The picture

def check_picture(tap, work):
    lack = missing("lstopo-no-graphics")
    if lack:
        tap.skip("the picture", f"{lack} (hwloc-nox)")
    else:
        svg = emit("svg").stdout
        tap.ok("vm1 v0" in svg and "floating over them: vm13" in svg and "sdk" in svg,
               "the picture names VMs, vCPUs and roles")
        tap.ok(re.search(r"viewBox='0 0 \d+ \d+'", svg), "the picture's viewBox has no units")
        plan = run(PLANNER, "plan", "--json", *X6).stdout
        same = svg == emit("svg", inputs=["-p", write(work, "picture.json", plan)]).stdout
        tap.ok(same and ">L3 (25MB)<" in svg,
               "a saved plan gives the same picture")
        older = {key: value for key, value in json.loads(plan).items() if key != "l3s"}
        svg = emit("svg", inputs=["-p", write(work, "picture.json", json.dumps(older))]).stdout
        tap.ok(">L3<" in svg and "0KB" not in svg, "the size of a cache is left out where it is not known")
        fills = dict(re.findall(r"id='(PU_\d+)_rect'[^>]*? fill='([^']*)'", svg))
        names = dict(re.findall(r"id='(PU_\d+)_text'[^>]*>(vm\d+) v\d", svg))
        shades = {names[box]: fills[box] for box in names}
        tap.ok(all(shades[a] != shades[b] for a, b in (("vm3", "vm11"), ("vm1", "vm2"), ("vm12", "vm4"))),
               "VMs side by side are told apart", shades)
        cores = len(set(re.findall(r"id='(Core_\d+_rect)'", svg)))
        tap.ok(cores == 36, "every core is drawn", cores)
        if missing("rsvg-convert"):
            tap.skip("librsvg draws it", missing("rsvg-convert"))
        else:
            png = run("rsvg-convert", "-w", "400", write(work, "x6.svg", svg), text=False)
            tap.ok(png.good and len(png.stdout) > 5000, "librsvg draws it, and not blank",
                   len(png.stdout))
    done = subprocess.run([PLANNER, "emit", *X6, "svg"], capture_output=True, text=True, timeout=20,
                          env={"PATH": work, "LC_ALL": "C.UTF-8"})
    tap.ok(done.returncode == 2 and "hwloc-nox" in done.stderr and not done.stdout,
           "without lstopo, one is told what to install", done.stderr)


def check_modern(tap, modern):
    """Newer versions, a cpuset partition, pages of 1 GiB."""
    tap.ok("hint-dedicated" in read(modern, "etc/planner/domains/giant.xml"),
           "hint-dedicated where libvirt takes it")
    tap.ok("pi_inject_timer=1" in read(modern, "etc/modprobe.d/planner-kvm.conf"),
           "posted timers where every VM has cpu-pm")
    tap.ok(re.search(r"hugepages=\d:\d", read(modern, "etc/tmpfiles.d/planner-hugepages.conf")),
           "pages of 1 GiB by node on the kernel line, from 5.16 on")
    tap.ok("hugepages1G" in read(modern, "etc/systemd/system/dev-hugepages1G.mount"),
           "a mount for pages of 1 GiB")
    tap.ok("isolcpus=" not in read(modern, "etc/default/grub.d/zz-planner.cfg").split("planner_line")[1]
           and os.path.exists(os.path.join(
               modern, "etc/systemd/system/planner-sdk-partition.service")),
           "a cpuset plan has a partition, and no isolcpus")


def check_undo(tap, work, tree):
    """The script, led to a copy of the tree, leaves nothing."""
    root = os.path.join(work, "undo")
    shutil.copytree(tree, root)
    script = re.sub(r"'/(etc|usr)/", f"'{root}/\\1/", read(tree, "etc/planner/undo.sh"))
    bin_ = os.path.join(work, "bin-undo")
    for stub in ("systemctl", "update-grub", "grubby", "tuned-adm", "sysctl", "ovs-vsctl", "cgdelete"):
        write(bin_, stub, f'#!/bin/sh\necho "{stub} $*"\n', 0o755)
    write(root, "etc/kernel/cmdline", f"root=/dev/vda1 {LINE}\n")
    done = stubbed(bin_, write(work, "undo.sh", script), SYSROOT=root)
    tap.ok(files_of(root) == ["/etc/kernel/cmdline"], "undo removes every file", files_of(root),
           done.stderr)
    tap.ok(read(root, "etc/kernel/cmdline") == "root=/dev/vda1\n" and "update-grub" in done.stdout
           and "grubby" in done.stdout, "undo undoes what the files did", done.stdout, done.stderr)
    tap.ok("tuned-adm profile" not in done.stdout, "another profile of tuned is left alone", done.stdout)
    write(bin_, "tuned-adm", "#!/bin/sh\necho \"Current active profile: cpu-partitioning $*\"\n", 0o755)
    shutil.rmtree(root)
    shutil.copytree(tree, root)
    done = stubbed(bin_, write(work, "undo.sh", script), SYSROOT=root)
    tap.ok("profile virtual-host" in done.stdout, "its own is left", done.stdout)
    tap.ok(not files_of(root), "undo makes no /etc/kernel/cmdline", files_of(root), done.stderr)
    shutil.copytree(tree, root, dirs_exist_ok=True)
    empty = os.path.join(work, "bin-none")
    for tool in ("rm", "sh", "dirname"):
        os.makedirs(empty, exist_ok=True)
        os.symlink(shutil.which(tool), os.path.join(empty, tool))
    done = subprocess.run([os.path.join(empty, "sh"), write(work, "undo.sh", script)], capture_output=True,
                          text=True, timeout=20, check=False, env={"PATH": empty, "SYSROOT": root})
    tap.ok(not files_of(root) and not done.stderr and not done.returncode,
           "where nothing was put in force, undo says nothing", done.stderr)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as work:
        tree, modern = os.path.join(work, "tree"), os.path.join(work, "modern")
        done = emit("--all", "-d", tree)
        tap.ok(done.good, "emit --all -d", done.stderr)
        done = emit("--all", "-d", modern, inputs=["-t", HOST, "-i", write(work, "m.ini", MODERN)])
        tap.ok(done.good, "emit --all -d of a cpuset plan", done.stderr)
        check_frame(tap, work, tree)
        check_diff(tap, work, tree)
        check_refusals(tap, work)
        check_links(tap, work)
        check_parking(tap, work)
        check_templates(tap, work)
        check_grub(tap, work, tree)
        check_grub_mkconfig(tap, work, tree)
        check_kernel_install(tap, work, tree)
        check_grubby(tap, work, tree)
        check_bootc(tap, tree)
        check_systemd(tap, work, tree, modern)
        check_tmpfiles(tap, work, tree)
        check_irqbalance(tap, work, tree)
        check_tuned(tap, tree)
        check_modprobe(tap, tree)
        check_sysctl(tap, tree)
        check_cgconfig(tap, work, tree)
        check_sdk(tap, work, tree)
        check_clouds(tap, work, tree)
        check_platforms(tap, work)
        check_virsh_order(tap, work)
        check_virsh(tap, work)
        check_hostile(tap, work)
        check_picture(tap, work)
        check_modern(tap, modern)
        check_undo(tap, work, tree)
    return tap.done()


sys.exit(main())
