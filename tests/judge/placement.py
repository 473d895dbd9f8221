# SPDX-License-Identifier: MIT
"""The sum of it: who is placed, who was refused and need not have been, and the exit status."""

import itertools

import memory
import seats
from case import cpus, node_shares, subject
from complaint import rule


@rule("placement.counts")
def counts(case):
    placement = case.plan["placement"]
    placed = sum(vm["placed"] for vm in case.plan["vms"])
    if placement["placed"] != placed or placement["wanted"] != len(case.plan["vms"]):
        yield "plan.placement", (f"placed {placement['placed']} of {placement['wanted']}, the list "
                                 f"has {placed} of {len(case.plan['vms'])}")


@rule("placement.bound")
def bound(case):
    placement = case.plan["placement"]
    if placement["bound"] < placement["placed"]:
        yield "plan.placement", "the bound is below what is placed"
    if placement["optimal"] and placement["bound"] > placement["placed"]:
        yield "plan.placement", "optimal although the bound says more may fit"


def _free(case):
    return [core for core in case.host.cores
            if case.role_of.get(core.cpus[0]) == "free" and not core.partial]


@rule("placement.refused")
def refused(case):
    """A VM that still fits beside those placed must not have been refused."""
    taken = memory.floating(case)  # from nodes planner chose: only what fits anyhow counts
    rest = {node: size - taken for node, size in memory.left(case).items()}
    for spec, vm in case.vms:
        if vm["placed"] or spec["policy"] != "dedicated" or spec["cpus"] is not None or memory.lacks(case, spec):
            continue
        level = seats.best_level(spec, seats.open_to(case, spec, _free(case)), rest,
                                 len(case.host.homes()))
        if level is not None and (level == 0 or not spec["apart"] or spec["apart"][1] != "l3"):
            yield subject(vm), f"refused, and would still fit at level {level}"


@rule("placement.silent")
def silent(case):
    """A refusal is explained."""
    for _, vm in case.vms:
        if not vm["placed"] and not any(subject(vm) == f["subject"] for f in case.findings):
            yield subject(vm), "is not placed and no finding says why"


@rule("placement.left")
def left_over(case):
    """
    Where the plan claims to be the best, no VM sits coarser than it could have, one at a time:
    its own cores and the free ones hold no assignment at its natural level.
    """
    if not case.plan["placement"]["optimal"]:
        return
    usable = [core for core in case.host.cores if not core.partial
              and case.role_of.get(core.cpus[0]) in ("free", "dedicated")]
    kept = [core for spec, vm in case.assigned if spec["cpus"] is not None
            for core in case.cores(cpus(spec, vm))]
    for spec, vm in case.assigned:
        if spec["cpus"] is not None:
            continue
        empty = [core for core in usable if core not in kept]
        empty = [core for core in empty if seats.allowed(case.host, spec, core)]
        natural = seats.best_level(spec, empty, memory.capacity(case), len(case.host.homes()))
        own = case.cores(cpus(spec, vm))
        rest = memory.left(case)
        for node, vcpus in node_shares(case.host, vm["vcpupin"]):
            if node in rest:
                rest[node] += seats.share_memory(spec, vcpus)
        if natural is not None and seats.level_of(case, spec, vm) > natural \
                and seats.fits(spec, natural, seats.open_to(case, spec, _free(case) + own), rest):
            yield subject(vm), f"could sit at level {natural}, sits at {seats.level_of(case, spec, vm)}"


@rule("placement.near")
def near(case):
    """Nor is a VM over several nodes further than it could be, one at a time."""
    if not case.plan["placement"]["optimal"]:
        return
    for spec, vm in case.assigned:
        level = seats.level_of(case, spec, vm)
        if spec["cpus"] is not None or level < 2:
            continue
        own, rest = case.cores(cpus(spec, vm)), memory.left(case)
        for node, vcpus in node_shares(case.host, vm["vcpupin"]):
            if node in rest:
                rest[node] += seats.share_memory(spec, vcpus)
        here = case.host.distance({core.node for core in case.cores(vm["vcpupin"])})
        for nodes in itertools.combinations(case.host.homes(), level):
            room = [core for core in seats.open_to(case, spec, _free(case) + own)
                    if core.node in nodes]
            if case.host.distance(nodes) < here and seats.fits(spec, level, room, rest):
                yield subject(vm), f"is not on nodes {nodes}, which are nearer"


@rule("placement.status")
def status(case):
    if case.status is None:
        return
    bad = bool(case.errors()) or not all(vm["placed"] for vm in case.plan["vms"])
    if case.status != int(bad):
        yield "exit status", f"{case.status}, the plan's content means {int(bad)}"
