# SPDX-License-Identifier: MIT
"""
A host, read from hwloc XML with nothing but an XML parser.

The judge must not see the host through the same library as the program it judges, so hwloc is
used for one thing only: to spell a synthetic description out as XML (lstopo).
"""

import itertools
import os
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field


@dataclass
class Core:
    cpus: list            # online ones, ascending
    node: int             # OS index of its home NUMA node
    l3: object            # anything that is equal for cores under one L3, die and cluster; None = none of them
    package: int
    kind: int
    partial: bool = False  # a sibling is offline
    cache: object = None   # its L3 and its die, each equal for cores that share it; None = none
    die: object = None


@dataclass
class Node:
    id: int
    memory: int           # bytes; not known where all are 0
    cpus: set             # as the file says; empty for a memory-only node
    subtype: str = ""


@dataclass
class Device:
    names: set
    nodes: set            # OS indexes; empty = not known


@dataclass
class Host:
    cores: list
    nodes: dict           # OS index → Node
    offline: set          # known to the machine, not here
    devices: list = field(default_factory=list)
    arch: str = ""
    matrix: dict = field(default_factory=dict)  # (OS index, OS index) → distance, as the file says

    def __post_init__(self):
        self.core_of = {cpu: core for core in self.cores for cpu in core.cpus}
        self.online = set(self.core_of)
        self.cpus = self.online | self.offline

    def node_cores(self, node):
        return [core for core in self.cores if core.node == node]

    def homes(self):
        """The nodes that have cores, ascending."""
        return sorted({core.node for core in self.cores})

    def distance(self, nodes):
        """
        The sum of the distances between each two of NODES. A matrix that tells no two pairs of
        nodes with cores apart says nothing: then nodes of one package are nearer.
        """
        pairs = list(itertools.combinations(self.homes(), 2))
        said = {pair: max(self.matrix.get(pair, 0), self.matrix.get(pair[::-1], 0))
                for pair in pairs}
        if len(set(said.values())) < 2:
            packages = {node: {core.package for core in self.node_cores(node)}
                        for node in self.homes()}
            said = {(a, b): 12 if packages[a] & packages[b] else 32 for a, b in pairs}
        if len(set(said.values())) < 2:
            return 0
        return sum(said[pair] for pair in itertools.combinations(sorted(nodes), 2))

    def siblings(self, cpu):
        return set(self.core_of[cpu].cpus)

    def whole(self, cpus):
        """CPUS and all their online siblings."""
        return set().union(*(self.siblings(c) for c in cpus if c in self.core_of))


def bitmap(text):
    """hwloc's set notation: 32-bit words, most significant first; "" between commas is 0."""
    value = 0
    for word in (text or "0x0").split(","):
        value = value << 32 | int(word or "0", 16)
    cpus, cpu = set(), 0
    while value:
        if value & 1:
            cpus.add(cpu)
        value >>= 1
        cpu += 1
    return cpus


def _objects(element, path=()):
    """Every <object> below ELEMENT with the objects it sits in."""
    for child in element.findall("object"):
        yield child, path
        yield from _objects(child, path + (child,))


def _nodes(machine):
    nodes = {}
    for obj, _ in _objects(machine):
        if obj.get("type") == "NUMANode":
            node = Node(int(obj.get("os_index")), int(obj.get("local_memory", 0)),
                        bitmap(obj.get("cpuset")), obj.get("subtype") or "")
            nodes[node.id] = node
    return nodes


def _home(cpus, nodes):
    """The plain-memory node CPUS belong to: HBM and PMEM nodes only borrow others' CPUs."""
    local = [n for n in nodes.values() if cpus <= n.cpus]
    plain = [n for n in local if n.subtype in ("", "DRAM")] or local
    return min(plain, key=lambda n: (len(n.cpus), n.id)).id


def _kinds(root):
    kinds = {}
    for number, kind in enumerate(root.findall("cpukind")):
        for cpu in bitmap(kind.get("cpuset")):
            kinds[cpu] = number
    return kinds


def _cores(machine, nodes, kinds):
    cores, clusters = [], {}
    for obj, path in _objects(machine):
        if obj.get("type") != "Core":
            continue
        cpus = sorted(int(pu.get("os_index")) for pu, _ in _objects(obj) if pu.get("type") == "PU")
        if not cpus:
            continue
        inside = {o.get("type"): o for o in path}
        package = inside.get("Package")
        parts = [inside[name].get("gp_index") if name in inside else None
                 for name in ("L3Cache", "Die")]
        cores.append(Core(cpus, _home(set(cpus), nodes),
                          tuple(parts) if any(parts) else None,
                          int(package.get("os_index")) if package is not None else 0,
                          kinds.get(cpus[0], 0),
                          bool(bitmap(obj.get("complete_cpuset")) - set(cpus)), *parts))
        clusters[cpus[0]] = inside["Group"].get("gp_index") if "Group" in inside else None
    _divide(cores, clusters)
    return sorted(cores, key=lambda core: core.cpus[0])


def _divide(cores, clusters):
    """Where neither L3s nor dies divide a node, CLUSTERS (first CPU of a core → its own) do."""
    for node in {core.node for core in cores}:
        its = [core for core in cores if core.node == node]
        whole, parts = {core.l3 for core in its}, {clusters[core.cpus[0]] for core in its}
        for core in its if len(whole) == 1 and len(parts) > 1 else []:
            core.l3 = (core.l3, clusters[core.cpus[0]])


def _mark_partial(cores, offline):
    """
    Linux does not tell which core an offline CPU belongs to, so hwloc cannot either. Where CPUs
    are offline, a core with fewer threads than others of its kind is taken to miss one.
    """
    for core in cores if offline else []:
        most = max(len(c.cpus) for c in cores if c.kind == core.kind)
        core.partial = core.partial or len(core.cpus) < most


def _devices(machine):
    """I/O objects: what an object is called, and the nodes of the first ancestor that has a set."""
    devices = []
    for obj, path in _objects(machine):
        if obj.get("type") not in ("PCIDev", "OSDev"):
            continue
        names = {n for n in (obj.get("name"), obj.get("pci_busid")) if n}
        holder = next((o for o in reversed(path) if o.get("nodeset")), None)
        # attached to the whole machine means: nobody knows where
        known = holder is not None and holder.get("type") != "Machine"
        devices.append(Device(names, bitmap(holder.get("nodeset")) if known else set()))
    return devices


def _matrix(root):
    for element in root.findall("distances2"):
        if element.get("type") == "NUMANode" and int(element.get("kind")) & 4:
            ids = [int(n) for part in element.findall("indexes") for n in part.text.split()]
            values = [int(n) for part in element.findall("u64values") for n in part.text.split()]
            return dict(zip(itertools.product(ids, ids), values))
    return {}


def parse(text):
    root = ElementTree.fromstring(text)
    machine = root.find("object")
    nodes = _nodes(machine)
    online = bitmap(machine.get("cpuset"))
    offline = bitmap(machine.get("complete_cpuset")) - online
    cores = _cores(machine, nodes, _kinds(root))
    _mark_partial(cores, offline)
    arch = next((i.get("value") for i in root.iter("info") if i.get("name") == "Architecture"), "")
    return Host(cores, nodes, offline, _devices(machine), arch, _matrix(root))


def spell_out(synthetic):
    """The XML of a synthetic description."""
    command = ["lstopo-no-graphics", "--of", "xml", "-i", synthetic, "-"]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode or "<topology" not in run.stdout:
        raise ValueError(f"'{synthetic}': {run.stderr.strip() or 'lstopo gives no topology'}")
    return run.stdout


def load(source):
    """A Host from an XML file or a synthetic description."""
    if os.path.exists(source):
        with open(source, encoding="utf-8") as file:
            return parse(file.read())
    return parse(spell_out(source))
