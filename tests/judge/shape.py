# SPDX-License-Identifier: MIT
"""The document itself: keys, their order, types, and how CPU lists are written."""

import re

import cpulist
from complaint import rule

CPUS = object()      # a CPU list
OPTIONAL = "?"       # after a key: may be missing; keys the contract does not name may be there too


def TEXT(value):
    return isinstance(value, str)


def MAYBE_TEXT(value):
    return value is None or isinstance(value, str)


def NUMBER(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def PIN(value):
    return value is None or NUMBER(value)


def BOOL(value):
    return isinstance(value, bool)


CPU_PM = {"verdict": TEXT, "reasons": [{"code": TEXT, "text": TEXT}]}
PLAN = {
    "format": TEXT,
    "node": {"name": MAYBE_TEXT, "kernel": MAYBE_TEXT, "qemu": MAYBE_TEXT, "libvirt": MAYBE_TEXT,
             "topology": TEXT},
    "cpus": {role: CPUS for role in ("host", "sdk", "dedicated", "shared", "free", "stranded",
                                     "offline", "isolated")},
    "kernel": {"cmdline": TEXT, "parameters": [{"name": TEXT, "value?": MAYBE_TEXT}]},
    "vms": [{"name": TEXT, "policy": TEXT, "placed": BOOL, "vcpus": NUMBER}],
    "placement": {"optimal": BOOL, "placed": NUMBER, "wanted": NUMBER, "bound": NUMBER},
    "findings": [{"id": TEXT, "severity": TEXT, "verdict": TEXT, "subject": TEXT, "text": TEXT,
                  "fix": TEXT}],
}
ASSIGNED = {"name": TEXT, "policy": TEXT, "placed": BOOL, "vcpus": NUMBER, "vcpupin": [PIN],
          "emulatorpin": CPUS, "iothreadpin": [CPUS], "nodes": [NUMBER], "memory": NUMBER,
          "topology": {"sockets": NUMBER, "cores": NUMBER, "threads": NUMBER}, "cpu_pm": CPU_PM}
FLOATING = {"name": TEXT, "policy": TEXT, "placed": BOOL, "vcpus": NUMBER, "cpuset": CPUS,
            "cpu_pm": CPU_PM}

SEVERITIES = ["error", "warning", "info"]
FINDING_VERDICTS = ["fail", "unknown"]
CPU_PM_VERDICTS = ["on", "off", "ineligible", "unsupported", "unknown"]


def walk(value, form, path):
    """Everything in VALUE that is not of FORM: (path, text)."""
    if form is CPUS:
        yield from _cpus(value, path)
    elif isinstance(form, list):
        yield from _array(value, form, path)
    elif isinstance(form, dict):
        yield from _object(value, form, path)
    elif not form(value):
        yield path, f"{value!r} is of the wrong type"


def _cpus(value, path):
    if not isinstance(value, str):
        yield path, "is not a string"
        return
    try:
        shortest = cpulist.format(cpulist.parse(value))
    except ValueError as error:
        yield path, str(error)
        return
    if value != shortest:
        yield path, f"'{value}' should be written '{shortest}'"


def _array(value, form, path):
    if not isinstance(value, list):
        yield path, "is not an array"
        return
    for i, item in enumerate(value):
        yield from walk(item, form[0], f"{path}[{i}]")


def _object(value, form, path):
    if not isinstance(value, dict):
        yield path, "is not an object"
        return
    names = {key.rstrip(OPTIONAL): key for key in form}
    missing = [n for n, key in names.items() if n not in value and not key.endswith(OPTIONAL)]
    if missing:
        yield path, f"lacks {', '.join(missing)}"
    order = [n for n in names if n in value]
    if [n for n in value if n in names] != order:
        yield path, f"keys are not in the order {', '.join(order)}"
    for name in order:
        yield from walk(value[name], form[names[name]], f"{path}.{name}")


@rule("shape.document")
def document(case):
    yield from walk(case.plan, PLAN, "plan")


@rule("shape.vm")
def vms(case):
    for i, vm in enumerate(case.plan.get("vms") or []):
        if vm.get("placed"):
            form = ASSIGNED if vm.get("policy") == "dedicated" else FLOATING
            yield from walk(vm, form, f"plan.vms[{i}]")


@rule("shape.word")
def words(case):
    """Values that are one of a few words."""
    plan = case.plan
    if plan.get("format") != "planner-plan/1":
        yield "plan.format", f"is {plan.get('format')!r}"
    topology = (plan.get("node") or {}).get("topology")
    if not re.match(r"^sha256:[0-9a-f]{64}$", str(topology)):
        yield "plan.node.topology", f"{topology!r} is no sha256 fingerprint"
    for vm in plan.get("vms") or []:
        if vm.get("policy") not in ("dedicated", "shared"):
            yield f"vm {vm.get('name')}", f"policy {vm.get('policy')!r}"
        verdict = (vm.get("cpu_pm") or {}).get("verdict")
        if "cpu_pm" in vm and verdict not in CPU_PM_VERDICTS:
            yield f"vm {vm.get('name')}", f"cpu_pm verdict {verdict!r}"
    for finding in plan.get("findings") or []:
        if (finding.get("severity") not in SEVERITIES
                or finding.get("verdict") not in FINDING_VERDICTS):
            yield f"finding {finding.get('id')}", "severity or verdict is no known word"


@rule("shape.finding")
def findings(case):
    """Worst first, one line each, never empty."""
    found = case.plan.get("findings") or []
    rank = [SEVERITIES.index(f["severity"]) for f in found if f.get("severity") in SEVERITIES]
    if rank != sorted(rank):
        yield "plan.findings", "are not sorted worst first"
    for f in found:
        if not all(f.get(k) for k in ("id", "subject", "text")) or "\n" in str(f.get("text")):
            yield f"finding {f.get('id')}", "has an empty or many-lined field"


@rule("shape.node")
def node(case):
    """What the inventory says is kept; what it does not say is never made up."""
    for key, said in case.inventory["node"].items():
        written = (case.plan.get("node") or {}).get(key)
        if key != "mwait" and (written or None) != said:
            yield f"plan.node.{key}", f"is {written!r}, the inventory says {said!r}"


@rule("shape.cmdline")
def cmdline(case):
    kernel = case.plan.get("kernel") or {}
    words = [p.get("name", "") + (f"={p['value']}" if p.get("value") is not None else "")
             for p in kernel.get("parameters") or []]
    if " ".join(words) != kernel.get("cmdline"):
        yield "plan.kernel", "cmdline is not its parameters joined"
