#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# timeout: 3600 seconds
"""
The published x6 host, emulated whole: 72 CPUs, the kernel line and the 13 VMs that planner plans.
Does the kernel do what the plan says, are the VMs' threads where the operators published them, does
`planner check` call that clean, and does it find each of the faults that are then put in?

`make check-x6` runs it; the result goes to tests/e2e/RESULTS.md as well. FAULTS='task irq' tries only
these, KEEP=DIR keeps what the guest left.
"""

import difflib
import os
import pathlib
import re
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path += [str(ROOT / "tests/judge")]

import emulated
from host import emulated_host
from program import PLANNER
from scene import Scene, Seen, bare_domain, versions
from tap import Tap

SECONDS = 3000
# As on bare metal: the processor does not say that it is emulated.
SHAPE = emulated.Shape(2, 18, 2, memory=3072, model="Skylake-Server-v1,-hypervisor")

# As the operators published it, copied by hand: nothing here is from planner.
HOST = "0-3,18-21,36-39,54-57"
ISOLATED = "4-17,22-35,40-53,58-71"
PUBLISHED = {
    "vm1": (10, 46, 11, 47), "vm2": (12, 48, 13, 49), "vm3": (14, 50, 15, 51), "vm4": (7, 43, 8, 44),
    "vm5": (23, 59, 24, 60), "vm6": (25, 61, 26, 62), "vm7": (27, 63, 28, 64), "vm8": (29, 65, 30, 66),
    "vm9": (31, 67, 32, 68), "vm10": (33, 69, 34, 70), "vm11": (16, 52, 17, 53), "vm12": (5, 41, 6, 42),
}
FLOATING = "vm13"

# A clean check's findings, each decided: what an emulated host cannot be.
CLEAN = {
    # QEMU's processor has no microcode against these; the rule is for information.
    ("kernel.vulnerable", "kernel", "info"),
    # The plan's sysctls are not set there.
    ("kernel.sysctl-differs", "node", "info"),
    ("memory.numa-balancing", "node", "warning"),
}

# Fault → the finding that must come of it, (rule, subject), and go when it is mended; guest/x6.sh puts it in.
FAULTS = {
    "task": ("task.user-on-isolated", "tasks"),
    "kthread": ("task.kernel-thread-on-isolated", "tasks"),
    "thread": ("vm.thread-differs", "vm vm1"),
    "vcpupin": ("vm.live-differs", "vm vm1"),
    "emulatorpin": ("vm.emulator-on-isolated", "vm vm1"),
    "cpuset": ("vm.thread-differs", "vm vm1"),
    "irq": ("irq.on-isolated", "interrupts"),
    "irqdefault": ("irq.default-affinity", "interrupts"),
    "workqueue": ("task.workqueue-on-isolated", None),
    "watchdog": ("kernel.watchdog-on-isolated", None),
    "offline": ("topology.sibling-offline", None),
    "hugepages": ("memory.hugepages-short", "node 1"),
    "ksm": ("memory.ksm", None),
    "cpupm": ("cpu-pm.on-ineligible", "vm vm13"),
    "pinnext": ("vm.pin-on-sdk", "vm vm1"),
    "nodeset": ("vm.memory-nodes", "vm vm1"),
    "smallpages": ("vm.hugepages-missing", "vm vm1"),
    "bootloader": ("kernel.reboot-pending", None),
    "unbound": ("vm.unknown", "vm unbound"),
    "partition": ("cgroup.partitions-mixed", None),
}
CAPTURED = "vcpupin"
TRIED = os.environ.get("FAULTS", " ".join(FAULTS)).split()

# What guest/x6.sh breaks.
GUEST = f"""
VMS='{' '.join([*PUBLISHED, FLOATING])}'
VM=vm1 PIN0=10 PIN1=46 PINS=10,46,11,47 EMULATOR=0-3,36-39
HOSTCPU=2 SDKCPU=9 SDKCORE=9,45 HOST={HOST} SIBLING=48 SIBLINGVM=vm2 SHARED={FLOATING}
CAPTURED={CAPTURED} FAULTS='{' '.join(TRIED)}'
"""


class Recorded(Tap):
    def __init__(self):
        super().__init__()
        self.results = []

    def ok(self, good, name, *why):
        self.results.append((good, name))
        return super().ok(good, name, *why)


def cpus_of(text):
    """A CPU list as a set."""
    found = set()
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def mask_of(text):
    """The kernel's mask as a set."""
    value = int(text.strip().replace(",", ""), 16)
    return {cpu for cpu in range(value.bit_length()) if value >> cpu & 1}


def inventory(host):
    """The published one, for the versions that are here and with VMs that fit."""
    text = (ROOT / "tests/cases/x6/inventory.ini").read_text(encoding="utf-8")
    for key, value in {**versions(host), "memory": "32M", "irqaffinity": "yes"}.items():
        text = re.sub(rf"(?m)^({key}\s*=).*", rf"\1 {value}", text)
    return text


def threads(text):
    """(VM, thread's name) → the CPUs of each thread of that name."""
    found = {}
    for line in text.splitlines():
        vm, _, comm, cpus = line.split("\t")
        found.setdefault((vm, comm), []).append(cpus_of(cpus))
    return found


def the_kernel(tap, seen):
    cpus, host = cpus_of("0-71"), cpus_of(HOST)
    tap.ok(cpus_of(seen.text("online")) == cpus, "72 CPUs are online", seen.text("online"))
    siblings = {int(cpu): (cpus_of(pair), socket) for cpu, pair, socket in map(str.split, seen.text("siblings").splitlines())}
    wanted = {cpu: ({cpu % 36, cpu % 36 + 36}, str(cpu % 36 // 18)) for cpu in cpus}
    tap.ok(siblings == wanted, "siblings are n and n + 36, 18 cores a socket", seen.text("siblings"))
    for name, read, right, what in (
            ("isolated", cpus_of, cpus_of(ISOLATED), "isolated are the CPUs that were published"),
            ("nohz_full", cpus_of, cpus_of(ISOLATED), "nohz_full as well"),
            ("init", cpus_of, host, "init, and so whatever it starts, keeps to the host CPUs"),
            ("irq", mask_of, host, "interrupts go to the host CPUs by default"),
            ("workqueue", mask_of, host, "unbound kernel work stays on the host CPUs")):
        text = seen.text(name)
        tap.ok(text.strip() and read(text) == right, what, text)


def the_threads(tap, seen, name, when):
    found = threads(seen.text(name))
    for vm, pins in PUBLISHED.items():
        vcpus = [found.get((vm, f"CPU {n}/TCG")) for n in range(4)]
        others = [cpus for (whose, comm), all_of in found.items() if whose == vm and not comm.startswith("CPU ")
                  for cpus in all_of]
        tap.ok(vcpus == [[{pin}] for pin in pins], f"{vm}'s vCPUs are on {','.join(map(str, pins))}{when}", vcpus)
        tap.ok(others and all(cpus <= cpus_of(HOST) for cpus in others), f"{vm}'s other threads are on host CPUs{when}", others)
    vm13 = [cpus for (whose, _), all_of in found.items() if whose == FLOATING for cpus in all_of]
    tap.ok(len(vm13) > 4 and all(cpus == cpus_of(HOST) for cpus in vm13), f"{FLOATING} floats over the host CPUs{when}", vm13)


def the_check(tap, seen):
    tap.ok(seen.findings("clean") == CLEAN, "check is clean, but for what is named", seen.shown("clean"))
    tap.ok(seen.text("again.json") == seen.text("clean.json"), "a second check says the same, byte for byte")


def the_faults(tap, seen):
    clean = seen.findings("clean") or set()
    for fault in TRIED:
        rule, subject = FAULTS[fault]
        new = (seen.findings(fault) or set()) - clean
        tap.ok(any(one[0] == rule and subject in (None, one[1]) and one[2] != "unknown" for one in new),
               f"fault {fault}: {rule} is found", seen.shown(fault))
        tap.ok(seen.findings(f"{fault}.mended") == clean, f"fault {fault}: gone when mended", seen.shown(f"{fault}.mended"))
        tap.note(f"{fault}: {', '.join(sorted({one[0] for one in new}))}")


def the_captures(tap, seen, scene):
    for name in ["clean"] + [CAPTURED] * (CAPTURED in TRIED):
        inside, outside = seen.text(f"{name}.json"), seen.outside(scene, name)
        tap.ok(inside and outside == inside, f"the capture ({name}) says outside what the node said inside, byte for byte",
               "\n".join(difflib.unified_diff(inside.splitlines(), outside.splitlines(), lineterm="", n=0)))


def judge(tap, seen, scene):
    the_kernel(tap, seen)
    tap.ok(seen.text("libvirtd").strip() == "0", "libvirtd is up", seen.text("version"))
    the_threads(tap, seen, "threads", "")
    the_check(tap, seen)
    the_captures(tap, seen, scene)
    the_faults(tap, seen)
    the_threads(tap, seen, "threads.after", ", after all faults")


def report(host, scene, ran, tap):
    """RESULTS.md: the last run."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    lines = [
        "# The last run of `make check-x6`", "",
        "The published x6 host, emulated whole by `tests/e2e/x6.py`, which writes this page.", "",
        "| what | |", "|---|---|",
        f"| result | {tap.count - tap.failed} passed, {tap.failed} failed |",
        f"| planner | {scene.planner('--version').strip()} |",
        *[f"| {name} inside | {version} |" for name, version in versions(host).items()],
        f"| host | {SHAPE.cpus} CPUs: {SHAPE.sockets} sockets × {SHAPE.cores} cores × {SHAPE.threads} threads, "
        f"{SHAPE.memory} MiB, {SHAPE.model} |",
        f"| kernel line | `{scene.line}` |",
        f"| took | {ran.cost()} (resident) |",
        f"| load average of the machine at its end | {load}, on {os.cpu_count()} CPUs |",
        "", "| | assertion |", "|---|---|",
        *[f"| {'ok' if good else '**not ok**'} | {name} |" for good, name in tap.results],
    ]
    return "\n".join(lines) + "\n"


def keep(ran, scene, folder):
    """For a look at it afterwards, and for tests of captures."""
    shutil.copytree(ran.files, folder, dirs_exist_ok=True)
    shutil.copy(scene.plan, folder)
    for name in ("out", "console"):
        pathlib.Path(folder, name).write_text(getattr(ran, name), encoding="utf-8")


def main():
    tap = Recorded()
    with emulated_host(vms=True) as host:
        scene = Scene(PLANNER, host.scratch, inventory(host), ROOT / "tests/hosts/x6.xml")
        for name in [*PUBLISHED, FLOATING]:
            scene.domain(name)
        scene.files |= {"/x6.env": GUEST, "/hugepages.conf": scene.emit("hugepages"),
                        "/dom/unbound.xml": bare_domain("unbound")}
        line = f"BOOT_IMAGE=/vmlinuz {scene.line}"  # as GRUB marks it, whose menu is judged
        ran = host.boot(SHAPE, line, (HERE / "guest/x6.sh").read_text(encoding="utf-8"), scene.files, SECONDS)
        if folder := os.environ.get("KEEP"):
            keep(ran, scene, folder)
        tap.note(ran.out)
        tap.ok(not ran.wrong, "the host boots, and its scenario comes to its end", ran.wrong, ran.console[-3000:])
        judge(tap, Seen(ran.files), scene)
        tap.note(ran.cost())
        if TRIED == list(FAULTS):
            (HERE / "RESULTS.md").write_text(report(host, scene, ran, tap), encoding="utf-8")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
