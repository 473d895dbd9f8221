#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# check-all: boots emulated hosts
# timeout: 1500 seconds
# alone
"""
cpu-pm for real: a host whose processor is emulated with AMD's SVM has a /dev/kvm of its own. What
planner says of cpu-pm there is held against the running QEMUs, the kernel's answer and KVM's counters.
"""

import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE / "e2e"), str(HERE / "judge")]

import emulated
from host import emulated_host
from program import PLANNER
from scene import Scene, Seen, versions
from tap import Tap

# With more than a thread a core this processor wants a feature that QEMU does not emulate.
TOPOLOGY = "pack:1 [numa(memory=1610612736)] l3:1 core:8 pu:1"
SHAPE = {"cores": 8, "threads": 1, "memory": 1536}
HLT = 1 << 1  # linux/kvm.h KVM_X86_DISABLE_EXITS_HLT

INVENTORY = """
[node]
name    = svm
kernel  = {kernel}
qemu    = {qemu}
libvirt = {libvirt}
[host]
cores = 2
[kernel]
irqaffinity = yes
[vm d1]
vcpus  = 2
memory = 32M
[vm d2]
vcpus  = 2
memory = 32M
[vm s1]
vcpus  = 2
policy = shared
memory = 32M
"""

# For information: QEMU's processor has no microcode against what the kernel knows of it; nobody applies
# the plan's sysctl and modprobe files there.
CLEAN = {("kernel.vulnerable", "kernel", "info"), ("kernel.sysctl-differs", "node", "info"),
         ("kvm.halt-polling", "kvm", "info")}
GRUB = "BOOT_IMAGE=/vmlinuz"  # its mark on the line: its menu is judged
NESTED = """
planner check --json -p /plan.json --domains /dom >/out/nested.json 2>/out/nested.err
planner measure --for 1s --json -p /plan.json --domains /dom >/out/locked.json 2>/out/locked.err
perl -e '$( = $) = 65534; $< = $> = 65534; exec @ARGV' planner measure --for 1s --json -p /plan.json --domains /dom >/out/user.json 2>/out/user.err
grep -c -w hypervisor /proc/cpuinfo >/out/hypervisor
"""


def overcommits(text):
    """VM → what its -overcommit arguments say, in their order."""
    found = {}
    for line in text.splitlines():
        vm, _, value = line.split()
        found.setdefault(vm, []).append(value)
    return found


def halts(text):
    """VM → how often its vCPUs exited for HLT."""
    found, vm = {}, None
    for line in text.splitlines():
        if name := re.match(r"Domain: '(.*)'", line):
            vm = name[1]
        elif count := re.search(r"\.halt_exits\.sum=(\d+)", line):
            found[vm] = found.get(vm, 0) + int(count[1])
    return found


def running(tap, seen):
    argv, exits = overcommits(seen.text("clean.argv")), halts(seen.text("exits"))
    with_it = {vm for vm, values in argv.items() if "cpu-pm=on" in values}
    answer = int(seen.text("answer") or 0)
    tap.ok(answer & HLT, "the kernel offers to leave HLT to the guest (KVM_CAP_X86_DISABLE_EXITS)", answer)
    tap.ok(sorted(argv) == ["d1", "d2", "s1"] and with_it == {"d1", "d2"}, "the running QEMUs: cpu-pm=on where it is planned", argv)
    # Their firmware halts once, for good: an exit, or none where cpu-pm is on.
    tap.ok(exits.get("d1") == exits.get("d2") == 0 and exits.get("s1", 0) > 0,
           "KVM's counters: no HLT of theirs exits, those of the overcommitted VM do", exits)
    tap.ok(seen.findings("clean") == CLEAN, "check agrees: nothing to find but what is named", seen.shown("clean"))
    return answer


def forced(tap, seen):
    bad = ("cpu-pm.on-ineligible", "vm s1", "error")
    edited = {("vm.live-differs", "vm s1", "warning")}
    not_yet = {("cpu-pm.not-running", "vm s1", "warning")}
    for name, new, what in (
            ("defined", {bad} | not_yet | edited, "forced onto the overcommitted VM's XML, it is an error before it runs"),
            ("forced", {bad}, "and when it runs"),
            ("half", {bad} | edited, "and while it runs, when the XML has it no more"),
            ("mended", set(), "and gone after a cold start without"),
            ("without", {("cpu-pm.off-eligible", "vm d1", "warning")}, "a dedicated VM that lost its cpu-pm is found")):
        # Polling is for VMs that have their CPUs and give them up: such a one is then there.
        polls = {("kvm.halt-polling", "kvm", "info")} if name == "without" else set()
        tap.ok(seen.findings(name) == (CLEAN - polls) | new, what, seen.shown(name))
    tap.ok("cpu-pm=on" in overcommits(seen.text("forced.argv")).get("s1", []) and
           halts(seen.text("forced.exits")) == {"s1": 0}, "that VM did run with it: no HLT of its exits",
           seen.text("forced.argv"), seen.text("forced.exits"))


def firmware(folder):
    """The guest of measure.S, and what it does: name → how often."""
    source = HERE / "e2e/guest/measure.S"
    made, rom = folder / "count.o", folder / "count.bin"
    subprocess.run(["as", "--32", "-o", made, source], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "--oformat", "binary", "-Ttext", "0", "-e", "0", "-o", rom, made], check=True)
    told = re.findall(r"^\t\.equ (\w+), (\d+)$", source.read_text(encoding="utf-8"), re.M)
    return rom, {name: int(times) for name, times in told}


def document_of(seen, name):
    try:
        return json.loads(seen.text(f"{name}.json"))
    except ValueError:
        return {"interruptions": [], "planner": {}, "noise": {"cpus": []}, "unmeasured": [{"source": "stderr", "why": seen.text(f"{name}.err")}]}


def told_of(document):
    return "; ".join(f"{one['source']}: {one['why']}" for one in document["unmeasured"])


def measured(tap, seen, told):
    """What planner counted is what the guest did, and of its traces nothing is left."""
    document = document_of(seen, "measured")
    exits = {one["name"]: one for one in document["interruptions"] if one["kind"] == "exit" and one["vm"] == "d1"}
    counts = {name: one["count"] for name, one in exits.items()}
    wanted = {"MSR 80b written": told["EOI"], "MSR 6e0 written": told["TIMER"], "MSR 830 written": told["IPI"],
              "MSR 1b read": 1, "io_exits": told["PORT_OUT"] + told["PORT_IN"], "CPUID": told["CPUID"],
              "hypercalls": told["CALL"], "halt_exits": 1}
    tap.ok({name: counts.get(name) for name in wanted} == wanted, "measure counts each exit as often as the guest made it",
           counts, wanted, document["unmeasured"])
    parts = {part["name"]: part["count"] for one in exits.values() for part in one["parts"]}
    devices = {"port 80 (diagnostics)": told["PORT_OUT"], "port 61 (speaker and PIT)": told["PORT_IN"], "HPET at fed000f0": told["MMIO"]}
    tap.ok(devices.items() <= parts.items(), "and names the devices", parts)
    # The emulator's clock goes in steps: one kind of exit may fit between two of them.
    tap.ok(sum(exits[name]["nanoseconds"] for name in ("io_exits", "CPUID", "MSR 80b written") if name in exits) > 0 and
           "halt_exits" in exits and exits["halt_exits"]["nanoseconds"] == 0, "and what they cost; a halt is sleep", exits)
    tap.ok(document["planner"].get("runs") == 0 and document["planner"].get("setup", 0) > 0 and not document["unmeasured"],
           "planner did not run on the CPUs that it measured, and says what its traces cost before and after",
           document["planner"], document["unmeasured"])
    left = {name: seen.text(f"{name}.left").split() for name in ("measured", "killed", "ended")}
    tap.ok(not left["measured"] and "planner-measure" in left["killed"] and not left["ended"],
           "its traces are gone; those of a run that was killed, after the next one, itself told to end", left)


def perf(tap, seen, told):
    """The same guest, counted without histograms."""
    document = document_of(seen, "perf")
    counts = {one["name"]: one["count"] for one in document["interruptions"] if one["kind"] == "exit" and one["vm"] == "d1"}
    wanted = {"MSR 80b written": told["EOI"], "MSR 6e0 written": told["TIMER"], "MSR 830 written": told["IPI"],
              "io_exits": told["PORT_OUT"] + told["PORT_IN"], "CPUID": told["CPUID"], "hypercalls": told["CALL"], "halt_exits": 1}
    tap.ok({name: counts.get(name) for name in wanted} == wanted, "perf counts the same without histograms", counts, wanted, told_of(document))
    tap.ok("no histograms" in told_of(document) and "perf counts" in told_of(document), "which the report says", told_of(document))


def locked(tap, seen):
    """Without traces the rest is there."""
    for name, words in (("locked", "locked down"), ("user", "run as root")):
        document = document_of(seen, name)
        tap.ok(document.get("milliseconds", 0) >= 1000 and words in told_of(document) and "traces: " in told_of(document),
               f"measure, {name}: what could not be traced is said, with the reason", told_of(document))


def noise(tap, seen):
    """Time is the emulator's, causes are not: who was put on CPU 6, and that the CPUs without a task had no visitor."""
    document = document_of(seen, "noise")
    causes = {one["cpu"]: {cause["name"]: cause["count"] for cause in one["causes"]} for one in document["noise"]["cpus"]}
    quiet = {cpu for cpu, names in causes.items() if not any(name.startswith("perl") for name in names)}
    tap.ok(causes.get(6, {}).get("perl", 0) > 10 and quiet == set(causes) - {6}, "noise names the task that sleeps on CPU 6, and no other",
           document)
    why = told_of(document)
    tap.ok("noise of CPU 7: perl" in why and "vm d2 may run" in why and 7 not in causes,
           "and leaves out the CPU that a busy task has, and a VM's", why)
    left = seen.text("noise.left").split()
    tap.ok(left == ["planner"], "the instance called planner is somebody else's, and stays", left)


def task_parts(document, vm):
    """What ran on VM's CPUs besides its vCPUs (None: on those of no VM): name → how often."""
    return {part["name"]: part["count"] for one in document["interruptions"] if one["kind"] == "task" and one["vm"] == vm
            for part in one["parts"]}


def row_of(document, vm, name):
    """The interruption called NAME of VM's CPUs."""
    return next((one for one in document["interruptions"] if one["vm"] == vm and one["name"] == name),
                {"cpus": "", "count": 0, "parts": [], "what": "", "cause": "", "fix": ""})


def wait_of(document, vm):
    """How long its vCPUs waited for their CPUs, in seconds."""
    return sum(vcpu["wait_ns"] for one in document.get("vms", []) if one["name"] == vm for vcpu in one["vcpus"]) / 1e9


BUSY_TICK = "the scheduler's tick: more than one task wants this CPU"


def disturbed(tap, seen):
    """What disturbs a CPU is seen, named, and told what to do about; left alone, a CPU is quiet."""
    quiet, document, shared = (document_of(seen, name) for name in ("quiet", "disturbed", "shared"))
    came = sum(one["count"] for one in quiet["interruptions"] if one["kind"] != "exit")
    tap.ok(quiet.get("cpus") == "2-7" and came <= 3, "isolated CPUs that are left alone are quiet", quiet)
    serial = next((one for one in document["interruptions"] if one["what"].endswith(" of ttyS1")), row_of(document, "", ""))
    tap.ok(serial["cpus"] == "6" and serial["count"] > 0 and "smp_affinity_list" in serial["fix"],
           "an IRQ that was moved to an isolated CPU: which, whose, where to", document)
    items = {vm: task_parts(document, vm).get("work item refresh_vm_stats") for vm in ("d1", "d2", None)}
    tap.ok(items == {"d1": 20, "d2": 20, None: 20} and "check" in row_of(document, "d1", "others")["fix"],
           "10 work items on each of six CPUs, by their function", items, document)
    tap.ok(task_parts(document, None).get("perl", 0) > 10, "a task that sleeps on a free CPU, by name", document)
    tap.ok(task_parts(document, "d2").get("perl", 0) > 0 and row_of(document, "d2", "LOC")["cause"] == BUSY_TICK and
           wait_of(document, "d2") > 0.1 > wait_of(document, "d1"), "a busy task on a vCPU's CPU: the tick, and the wait", document)
    rows = {vm: row_of(shared, vm, "vcpus") for vm in ("d1", "d2")}
    tap.ok([part["name"] for vm in rows for part in rows[vm]["parts"]] == ["vCPU 0 of d2", "vCPU 0 of d1"] and
           all(row["cpus"] == "2" and "pin one of them elsewhere" in row["fix"] for row in rows.values()),
           "two VMs on a CPU: each is told of the other", shared)
    tap.ok(row_of(shared, "d1", "LOC")["cause"] == BUSY_TICK and min(wait_of(shared, vm) for vm in rows) > 0.5,
           "and both wait, and the tick is back", shared)


def captured(tap, scene, seen, answer):
    tap.ok(seen.outside(scene, "clean") == seen.text("clean.json"), "the capture says outside what the node said inside")
    listed = subprocess.run(["tar", "-xOf", seen.folder / "clean.tar", "--wildcards", "*kvm-disable-exits"],
                            capture_output=True, text=True, check=False).stdout
    tap.ok(listed.strip() == str(answer), "and holds the kernel's answer", listed)


def nested(tap, host, scene):
    ran = host.boot(emulated.Shape(**SHAPE, model="EPYC-Rome"), f"{GRUB} lockdown=confidentiality {scene.line}", NESTED, scene.files, 200)
    seen = Seen(ran.files)
    wanted = {("cpu-pm.unsupported", f"vm {vm}", "error") for vm in ("d1", "d2")}
    tap.ok(seen.text("hypervisor").strip() == "8" and wanted <= (seen.findings("nested") or set()),
           "a processor that says it is emulated: cpu-pm is not for a node that is a guest itself", ran.wrong,
           seen.shown("nested"), ran.out)
    locked(tap, seen)
    tap.note(f"nested: {ran.cost()}")


def main():
    tap = Tap()
    with emulated_host(programs=["perl"], vms=True, modules=["kvm_amd"]) as host:
        scene = Scene(PLANNER, host.scratch, INVENTORY.format(**versions(host)), TOPOLOGY)
        for vm in ("d1", "d2", "s1"):
            scene.domain(vm, "kvm")
        rom, told = firmware(host.scratch)
        scene.files |= {"/count.bin": rom} | {f"/{name}": HERE / "e2e/guest" / name for name in ("measure.sh", "interrupt.sh")}
        # As on bare metal: the processor does not say that it is emulated.
        ran = host.boot(emulated.Shape(**SHAPE, model="EPYC-Rome,-hypervisor"), f"{GRUB} {scene.line}",
                        (HERE / "e2e/guest/kvm.sh").read_text(encoding="utf-8"), scene.files, 1200)
        seen = Seen(ran.files)
        tap.note(ran.out)
        tap.ok(not ran.wrong, "the host boots, and its scenario comes to its end", ran.wrong, ran.console[-3000:])
        answer = running(tap, seen)
        forced(tap, seen)
        captured(tap, scene, seen, answer)
        measured(tap, seen, told)
        noise(tap, seen)
        perf(tap, seen, told)
        disturbed(tap, seen)
        tap.note(ran.cost())
        nested(tap, host, scene)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
