# SPDX-License-Identifier: MIT
"""cpu-pm: the verdict, derived here from the CPU sets alone and compared with the plan's."""

import cpulist
from case import subject, version
from complaint import rule

OVERLAPS = {"overcommitted", "unpinned", "split-core", "not-isolated", "on-host", "on-sdk",
            "emulator-overlap"}
LACKS = {"qemu-too-old", "kernel-no-disable-exits", "passthrough-without-mwait", "nested",
         "not-x86"}


def _vcpus(vm):
    """Where each vCPU may run."""
    if vm["policy"] == "shared":
        return [cpulist.parse(vm["cpuset"])] * vm["vcpus"]
    return [{cpu} for cpu in vm["vcpupin"]] + vm["floats"]


def _helpers(vm):
    """Where its emulator and I/O threads may run."""
    pins = [vm.get("emulatorpin", vm.get("cpuset", ""))] + list(vm.get("iothreadpin", []))
    return set().union(*(cpulist.parse(p) for p in pins))


def ineligible(case, vm):
    """The codes that hold, from where everything may run."""
    own = _vcpus(vm)
    mine = set().union(*own)
    placed = [other for _, other in case.vms if other["placed"]]
    theirs = set().union(*(s for other in placed if other is not vm for s in _vcpus(other)))
    siblings = case.host.whole(mine)
    codes = {
        "overcommitted": bool(mine & theirs) or sum(map(len, own)) > len(mine),
        "unpinned": any(len(s) != 1 for s in own),
        "split-core": bool(siblings & theirs)
        or any(case.role_of.get(c) != "dedicated" for c in siblings)
        or any(core.partial for core in case.cores(mine)),
        "not-isolated": not mine <= case.isolated,
        "on-host": bool(mine & case.roles["host"]),
        "on-sdk": bool(mine & case.roles["sdk"]),
        "emulator-overlap": any(mine & _helpers(other) for other in placed),
    }
    return {code for code, holds in codes.items() if holds}


def unsupported(case, spec):
    """What this node is known to lack."""
    node = case.inventory["node"]
    qemu, kernel = version(node["qemu"]), version(node["kernel"])
    codes = set()
    if case.host.arch not in ("", "x86_64", "i686", "i386"):
        codes.add("not-x86")  # KVM_CAP_X86_DISABLE_EXITS
    if qemu and qemu < (3, 0):
        codes.add("qemu-too-old")
    if kernel and kernel < (4, 17):
        codes.add("kernel-no-disable-exits")
    if qemu and qemu < (9, 1) and _passthrough(spec) and node["mwait"] == "no":
        codes.add("passthrough-without-mwait")
    return codes


def _passthrough(spec):
    return spec["cpu-mode"] in ("host-passthrough", "maximum")


def missing(case, spec):
    """Is a fact the verdict hangs on not known?"""
    node = case.inventory["node"]
    qemu = version(node["qemu"])
    if qemu is None or node["kernel"] is None:
        return True
    return _passthrough(spec) and qemu < (9, 1) and node["mwait"] is None


def expected(case, spec, vm):
    if spec["cpu-pm"] == "off":
        return "off", set()
    codes = ineligible(case, vm)
    if codes:
        return "ineligible", codes
    codes = unsupported(case, spec)
    if codes:
        return "unsupported", codes
    return ("unknown" if missing(case, spec) else "on"), set()


def _judged(case):
    return [(spec, vm) for spec, vm in case.vms if vm["placed"]]


@rule("cpupm.verdict")
def verdict(case):
    for spec, vm in _judged(case):
        want, codes = expected(case, spec, vm)
        if vm["cpu_pm"]["verdict"] != want:
            yield subject(vm), (f"verdict {vm['cpu_pm']['verdict']}, should be {want} "
                                f"({', '.join(sorted(codes))})")


@rule("cpupm.unplaced")
def unplaced(case):
    """Nothing is known of where a refused VM would run: never on."""
    for _, vm in case.vms:
        if not vm["placed"] and (vm.get("cpu_pm") or {}).get("verdict") == "on":
            yield subject(vm), "on although it has no place"


@rule("cpupm.reasons")
def reasons(case):
    """A refusal names a reason, and none that does not hold."""
    for spec, vm in _judged(case):
        want, codes = expected(case, spec, vm)
        given = {r["code"] for r in vm["cpu_pm"]["reasons"]}
        wrong = given & (OVERLAPS | LACKS) - codes
        if vm["cpu_pm"]["verdict"] != want:
            continue
        if wrong:
            yield subject(vm), f"{', '.join(sorted(wrong))} does not hold"
        if want in ("ineligible", "unsupported") and not given & codes:
            yield subject(vm), f"{want} without a reason that holds ({', '.join(sorted(codes))})"
        if want == "unknown" and not given:
            yield subject(vm), "unknown, and which fact is missing is not said"
