# SPDX-License-Identifier: MIT
"""Memory: the VMs of a node fit in it, whole pages, beside what the host keeps."""

import seats
from case import node_shares
from complaint import rule


def capacity(case):
    """
    Bytes for VMs in each node; nothing where the file says no node's size. The host keeps none of a
    node without cores.
    """
    nodes = case.host.nodes.values()
    return {n.id: max(n.memory - (case.inventory["host-memory"] if n.id in case.host.homes() else 0), 0)
            for n in nodes if any(other.memory for other in nodes)}


def used(case):
    """Bytes the placed VMs take in each node."""
    taken = {}
    for spec, vm in case.assigned:
        for node, need in _needs(case, spec, vm):
            taken[node] = taken.get(node, 0) + need
    return taken


def _needs(case, spec, vm):
    """What a VM takes in each node: the part that its vCPUs there are of all."""
    if spec["memory-node"] is not None:
        return [(spec["memory-node"], seats.whole_memory(spec, spec["vcpus"]))]
    if spec["cpus"] is not None and "shares" in vm:
        return [(share["node"], share["memory"]) for share in vm["shares"]]
    return [(node, seats.share_memory(spec, vcpus))
            for node, vcpus in node_shares(case.host, vm["vcpupin"])]


def floating(case):
    """Bytes of the shared VMs, which may take them from any node."""
    return sum(seats.share_memory(spec, spec["vcpus"]) for spec, _ in case.floating)


def left(case):
    taken = used(case)
    return {node: size - taken.get(node, 0) for node, size in capacity(case).items()}


def _admitted(case, node):
    """An error says so, of the node or of a VM the inventory itself put there."""
    here = [vm for spec, vm in case.assigned if spec["cpus"] is not None and node in vm["nodes"]]
    return case.errors(f"node {node}") or any(case.excused(vm["name"]) for vm in here)


def lacks(case, spec):
    """Is the node without cores that a VM asks memory of too full for it?"""
    wanted = spec["memory-node"]
    return wanted is not None and left(case).get(wanted, float("inf")) < seats.whole_memory(spec, spec["vcpus"])


@rule("memory.node")
def node(case):
    for id, rest in left(case).items():
        if rest < 0 and not _admitted(case, id):
            yield f"node {id}", f"its VMs need {-rest} bytes more than it has for them"


@rule("memory.machine")
def machine(case):
    """Shared VMs need memory too, wherever it is taken from."""
    sizes = capacity(case)
    if len(sizes) < len(case.host.nodes) or any(_admitted(case, node) for node in sizes):
        return
    short = sum(used(case).values()) + floating(case) - sum(sizes.values())
    if short > 0:
        yield "machine", f"all VMs together need {short} bytes more than there are"
