#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
The domain XML planner emits, held against libvirt itself: its schema, a libvirtd of our own that
must take it and keep every word, and a real QEMU whose threads must run where it says.

To add a shape of VM: a section in SHAPES.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

import cpulist
import domainxml
import hosts
import inventory as inventories
import topology as topologies
from libvirtd import UTF8, libvirtd, virsh
from program import PLANNER
from tap import Tap

SCHEMA = "/usr/share/libvirt/schemas/domain.rng"
BIG = hosts.synthetic(2, 1, 2, 16, 2, 192 << 30, far=True)
LARGE = hosts.synthetic(2, 1, 16, 8, 2, 512 << 30, far=True)
TWO_CPUS = hosts.synthetic(1, 1, 1, 2, 1)
NODE = "[node]\nname = n\nkernel = 6.1.0\nqemu = 7.2.22\nlibvirt = 9.0.0\nmwait = no\n"
OLD_NODE = NODE.replace("6.1.0", "4.16.3")

SHAPES = NODE + """
[host]
cores-per-node = 2

[vm plain]
vcpus = 4
memory = 1G

[vm shared]
vcpus = 4
policy = shared
memory = 1G

[vm isolated]
vcpus = 2
threads = isolate
memory = 1G

[vm iothreads]
vcpus = 2
iothreads = 3
memory = 1G

[vm huge2m]
vcpus = 2
memory = 1G
hugepages = 2M

[vm huge1g]
vcpus = 2
memory = 2G
hugepages = 1G

[vm locked]
vcpus = 2
memory = 1G
locked = yes

[vm locked-huge-shared]
vcpus = 2
policy = shared
memory = 1G
hugepages = 2M
locked = yes

[vm passthrough]
vcpus = 2
memory = 1G
cpu-mode = host-passthrough

[vm maximum]
vcpus = 2
memory = 1G
cpu-mode = maximum

[vm custom]
vcpus = 2
memory = 1G
cpu-mode = custom

[vm pm-off]
vcpus = 2
memory = 1G
cpu-pm = off

[vm odd]
vcpus = 5
memory = 1000M

[vm one]
vcpus = 1
memory = 1G

[vm ünïcödé ☃]
vcpus = 1
memory = 1G

[vm a&b<c>"d'e]
vcpus = 1
memory = 1G

[vm --help]
vcpus = 1
memory = 1G

[vm $(id) %s ${name} $$]
vcpus = 1
memory = 1G
"""
SPANS = NODE + """
[host]
cores-per-node = 2

[vm wide]
vcpus = 80
memory = 4G
hugepages = 2M
iothreads = 2
locked = yes
"""
SPANS += """
[vm rounded]
vcpus = 24
memory = 3G
hugepages = 1G
"""
SIZES = NODE + """
[vm large]
vcpus = 256
memory = 4G
"""
POOL = NODE + """
[shared]
cores-per-node = 1

[vm pooled]
vcpus = 2
policy = shared
memory = 1G
iothreads = 1
"""
UNSIZED = NODE + "\n[vm unsized]\nvcpus = 2\n"
OLD = OLD_NODE + "\n[vm old]\nvcpus = 2\nmemory = 1G\n"
REAL = NODE.replace("mwait = no\n", "") + """
[host]
cores = 1

[vm real]
vcpus = 1
memory = 64M
iothreads = 1
"""
# what the plan must make of them, so that a test cannot pass on XML that says nothing
EXPECT = {
    "plain": ["vcpupin", "emulatorpin", "cpu-pm=on"],
    "shared": ["emulatorpin", "<vcpu ", "!vcpupin", "!cpu-pm=on"],
    "iothreads": ["iothread='3'", "<iothreads>3<"],
    "huge2m": ["size='2048'", "nodeset="],
    "huge1g": ["size='1048576'"],
    "locked": ["<locked/>", "mem-lock=on,cpu-pm=on"],
    "passthrough": ["mode='host-passthrough'", "!cpu-pm=on"],
    "custom": ["<topology "],
    "pm-off": ["!cpu-pm=on"],
    "odd": ["vcpu='4'"],
    "wide": ["<numa>", "cellid='1'", "vcpu='79'", "mem-lock=on,cpu-pm=on"],
    "rounded": ["cellid='1'", "size='1048576'", "!cpu-pm=on,"],
    "large": ["machine='q35'", "<ioapic driver='qemu'/>", "eim='on'", "vcpu='255'"],
    "pooled": ["!vcpupin", "iothreadpin iothread='1'"],
    "old": ["!cpu-pm=on"],
}


def emit(folder, topology, text, name):
    """What `planner emit domain NAME` prints: (XML or None, errors)."""
    path = write(folder, text, "inventory.ini")
    run = subprocess.run([PLANNER, "emit", "-t", topology, "-i", path, "domain", "--", name],
                         capture_output=True, env=UTF8, timeout=30)
    xml = run.stdout.decode("utf-8", "replace")
    return (xml or None), f"status {run.returncode}: {run.stderr.decode('utf-8', 'replace')}"


def planned(topology, path):
    """The VMs of the plan by name."""
    run = subprocess.run([PLANNER, "plan", "--json", "-t", topology, "-i", path],
                         capture_output=True, env=UTF8, timeout=30)
    return {vm["name"]: vm for vm in json.loads(run.stdout)["vms"]} if run.stdout else {}


def differs(vm, xml):
    """Where the XML does not say what the plan's VM does."""
    root = ElementTree.fromstring(xml)
    pins = {"emulator": cpulist.parse(vm["emulatorpin"])}
    pins |= {f"iothread {i + 1}": cpulist.parse(p) for i, p in enumerate(vm["iothreadpin"])}
    pins |= {f"vcpu {i}": {cpu} for i, cpu in enumerate(vm.get("vcpupin", []))}
    said = {
        "pins": (domainxml.pins(xml), pins),
        "vcpus": (int(root.findtext("vcpu")), vm["vcpus"]),
        "nodes": (domainxml.nodes(xml), vm.get("nodes") or domainxml.nodes(xml)),
        "cpu-pm": ("cpu-pm=on" in xml, vm["cpu_pm"]["verdict"] == "on"),
        "real-time vCPUs": (domainxml.schedulers(xml), _schedulers(vm)),
        "memory": (domainxml.memory(xml), max(vm["memory"], sum(
            share["memory"] for share in vm.get("shares", [])))),
    }
    if len(vm.get("nodes", [])) > 1:
        said["cells"] = (domainxml.cells(xml), _cells(vm))
    if vm["policy"] == "shared":
        said["cpuset"] = (cpulist.parse(root.find("vcpu").get("cpuset")),
                          cpulist.parse(vm["cpuset"]))
    else:
        guest = root.find("cpu/topology").attrib
        said["guest"] = ({k: int(guest[k]) for k in vm["topology"]}, vm["topology"])
    return [f"{what}: XML {a}, plan {b}" for what, (a, b) in said.items() if a != b]


def _schedulers(vm):
    if "realtime" not in vm:
        return {}
    vcpus = cpulist.parse(vm.get("realtime_vcpus", f"0-{vm['vcpus'] - 1}"))
    return {vcpu: vm["realtime"] for vcpu in vcpus}


def _cells(vm):
    """The guest NUMA cells the plan means: contiguous vCPUs and their memory."""
    cells, first = [], 0
    for share in vm["shares"]:
        cells.append((set(range(first, first + share["vcpus"])), share["memory"]))
        first += share["vcpus"]
    return cells


def emitted(tap, folder):
    """The XML of every shape: {name: text}."""
    found = {}
    big = write(folder, topologies.spell_out(BIG), "big.xml")
    large = write(folder, topologies.spell_out(LARGE), "large.xml")
    for topology, text in ((big, SHAPES), (big, SPANS), (big, POOL), (big, OLD),
                           (large, SIZES), (TWO_CPUS, REAL)):
        plan = planned(topology, write(folder, text, "inventory.ini"))
        for spec in inventories.parse(text)["vms"]:
            xml, why = emit(folder, topology, text, spec["name"])
            if tap.ok(xml and _well_formed(xml, spec["name"]),
                      f"emit domain: {_plain(spec['name'])}", why, xml or ""):
                found[spec["name"]] = xml
                wrong = differs(plan[spec["name"]], xml)
                tap.ok(not wrong, f"as planned: {_plain(spec['name'])}", *wrong, xml)
    xml, why = emit(folder, TWO_CPUS, UNSIZED, "unsized")
    tap.ok(not xml and why.startswith("status 2"), "a VM without memory is refused", xml, why)
    return found


def _plain(name):
    """NAME without what TAP gives a meaning."""
    return name.replace("#", "").replace("\\", "")


def _well_formed(xml, name):
    try:
        return ElementTree.fromstring(xml).findtext("name") == name
    except ElementTree.ParseError:
        return False


def check_comparison(tap, xmls):
    """The test's own eyes: a domain that lost something is not the same."""
    for what, spoil in (("a pin", lambda xml: re.sub(r"<vcpupin vcpu='0'.*?/>", "", xml)),
                        ("cpu-pm", lambda xml: xml.replace("cpu-pm=on", "cpu-pm=off")),
                        ("the guest's cores", lambda xml: re.sub(r"<topology .*?/>", "", xml))):
        if "plain" in xmls:
            tap.ok(domainxml.lost(xmls["plain"], spoil(xmls["plain"])),
                   f"the comparison sees that {what} is lost")


def check_words(tap, xmls):
    for name, words in EXPECT.items():
        if name not in xmls:
            continue
        wrong = [w for w in words if (w.lstrip("!") in xmls[name]) == w.startswith("!")]
        tap.ok(not wrong, f"says what the plan decided: {name}", f"{wrong} in", xmls[name])


def check_schema(tap, folder, xmls):
    if not (os.path.exists(SCHEMA) and shutil.which("xmllint")):
        tap.skip("libvirt's schema", f"no xmllint or no {SCHEMA}")
        return
    for name, xml in xmls.items():
        path = write(folder, xml)
        run = subprocess.run(["xmllint", "--noout", "--relaxng", SCHEMA, path],
                             capture_output=True, text=True, timeout=30)
        tap.ok(run.returncode == 0, f"schema: {_plain(name)}", run.stderr, xml)


def write(folder, text, name="domain.xml"):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def check_define(tap, folder, uri, name, xml):
    """libvirtd takes it with validation and gives every element back."""
    sent = domainxml.retyped(xml)
    run = virsh(uri, "define", "--validate", write(folder, sent))
    if not tap.ok(run.returncode == 0, f"define: {_plain(name)}", run.stderr, sent):
        return
    kept = virsh(uri, "dumpxml", "--inactive", "--", name)
    missing = domainxml.lost(sent, kept.stdout) if kept.returncode == 0 else [kept.stderr]
    tap.ok(not missing, f"read back: {_plain(name)}", *map(str, missing), kept.stdout)


def machine_has(cpus):
    return set(cpus) <= os.sched_getaffinity(0) | set(range(os.cpu_count()))


def check_threads(tap, folder, uri, xmls):
    """Start one small domain and ask the kernel where its threads may run."""
    name = "a real domain's threads run where its XML says"
    if not shutil.which("qemu-system-x86_64"):
        return tap.skip(name, "no qemu-system-x86_64")
    if not machine_has({0, 1}):
        return tap.skip(name, "needs CPUs 0 and 1")
    if "real" not in xmls:
        return tap.skip(name, "its XML was not emitted")
    run = virsh(uri, "start", "real", timeout=60)
    if not tap.ok(run.returncode == 0, "start: real", run.stderr):
        return None
    try:
        wanted = domainxml.pins(xmls["real"])
        pid = _pid(folder)
        wrong = _settled(pid, wanted)
        tap.ok(not wrong, name, *wrong)
        os.sched_setaffinity(int(pid), {1})  # the main thread, from CPU 0 onto the vCPU's
        tap.ok(_misplaced(pid, wanted), "the comparison sees a thread that was moved")
    finally:
        run = virsh(uri, "destroy", "real")
        tap.ok(run.returncode == 0, "destroy: real", run.stderr)
    return None


def _pid(folder):
    with open(os.path.join(folder, "run/libvirt/qemu/run/real.pid"), encoding="ascii") as file:
        return file.read().strip()


def _settled(pid, wanted):
    """What is wrong with the threads; QEMU gets a moment to make them all."""
    wrong = ["nobody looked"]
    for _ in range(20):
        wrong = _misplaced(pid, wanted)
        if not wrong:
            break
        time.sleep(0.1)
    return wrong


def _misplaced(pid, wanted):
    seen, wrong = set(), []
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/status", encoding="utf-8") as file:
                status = file.read()
        except OSError:
            continue  # a worker that has ended
        comm = re.search(r"^Name:\t(.*)$", status, re.M).group(1)
        allowed = re.search(r"^Cpus_allowed_list:\t(.*)$", status, re.M).group(1)
        what = _thread(comm)
        seen.add(what)
        if cpulist.parse(allowed) != wanted.get(what):
            wrong.append(f"{comm} ({what}) may run on {allowed}, pinned to {wanted.get(what)}")
    return wrong + [f"no thread for {what}" for what in wanted if what not in seen]


def _thread(comm):
    """Which pin a thread obeys, by the name QEMU gives it."""
    for pattern, what in ((r"^CPU (\d+)/", "vcpu"), (r"^IO iothread(\d+)$", "iothread")):
        match = re.match(pattern, comm)
        if match:
            return f"{what} {match.group(1)}"
    return "emulator"


def check_libvirt(tap, xmls):
    if not shutil.which("virsh"):
        return tap.skip("libvirt takes the XML", "no virsh")
    with libvirtd() as (folder, uri, why):
        if uri is None:
            return tap.skip("libvirt takes the XML", f"no libvirtd of our own: {why}")
        with tempfile.TemporaryDirectory() as work:
            for name, xml in xmls.items():
                check_define(tap, work, uri, name, xml)
            check_threads(tap, folder, uri, xmls)
    return None


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        xmls = emitted(tap, folder)
        check_comparison(tap, xmls)
        check_words(tap, xmls)
        check_schema(tap, folder, xmls)
    check_libvirt(tap, xmls)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
