# SPDX-License-Identifier: MIT
"""
A libvirt domain as the set of things it says, written alike: so that what was sent and what
libvirt read back can be compared although libvirt re-spells units, lists and defaults.
"""

import xml.etree.ElementTree as ElementTree

import cpulist

QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"
UNITS = {"b": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "K": 1 << 10, "M": 1 << 20,
         "G": 1 << 30}
LISTS = ("cpuset", "nodeset", "cpus")
# what libvirt or the mode it is tested in may word differently
FREE = ("domain", "domain/os", "domain/os/type")


def _attributes(element):
    said = dict(element.attrib)
    unit = UNITS.get(said.pop("unit", None), 1 << 10)
    for key in ("memory", "size"):
        if key in said:
            said[key] = int(said[key]) * unit
    for key in LISTS:
        if key in said:
            said[key] = frozenset(cpulist.parse(said[key]))
    return said


def _text(element):
    text = (element.text or "").strip()
    if element.tag in ("memory", "currentMemory") and text:
        return str(int(text) * UNITS[element.get("unit", "KiB")])
    return text


def said(text):
    """[(path, attributes, text)] of all elements."""
    found = []

    def walk(element, path):
        found.append((path, _attributes(element), _text(element)))
        for child in element:
            walk(child, f"{path}/{child.tag}")
    root = ElementTree.fromstring(text)
    walk(root, root.tag)
    return found


def lost(sent, kept):
    """What SENT says and KEPT does not: [(path, attributes, text)]."""
    there = said(kept)

    def keeps(path, attributes, text):
        return any(p == path and t == text and attributes.items() <= a.items()
                   for p, a, t in there)
    return [(path, attributes, text) for path, attributes, text in said(sent)
            if path not in FREE and not keeps(path, attributes, text)]


def retyped(text):
    """
    The same domain for plain emulation: what KVM alone can do (host-passthrough) becomes the
    nearest thing QEMU emulates.
    """
    return (text.replace("<domain type='kvm'", "<domain type='qemu'", 1)
            .replace('<domain type="kvm"', '<domain type="qemu"', 1)
            .replace("mode='host-passthrough'", "mode='maximum'")
            .replace('mode="host-passthrough"', 'mode="maximum"'))


def pins(text):
    """Where each thread may run: {"vcpu 0": {3}, "iothread 1": …, "emulator": …}."""
    found = {}
    for element in ElementTree.fromstring(text).iterfind("cputune/*"):
        what = {"vcpupin": "vcpu", "iothreadpin": "iothread"}.get(element.tag)
        cpus = cpulist.parse(element.get("cpuset") or "")
        if element.tag == "emulatorpin":
            found["emulator"] = cpus
        elif what:
            found[f"{what} {element.get(what)}"] = cpus
    return found


def schedulers(text):
    """{vCPU: "fifo:1"} of those that are real-time."""
    return {vcpu: f"{one.get('scheduler')}:{one.get('priority')}"
            for one in ElementTree.fromstring(text).iterfind("cputune/vcpusched")
            for vcpu in cpulist.parse(one.get("vcpus"))}


def nodes(text):
    """The host nodes its memory comes from, by guest cell."""
    root = ElementTree.fromstring(text)
    cells = {int(m.get("cellid")): m.get("nodeset") for m in root.iterfind("numatune/memnode")}
    memory = root.find("numatune/memory")
    if memory is None:
        return []
    if not cells:
        return sorted(cpulist.parse(memory.get("nodeset")))
    return [cpulist.parse_ordered(cells[cell])[0] for cell in sorted(cells)]


def memory(text):
    """Bytes."""
    return next(int(value) for path, _, value in said(text) if path == "domain/memory")


def cells(text):
    """Guest NUMA cells: [(vCPUs, bytes)]."""
    return [(set(attributes["cpus"]), attributes["memory"])
            for path, attributes, _ in said(text) if path == "domain/cpu/numa/cell"]
