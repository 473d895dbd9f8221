# SPDX-License-Identifier: MIT
"""Hosts to test on: synthetic descriptions of many shapes, and CPUs taken offline."""

import xml.etree.ElementTree as ElementTree

import topology


def synthetic(packages=1, nodes=1, l3s=1, cores=4, threads=2, memory=0, far=False, dies=1, near_memory=0,
              clusters=1):
    """
    PACKAGES × NODES × DIES × L3S × CLUSTERS × CORES × THREADS, MEMORY bytes a node (0 = not known), and beside
    each node one without CPUs that has NEAR_MEMORY. FAR siblings are n, n+N (as Linux numbers most
    servers), else neighbours.
    """
    size = f"(memory={memory})" if memory else ""
    numa = f"[numa{size}]" if nodes == 1 else f"group:{nodes} [numa{size}]" if near_memory else f"numa:{nodes}{size}"
    numa += f" [numa(memory={near_memory})]" if near_memory else ""
    numa += f" die:{dies}" if dies > 1 else ""
    total = packages * nodes * dies * l3s * clusters * cores
    order = ""
    if far and threads > 1 and total > 1:
        # spelled out: hwloc's loop form cannot say every such order, and then ignores it
        list_ = ",".join(str(c + t * total) for c in range(total) for t in range(threads))
        order = f"(indexes={list_})"
    group = f"group:{clusters} " if clusters > 1 else ""
    return f"pack:{packages} {numa} l3:{l3s} {group}core:{cores} pu:{threads}{order}"


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


def _written(root):
    return '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE topology SYSTEM "hwloc2.dtd">\n' \
        + ElementTree.tostring(root, encoding="unicode") + "\n"


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
    return _written(root)


def take_memory(rng, xml):
    """The topology XML with nodes that have CPUs and no memory, as where banks are not populated."""
    root = ElementTree.fromstring(xml)
    nodes = [child for child in root.iter("object") if child.get("type") == "NUMANode"]
    for node in rng.sample(nodes, rng.randint(1, max(len(nodes) - 1, 1)) if len(nodes) > 1 else 0):
        node.attrib.pop("local_memory", None)
        for page in node.findall("page_type"):
            page.set("count", "0")
    return _written(root)


def name_memory(xml, subtype):
    """The topology XML with every second node, which has the CPUs of the one before, of SUBTYPE."""
    root = ElementTree.fromstring(xml)
    nodes = [child for child in root.iter("object") if child.get("type") == "NUMANode"]
    for node in nodes[1::2]:
        node.set("subtype", subtype)
    return _written(root)


def add_kinds(rng, xml):
    """The topology XML with cores of two kinds: some of the cores are the efficient ones."""
    host = topology.parse(xml)
    few = rng.sample(host.cores, len(host.cores) // 2)
    sets = [set().union(*(core.cpus for core in cores)) for cores in
            (few, [core for core in host.cores if core not in few])]
    kinds = "".join(f'  <cpukind cpuset="{_text(cpus)}" forced_efficiency="{i}"/>\n'
                    for i, cpus in enumerate(sets) if cpus)
    return xml.replace("</topology>", kinds + "</topology>")


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
