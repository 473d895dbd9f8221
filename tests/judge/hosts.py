# SPDX-License-Identifier: MIT
"""Hosts to test on: synthetic descriptions of many shapes, and CPUs taken offline."""

import xml.etree.ElementTree as ElementTree

import topology


def synthetic(packages=1, nodes=1, l3s=1, cores=4, threads=2, memory=0, far=False):
    """
    PACKAGES × NODES × L3S × CORES × THREADS, MEMORY bytes a node (0 = not known). FAR siblings
    are n, n+N (as Linux numbers most servers), else neighbours.
    """
    size = f"(memory={memory})" if memory else ""
    numa = f"[numa{size}]" if nodes == 1 else f"numa:{nodes}{size}"
    total = packages * nodes * l3s * cores
    order = ""
    if far and threads > 1 and total > 1:
        # spelled out: hwloc's loop form cannot say every such order, and then ignores it
        list_ = ",".join(str(c + t * total) for c in range(total) for t in range(threads))
        order = f"(indexes={list_})"
    return f"pack:{packages} {numa} l3:{l3s} core:{cores} pu:{threads}{order}"


def _text(cpus):
    """A CPU set in hwloc's notation."""
    words = [0] * (max(cpus, default=0) // 32 + 1)
    for cpu in cpus:
        words[cpu // 32] |= 1 << cpu % 32
    return ",".join(f"0x{word:08x}" for word in reversed(words))


def _strip(element, gone):
    """Take the CPUs GONE out of ELEMENT and all below, as Linux shows them once offline."""
    for child in list(element.findall("object")):
        held = bool(topology.bitmap(child.get("cpuset")))
        _strip(child, gone)
        rest = topology.bitmap(child.get("cpuset")) - gone
        if held and not rest and child.get("type") != "NUMANode":
            element.remove(child)
            continue
        child.set("cpuset", _text(rest))
        child.set("complete_cpuset", _text(rest))


def take_offline(xml, gone):
    """
    The topology XML with the CPUs GONE offline. As on Linux only the machine still knows of them:
    their cores, caches and sockets do not say that a CPU is missing.
    """
    root = ElementTree.fromstring(xml)
    machine = root.find("object")
    _strip(machine, set(gone))
    for name in ("cpuset", "allowed_cpuset"):
        machine.set(name, _text(topology.bitmap(machine.get(name)) - set(gone)))
    return '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE topology SYSTEM "hwloc2.dtd">\n' \
        + ElementTree.tostring(root, encoding="unicode") + "\n"


def set_distances(rng, xml):
    """The topology XML with a matrix of distances between its NUMA nodes."""
    nodes = sorted(topology.parse(xml).nodes)
    near = {frozenset((a, b)): rng.choice((11, 12, 20)) for a in nodes for b in nodes}
    values = " ".join("10" if a == b else str(near[frozenset((a, b))]) for a in nodes for b in nodes)
    ids = " ".join(map(str, nodes))
    return xml.replace("</topology>", (
        f'  <distances2 type="NUMANode" nbobjs="{len(nodes)}" kind="5" name="NUMALatency" indexing="os">\n'
        f'    <indexes length="{len(ids)}">{ids}</indexes>\n'
        f'    <u64values length="{len(values)}">{values}</u64values>\n  </distances2>\n</topology>'))
