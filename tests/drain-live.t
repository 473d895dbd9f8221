#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# check-all: three libvirtds and their QEMUs
# timeout: 300 seconds
"""
Three libvirtds with QEMUs, on one machine: a node is drained by the script that `fleet drain --commands` prints, changed,
checked, and has its VMs again. Where the kernel lets each thread run is read in /proc. Meanwhile the guard of the node
that VMs come to lets them in, and what would break its plan not.

The script is run as it is; a virsh of the test's own knows where the nodes are, and that guests without a system do
not shut down when asked.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "judge"))

from libvirtd import libvirtd, threads, virsh
from program import PLANNER
from tap import Tap, skip_all

BARE = (HERE / "e2e/domain.xml").read_text(encoding="utf-8")
NODES = ("node-a", "node-b", "node-c")
VERSIONS = "kernel = 6.1.0\nqemu = 7.2.22\nlibvirt = 9.0.0\nmwait = no\nguard = refuse\n"
# Names of its own: `check` finds QEMUs by their names, and tests run side by side.
VMS = {"alone": "[vm alone]\nvcpus = 1\nmemory = 32M\ncpu-mode = custom\n",
       "roams": "[vm roams]\nvcpus = 2\npolicy = shared\nmemory = 32M\ncpu-mode = custom\n"}
TOPOLOGY = "numa:1(memory=1GiB) core:2 pu:1"
# CPU 0 is the host's, and shared VMs float over it; CPU 1 is for a VM of its own. node-b has least memory, and room for one.
MORE = {"node-b": "memory-per-node = 970M\n"}
VIRSH = """#!/bin/sh
uri() { case $1 in %s *) exit 9;; esac; }
for word; do
    shift
    case $word in
    --connect=*) uri "${word#--connect=}"; word=--connect=$uri;;
    --desturi=*) uri "${word#--desturi=}"; word=--desturi=$uri; set -- "$@" --migrateuri="unix://$folder/$$.sock";;
    shutdown) word=destroy;;
    esac
    set -- "$@" "$word"
done
echo "$*" >>calls
exec %s "$@"
"""


def planner(*words, cwd=None):
    return subprocess.run([PLANNER, *map(str, words)], capture_output=True, text=True, check=False, cwd=cwd)


class Fleet:
    def __init__(self, tap, folder):
        self.tap, self.folder, self.daemons = tap, folder, {}
        (folder / "now").mkdir()
        for node in NODES:
            text = f"[node]\nname = {node}\n{VERSIONS}[host]\ncores = 1\n" + MORE.get(node, "")
            self.write(folder / "now", node, text + ("".join(VMS.values()) if node == "node-a" else ""))
        with open(folder / "now/fleet.jsonl", "w", encoding="utf-8") as entries:
            for node in NODES:
                entries.write(json.dumps({"inventory": f"{node}.ini", "topology": TOPOLOGY}) + "\n")

    @staticmethod
    def write(folder, node, text):
        (folder / f"{node}.ini").write_text(text, encoding="utf-8")

    def etc(self, node):
        place = self.folder / "etc" / node / "hooks/qemu.d/zz-planner"
        place.parent.mkdir(parents=True)
        place.write_text("#!/bin/sh\n", encoding="utf-8")  # a daemon calls no hook whose folder was empty when it started
        place.chmod(0o755)
        return self.folder / "etc" / node

    def hook(self, node, plan):
        """The guard of the node, with PLAN."""
        planner("emit", "libvirt-hook", "-p", plan, "-d", self.folder / "tree")
        text = (self.folder / "tree/etc/libvirt/hooks/qemu.d/zz-planner").read_text(encoding="utf-8")
        place = self.folder / "etc" / node / "hooks/qemu.d/zz-planner"
        place.write_text(text.replace("/etc/planner/plan.json", str(plan)).replace("planner admit", f"{PLANNER} admit"), encoding="utf-8")
        place.chmod(0o755)

    def uri(self, node):
        return self.daemons[node][1]

    def drain(self, before, after, *nodes):
        """The script for NODES, from the folder BEFORE to AFTER; its steps as planner says them."""
        words = ["fleet", "drain", *nodes, "--fleet", self.folder / before / "fleet.jsonl"]
        script = planner(*words, "-d", self.folder / after, "--commands", cwd=self.folder)
        steps = [json.loads(line) for line in planner(*words, "--json").stdout.splitlines()]
        self.tap.ok(script.returncode == 0 and steps[-1]["left"] == 0, f"{' and '.join(nodes)} can be empty", script.stderr)
        return script.stdout, {step["vm"]: (step["node"], step["how"]) for step in steps if "step" in step and step["how"] != "stop"}

    def play(self, script, *nodes):
        where = "".join(f"qemu+ssh://{node}/system) uri='{uri}' folder={folder};; " for node, (folder, uri, _) in self.daemons.items())
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        (work / "virsh").write_text(VIRSH % (where, subprocess.check_output(["which", "virsh"], text=True).strip()), encoding="utf-8")
        (work / "virsh").chmod(0o755)
        path = f"{work}:{os.path.dirname(os.path.abspath(PLANNER))}:{os.environ['PATH']}"
        ran = subprocess.run(["sh", "-s"], input=script, cwd=work, env={**os.environ, "PATH": path}, capture_output=True,
                             text=True, timeout=200, check=False)
        self.tap.ok(ran.returncode == 0, f"{' and '.join(nodes)}: the script runs to its end", ran.stderr, ran.stdout)
        there = [virsh(self.uri(node), "list", "--all", "--name").stdout.split() for node in nodes]
        self.tap.ok(not any(there), f"{' and '.join(nodes)}: empty, and nothing is defined there", there)

    def runs(self, name, node, vcpus):
        """NAME runs on NODE, each vCPU on the CPUs of VCPUS, the rest of it on the host's."""
        states = {other: virsh(self.uri(other), "domstate", name).stdout.strip() for other in NODES}
        self.tap.ok(states == {other: "running" if other == node else "" for other in NODES}, f"{name} runs on {node} alone", states)
        found = threads(self.daemons[node][0], name)
        cpus = {one for comm, sets in found.items() if comm.startswith("CPU ") for one in sets}
        rest = {one for comm, sets in found.items() if not comm.startswith("CPU ") for one in sets}
        self.tap.ok(cpus == {frozenset(vcpus)} and rest == {frozenset({0})}, f"{name} on {node}: each thread may run where it should", found)

    def check(self, node, plan):
        said = planner("check", "-p", plan, "-c", self.uri(node), "--strict", "--rule",
                       "vm.pin-differs,vm.thread-differs,vm.emulatorpin-differs,vm.live-differs,vm.missing")
        self.tap.ok(said.returncode == 0, f"{node}: check, with the plan it has now, finds nothing", said.stdout, said.stderr)

    def start(self):
        for name in VMS:
            bare = self.folder / f"{name}.bare.xml"
            bare.write_text(BARE.replace("NAME", name).replace(">4<", f">{1 if name == 'alone' else 2}<"), encoding="utf-8")
            xml = self.folder / f"{name}.xml"
            xml.write_text(planner("emit", "domain", name, "-i", self.folder / "now/node-a.ini", "-t", TOPOLOGY, "--merge", bare).stdout,
                           encoding="utf-8")
            ran = [virsh(self.uri("node-a"), "define", str(xml)), virsh(self.uri("node-a"), "start", name)]
            self.tap.ok(not any(one.returncode for one in ran), f"{name} starts on node-a", *(one.stderr for one in ran))


def guarded(fleet, tap):
    """What node-b, which waits for a VM, lets in."""
    thief = BARE.replace("NAME", "thief").replace("<vcpu>4</vcpu>", "<vcpu>1</vcpu><cputune><vcpupin vcpu='0' cpuset='1'/>"
                                                  "<emulatorpin cpuset='0'/></cputune>")
    (fleet.folder / "thief.xml").write_text(thief, encoding="utf-8")
    ran = virsh(fleet.uri("node-b"), "create", str(fleet.folder / "thief.xml"))
    tap.ok(ran.returncode == 1 and "as vCPU 0 of alone is" in ran.stderr, "node-b: a VM on the CPU of one that is to come does not start", ran.stderr)
    ran = virsh(fleet.uri("node-a"), "create", str(fleet.folder / "thief.xml"))
    tap.ok(ran.returncode == 0, "node-a has no guard", ran.stderr)
    ran = virsh(fleet.uri("node-a"), "migrate", "--live", "thief", fleet.uri("node-b"), "--migrateuri",
                f"unix://{fleet.daemons['node-b'][0]}/thief.sock", timeout=120)
    state = virsh(fleet.uri("node-a"), "domstate", "thief").stdout.strip()
    tap.ok(ran.returncode == 1 and "as vCPU 0 of alone is" in ran.stderr and state == "running", "nor does it migrate there; it runs on", ran.stderr, state)
    virsh(fleet.uri("node-a"), "destroy", "thief")


def there(fleet, tap):
    script, steps = fleet.drain("now", "next", "node-a")
    tap.ok(steps == {"alone": ("node-b", "live"), "roams": ("node-c", "live")}, "its VMs go live, to nodes that differ", steps)
    fleet.hook("node-b", fleet.folder / "next/node-b.json")
    guarded(fleet, tap)
    fleet.play(script, "node-a")
    fleet.runs("alone", "node-b", {1})
    fleet.runs("roams", "node-c", {0})
    for node in NODES:
        fleet.check(node, fleet.folder / f"next/{node}.json")


def back(fleet, tap):
    """The node has changed: its QEMU is an older one now, so that VMs do not come back to it live."""
    text = (fleet.folder / "next/node-a.ini").read_text(encoding="utf-8")
    fleet.write(fleet.folder / "next", "node-a", text.replace("7.2.22", "7.1.0"))
    script, steps = fleet.drain("next", "last", "node-b", "node-c")
    tap.ok(steps == {name: ("node-a", "stopped") for name in VMS}, "they come back powered off and on", steps)
    fleet.play(script, "node-b", "node-c")
    fleet.runs("alone", "node-a", {1})
    fleet.runs("roams", "node-a", {0})
    for node in NODES:
        fleet.check(node, fleet.folder / f"last/{node}.json")


def main():
    tap = Tap()
    if os.cpu_count() < 2:
        skip_all("one CPU: nothing to pin to")
    with tempfile.TemporaryDirectory(dir="/tmp") as scratch:
        os.chmod(scratch, 0o755)
        fleet = Fleet(tap, pathlib.Path(scratch))
        with libvirtd("node-a") as a, libvirtd("node-b", fleet.etc("node-b")) as b, libvirtd("node-c") as c:
            fleet.daemons = dict(zip(NODES, (a, b, c)))
            if not all(uri for _, uri, _ in (a, b, c)):
                skip_all(f"no libvirtd of our own: {a[2]} {b[2]} {c[2]}".replace("\n", " "))
            names = tuple(virsh(uri, "hostname").stdout.strip() for _, uri, _ in (a, b, c))
            if names != NODES:
                skip_all(f"no host name of our own: {names}")
            fleet.start()
            there(fleet, tap)
            back(fleet, tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
