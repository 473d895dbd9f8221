# SPDX-License-Identifier: MIT
"""Which CPU is what: every CPU one role, every core one role, and the roles the inventory asked."""

import math

import cpulist
from case import ISOLATED, ROLES, cpus
from complaint import rule


@rule("roles.disjoint")
def disjoint(case):
    for i, a in enumerate(ROLES):
        for b in ROLES[i + 1:]:
            both = case.roles[a] & case.roles[b]
            if both:
                yield f"cpu {cpulist.format(both)}", f"is both {a} and {b}"


@rule("roles.complete")
def complete(case):
    given = set().union(*case.roles.values())
    if given != case.host.cpus:
        missing, extra = case.host.cpus - given, given - case.host.cpus
        yield "plan.cpus", (f"without a role: {cpulist.format(missing) or 'none'}; "
                            f"not on this host: {cpulist.format(extra) or 'none'}")


@rule("roles.offline")
def offline(case):
    if case.roles["offline"] != case.host.offline:
        yield "plan.cpus.offline", f"should be '{cpulist.format(case.host.offline)}'"


@rule("roles.whole-core")
def whole_core(case):
    for core in case.host.cores:
        roles = sorted({case.role_of.get(cpu, "none") for cpu in core.cpus})
        if len(roles) > 1:
            yield f"core {cpulist.format(core.cpus)}", f"has roles {', '.join(roles)}"


@rule("roles.boot-core")
def boot_core(case):
    core = case.host.core_of.get(0)
    if core and not set(core.cpus) <= case.roles["host"]:
        yield "cpu 0", "or a sibling of it is not host"


@rule("roles.node-host")
def node_host(case):
    """A node without a host core only where the inventory names CPUs, and then with a finding."""
    asked = [case.inventory[r] for r in ("host", "sdk", "shared")]
    explicit = any(r and r["by"] == "cpus" for r in asked) \
        or any(spec["cpus"] for spec in case.inventory["vms"])
    for node in case.host.homes():
        if any(set(c.cpus) <= case.roles["host"] for c in case.host.node_cores(node)):
            continue
        if not explicit:
            yield f"node {node}", "has no host core"
        elif not any(f["subject"] == f"node {node}" for f in case.findings):
            yield f"node {node}", "has no host core and no finding says so"


@rule("roles.isolated")
def isolated(case):
    if case.isolated != set().union(*(case.roles[r] for r in ISOLATED)):
        yield "plan.cpus.isolated", "is not sdk, dedicated, free and stranded together"


@rule("roles.dedicated")
def dedicated(case):
    """`dedicated` is the cores of the placed dedicated VMs, idle siblings too, and nothing else."""
    used = case.host.whole(c for spec, vm in case.assigned for c in cpus(spec, vm))
    bad = case.roles["dedicated"] ^ used
    if bad and not any(case.excused(vm["name"]) for _, vm in case.assigned):
        yield f"cpu {cpulist.format(bad)}", "dedicated and the VMs' cores differ"


@rule("roles.stranded")
def stranded(case):
    """A core with an offline sibling cannot be given away whole: never free; other cores can."""
    for core in case.host.cores:
        role = case.role_of.get(core.cpus[0])
        if core.partial and role == "free":
            yield f"cpu {cpulist.format(core.cpus)}", "is free although a sibling is offline"
        if not core.partial and role == "stranded":
            yield f"cpu {cpulist.format(core.cpus)}", "is stranded although its core is whole"


def _groups(by, cores):
    """The parts of CORES a request counts in: [(name, its number, cores)]."""
    if by == "cores":
        return [("machine", None, cores)]
    part = (lambda core: core.node) if by == "cores-per-node" else (lambda core: core.package)
    return [(f"{by[10:]} {n}", n, [core for core in cores if part(core) == n])
            for n in sorted({part(core) for core in cores})]


def _has(case, role, cores):
    return [core for core in cores if case.role_of.get(core.cpus[0]) == role]


def _exactly(case, role, cpus):
    """The CPUs named, or a finding about the role or about a CPU that is not as asked."""
    other = case.roles[role] ^ cpus
    near = {f"[{role}]"} | {f"cpu {c}" for c in case.host.whole(other) | other}
    if other and not any(f["subject"] in near for f in case.findings):
        yield f"[{role}]", f"cpus should be {cpulist.format(cpus)}, and no finding says why not"


def _asked(case, role, request, least=lambda cores: 0, within=None):
    """
    Complaints where ROLE is not what REQUEST asks, and no finding admits it. LEAST of the cores
    of a part it has anyhow; only cores WITHIN these nodes count.
    """
    if request and request["by"] == "cpus":
        yield from _exactly(case, role, request["cpus"])
        return
    if request is None or case.errors(f"[{role}]", *(f"node {n}" for n in case.host.homes())):
        return
    usable = [c for c in case.host.cores if within is None or c.node in within]
    for name, number, cores in _groups(request["by"], usable):
        want = max(request["places"].get(number, request["cores"]), least(cores))
        have = len(_has(case, role, cores))
        if have != want:
            yield f"[{role}]", f"{name} has {have} cores of it, should have {want}"


@rule("request.host")
def host(case):
    request = case.inventory["host"] or {"by": "cores-per-node", "cores": 1, "places": {}}

    def least(cores):
        """CPU 0's core, and one core in every node."""
        return len({core.node for core in cores})
    yield from _asked(case, "host", request, least)


@rule("request.sdk")
def sdk(case):
    request = case.inventory["sdk"]
    if request is None and case.roles["sdk"]:
        yield "[sdk]", "nobody asked for it"
    yield from _asked(case, "sdk", request, within=_near(case) or None)


@rule("request.shared")
def shared(case):
    request = case.inventory["shared"]
    if request is None and case.roles["shared"]:
        yield "[shared]", "nobody asked for a pool"
    yield from _asked(case, "shared", request)


@rule("request.near")
def near(case):
    """SDK cores sit on the nodes of the devices they serve, or a finding says why not."""
    nodes = _near(case)
    if not nodes or any(f["subject"] == "[sdk]" for f in case.findings):
        return
    for core in _has(case, "sdk", case.host.cores):
        if core.node not in nodes:
            yield f"cpu {cpulist.format(core.cpus)}", f"sdk core not on nodes {sorted(nodes)}"


def _near(case):
    """The nodes of the devices the SDK cores shall be close to; empty where nobody knows."""
    wanted = set(case.inventory["near"])
    return set().union(*(d.nodes for d in case.host.devices if d.names & wanted))


@rule("request.overcommit")
def overcommit(case):
    """More vCPUs on a pool than asked, or than a VM has CPUs to run on, needs a finding."""
    most = case.inventory["overcommit"]
    pool = len(case.roles["shared"] or case.roles["host"])
    vcpus = sum(vm["vcpus"] for _, vm in case.floating) \
        + sum(len(vm["floats"]) for _, vm in case.assigned)
    said = {f["subject"] for f in case.findings}
    if most is not None and vcpus > math.floor(most * pool) and "[shared]" not in said:
        yield "[shared]", f"{vcpus} vCPUs on {pool} CPUs and no finding"
    for spec, vm in case.floating:
        if vm["vcpus"] > pool and not said & {"[shared]", f"vm {vm['name']}"}:
            yield f"vm {vm['name']}", f"{vm['vcpus']} vCPUs on {pool} CPUs and no finding"
