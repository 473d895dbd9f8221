# SPDX-License-Identifier: MIT
"""
Rooms and the assignments in them: could this VM sit there?

A room is the cores of one NUMA node under one L3, die or cluster, of one width and kind. Level 0 is an assignment in one
room, 1 in one node, k ≥ 2 over k nodes, in shares of whole cores that differ by one at most.
"""

from collections import Counter

import case


WIDE = ["socket", "node", "l3"]


def l3_number(host, core):
    """The number that `show` prints, None where there is none."""
    every = list(dict.fromkeys(c.cache for c in host.cores if c.cache is not None))
    return every.index(core.cache) if core.cache is not None else None


def die_number(host, core):
    """The same of a die: those that divide a node have one."""
    every = list(dict.fromkeys(c.die for c in host.cores if c.die is not None))
    here = {c.die for c in host.cores if c.node == core.node}
    return every.index(core.die) + 1 if core.die is not None and len(here) > 1 else None


def allowed(host, spec, core):
    """May the VM have CORE, by the socket, die, L3 and kind that it asks for?"""
    if spec["l3"] not in (None, l3_number(host, core)) or spec["die"] not in (None, die_number(host, core)):
        return False
    most = max(c.kind for c in host.cores)
    kinds = {"any": True, "performance": core.kind == most, "efficient": core.kind != most}
    return spec["socket"] in (None, core.package) and \
        (kinds[spec["kind"]] or len({c.kind for c in host.cores}) == 1)


def apart_by(a, b):
    """By what two VMs must be apart, None = by nothing."""
    if not a["apart"] or not b["apart"] or a["apart"][0] != b["apart"][0]:
        return None
    return min(a["apart"][1], b["apart"][1], key=WIDE.index)


def place(core, by):
    return {"socket": core.package, "node": core.node,
            "l3": core.node if core.cache is None else (core.cache,)}[by]


def open_to(case, spec, free):
    """Those of the cores FREE that the VM may have, the others being where they are."""
    taken = [(by, {place(core, by) for core in case.cores(vm["vcpupin"])})
             for other, vm in case.assigned if other["name"] != spec["name"]
             for by in [apart_by(spec, other)] if by]
    return [core for core in free if allowed(case.host, spec, core)
            and not any(place(core, by) in places for by, places in taken)]


def cores(vcpus, threads, isolate):
    return vcpus if isolate else -(-vcpus // threads)


def spans(sizes):
    """[2, 2] → (0, 2), (2, 4)."""
    start = 0
    for size in sizes:
        yield start, start + size
        start += size


def share_memory(spec, vcpus):
    """Bytes a VM needs in a node that has so many of its vCPUs, in whole pages."""
    if spec["memory-node"] is not None:
        return 0  # all of it comes from another node
    return whole_memory(spec, vcpus)


def whole_memory(spec, vcpus):
    """The same, whatever node gives it."""
    page = spec["page"] or 4096
    return -(-(-(-spec["memory"] * vcpus // spec["vcpus"])) // page) * page


def shares(spec, threads, k):
    """
    What the VM's k shares are, [(cores, vCPUs)], the larger first; [] where it has fewer cores
    than nodes. The cores differ by one at most; CPUs that stay idle are in one of the larger.
    Helpers' cores are in one: a single core in a smaller, where there is one, else all in a larger.
    """
    each = 1 if spec["isolate"] else threads
    all_cores = cores(spec["vcpus"], threads, spec["isolate"])
    if all_cores < k:
        return []
    sizes = sorted((all_cores // k + (i < all_cores % k) for i in range(k)), reverse=True)
    larger = sizes.count(sizes[0])
    idle = all_cores * each - spec["vcpus"]
    parts = [(n, n * each - (idle if i == larger - 1 else 0)) for i, n in enumerate(sizes)]
    own = cores(case.helpers(spec), threads, False)
    at = larger if own == 1 and larger < k else 0
    parts[at] = (parts[at][0] + own, parts[at][1])
    return sorted(parts, reverse=True)


def rooms(free):
    """FREE cores → {(node, l3, class): how many}."""
    return Counter((core.node, core.l3, (len(core.cpus), core.kind)) for core in free)


def fits(spec, level, free, memory):
    """
    Could the VM sit at LEVEL in the FREE cores? MEMORY is what is left in each node; a node that
    is not in it has no known limit.
    """
    if level >= 2 and spec["node"] is not None:
        return False
    there = Counter()
    for (node, l3, kind), n in rooms(free).items():
        if spec["node"] in (None, node):
            there[(node, l3 if level == 0 else None, kind)] += n
    return any(_holds(spec, max(level, 1), kind, there, memory) for kind in {k for _, _, k in there})


def _holds(spec, k, kind, there, memory):
    """Do k nodes hold its shares? What holds one holds those that ask for less."""
    wanted = 0
    parts = shares(spec, kind[0], k)
    for n, vcpus in parts:
        need = share_memory(spec, vcpus)
        wanted += 1
        if len({node for (node, _, c), free in there.items()
                if c == kind and free >= n and memory.get(node, need) >= need}) < wanted:
            return False
    return bool(parts)


def level_of(the_case, spec, vm):
    """The level a placed VM sits at."""
    its = the_case.cores(case.cpus(spec, vm))
    nodes = {core.node for core in its}
    if len(nodes) > 1:
        return len(nodes)
    return 0 if len({core.l3 for core in its}) == 1 else 1


def best_level(spec, free, memory, nodes):
    """The finest level the VM fits at, None where it does not."""
    return next((k for k in range(nodes + 1) if fits(spec, k, free, memory)), None)
