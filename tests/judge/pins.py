# SPDX-License-Identifier: MIT
"""Where dedicated VMs sit: pins, cores, rooms, and what the guest is told about them."""

import itertools

import cpulist
import memory as judge_memory
import seats
from case import cpus, helper_pins, helpers, node_shares, subject
from complaint import rule


@rule("vm.list")
def listed(case):
    """Each VM of the inventory once, in its order, as it was described."""
    wanted = [spec["name"] for spec in case.inventory["vms"]]
    given = [vm["name"] for vm in case.plan["vms"]]
    if given != wanted:
        yield "plan.vms", f"are {given}, the inventory has {wanted}"
    for spec, vm in case.vms:
        if (vm["vcpus"], vm["policy"]) != (spec["vcpus"], spec["policy"]):
            yield subject(vm), "vcpus or policy are not the inventory's"


@rule("vm.length")
def length(case):
    for _, vm in case.assigned:
        if len(vm["vcpupin"]) != vm["vcpus"]:
            yield subject(vm), f"{len(vm['vcpupin'])} pins for {vm['vcpus']} vCPUs"


@rule("vm.mixed")
def mixed(case):
    """The vCPUs that the inventory does not dedicate float, over the pool, near the others."""
    pool = case.roles["shared"] or case.roles["host"]
    for spec, vm in case.assigned:
        floating = set(range(spec["all-vcpus"])) - (spec["dedicated-vcpus"] or set()) \
            if spec["dedicated-vcpus"] is not None else set()
        near = {c for c in pool if c in case.host.core_of
                and case.host.core_of[c].node in vm["nodes"]} or pool
        if vm["nulls"] != floating:
            yield subject(vm), f"vCPUs {vm['nulls']} float, {floating} should"
        elif any(place != near for place in vm["floats"]):
            yield subject(vm), f"floats over {vm['cpuset']}, should over {cpulist.format(near)}"


@rule("vm.distinct")
def distinct(case):
    for _, vm in case.assigned:
        if len(set(vm["vcpupin"])) != len(vm["vcpupin"]):
            yield subject(vm), "two vCPUs on one CPU"


@rule("vm.online")
def online(case):
    for _, vm in case.assigned:
        absent = set(vm["vcpupin"]) - case.host.online
        if absent:
            yield subject(vm), f"pinned to CPUs that are not online: {cpulist.format(absent)}"


@rule("vm.exclusive")
def exclusive(case):
    """No core serves two VMs: siblings idle or its own."""
    owner = {}
    for spec, vm in case.assigned:
        for core in case.cores(cpus(spec, vm)):
            other = owner.setdefault(core.cpus[0], vm["name"])
            if other != vm["name"] and not (case.excused(vm["name"]) or case.excused(other)):
                yield subject(vm), f"core {cpulist.format(core.cpus)} is vm {other}'s too"


@rule("vm.role")
def role(case):
    for spec, vm in case.assigned:
        bad = {c for c in cpus(spec, vm) if case.role_of.get(c) != "dedicated"}
        if bad and not case.excused(vm["name"]):
            yield subject(vm), f"CPUs {cpulist.format(bad)} are not dedicated"


@rule("vm.partial")
def partial(case):
    for _, vm in case.assigned:
        if any(core.partial for core in case.cores(vm["vcpupin"])) \
                and not case.excused(vm["name"]):
            yield subject(vm), "sits on a core with an offline sibling"


@rule("vm.kept")
def kept(case):
    for spec, vm in case.assigned:
        if spec["cpus"] is not None and vm["vcpupin"] != spec["cpus"][:vm["vcpus"]]:
            yield subject(vm), f"the inventory pins it to {spec['cpus']}"


def _chosen(case):
    """VMs planner itself placed: the rules of the walk bind only these."""
    return [(spec, vm) for spec, vm in case.assigned if spec["cpus"] is None
            and set(vm["vcpupin"]) <= case.host.online]


@rule("vm.cores")
def cores(case):
    """⌈v/threads⌉ cores in all, v with isolate."""
    for spec, vm in _chosen(case):
        used = case.cores(vm["vcpupin"])
        want = seats.cores(spec["vcpus"], len(used[0].cpus), spec["isolate"])
        if len(used) != want:
            yield subject(vm), f"takes {len(used)} cores, should take {want}"


@rule("vm.class")
def one_class(case):
    for spec, vm in _chosen(case):
        kinds = {(len(core.cpus), core.kind) for core in case.cores(cpus(spec, vm))}
        if len(kinds) > 1:
            yield subject(vm), "its cores are of different width or kind"


@rule("vm.walk")
def walk(case):
    """The threads of a core, then the next core; with isolate the first thread of each."""
    for spec, vm in _chosen(case):
        want = []
        for start, stop in seats.spans(n for _, n in node_shares(case.host, vm["vcpupin"])):
            share = case.cores(vm["vcpupin"][start:stop])
            order = [core.cpus[0] for core in share] if spec["isolate"] else \
                [cpu for core in share for cpu in core.cpus]
            want += order[:stop - start]
        if vm["vcpupin"] != want:
            yield subject(vm), f"{vm['vcpupin']} does not walk its cores: {want}"


@rule("vm.nodes")
def nodes(case):
    for _, vm in case.assigned:
        homes = {case.host.core_of[c].node for c in vm["vcpupin"] if c in case.host.core_of}
        if set(vm["nodes"]) != homes or len(vm["nodes"]) != len(homes):
            yield subject(vm), f"nodes {vm['nodes']}, its cores are in {sorted(homes)}"


def _wider(case, spec, vm):
    """
    Is it near a device whose node is too small for it, if it had all that is VMs' there? Then it has
    that node too, or one other that holds it.
    """
    own = [core for core in case.host.node_cores(spec["node"])
           if not core.partial and case.role_of.get(core.cpus[0]) in ("free", "dedicated")]
    held = judge_memory.capacity(case).get(spec["node"], float("inf"))
    small = held < seats.share_memory(spec, spec["vcpus"]) or all(
        seats.cores(spec["vcpus"], len(core.cpus), spec["isolate"]) + seats.cores(helpers(spec), len(core.cpus), False)
        > len(own) for core in own)
    return bool(spec["near"]) and small and (not own or len(vm["nodes"]) == 1 or spec["node"] in vm["nodes"])


@rule("vm.node-asked")
def node_asked(case):
    for spec, vm in case.assigned:
        if spec["node"] is not None and vm["nodes"] != [spec["node"]] \
                and not case.excused(vm["name"]) and not _wider(case, spec, vm):
            yield subject(vm), f"asked for node {spec['node']}, got {vm['nodes']}"


@rule("vm.allowed")
def allowed(case):
    """Its socket, and the kind of cores it asks for."""
    for spec, vm in case.assigned:
        wrong = [core for core in case.cores(vm["vcpupin"])
                 if not seats.allowed(case.host, spec, core)]
        if wrong and not case.excused(vm["name"]):
            yield subject(vm), f"asks for socket {spec['socket']}, {spec['kind']} cores; has {wrong}"


@rule("vm.apart")
def apart(case):
    """No two VMs of one group are on one socket, node or L3; of two wishes the wider counts."""
    for (a, one), (b, other) in itertools.combinations(case.assigned, 2):
        by = seats.apart_by(a, b)
        if by is None or case.excused(one["name"]) or case.excused(other["name"]):
            continue
        both = {seats.place(core, by) for core in case.cores(one["vcpupin"])} \
            & {seats.place(core, by) for core in case.cores(other["vcpupin"])}
        if both:
            yield subject(one), f"must be apart from {other['name']}; both are on {by} {both}"


@rule("vm.level")
def level(case):
    """The shares of a VM over k nodes differ by a core at most, each of contiguous vCPUs."""
    for spec, vm in _chosen(case):
        threads = len(case.cores(vm["vcpupin"])[0].cpus)
        shares = node_shares(case.host, vm["vcpupin"])
        want = sorted(n for _, n in seats.shares(spec, threads, len(shares)))
        if len({node for node, _ in shares}) != len(shares) or sorted(n for _, n in shares) != want:
            yield subject(vm), f"uneven or torn shares (node, vCPUs): {shares}"


@rule("vm.own")
def own(case):
    """Helpers with CPUs of their own: one each, none twice, on as few cores, without a vCPU."""
    for spec, vm in case.assigned:
        pins = helper_pins(spec, vm)
        its = case.cores(sorted(set().union(*pins)))
        if any(len(pin) != 1 for pin in pins) or len(set().union(*pins)) != len(pins):
            yield subject(vm), f"its helpers do not have one CPU each: {pins}"
        elif len(pins) != helpers(spec):
            yield subject(vm), f"{len(pins)} helpers have CPUs, {helpers(spec)} should"
        elif spec["cpus"] is None and any(core in its for core in case.cores(vm["vcpupin"])):
            yield subject(vm), "a helper is on a core of its vCPUs"
        elif spec["cpus"] is None and its \
                and len(its) != seats.cores(len(pins), len(its[0].cpus), False):
            yield subject(vm), f"its helpers take {len(its)} cores"
        elif spec["cpus"] is None and its \
                and (its[0].node not in vm["nodes"] or len({core.node for core in its}) > 1):
            yield subject(vm), "its helpers are not on one of its nodes"


@rule("vm.emulatorpin")
def emulatorpin(case):
    for spec, vm in case.assigned:
        if spec["emulator"] != "own":
            yield from _housekeeping(case, vm, "emulator", vm["emulatorpin"])


@rule("vm.iothreadpin")
def iothreadpin(case):
    for spec, vm in case.assigned:
        if len(vm["iothreadpin"]) != spec["iothreads"]:
            yield subject(vm), f"{len(vm['iothreadpin'])} pins for {spec['iothreads']} I/O threads"
        for list_ in vm["iothreadpin"] if spec["iothread-cpus"] != "own" else []:
            yield from _housekeeping(case, vm, "I/O thread", list_)


def _housekeeping(case, vm, what, text):
    there = cpulist.parse(text)
    if not there:
        yield subject(vm), f"its {what} may run nowhere"
    if not there <= case.roles["host"] or there & case.isolated:
        yield subject(vm), f"its {what} may leave the host CPUs: {text}"


@rule("vm.realtime")
def realtime(case):
    """As the inventory has it, whether the VM is placed or not."""
    for spec, vm in case.vms:
        for key in ("realtime", "realtime-vcpus"):
            said = vm.get(key.replace("-", "_"))
            if said != spec[key]:
                yield subject(vm), f"{key} is {said!r}, the inventory says {spec[key]!r}"


@rule("vm.memory")
def memory(case):
    """The inventory's, or that in whole pages on each node."""
    for spec, vm in case.assigned:
        if not set(vm["vcpupin"]) <= case.host.online:
            continue
        parts = sum(seats.share_memory(spec, n)
                    for _, n in node_shares(case.host, vm["vcpupin"]))
        if vm["memory"] not in (spec["memory"], parts) \
                and spec["cpus"] is None:
            yield subject(vm), f"memory {vm['memory']}, the inventory says {spec['memory']}"
        if vm["memory"] < spec["memory"]:
            yield subject(vm), f"memory {vm['memory']}, less than the {spec['memory']} asked"


@rule("vm.shares")
def shares(case):
    """Where the plan lists a VM's parts on its nodes: the vCPUs there are, and whole pages."""
    for spec, vm in case.assigned:
        if "shares" not in vm:
            continue
        page = spec["page"] or 4096
        given = {share["node"]: share["vcpus"] for share in vm["shares"]}
        homes = [case.host.core_of[c].node for c in vm["vcpupin"] if c in case.host.core_of]
        if given != {node: homes.count(node) for node in homes} \
                or sum(share["memory"] for share in vm["shares"]) < vm["memory"] \
                or any(share["memory"] % page for share in vm["shares"]):
            yield subject(vm), f"shares {vm['shares']} are not its vCPUs and memory"


@rule("vm.topology")
def topology(case):
    """The guest hears the truth: its threads are siblings, its sockets do not straddle nodes."""
    for spec, vm in case.assigned:
        t = vm["topology"]
        if spec["sockets"] not in (None, t["sockets"]) \
                and not any(f["id"] == "vm.sockets-cross" and f["subject"] == subject(vm)
                            for f in case.findings):
            yield subject(vm), f"asks for {spec['sockets']} sockets, the guest sees {t['sockets']}"
        pins, host = vm["vcpupin"], case.host
        if t["sockets"] * t["cores"] * t["threads"] != vm["all-vcpus"]:
            yield subject(vm), f"guest topology {t} is not {vm['all-vcpus']} vCPUs"
            continue
        if vm["nulls"]:
            yield from _mixed_topology(case, spec, vm)
            continue
        if not set(pins) <= host.online or len(pins) != vm["vcpus"]:
            continue
        groups = [pins[i:i + t["threads"]] for i in range(0, len(pins), t["threads"])]
        if t["threads"] > 1 and any(len(case.cores(g)) > 1 for g in groups):
            yield subject(vm), "guest threads are not threads of one core"
        if t["threads"] == 1 and len(pins) % t["sockets"] == 0 \
                and _regular(case, pins[:len(pins) // t["sockets"]]) and _regular(case, pins):
            yield subject(vm), "its vCPUs fill cores and the guest is not told"
        size = len(pins) // t["sockets"]
        sockets = [pins[i:i + size] for i in range(0, len(pins), size)]
        if t["sockets"] > 1 and any(len({host.core_of[c].node for c in s}) > 1 for s in sockets):
            yield subject(vm), "a guest socket straddles nodes"


def _mixed_topology(case, spec, vm):
    """Those of a guest core float, all of them, or are threads of one core."""
    pins, threads = iter(vm["vcpupin"]), vm["topology"]["threads"]
    homes = [None if v in vm["nulls"] else case.host.core_of[next(pins)].cpus[0]
             for v in range(spec["all-vcpus"])]
    if any(len(set(homes[i:i + threads])) > 1 for i in range(0, len(homes), threads)):
        yield subject(vm), "guest threads are not threads of one core"


def _regular(case, pins):
    """Do PINS fill SMT cores one after the other, each wholly?"""
    width = len(case.host.core_of[pins[0]].cpus)
    groups = [set(pins[i:i + width]) for i in range(0, len(pins), width)]
    return width > 1 and all(g == set(case.host.core_of[min(g)].cpus) for g in groups)


@rule("vm.cpuset")
def cpuset(case):
    """Shared VMs float over the pool, or over the host CPUs where there is no pool."""
    pool = case.roles["shared"] or case.roles["host"]
    for spec, vm in case.floating:
        near = {c for c in pool if c in case.host.core_of
                and case.host.core_of[c].node == spec["node"]}
        if cpulist.parse(vm["cpuset"]) not in (pool, near):
            yield subject(vm), f"'{vm['cpuset']}', should be '{cpulist.format(pool)}'"
