#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
The hook that `planner emit libvirt-hook` writes, called by a libvirtd that starts QEMUs: what would
break the plan does not start, and the reason is in libvirt's own error; what follows it starts. A VM
that would migrate to a node where it breaks the plan runs on where it was. With guard = warn it starts,
and so it does where there is no answer, but with guard = strict. A libvirtd that starts again
while the plan cannot be read ends no VM.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "judge"))

from libvirtd import libvirtd, restart, virsh
from program import PLANNER
from tap import Tap, skip_all

TOPOLOGY = "numa:1(memory=1GiB) core:2 pu:1"
BARE = (HERE / "e2e/domain.xml").read_text(encoding="utf-8")
NODE = "[node]\nname = to\nkernel = 6.1.0\nqemu = 7.2.22\nlibvirt = 9.0.0\nmwait = no\nguard = refuse\n[host]\ncores = 1\n"
VMS = "[vm owner]\nvcpus = 1\nmemory = 32M\ncpu-mode = custom\n[vm guest]\nvcpus = 1\npolicy = shared\nmemory = 32M\ncpu-mode = custom\n"
PM = "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:arg value='-overcommit'/><qemu:arg value='cpu-pm=on'/></qemu:commandline>"


def planner(*words):
    return subprocess.run([PLANNER, *map(str, words)], capture_output=True, text=True, check=False)


class Guarded:
    """A node with the plan and the hook."""

    def __init__(self, folder):
        self.folder = folder
        self.etc, self.plan = folder / "etc", folder / "plan.json"
        (folder / "node.ini").write_text(NODE + VMS, encoding="utf-8")
        planner("plan", "-i", folder / "node.ini", "-t", TOPOLOGY, "-o", self.plan)
        planner("emit", "libvirt-hook", "-p", self.plan, "-d", folder / "tree")
        text = (folder / "tree/etc/libvirt/hooks/qemu.d/zz-planner").read_text(encoding="utf-8")
        # the plan of this machine is not ours to write
        self.text = text.replace("/etc/planner/plan.json", str(self.plan)).replace("planner admit", f"{PLANNER} admit")
        self.hook("refuse")

    def hook(self, guard):
        place = self.etc / "hooks/qemu.d/zz-planner"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(self.text.replace("refuse", guard), encoding="utf-8")
        place.chmod(0o755)

    def xml(self, name, cpu, more=""):
        pins = f"<cputune><vcpupin vcpu='0' cpuset='{cpu}'/><emulatorpin cpuset='0'/></cputune>"
        text = BARE.replace("NAME", name).replace("<vcpu>4</vcpu>", f"<vcpu>1</vcpu>{pins}")
        path = self.folder / f"{name}.xml"
        path.write_text(text.replace("</domain>", more + "</domain>"), encoding="utf-8")
        return str(path)

    def planned(self, name):
        bare = self.folder / "bare.xml"
        bare.write_text(BARE.replace("NAME", name).replace(">4<", ">1<"), encoding="utf-8")
        path = self.folder / f"{name}.xml"
        path.write_text(planner("emit", "domain", name, "-p", self.plan, "--merge", bare).stdout, encoding="utf-8")
        return str(path)


def refused(tap, ran, reason, what):
    tap.ok(ran.returncode == 1 and reason in ran.stderr and "breaks the plan" in ran.stderr, what, ran.stderr)


def starts(tap, node, uri):
    ran = [virsh(uri, "create", node.planned(name)) for name in ("owner", "guest")]
    tap.ok(not any(one.returncode for one in ran), "VMs start as they are planned", *(one.stderr for one in ran))
    virsh(uri, "destroy", "owner")
    thief = node.xml("thief", 1)
    refused(tap, virsh(uri, "create", thief), "vCPU 0 is pinned to CPU 1, as vCPU 0 of owner is",
            "a VM on another's CPU does not start, whether that one runs or not")
    refused(tap, virsh(uri, "create", node.xml("owner", 0)), "pinned to the host's CPUs", "nor does one that is pinned elsewhere than planned")
    virsh(uri, "destroy", "guest")
    refused(tap, virsh(uri, "create", node.xml("guest", 0, PM)), "must not have it", "nor does one with cpu-pm that it must not have")
    node.hook("warn")
    ran = virsh(uri, "create", thief)
    tap.ok(ran.returncode == 0, "with guard = warn it starts", ran.stderr)
    virsh(uri, "destroy", "thief")


def late(tap, node, uri):
    """A plan that nobody writes: reading it takes for ever."""
    node.plan.unlink()
    os.mkfifo(node.plan, 0o644)
    xml = node.xml("free", 0)
    for guard, status, what in (("strict", 1, "without an answer in time a VM does not start with guard = strict"),
                                ("refuse", 0, "and starts with guard = refuse")):
        node.hook(guard)
        before = time.monotonic()
        ran = virsh(uri, "create", xml)
        took = time.monotonic() - before
        tap.ok(ran.returncode == status and 0.9 < took < 20 and (not status or "no answer in a second" in ran.stderr), what, f"{took:.1f} s", ran.stderr)


def reconnects(tap, node, to):
    """With a hook that would refuse everything, if it were judged."""
    node.hook("strict")
    again = restart(to[0], "node-to", node.etc)
    states = [virsh(to[1], "domstate", "free").stdout.strip() for _ in range(3)]
    tap.ok(again.returncode == 0 and states == ["running"] * 3, "a libvirtd that starts again ends no VM", again.stderr, states)
    virsh(to[1], "destroy", "free")


def arrives(tap, node, origin, to):
    away = virsh(origin[1], "create", node.xml("thief", 1))
    tap.ok(away.returncode == 0, "elsewhere there is no such plan", away.stderr)
    for name, ends, what in (("thief", "running", "a VM that would break the plan does not migrate here, and runs on"),
                             ("owner", "", "one that the plan has does")):
        if name == "owner":
            virsh(origin[1], "create", node.planned("owner"))
        ran = virsh(origin[1], "migrate", "--live", name, to[1], "--migrateuri", f"unix://{to[0]}/{name}.sock", timeout=120)
        good = "as vCPU 0 of owner is" in ran.stderr if ends else ran.returncode == 0
        tap.ok(good and virsh(origin[1], "domstate", name).stdout.strip() == ends, what, ran.stderr)


def main():
    tap = Tap()
    if os.cpu_count() < 2:
        skip_all("one CPU: nothing to pin to")
    with tempfile.TemporaryDirectory(dir="/tmp") as scratch:
        os.chmod(scratch, 0o755)
        node = Guarded(pathlib.Path(scratch))
        with libvirtd("node-from") as origin, libvirtd("node-to", node.etc) as to:
            if not origin[1] or not to[1]:
                skip_all(f"no libvirtd of our own: {origin[2]} {to[2]}".replace("\n", " "))
            starts(tap, node, to[1])
            node.hook("refuse")
            arrives(tap, node, origin[:2], to[:2])
            late(tap, node, to[1])
            reconnects(tap, node, to[:2])
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
