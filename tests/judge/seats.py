# SPDX-License-Identifier: MIT
"""
Rooms and the seats in them: could this VM sit there?

A room is the cores of one NUMA node under one L3, of one width and kind. Level 0 is a seat in one
room, 1 in one node, k ≥ 2 in equal shares over k nodes.
"""

from collections import Counter


def cores(vcpus, threads, isolate):
    return vcpus if isolate else -(-vcpus // threads)


def spans(sizes):
    """[2, 2] → (0, 2), (2, 4)."""
    start = 0
    for size in sizes:
        yield start, start + size
        start += size


def share_memory(spec, k):
    """Bytes a VM needs in each of its k nodes, in whole pages."""
    page = spec["page"] or 4096
    return -(-(-(-spec["memory"] // k)) // page) * page


def rooms(free):
    """FREE cores → {(node, l3, class): how many}."""
    return Counter((core.node, core.l3, (len(core.cpus), core.kind)) for core in free)


def fits(spec, level, free, memory):
    """
    Could the VM sit at LEVEL in the FREE cores? MEMORY is what is left in each node; a node that
    is not in it has no known limit.
    """
    if level >= 2 and (spec["vcpus"] % level or spec["node"] is not None):
        return False
    share = spec["vcpus"] // max(level, 1)
    need = share_memory(spec, max(level, 1))
    there = Counter()
    for (node, l3, kind), n in rooms(free).items():
        there[(node, l3 if level == 0 else None, kind)] += n
    good = {}
    for (node, _, kind), n in there.items():
        if n >= cores(share, kind[0], spec["isolate"]) \
                and memory.get(node, need) >= need and spec["node"] in (None, node):
            good.setdefault(kind, set()).add(node)
    return any(len(nodes) >= max(level, 1) for nodes in good.values())


def level_of(case, vm):
    """The level a placed VM sits at."""
    its = case.cores(vm["vcpupin"])
    nodes = {core.node for core in its}
    if len(nodes) > 1:
        return len(nodes)
    return 0 if len({core.l3 for core in its}) == 1 else 1


def best_level(spec, free, memory, nodes):
    """The finest level the VM fits at, None where it does not."""
    return next((k for k in range(nodes + 1) if fits(spec, k, free, memory)), None)
