#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# timeout: 900 seconds
"""
Nodes that run already: what `planner adopt` writes of a node must plan to what the node has. Nodes
are made of plans, clean and with every fault there is; VMs come from captures, from files, and from
a libvirtd of our own with a real QEMU.

    ADOPT_CASES=12 SEED=1 tests/adopt.t
"""

import glob
import importlib.util
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

import domainxml
import generator
import topology as topologies
from libvirtd import libvirtd, virsh
from program import PLANNER, UTF8
from tap import Tap

os.environ["PLANNER"] = PLANNER
CASES, SEED = int(os.environ.get("ADOPT_CASES", "12")), os.environ.get("SEED", "1")

# What check, with the adopted inventory, says of each fault: what no inventory can mean is found,
# what one can mean is adopted ("" = nothing is left to find). LOST: adopt itself says that it could
# not say something, or that its plan has errors (exit status 1).
LOST = "lost"
FAULTS = {
    "rcu-typo": "lost kernel.parameter-misspelt",
    "isolcpus-refused": "lost cpu-pm.on-ineligible kernel.list-out-of-range",
    "isolcpus-flag-only": "lost cpu-pm.on-ineligible kernel.flags-without-domain kernel.isolcpus-differs",
    "isolcpus-twice": "lost kernel.parameter-duplicate",
    "isolated-differs": "lost kernel.isolcpus-differs kernel.nohz-full-differs kernel.rcu-nocbs-differs kernel.watchdog-on-isolated task.workqueue-on-isolated topology.core-split",
    "nohz-missing": "lost kernel.nohz-full-differs kernel.watchdog-on-isolated kvm.exitless-timer",
    "no-nohz-config": "kernel.nohz-full-differs kernel.option-missing kvm.exitless-timer",
    "reboot-pending": "lost kernel.reboot-pending",
    "smt-off": "lost cpu-pm.on-ineligible memory.hugepages-short topology.differs vm.emulatorpin-differs vm.memory-nodes vm.pin-differs vm.pin-offline",
    "sibling-offline": "lost topology.differs topology.sibling-offline",
    "irq-on-isolated": "irq.on-isolated",
    "irq-default-all": "irq.default-affinity",
    "irqbalance-ban": "irq.irqbalance-list",
    "task-on-isolated": "task.user-on-isolated",
    "kthread-on-isolated": "task.kernel-thread-on-isolated",
    "workqueue-on-isolated": "task.workqueue-on-isolated",
    "vhost-on-isolated": "task.vhost-on-isolated",
    "tuned": "service.tuned-profile",
    "systemd-affinity": "service.systemd-affinity",
    "governor": "power.slowest",
    "idle-limit": "power.idle-limit",
    "idle-disabled": "power.idle-limit",
    "partition": "cgroup.partitions-mixed",
    "pin-missing": "cpu-pm.on-ineligible vm.pin-missing",
    # the pin is adopted, with all that follows from a VM on a host CPU of the other node
    "pin-differs": "lost cpu-pm.on-ineligible memory.hugepages-short node.plan-bad vm.emulatorpin-differs vm.guest-siblings vm.memory-nodes",
    "live-differs": "cpu-pm.on-ineligible vm.live-differs vm.pin-differs vm.pin-on-host",
    "thread-moved": "cpu-pm.on-ineligible vm.thread-differs",
    "emulator-on-isolated": "vm.thread-differs",
    "shared-unpinned": "lost vm.free-on-isolated",
    "core-shared": "lost cpu-pm.on-ineligible memory.hugepages-short node.plan-bad vm.emulatorpin-differs vm.guest-siblings vm.memory-nodes vm.pin-doubled",
    "memory-elsewhere": "vm.memory-off-node",
    "hugepages-short": "memory.hugepages-short",
    "unknown-vm": "",  # one more VM, that shares like the one it is a copy of
    "vm-missing": "",  # nobody can know of it any more
    "slow-devices": "vm.slow-device",
    "no-eoi": "vm.no-eoi",
    "cpupm-on-shared": "cpu-pm.on-ineligible",
    "cpupm-missing": "",  # cpu-pm = off, guessed
    "cpupm-not-in-qemu": "cpu-pm.not-running power.deep-idle",
    "cpupm-refused": "cpu-pm.not-effective",
    "namespace-missing": "cpu-pm.namespace-missing cpu-pm.off-eligible vm.live-differs",
    "lock-lost": "cpu-pm.memory-unlocked",
    "ple-off": "kvm.ple-gap",
    "no-exits": "cpu-pm.unsupported",
    "unread": "irq.default-affinity? irq.managed-on-isolated? irq.on-isolated? irq.passed-elsewhere?",
}


def load(path):
    spec = importlib.util.spec_from_file_location("make_node", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


NODES = load(os.path.join(HERE, "hosts", "make-node.py"))


def planner(*words):
    run = subprocess.run([PLANNER, *words], capture_output=True, env=UTF8, encoding="utf-8",
                         errors="replace", timeout=60)
    return run.returncode, run.stdout, run.stderr


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def pins(plan):
    """Where each VM that is placed may run: in vCPU order, or floating."""
    return {vm["name"]: vm.get("vcpupin") or vm["cpuset"] for vm in plan["vms"] if vm["placed"]}


def line(plan):
    """What planner owns of the kernel line, as the plan writes it; the rest is compared as it is."""
    return {p["name"]: p.get("value") for p in plan["kernel"]["parameters"]}


class Bed:
    """A folder with a plan, the node made of it, and what adopt makes of that."""

    def __init__(self, folder, topology, inventory):
        self.folder, self.topology = folder, topology
        self.node = os.path.join(folder, "node")
        self.plan_file = os.path.join(folder, "plan.json")
        source = write(os.path.join(folder, "source.ini"), inventory)
        _, text, self.why = planner("plan", "--json", "-i", source, "-t", topology)
        self.plan = json.loads(text) if text else None
        write(self.plan_file, text)

    def make(self, faults=(), cgroup=2):
        shutil.rmtree(self.node, ignore_errors=True)
        NODES.make(self.plan_file, self.node, faults, cgroup)

    def adopt(self, *words):
        """(status, text, errors), and the inventory in a file."""
        status, text, errors = planner("adopt", "-r", self.node, *words)
        self.adopted = write(os.path.join(self.folder, "adopted.ini"), text)
        return status, text, errors

    def plan_again(self, topology=None):
        _, text, errors = planner("plan", "--json", "-i", self.adopted, "-t", topology or self.topology)
        return json.loads(text) if text else None, errors

    def findings(self, *intent):
        """The ids of what check finds, against the adopted inventory or what INTENT names."""
        intent = intent or ("-i", self.adopted, "-t", self.topology)
        _, text, errors = planner("check", "--json", "-r", self.node, *intent)
        if not text:
            return {errors}
        return {f["id"] + ("?" if f["verdict"] == "unknown" else "") for f in json.loads(text)["findings"]}


def differs(plan, again):
    """Where the plan made again is not the plan: strings for people."""
    wrong = []
    for name in sorted(set(pins(plan)) | set(pins(again))):
        if pins(plan).get(name) != pins(again).get(name):
            wrong.append(f"{name}: {pins(plan).get(name)}, adopted {pins(again).get(name)}")
    if line(plan) != line(again):
        wrong.append(f"line {line(plan)}, adopted {line(again)}")
    if plan["cpus"]["isolated"] != again["cpus"]["isolated"]:
        wrong.append(f"isolated {plan['cpus']['isolated']}, adopted {again['cpus']['isolated']}")
    return wrong


def round_trip(bed):
    """What is wrong with adopting the clean node of BED."""
    status, text, errors = bed.adopt()
    if not text:
        return [f"status {status}: {errors}"]
    again, errors = bed.plan_again()
    if again is None:
        return [errors, text]
    wrong = differs(bed.plan, again)
    bad = any(f["severity"] == "error" and f["verdict"] == "fail" for f in again["findings"])
    if status != int(bad):
        wrong.append(f"status {status}: {errors}")
    return wrong + [text] if wrong else []


def fits(bed):
    """Has the plan no error but VMs that are not placed, and cores there are not?"""
    return not [f for f in bed.plan["findings"] if f["severity"] == "error"
                and f["id"] not in ("vm.does-not-fit", "vm.too-large", "split.too-few-cores")]


def random_inventories(folder):
    """(name, topology, inventory): all hosts there are, and synthetic ones."""
    rng = random.Random(SEED)
    hosts = [(name, os.path.join(HERE, "hosts", name), None)
             for name in sorted(os.listdir(os.path.join(HERE, "hosts"))) if name.endswith(".xml")]
    hosts += generator.synthetic_hosts(rng, CASES)
    for number, (name, source, xml) in enumerate(hosts):
        if xml:
            source = write(os.path.join(folder, f"{number}.xml"), xml)
        with open(source, encoding="utf-8") as file:
            host = topologies.parse(file.read())
        sections = generator.inventory(rng, host)
        for section, keys in sections:
            if section.startswith("vm ") and not keys.get("memory"):
                keys["memory"] = "4M"  # a domain needs some
        yield name, source, generator.text(sections)


SMALL = "pack:2 [numa(memory=68719476736)] l3:1 core:6 pu:2(indexes=2*12:12*1)"


REAL = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
<cputune><vcpupin vcpu='0' cpuset='1'/><emulatorpin cpuset='0'/></cputune>
<os><type arch='x86_64'>hvm</type></os></domain>"""
HOSTILE = {"fine": "", "a]b": "']'", "line&#10;break": "cannot be printed", "a/b": "'/'",
           "two ;comments": "';'", "x" * 200: "longer"}


def small(folder):
    with open(os.path.join(HERE, "cases", "check-faults", "inventory.ini"), encoding="utf-8") as file:
        return Bed(folder, SMALL, file.read())


def check_faults(tap, bed):
    """Each fault is found by check with the adopted inventory, or adopted; nothing else is found."""
    bed.make()
    status, _, errors = bed.adopt()
    clean = bed.findings()
    tap.ok(status == 0, "the small node without a fault", errors)
    tap.ok(set(FAULTS) == set(NODES.FAULTS), "every fault is judged here", set(FAULTS) ^ set(NODES.FAULTS))
    for fault in NODES.FAULTS:
        bed.make([(fault, "")])
        status, text, errors = bed.adopt()
        said = " ".join([LOST] * (status == 1) + sorted(bed.findings() - clean))
        tap.ok(said == FAULTS.get(fault), f"fault {fault}: {said or 'adopted'}",
               f"expected: {FAULTS.get(fault)}", errors, text)


def memory_folder():
    """Nodes are thousands of small files each: in memory, where there is plenty."""
    try:
        free = os.statvfs("/dev/shm")
        return "/dev/shm" if os.access("/dev/shm", os.W_OK) and free.f_bavail * free.f_frsize > 1 << 30 else None
    except OSError:
        return None


def verdicts(plan):
    return {vm["name"]: vm["cpu_pm"]["verdict"] for vm in plan["vms"] if vm["placed"]}


def traceless(bed, again):
    """What check may find with the adopted inventory alone: intents that leave no trace in a node."""
    ids = set()
    if bed.plan["cpus"]["shared"] and "irqaffinity" not in line(bed.plan):
        ids.add("vm.emulatorpin-differs")  # a pool that nobody uses
    before, after = verdicts(bed.plan), verdicts(again)
    if any(before[name] == "off" and after.get(name) in ("unsupported", "unknown", "ineligible") for name in before):
        ids.add("power.deep-idle")  # cpu-pm = off, where the VM could have none anyway: nobody chose
    return ids


def check_random(tap, folder):
    for number, (name, source, text) in enumerate(random_inventories(folder)):
        bed = Bed(folder, source, text)
        bed.make(cgroup=1 + number % 2)
        wrong = round_trip(bed)
        found = bed.findings() - bed.findings("-p", bed.plan_file)
        if found:
            found -= traceless(bed, bed.plan_again()[0] or {"vms": []})
        tap.ok(not wrong, f"as it was: {name}", *wrong)
        tap.ok(not found, f"nothing to find: {name}", found)
        shutil.rmtree(bed.node, ignore_errors=True)


def check_output(tap, bed):
    """-o writes the same, the capture's tar says the same as the capture, what is not there is said."""
    bed.make()
    status, text, _ = bed.adopt()
    out = os.path.join(bed.folder, "out.ini")
    tap.ok(planner("adopt", "-r", bed.node, "-o", out)[:2] == (status, "") and open(out).read() == text,
           "-o writes what stdout gets")
    tar = os.path.join(bed.folder, "node.tar")
    planner("snapshot", "-r", bed.node, "-o", tar)
    tap.ok(planner("adopt", "-r", tar)[:2] == (status, text), "a snapshot says what the node says")
    for path, word in (("proc/cmdline", "/proc/cmdline"), ("planner/domains", "memory")):
        bed.make([("unread", path)])
        status, text, errors = bed.adopt()
        tap.ok(status == 1 and "; not read: " in text and word in text, f"not read: {path}", text, errors)
    os.makedirs(os.path.join(bed.folder, "empty"))
    status, text, errors = planner("adopt", "-r", os.path.join(bed.folder, "empty"))
    tap.ok(status == 2 and not text and errors.count("\n") == 1, "no topology, no inventory", errors)
    os.makedirs(os.path.join(bed.folder, "empty/proc"))
    status, text, errors = planner("adopt", "-r", os.path.join(bed.folder, "empty"), "-t", SMALL)
    tap.ok(status == 1 and "not read" in text, "a topology alone is an inventory full of holes", text)


def check_sdk(tap, bed):
    """An SDK that runs is seen."""
    shutil.rmtree(bed.node)
    NODES.make(bed.plan_file, bed.node, polls=True)
    status, text, errors = bed.adopt()
    again, why = bed.plan_again()
    tap.ok(status == 0 and again and again["cpus"]["sdk"] == bed.plan["cpus"]["sdk"], "the SDK's CPUs", errors,
           why, text)
    tap.ok(not bed.findings(), "nothing to find where an SDK polls", bed.findings())


def check_hostile(tap, bed):
    """Names no inventory has: left out, said, and nothing of them becomes a line."""
    bed.make()
    domains = os.path.join(bed.folder, "domains")
    os.makedirs(domains)
    for number, name in enumerate(HOSTILE):
        write(os.path.join(domains, f"{number}.xml"), REAL.format(name=name))
    status, text, errors = bed.adopt("--domains", domains)
    again, why = bed.plan_again()
    tap.ok(status == 1, "hostile names: status 1", errors, text)
    names = [vm["name"] for vm in again["vms"]] if again else []
    tap.ok(names == ["d1", "d2", "fine", "s1"], "hostile names are left out", why, text)
    flat = " ".join(line.lstrip("; ") for line in text.splitlines())
    for name, why in HOSTILE.items():
        tap.ok(not why or why in flat, f"said: the name {why}", text)


def check_libvirt(tap, bed):
    """What libvirt itself gives back of the emitted XML is adopted like the capture's."""
    if not shutil.which("virsh"):
        return tap.skip("from libvirt", "no virsh")
    with libvirtd() as (folder, uri, _):
        if not uri:
            return tap.skip("from libvirt", "no libvirtd of our own")
        bed.make()
        for process in glob.glob(os.path.join(bed.node, "proc", "2?000")):
            shutil.rmtree(process)  # nothing runs yet
        emit = NODES.emitter(bed.plan_file)
        for vm in bed.plan["vms"]:
            xml = write(os.path.join(bed.folder, "domain.xml"), domainxml.retyped(emit(vm["name"])))
            run = virsh(uri, "define", xml)
            tap.ok(run.returncode == 0, f"define {vm['name']}", run.stderr)
        status, text, errors = bed.adopt("-c", uri)
        again, why = bed.plan_again()
        wrong = differs(bed.plan, again) if again else [why]
        tap.ok(status == 0 and not wrong, "from libvirt: as it was", *wrong, errors, text)
        check_running(tap, bed, folder, uri)
    return None


def check_running(tap, bed, folder, uri):
    """A real QEMU on this machine, pinned; then one thread moved behind libvirt's back."""
    if not shutil.which("qemu-system-x86_64") or os.cpu_count() < 2:
        return tap.skip("a real QEMU", "no qemu-system-x86_64, or one CPU")
    virsh(uri, "define", write(os.path.join(bed.folder, "domain.xml"), REAL.format(name="real")))
    run = virsh(uri, "start", "real")
    if not tap.ok(run.returncode == 0, "start: real", run.stderr):
        return None
    try:
        status, text, errors = planner("adopt", "-c", uri)
        file = write(os.path.join(bed.folder, "live.ini"), text)
        _, plan, why = planner("plan", "--json", "-i", file, "-c", uri)
        vm = next((vm for vm in json.loads(plan)["vms"] if vm["name"] == "real"), {}) if plan else {}
        tap.ok(vm.get("vcpupin") == [1], "a real QEMU is where it was", status, errors, why, text)
        with open(os.path.join(folder, "run/libvirt/qemu/run/real.pid"), encoding="ascii") as pid:
            move(int(pid.read()))
        _, text, _ = planner("adopt", "-c", uri)
        tap.ok("its threads have vCPU 0 on 0" in " ".join(text.replace("; ", "").split()),
               "a thread that was moved is said", text)
    finally:
        virsh(uri, "destroy", "real")
    return None


def move(pid):
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm", encoding="utf-8") as file:
            if file.read().startswith("CPU 0/"):
                os.sched_setaffinity(int(task), {0})


def cached(emitter):
    """Domain XML is made once for each plan."""
    texts = {}

    def of(plan):
        with open(plan, encoding="utf-8") as file:
            known = texts.setdefault(file.read(), {})
        emit = emitter(plan)
        return lambda name: known.setdefault(name, known.get(name) or emit(name))
    return of


def main():
    tap = Tap()
    NODES.emitter = cached(NODES.emitter)
    with tempfile.TemporaryDirectory(prefix="planner-adopt-", dir=memory_folder()) as folder:
        bed = small(folder)
        check_output(tap, bed)
        check_sdk(tap, bed)
        check_hostile(tap, bed)
        check_faults(tap, bed)
        check_libvirt(tap, bed)
        check_random(tap, folder)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
