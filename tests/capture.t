#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# timeout: 600 seconds
"""planner-capture, the shell script, has of a node what a snapshot has.

Nodes of tests/audit are captured by both, the script under dash, bash and busybox with their awks
in turn. A snapshot of the script's capture must be that of the node, file by file, and check must
say the same of both. What libvirt and KVM answer, programs in PATH say here.
"""

import glob
import importlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from xml.etree import ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "judge"), str(HERE / "audit")]

from capture import Host, isolating, smt, xml
from program import PLANNER, planner
from scripted import Script, file_of, shells
from tap import Tap

tap = Tap()
# The libvirt of a node that has none.
NO_LIBVIRT = ("libvirt qemu:///system\tFailed to connect socket to '/var/run/libvirt/libvirt-sock-ro': "
              "No such file or directory\n")


def plain(path, content):
    """CONTENT of the file PATH, whatever blanks are between the elements of XML."""
    if not path.startswith("planner/domains/") or path.endswith("list.json"):
        return content
    return ElementTree.canonicalize(content.decode(), strip_text=True).encode()


def files(tar):
    """path → bytes, mode; modes where they matter."""
    with tarfile.open(tar) as archive:
        return {one.name: (plain(one.name, archive.extractfile(one).read()),
                           one.mode if re.match(r"proc/irq/\d+/smp_aff", one.name) else 0)
                for one in archive if one.isfile()}


def differences(one, other):
    """What two snapshots do not have alike."""
    one, other = files(one), files(other)
    lacks = [f"only of the node: {path}: {one[path][0][:200]!r}" for path in one if path not in other]
    adds = [f"only of the script: {path}: {other[path][0][:200]!r}" for path in other if path not in one]
    return lacks + adds + [f"{path}: {one[path][0][-300:]!r}, the script's {other[path][0][-300:]!r} "
                           f"{one[path][1]:o} {other[path][1]:o}"
                           for path in one if path in other and one[path] != other[path]]


def said(root):
    """What check says."""
    status, out, error = planner("check", "--json", "-r", str(root))
    return json.loads(out)["findings"] if status in (0, 1) else error


def same(node, scratch, name, shell):
    """Capture NODE twice; what differs."""
    script = Script(scratch, shell)
    mine, its, again = (scratch / f"{what}.tar" for what in ("mine", "its", "again"))
    script.answer(node)
    done = script.run(its, node)
    if done.returncode:
        return [f"{name}: {done.stderr}"]
    planner("snapshot", "-r", str(node), "-o", str(mine))
    planner("snapshot", "-r", str(its), "-o", str(again))
    problems = differences(mine, again)
    if said(mine) != said(its):
        problems += ["check says", *map(str, said(mine)), "but of the script's", *map(str, said(its))]
    return problems


# Of each kind of node one, in turn under each shell; ALL=1 takes all of them.
SOME = ["affinity_lost", "quota_v1_other_tree", "irqbalance_dropin", "irqs_by_mode", "lxd_readconfig", "process_renamed",
        "threads_nameless", "proxmox_systemd_boot", "unraid_append", "sound_openshift", "list_refused", "quota_throttles"]


def situations():
    """Those named as arguments, or SOME; the faulty node, or its sound twin."""
    everything = sorted(file.stem for file in (HERE / "audit/situations").glob("*.py"))
    for name in sys.argv[1:] or (everything if os.environ.get("ALL") else SOME):
        situation = importlib.import_module(f"situations.{name}")
        host = situation.node(False) or situation.node(True) if hasattr(situation, "node") else None
        if host:
            yield name, host


def write(host, folder):
    """As a snapshot: what is not there, the machine did not have."""
    host.files.setdefault("planner/snapshot", "planner-snapshot/1\n")
    if host.domains is None:
        host.files.setdefault("planner/remarks", NO_LIBVIRT)
    host.write(folder)
    for path in glob.glob(f"{folder}/proc/*/cmdline"):
        program = pathlib.Path(path).read_bytes().split(b"\0")[0]
        os.symlink(program, os.path.join(os.path.dirname(path), "exe"))


ODD = "odd VM: 'n\u00e4me' \\ \"1\" & <2>"
LONG = "/machine.slice/machine-qemu\\x2d1\\x2d" + "long" * 30 + ".scope"


def everything():
    """A node with a file of all that the situations have not, and with odd names."""
    isolated, host_cpus = "2-3,6-7", "0-1,4-5"
    host = Host(smt(4), "5.14.0-1", isolating(isolated, host_cpus), isolated=isolated, nohz=isolated)
    host.domains = []
    host.vm("plain", 3001, ["2", "6"], host_cpus, nodes={0: 1 << 30}, fifo=1,
            live=xml("plain", 2, ["2", "6"], host_cpus), inactive=xml("plain", 2, ["2", "6"], host_cpus, cells=CELLS))
    host.domains.append({"name": ODD, "uuid": "11111111-0000-4000-8000-000000000001", "running": False,
                         "persistent": True, "live_source": "qemu:///system", "inactive_source": "qemu:///system"})
    host.groups[LONG] = "2-3"
    host.groups["/system.slice/a: b 'c' \"d\".service"] = "0-1"
    host.put(f"sys/fs/cgroup{LONG}/cpu.max", "200000 100000\n")
    host.put(f"sys/fs/cgroup{LONG}/cpu.stat", "usage_usec 1\nnr_periods 7\nnr_throttled 5\n")
    host.put("sys/fs/cgroup/cpuset.cpus.isolated", "\n")
    host.put("etc/default/grub", "GRUB_DEFAULT=0\nexport GRUB_CMDLINE_LINUX=\"quiet isolcpus=2-3 -- x\"\n")
    host.put("etc/default/grub.d/50 more.cfg", "GRUB_CMDLINE_LINUX_DEFAULT='nosmt a=b \"c=d e\"'\n")
    host.put("etc/kernel/cmdline", "quiet nosmt\n")
    host.put("etc/tuned/bootcmdline", "TUNED_BOOT_CMDLINE=\"skew_tick=1\"\n")
    host.put("etc/zipl.conf", "[defaultboot]\ndefault=linux\nparameters = \"quiet isolcpus=2\"\n")
    host.put("etc/update-extlinux.conf", "overwrite=1\ndefault_kernel_opts=\"quiet nosmt\"\npassword=x\n")
    host.put("etc/tuned/active_profile", "mine\n")
    host.put("usr/lib/tuned/profiles/mine/tuned.conf", "[main]\ninclude = other, $x ,a/b;third\n[sysctl]\ninclude=no\n")
    host.put("usr/lib/tuned/other/tuned.conf", "[main]\nsummary=x\n")
    host.put("etc/systemd/system.conf", "[Manager]\nCPUAffinity = 0-1\n#x\n[Other]\nCPUAffinity=5\n")
    host.put("run/systemd/system.conf.d/a.conf", "[Manager]\nNUMAMask=0\n")
    host.put("etc/sysconfig/irqbalance", " export IRQBALANCE_BANNED_CPUS=c\nIRQBALANCE_ARGS=x\n")
    host.put("usr/lib/systemd/system/irqbalance.service.d/b.conf",
             "[Service]\nEnvironment=\nEnvironment=\"IRQBALANCE_BANNED_CPULIST=2-3\" A='b c'\n")
    host.put("etc/nova/nova.conf", "[DEFAULT]\npassword = x\n")
    host.put("etc/cloudstack/agent/agent.properties", "keystore.passphrase=x\n")
    host.put("etc/harvester-release.yaml", "harvester: v1.4.0\n")
    host.put("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n")
    host.put("sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc hpet\n")
    host.put("etc/os-release", 'ID="rhel"\nID_LIKE="fedora"\n')
    host.put("proc/1/environ", "HOME=/\0isolcpus=2-3\0BOOT-IMAGE=1\0")
    host.put("sys/module/kvm_intel/parameters/ple_gap", "0\n")
    host.put("sys/devices/system/cpu/vulnerabilities/l1tf", "Mitigation: PTE Inversion\n")
    host.put("sys/kernel/debug/kvm/3001-12/halt_exits", "7\n")
    host.put("sys/kernel/debug/irq/irqs/1", "handler:  x\ndevice:   (null)\n")
    host.irqs[1], host.fired[1] = ("i8042", {0}, {0}), (None, "IO-APIC 1-edge")
    host.put("boot/grub2/grubenv", "# GRUB\nsaved_entry=b\nkernelopts=\"root=x quiet\"\n######")
    host.put("boot/grub2/grub.cfg", "set default=\"${saved_entry}\"\nblscfg\n")
    host.put("oem/grubenv", "third_party_kernel_args=multipath=off isolcpus=2-3 password=x\n###")
    host.put("etc/cos/bootargs.cfg", "set a_params=\"console=tty1\"\n    set kernelcmd=\"$a_params token=$x\"\nset img=1\n")
    host.put("boot/loader/entries/a b.conf", "title A\noptions $kernelopts isolcpus=2\n")
    host.put("boot/loader/entries/b.conf", "title B\n options root=x nosmt password=1\n")
    return host


CELLS = "<numa><cell id='0' cpus='0-1' memory='1' unit='GiB'/></numa>"


# What is not of check: of sosreports, its own files in snapshots, and what measure counts.
NOT_OF_NODES = re.compile(r"/sos_commands|^/?planner/|^/run/libvirt|^/var/run/libvirt|^/etc/libvirt|hwloc-nofile-info|"
                          r"^/sys/kernel/tracing|^/(proc/softirqs|proc/schedstat|proc/uptime)$|/(TID|%u)/schedstat$|^/proc/self/mounts$")


def unknown_paths(script):
    """Paths that topology/ names, but for base, and the script does not."""
    found = []
    for file in sorted((HERE.parent / "topology").glob("[!b]*/*.c")):
        text = re.sub(r"/\*.*?\*/", "", file.read_text(encoding="utf-8"), flags=re.S)
        for literal in re.findall(r'"(/(?:proc|sys|etc|boot|run|var|usr|lib|efi|dev)/[^" ]*)"', text):
            parts = [part for part in re.split(r"[/*]|%[su]", literal) if part and part not in ("PID", "TID")]
            if not NOT_OF_NODES.search(literal) and not all(part in script for part in parts):
                found.append(f"{file}: {literal}")
    return found


def check_manners(shell, folder, node):
    """It leaves nothing, overwrites nothing, and ends when it is told to."""
    script = Script(folder, shell)
    script.answer(node)
    tar = folder / "a b.tar"
    done = script.run(tar, node)
    tap.ok(done.returncode == 0 and tar.stat().st_mode & 0o777 == 0o600, f"{shell.name}: its file is its owner's",
           done.stderr)
    before = tar.read_bytes()
    done = script.run(tar, node)
    tap.ok(done.returncode == 2 and "is there already" in done.stderr and tar.read_bytes() == before,
           f"{shell.name}: overwrites nothing", done.stderr)
    done = subprocess.run([*shell.words], stdin=open(script.file, encoding="utf-8"), capture_output=True,
                          check=False, timeout=300, env=script.environment(node))
    (folder / "piped.tar").write_bytes(done.stdout)
    tap.ok(done.returncode == 0 and files(folder / "piped.tar").keys() == files(tar).keys(),
           f"{shell.name}: from standard input to standard output", done.stderr)
    for words in (["-x"], ["a", "b"], [""]):
        done = subprocess.run([*shell.words, script.file, *words], capture_output=True, check=False, timeout=60,
                              env=script.environment(node), stdin=subprocess.DEVNULL, cwd=folder)
        tap.ok(done.returncode == 2 and b"usage" in done.stderr, f"{shell.name}: arguments {words}", done.stderr)
    tap.ok(not list(script.temporary.iterdir()), f"{shell.name}: leaves nothing", *script.temporary.iterdir())


def check_signals(shell, folder, node):
    """A libvirt that hangs, and a signal meanwhile."""
    script = Script(folder, shell)
    script.answer(node)
    (script.programs / "virsh").unlink()
    (script.programs / "virsh").write_text(f"#!/bin/sh\n: >'{folder}/asked'\nexec /bin/sleep 60\n", encoding="utf-8")
    (script.programs / "virsh").chmod(0o755)
    tar = folder / "signal.tar"
    with subprocess.Popen([*shell.words, script.file, tar], env=script.environment(node), stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, start_new_session=True) as process:
        end = time.monotonic() + 120
        while not (folder / "asked").exists() and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        status = process.wait(60)
        os.killpg(process.pid, signal.SIGKILL)
    tap.ok(status == 143 and not tar.exists() and not list(script.temporary.iterdir()),
           f"{shell.name}: a signal ends it, and nothing is left", status, *script.temporary.iterdir())


def check_refused(shell, folder, node):
    """What cannot be read is not known, and is told."""
    script = Script(folder, shell)
    script.answer(node)
    for path in ("proc/cmdline", "sys/devices/system/cpu/isolated", "proc/1/environ", "etc/kernel/cmdline"):
        (node / path).chmod(0)
    for where in (folder, folder.parent, script.temporary):
        where.chmod(0o777)
    words = [shutil.which("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    tar = script.temporary / "refused.tar"
    done = subprocess.run([*words, *shell.words, script.file, tar], capture_output=True, text=True, check=False,
                          timeout=300, env=script.environment(node), stdin=subprocess.DEVNULL)
    told = [str(one) for one in json.loads(planner("check", "--json", "-r", str(tar))[1] or '{"unread": []}')["unread"]]
    for path in ("/proc/cmdline", "/sys/devices/system/cpu/isolated", "/proc/1/environ", "/etc/kernel/cmdline"):
        tap.ok(f"not in the capture: {path}: Permission denied" in done.stderr and
               any(path in one and "Permission denied" in one for one in told),
               f"{shell.name}: {path} is refused, and not known", done.stderr, *told)


def main():
    found = shells()
    with tempfile.TemporaryDirectory() as scratch:
        for number, (name, host) in enumerate(situations()):
            folder = pathlib.Path(scratch, name)
            write(host, folder / "node")
            shell = found[number % len(found)]
            tap.that(f"{name}, by {shell.name}", same(folder / "node", folder, name, shell))
        text = planner("snapshot", "--script")[1]
        tap.that("every path that is read is in the script", unknown_paths(text))
        tap.that("every list of words is filled in", re.findall(r"@[a-z-]+@", text))
        for number, shell in enumerate([] if sys.argv[1:] else found):
            folder = pathlib.Path(scratch, f"all {number}")
            write(everything(), folder / "node")
            (folder / "node/planner/domains" / file_of(ODD)).write_text(
                xml(ODD.replace("&", "&amp;").replace("<", "&lt;"), 2), encoding="utf-8")
            tap.that(f"all there may be, by {shell.name}", same(folder / "node", folder, "all", shell))
            for check in (check_manners, check_signals, check_refused):
                below = pathlib.Path(scratch, f"{check.__name__} {number}")
                below.mkdir()
                check(shell, below, folder / "node")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
