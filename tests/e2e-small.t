#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# check-all: boots emulated hosts
# timeout: 1200 seconds
# alone
"""
From the inventory to a running node, on an emulated host of 8 CPUs: it boots with the kernel line
that planner printed, libvirtd starts the VMs from the XML that planner printed; the kernel must
show what was planned, planner check inside must be content, and find each fault that is put in.

KEEP=DIR keeps what the guest left: audits and snapshots.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE / "e2e"), str(HERE / "judge")]

import emulated
from host import emulated_host
from program import PLANNER
from tap import Tap

E2E = HERE / "e2e"

SHAPE = emulated.Shape(sockets=2, cores=2, threads=2, memory=1280, frequencies=True)
# The same machine for planner, and what must come of it, worked out by hand: the first core of each
# socket is the host's, siblings are n and n + 4.
TOPOLOGY = "pack:2 [numa(memory=536870912)] l3:1 core:2 pu:2(indexes=0,4,1,5,2,6,3,7)"
KERNEL = {"isolated": "1,3,5,7", "nohz_full": "1,3,5,7", "workqueue": "55", "irq": "55", "init": "0,2,4,6",
          "siblings": "0,4 1,5 2,6 3,7"}
THREADS = "1 5 0,4"
# What an emulated host cannot but have.
ALWAYS = {"kernel.vulnerable", "kernel.reboot-pending"}
# Fault: the rules that must find it.
FAULTS = {
    "task": {"task.user-on-isolated"},
    "irq": {"irq.on-isolated"},
    "irqdefault": {"irq.default-affinity"},
    "workqueue": {"task.workqueue-on-isolated"},
    "governor": {"power.governor"},
    "slowest": {"power.slowest"},
    "repinned": {"vm.pin-differs", "vm.live-differs", "vm.pin-across-nodes"},
    "emulator": {"vm.emulator-on-isolated", "vm.emulatorpin-differs", "vm.live-differs"},
    "thread": {"vm.thread-differs"},
    "stray": {"vm.free-on-isolated", "vm.unknown"},
    "offline": {"topology.differs", "topology.sibling-offline"},
    "partition": {"cgroup.partitions-mixed", "task.user-on-isolated", "topology.core-split", "cgroup.pins-outside",
                  "task.kernel-thread-on-isolated"},
}
# A partition beside isolcpus leaves tasks on the isolated CPUs when it is gone again.
STAYS = {"partition": {"task.user-on-isolated", "task.kernel-thread-on-isolated", "service.affinity-lost"}}


def planner(*words):
    return subprocess.run([PLANNER, *words], stdout=subprocess.PIPE, check=True, text=True).stdout


def prepare(scratch):
    """(kernel line, folder) of the plan, as planner emits it."""
    tree = scratch / "tree"
    node = ["-i", str(E2E / "small/inventory.ini"), "-t", TOPOLOGY]
    line = planner("emit", "cmdline", *node).strip()
    planner("emit", "--all", "-d", tree, *node)
    return line, tree


def findings(text):
    return {(one["id"], one["subject"], one["text"]) for one in json.loads(text)["findings"]}


def audit(ran, name):
    """What check found in the guest; nothing where it did not get so far."""
    try:
        return findings((ran.files / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {("none", name, "no report")}


def ids(found):
    return {one[0] for one in found}


def node_as_planned(tap, ran):
    said = dict(line.split(" ", 1) for line in ran.lines() if " " in line)
    for name, wanted in KERNEL.items():
        tap.ok(said.get(name) == wanted, f"the kernel's {name} is as planned", f"got {said.get(name)}, wanted {wanted}")
    tap.ok(said.get("vm1") == THREADS, "the VM's threads run where planned", f"got {said.get('vm1')}, wanted {THREADS}")


def clean(tap, ran, tree):
    found = audit(ran, "clean")
    tap.ok("check clean 0" in ran.lines() and ids(found) <= ALWAYS, "check is content with the node", *found)
    outside = subprocess.run([PLANNER, "check", "--json", "-r", ran.files / "clean.tar", "-p",
                              tree / "etc/planner/plan.json"], stdout=subprocess.PIPE, check=False).stdout
    tap.ok(outside and findings(outside) == found, "a snapshot says outside what the node says inside", outside)
    captured = subprocess.run([PLANNER, "check", "--json", "-r", ran.files / "script.tar", "-p",
                               tree / "etc/planner/plan.json"], stdout=subprocess.PIPE, check=False).stdout
    tap.ok(captured and findings(captured) == found, "and so does what planner-capture has of it", captured,
           (ran.files / "script.stderr").read_text(encoding="utf-8"))
    return found


def fault(tap, ran, before, name, rules):
    """The fault is found by its rules alone, and gone when it is mended."""
    found, after = audit(ran, f"{name}.fault"), audit(ran, f"{name}.mended")
    tap.ok(ids(found - before) == rules, f"{name}: found", f"new: {found - before}", f"wanted: {rules}")
    tap.ok(ids(after - before) == STAYS.get(name, set()) and before <= after, f"{name}: gone when mended",
           f"left: {after - before}", f"lost: {before - after}")


def main():
    tap = Tap()
    busybox = ["busybox"] if shutil.which("busybox") else []
    with emulated_host(programs=busybox, vms=True, modules=["acpi_cpufreq", "cpufreq_powersave"]) as host:
        line, tree = prepare(host.scratch)
        ran = host.boot(SHAPE, line, (E2E / "guest/small.sh").read_text(encoding="utf-8"),
                        {"/": tree, "/unbound.xml": E2E / "small/unbound.xml",
                         "/planner-capture": planner("snapshot", "--script")}, seconds=1000)
        wrong = [one for one in ran.lines() if one.startswith("wrong ")]
        tap.note(f"Linux {host.kernel.release}: {ran.cost()}")
        tap.ok(not ran.wrong and not wrong, "the scenario runs to its end", ran.wrong, *wrong, ran.out,
               ran.console[-3000:])
        tap.note(*[one for one in ran.lines() if one.startswith("took planner-capture")])
        node_as_planned(tap, ran)
        before = clean(tap, ran, tree)
        for name, rules in FAULTS.items():
            fault(tap, ran, before, name, rules)
        if os.environ.get("KEEP"):
            shutil.copytree(ran.files, os.environ["KEEP"], dirs_exist_ok=True)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
