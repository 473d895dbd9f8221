#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
apply.sh and undo.sh of `emit --for`, run in a root directory of their own: /usr of this machine
read-only, everything else made here, the programs that they call stubs that write down their call.

    PLANNER=build/bin/planner tests/apply.t
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "judge"))

from program import PLANNER
from tap import Tap
from topology import spell_out

TOPOLOGY = "numa:2(memory=17179869184) core:2 pu:2"
INVENTORY = """[node]\nname = n1\nkernel = 6.1.0\nqemu = 7.2.0\nlibvirt = 9.0.0
[host]\ncores-per-node = 1\n[vm a]\nvcpus = 2\nmemory = 1G\nhugepages = 2M\n"""
MACHINE = {"cpu/online": "0-7", "node/node0/cpulist": "0-3", "node/node1/cpulist": "4-7",
           **{f"cpu/cpu{cpu}/topology/thread_siblings_list": f"{cpu}-{cpu + 1}" for cpu in (0, 2, 4, 6)}}
ENTRY = "title old\noptions root=/dev/vda1 isolcpus=1 quiet\n"
BEFORE = {"etc/default/irqbalance": "# the distribution's\nIRQBALANCE_ONESHOT=1\n",
          "etc/kernel/cmdline": "root=/dev/vda1 isolcpus=1 quiet\n",
          "boot/loader/entries/one.conf": ENTRY, "proc/cmdline": "root=/dev/vda1 quiet\n"}
STUB = """#!/bin/sh
echo "${0##*/} $*" >>/log
case $1 in cat) exit 0 ;; esac
case $* in
dumpxml*) printf '<domain>\\n  <uuid>0-a</uuid>what a had</domain>\\n' ;;
"list --all --name") [ ! -e /no-libvirt ] || exit 1; echo a ;;
"list --all --uuid") [ -e /moved ] || echo 0-a ;;
esac
[ ! -e "/kill-${0##*/}" ] || { rm "/kill-${0##*/}"; kill -9 $PPID; }
[ ! -e "/fail-${0##*/}" ] || exit 7
[ "${0##*/}" != grubby ] || sed -i 's/isolcpus=1/isolcpus=changed/' /boot/loader/entries/*.conf
"""
INSIDE = """set -eu
hostname "$1"
mount --bind /usr "$2/usr"
mount -o remount,bind,ro "$2/usr"
mount --bind "$2/local" "$2/usr/local"
mount --bind /dev/null "$2/dev/null"
exec chroot "$2" /usr/bin/env -i PATH=/stubs:/usr/bin sh -c "$3"
"""
ALONE = ["unshare", "--mount", "--uts", "--propagation", "private",
         *([] if os.geteuid() == 0 else ["--map-root-user"])]

SHELLS = [shell for shell in ("dash", "bash --posix", "busybox sh") if shutil.which(shell.split()[0])]

tap = Tap()


class Root:
    """A machine of its own, and the tree for it in /tree."""

    def __init__(self, work, name, target, *words, more="", topology=TOPOLOGY):
        self.path = pathlib.Path(work, name)
        for folder in ("usr", "etc", "dev", "local/sbin", "sys", "var", "stubs", "tmp"):
            (self.path / folder).mkdir(parents=True)
        for link in ("bin", "sbin", "lib", "lib64"):
            (self.path / link).symlink_to(f"usr/{link}")
        (self.path / "dev/null").touch()
        for file, text in MACHINE.items():
            self.write(f"sys/devices/system/{file}", text + "\n")
        for file, text in BEFORE.items():
            self.write(file, text)
        for stub in ("systemctl", "update-grub", "sysctl", "systemd-tmpfiles", "grubby", "kernel-install", "tuned-adm", "virsh",
                     "u-boot-update", "zipl"):
            self.write(f"stubs/{stub}", STUB).chmod(0o755)
        ini = pathlib.Path(work, "n1.ini")
        ini.write_text(INVENTORY + more, encoding="utf-8")
        done = subprocess.run([PLANNER, "emit", "--for", target, "-d", self.path / "tree", "-i", ini, "-t", topology, *words],
                              capture_output=True, text=True, check=False)
        tap.ok(done.returncode == 0, f"{target}: emit --for", done.stderr)
        self.before = self.files()

    def write(self, name, text):
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def files(self):
        """What is on the machine, but for the tree, the stubs and what tests leave."""
        tops = [self.path / top for top in ("etc", "boot", "var", "local", "proc")]
        return {str(f.relative_to(self.path)): (f.read_bytes(), f.stat().st_mode)
                for top in tops for f in sorted(top.rglob("*")) if f.is_file()}

    def run(self, command, name="n1"):
        return subprocess.run([*ALONE, "sh", "-c", INSIDE, "inside", name, self.path, command], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=60, check=False)

    def apply(self, options="-y", **more):
        return self.run(f"sh /tree/etc/planner/apply.sh {options}", **more)

    def log(self):
        log = self.path / "log"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [line for line in lines if " cat " not in line]


def differs(one, other):
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def refused(root, what, message, command=None, **more):
    done = root.run(command, **more) if command else root.apply(**more)
    tap.ok(done.returncode == 2 and message in done.stderr and not differs(root.before, root.files())
           and not root.log(), f"refused, and nothing changed: {what}", done.stdout, done.stderr)


def check_refusals(work):
    root = Root(work, "refusals", "debian")
    refused(root, "another name", "this machine is called n2, the plan is for n1", name="n2")
    tap.ok(root.apply("-n -N", name="n2").returncode == 0, "-N: another name is no matter")
    refused(root, "nobody to ask", "give -y", options="")
    refused(root, "an unknown option", "", options="-x")
    siblings = root.write("sys/devices/system/cpu/cpu2/topology/thread_siblings_list", "2,6\n")
    refused(root, "other siblings", "cpu2/topology/thread_siblings_list: 2,6; the plan has 2-3")
    siblings.write_text("2-3\n", encoding="utf-8")
    cache = Root(work, "caches", "debian", topology="numa:2(memory=17179869184) l3:1 core:2 pu:2")
    shared = cache.write("sys/devices/system/cpu/cpu4/cache/index3/shared_cpu_list", "4-7\n")
    tap.ok(cache.apply("-n").returncode == 0, "an L3 that is shared as in the plan")
    shared.write_text("0-7\n", encoding="utf-8")
    refused(cache, "another L3", "cpu4/cache/index3/shared_cpu_list: 0-7; the plan has 4-7")
    dies = Root(work, "dies", "debian", topology="numa:2(memory=17179869184) pack:1 die:2 core:1 pu:2")
    lists = {f"cpu{cpu}/topology/{name}": cpus for name, told in (
        ("core_siblings_list", {0: "0-3", 4: "4-7"}), ("die_cpus_list", {0: "0-1", 2: "2-3", 4: "4-5", 6: "6-7"}))
             for cpu, cpus in told.items()}
    for name, cpus in lists.items():
        dies.write(f"sys/devices/system/cpu/{name}", cpus + "\n")
    tap.ok(dies.apply("-n").returncode == 0, "packages and dies as in the plan")
    for shell in SHELLS:
        dies.write("sys/devices/system/cpu/cpu0/topology/core_siblings_list", "0-7\n")
        refused(dies, f"by {shell}", "core_siblings_list: 0-7; the plan has 0-3", f"{shell} /tree/etc/planner/apply.sh -y")
        dies.write("sys/devices/system/cpu/cpu0/topology/core_siblings_list", "0-3\n")
        done = dies.run(f"{shell} /tree/etc/planner/apply.sh -n")
        tap.ok(done.returncode == 0 and "step 7" in done.stdout, f"shown by {shell}", done.stdout, done.stderr)
    for name, cpus in lists.items():
        dies.write(f"sys/devices/system/cpu/{name}", "0-7\n")
        refused(dies, f"another {name}", f"{name}: 0-7; the plan has {cpus}")
        dies.write(f"sys/devices/system/cpu/{name}", cpus + "\n")
    divided = root.write("sys/devices/system/cpu/cpu4/topology/die_cpus_list", "4-5\n")
    tap.ok(root.apply("-n").returncode == 0, "dies of a package of several nodes are not known")
    divided.unlink()
    whole = Root(work, "no-dies", "debian", topology="numa:2(memory=17179869184) pack:1 core:2 pu:2")
    whole.write("sys/devices/system/cpu/cpu4/topology/die_cpus_list", "4-5\n")
    refused(whole, "dies that the plan has not", "cpu4/topology/die_cpus_list: 4-5; the plan has 4-7")
    arm = pathlib.Path(work, "arm.xml")
    backend = '<info name="Backend" value="Synthetic"/>'
    arm.write_text(spell_out("numa:2(memory=17179869184) pack:1 core:2 pu:2").replace(
        backend, backend + '<info name="Architecture" value="aarch64"/>', 1), encoding="utf-8")
    alone = Root(work, "arm", "debian", topology=str(arm))
    for cpu in range(8):
        alone.write(f"sys/devices/system/cpu/cpu{cpu}/topology/die_cpus_list", f"{cpu}\n")
    tap.ok(alone.apply("-n").returncode == 0, "an older kernel of another machine than x86 has each CPU as a die")
    shutil.rmtree(root.path / "sys/devices/system")
    refused(root, "nothing of it", "and 4 more differ")


def check_view(work):
    root = Root(work, "view", "debian")
    done = root.apply("-n")
    tap.ok(done.returncode == 0 and not differs(root.before, root.files()) and not root.log()
           and "changes  /etc/default/irqbalance" in done.stdout and "-IRQBALANCE_ONESHOT=1" in done.stdout
           and "new      /etc/default/grub.d/zz-planner.cfg" in done.stdout, "-n shows and changes nothing", done.stdout,
           done.stderr)


def as_tree(root):
    """The files of the tree that the machine does not have like it."""
    tree = root.path / "tree"
    found = []
    for file in sorted(f for f in tree.rglob("*") if f.is_file()):
        name = str(file.relative_to(tree))
        place = root.path / name.replace("usr/local/", "local/")
        if not place.exists() or place.read_bytes() != file.read_bytes() or place.stat().st_mode != file.stat().st_mode:
            found.append(name)
    return found


def undone(root, what):
    done = root.run("sh /etc/planner/undo.sh")
    left = differs(root.before, root.files())
    tap.ok(done.returncode == 0 and not left, f"undo.sh brings back exactly what was: {what}", *left, done.stdout, done.stderr)


def check_apply(work):
    root = Root(work, "apply", "debian")
    done = root.apply()
    tap.ok(done.returncode == 0 and not as_tree(root), "the tree is on the machine", *as_tree(root), done.stderr)
    called = [line.split()[0] for line in root.log()]
    tap.ok(called.index("sysctl") < called.index("update-grub") == len(called) - 1
           and set(called) == {"sysctl", "systemctl", "systemd-tmpfiles", "update-grub"},
           "and what puts it in force ran, the boot loader last", called)
    tap.ok("all 7 steps are done" in done.stdout and done.stdout.rstrip().endswith("planner check -p /etc/planner/plan.json"),
           "it says what comes next", done.stdout)
    again = root.apply()
    tap.ok(again.returncode == 0 and "changes" not in again.stdout and not as_tree(root), "it can be run again", again.stdout)
    done = root.run("sh /etc/planner/apply.sh -y")
    tap.ok(done.returncode == 2 and "copy on the node" in done.stderr, "the copy on the node does nothing", done.stderr)
    root.log()
    undone(root, "after two runs")
    tap.ok("update-grub" in [line.split()[0] for line in root.log()], "the boot loader reads it anew")


def check_failures(work):
    root = Root(work, "failures", "debian")
    (root.path / "fail-sysctl").touch()
    done = root.apply()
    tap.ok(done.returncode == 1 and "step 1 of 7 (sysctl -p /etc/sysctl.d/90-planner.conf)" in done.stderr
           and [line.split()[0] for line in root.log()] == ["sysctl"], "the first failure stops it, and it says where it stands",
           done.stdout, done.stderr)
    undone(root, "after a step that failed")
    done = root.apply()
    (root.path / "fail-sysctl").unlink()
    done = root.apply()
    tap.ok(done.returncode == 0 and not as_tree(root), "it goes on when the cause is gone", done.stderr)
    undone(root, "after a failure and a second run")
    for program in ("sysctl", "systemctl", "update-grub"):
        (root.path / f"kill-{program}").touch()
        killed = root.apply()
        (root.path / f"kill-{program}").unlink(missing_ok=True)
        done = root.apply()
        tap.ok(killed.returncode != 0 and done.returncode == 0, f"killed at {program}, then run again", done.stderr)
        (root.path / f"kill-{program}").touch()
        killed = root.run("sh /etc/planner/undo.sh")
        (root.path / f"kill-{program}").unlink(missing_ok=True)
        undone(root, f"apply.sh and undo.sh killed at {program}")


def check_lines(work):
    root = Root(work, "el", "el")
    done = root.apply()
    entry = root.path / "boot/loader/entries/one.conf"
    tap.ok(done.returncode == 0 and "changed" in entry.read_text(encoding="utf-8"), "el: grubby changes the entries", done.stderr)
    undone(root, "the boot entries, with an earlier isolcpus=")
    root = Root(work, "systemd-boot", "systemd-boot")
    done = root.apply()
    line = (root.path / "etc/kernel/cmdline").read_text(encoding="utf-8")
    tap.ok(done.returncode == 0 and "isolcpus=1 " not in line and "isolcpus=" in line
           and root.log()[-1] == "kernel-install add-all", "systemd-boot: the line is changed, then read", line, done.stderr)
    undone(root, "/etc/kernel/cmdline, with an earlier isolcpus=")
    tap.ok(root.log()[-1] == "kernel-install add-all", "and the boot loader reads it again")
    (root.path / "etc/kernel/cmdline").unlink()
    root.before = root.files()
    done = root.apply()
    tap.ok(done.returncode == 0 and (root.path / "etc/kernel/cmdline").exists(), "systemd-boot: the line is made", done.stderr)
    undone(root, "no /etc/kernel/cmdline where there was none")


MENU = """default l0
label l0
\tlinux /vmlinuz
\tAppend root=/dev/vda1 nohz_full=1 quiet -- x
label l0r
\tappend root=/dev/vda1 single
label windows
\tCOM32 chain.c32
\tAPPEND hd0  3
label late
\tAPPEND hd0  4
\tkernel chain.c32
label memtest
\tkernel /memtest86+.bin
\tappend  x
label none
\tlinux /vmlinuz
\tappend -
label bare
\tlinux /vmlinuz
\tappend
"""
MENU_AFTER = MENU.replace("nohz_full=1 quiet --", "quiet LINE --").replace("\tappend\n", "\tappend LINE\n")
SINGLE = "label a\r\n  kernel /bzimage\r\n  append initrd=/bzroot\r\nlabel b\r\n  append x single\r\n"
UBOOT = '#U_BOOT_PARAMETERS="ro"\nU_BOOT_PROMPT="0"\n'
ZIPL = """[defaultboot]
default = a
[a]
  parameters = 'root=/dev/dasda1 isolcpus=1'
[b]
parmfile = /boot/parm \t
[c]
parmfile="/boot/zipl/parmfile"
"""
PARM = "root=/dev/dasda1 nohz_full=1\nquiet\n"


def check_menus(work):
    """Each line that boots is worded anew, and no other; it is read again; and what was comes back."""
    for target, reader, menus in (
            ("extlinux", "u-boot-update", {
                "boot/extlinux/extlinux.conf": (MENU, MENU_AFTER),
                "boot/syslinux/syslinux.cfg": (SINGLE, SINGLE.replace("bzroot", "bzroot LINE")),
                "etc/default/u-boot": (UBOOT, UBOOT + 'U_BOOT_PARAMETERS="quiet a=\\"b c\\" \\$(touch /ran) LINE"\n')}),
            ("zipl", "zipl", {
                "etc/zipl.conf": (ZIPL, ZIPL.replace("  parameters = 'root=/dev/dasda1 isolcpus=1'", "parameters='root=/dev/dasda1 LINE'")),
                "boot/parm": (PARM, "root=/dev/dasda1 quiet LINE\n"),
                "boot/zipl/parmfile": (PARM, "root=/dev/dasda1 quiet LINE\n")})):
        root = Root(work, target, target)
        line = re.search("^planner_line='(.*)'$", (root.path / f"tree/usr/local/sbin/planner-{target}").read_text(encoding="utf-8"), re.M)
        (root.path / "stubs/grubby").unlink()
        (root.path / "boot/loader/entries/one.conf").unlink()
        (root.path / "etc/kernel/cmdline").write_text('root=/dev/vda1 quiet a="b c" $(touch /ran)\n', encoding="utf-8")
        for name, (text, _) in menus.items():
            root.write(name, text)
        root.before = root.files()
        done = root.apply()
        for name, (_, after) in menus.items():
            text = (root.path / name).read_bytes().decode()
            tap.ok(done.returncode == 0 and text == after.replace("LINE", line[1]), f"{target}: {name} has the line", text, done.stderr)
        tap.ok(not (root.path / "ran").exists(), f"{target}: no text of a line is run")
        log = root.log()
        tap.ok(log[-1] == reader + " ", f"{target}: {reader} runs last", log)
        undone(root, f"{target}, with an earlier line")
    for name, target, files, message in (
            ("no menu", "extlinux", {}, "no menu with an APPEND line"),
            ("no kernel", "extlinux", {"boot/extlinux.conf": "label a\ncom32 x.c32\nappend y\n"}, "no menu with an APPEND line"),
            ("two lines", "extlinux", {"boot/extlinux.conf": "append x\n", "etc/default/u-boot": 'U_BOOT_PARAMETERS="ro \\\n quiet"\n'},
             "write U_BOOT_PARAMETERS= on one line"),
            ("two lines, no quotes", "extlinux", {"boot/extlinux.conf": "append x\n", "etc/default/u-boot": "U_BOOT_PARAMETERS=ro\\\n:\n"},
             "write U_BOOT_PARAMETERS= on one line"),
            ("no parmfile", "zipl", {"etc/zipl.conf": "[b]\nparmfile=/boot/parm\n"}, "no /boot/parm, its parmfile"),
            ("another folder", "zipl", {"etc/zipl.conf": "[b]\nparmfile=/srv/parm\n", "srv/parm": "x\n"}, "move /srv/parm, its parmfile")):
        root = Root(work, name, target)
        for file, text in files.items():
            root.write(file, text)
        root.before = root.files()
        done = root.apply()
        tap.ok(done.returncode == 1 and message in done.stderr, f"{target}: it stops: {name}", done.stderr)
        undone(root, name)


# Reads its settings in the order in which u-boot-update of Debian's u-boot-menu 4.2 does.
FRAGMENTS = """#!/bin/sh
set -e
echo "${0##*/} $*" >>/log
[ ! -e /etc/default/u-boot ] || . /etc/default/u-boot
for file in /etc/u-boot-menu/conf.d/*.conf; do if [ -e "$file" ]; then . "$file"; fi; done
if [ -z "$U_BOOT_PARAMETERS" ] && [ -f /etc/kernel/cmdline ]; then
    U_BOOT_PARAMETERS=$(sed -e 's/root=[^[:space:]]*//' -e 's/^[[:space:]]*//' /etc/kernel/cmdline)
    U_BOOT_ROOT=$(sed -re 's/.*(root=[^[:space:]]*).*/\\1/' /etc/kernel/cmdline)
fi
echo "append $U_BOOT_ROOT ${U_BOOT_PARAMETERS:-ro quiet}" >/boot/extlinux/extlinux.conf
"""


def check_fragments(work):
    """u-boot-update that reads fragments gets one; the settings of others stay as they are."""
    for name, files, line in (
            ("a default", {"etc/kernel/cmdline": None}, " ro quiet LINE"),
            ("the line of kernel-install", {"etc/kernel/cmdline": "root=/dev/x isolcpus=3 quiet\n"}, "root=/dev/x quiet LINE"),
            ("a setting", {"etc/default/u-boot": "U_BOOT_ROOT=root=/dev/y\nU_BOOT_PARAMETERS='ro isolcpus=3'\n"}, "root=/dev/y ro LINE"),
            ("a fragment", {"etc/default/u-boot": "U_BOOT_PARAMETERS=ro\n",
                            "etc/u-boot-menu/conf.d/50-vendor.conf": 'U_BOOT_PARAMETERS="$U_BOOT_PARAMETERS isolcpus=3 console=ttyS2"\n'},
             " ro console=ttyS2 LINE")):
        root = Root(work, f"fragments {name}", "extlinux")
        planned = re.search("^planner_line='(.*)'$", (root.path / "tree/usr/local/sbin/planner-extlinux").read_text(encoding="utf-8"), re.M)
        root.write("stubs/u-boot-update", FRAGMENTS)
        root.write("boot/extlinux/extlinux.conf", "append old\n")
        for file, text in files.items():
            (root.path / file).unlink(missing_ok=True)
            if text:
                root.write(file, text)
        root.run("u-boot-update")
        root.log()
        root.before = root.files()
        for turn in ("", ", twice"):
            done = root.apply()
            text = (root.path / "boot/extlinux/extlinux.conf").read_text(encoding="utf-8")
            tap.ok(done.returncode == 0 and text == f"append {line}\n".replace("LINE", planned[1]), f"a fragment beside {name}{turn}",
                   text, done.stderr)
        tap.ok(not any(file in differs(root.before, root.files()) for file in files), f"{name}: it stays", *differs(root.before, root.files()))
        undone(root, f"a fragment beside {name}")
    root = Root(work, "fragments late", "extlinux")
    root.write("stubs/u-boot-update", FRAGMENTS)
    root.write("boot/extlinux/extlinux.conf", "append old\n")
    root.write("etc/u-boot-menu/conf.d/zzz.conf", "U_BOOT_PARAMETERS=ro\n")
    done = root.apply()
    tap.ok(done.returncode == 1 and "zzz.conf: sets U_BOOT_PARAMETERS after zz-planner.conf" in done.stderr,
           "a fragment that would undo it is named", done.stderr)


def check_domains(work):
    """VMs whose own XML is given are defined, and get back what they had."""
    xml = pathlib.Path(work, "xml")
    xml.mkdir()
    more = ("[vm new]\nvcpus = 2\nmemory = 1G\nhugepages = 2M\n"
            "[vm other]\nvcpus = 1\nmemory = 1G\npolicy = shared\n")
    for name in ("a", "new"):
        (xml / f"{name}.xml").write_text(f"""<domain type="kvm"><name>{name}</name><memory unit="GiB">1</memory>
<vcpu>2</vcpu><os><type arch="x86_64" machine="q35">hvm</type></os><devices><emulator>/usr/bin/qemu</emulator>
<disk type="file" device="disk"><source file="/{name}.img"/><target dev="vda" bus="virtio"/></disk></devices></domain>
""", encoding="utf-8")
    root = Root(work, "domains", "debian", "--merge", xml, more=more)
    text = (root.path / "tree/etc/planner/domains/a.xml").read_text(encoding="utf-8")
    tap.ok("/a.img" in text and "vcpupin" in text, "the tree has the VM's own XML, with its pins", text)
    index = (root.path / "tree/etc/planner/INDEX").read_text(encoding="utf-8")
    tap.ok("virsh define --validate /etc/planner/domains/a.xml" in index and "power the VM off" in index
           and "emit with --merge DIR" in index, "the index has the VMs among its steps", index)
    done = root.apply()
    calls = [line for line in root.log() if line.startswith("virsh ")]
    defined = [line for line in calls if " define " in line]
    tap.ok(done.returncode == 0 and defined == [f"virsh define --validate /etc/planner/domains/{name}.xml" for name in ("a", "new")],
           "apply.sh defines these VMs, and no other", calls, done.stderr)
    kept = root.path / "var/lib/planner/applied/domains"
    tap.ok(sorted(file.name for file in kept.iterdir()) == ["a.xml", "new.xml.absent"] and calls.index(defined[0]) > 0
           and any("dumpxml --inactive --security-info --domain a" in line for line in calls),
           "and keeps what they had, where they were there", calls)
    root.apply()
    root.log()
    done = root.run("sh /etc/planner/undo.sh")
    calls = [line for line in root.log() if line.startswith("virsh ")]
    tap.ok(done.returncode == 0 and calls == ["virsh list --all --uuid", "virsh define /var/lib/planner/applied/domains/a.xml"]
           and not differs(root.before, root.files()), "undo.sh defines that again", calls, done.stderr)


lack = next((name for name in ("unshare", "chroot", "mount", "hostname", "cmp", "diff") if not shutil.which(name)), None)
if lack or not os.path.islink("/bin") or subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode:
    tap.skip("apply.sh", f"no {lack}" if lack else "no mount namespace here")
else:
    with tempfile.TemporaryDirectory() as folder:
        check_refusals(folder)
        check_view(folder)
        check_apply(folder)
        check_failures(folder)
        check_lines(folder)
        check_menus(folder)
        check_fragments(folder)
        check_domains(folder)
sys.exit(tap.done())
