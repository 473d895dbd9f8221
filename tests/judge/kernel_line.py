# SPDX-License-Identifier: MIT
"""The kernel line: what it isolates, with which flags, and what it must never say."""

import re

import cpulist
from case import version
from complaint import rule

SETS = ("isolcpus", "nohz_full", "rcu_nocbs")
LONGEST = 2047  # x86 COMMAND_LINE_SIZE less the final NUL


def _parameters(case):
    return {p["name"]: p.get("value") for p in case.plan["kernel"]["parameters"]}


def split_isolcpus(value):
    """"managed_irq,domain,4-7" → ("managed_irq,domain", "4-7")."""
    return re.match(r"^((?:[a-z_]+(?:,|$))*)(.*)$", value).group(1).rstrip(","), \
        re.match(r"^((?:[a-z_]+(?:,|$))*)(.*)$", value).group(2)


def _lists(case):
    """Each of the three parameters on the line with its CPU list."""
    given = _parameters(case)
    lists = {name: given[name] for name in SETS if name in given}
    if "isolcpus" in lists:
        lists["isolcpus"] = split_isolcpus(lists["isolcpus"])[1]
    return lists


@rule("kernel.sets")
def sets(case):
    expected = cpulist.format(case.isolated)
    for name, value in _lists(case).items():
        if value != expected:
            yield name, f"names '{value}', isolated is '{expected}'"


@rule("kernel.missing")
def missing(case):
    """All three, or none where nothing is isolated; a cpuset partition replaces isolcpus."""
    wanted = set(SETS) if case.isolated else set()
    if case.inventory["isolation"] == "cpuset":
        wanted.discard("isolcpus")
    given = set(_lists(case))
    for name in sorted(wanted ^ given):
        yield name, "is missing" if name in wanted else "does not belong on this line"


@rule("kernel.flags")
def flags(case):
    value = _parameters(case).get("isolcpus")
    if value is None:
        return
    kernel = version(case.inventory["node"]["kernel"])
    asked = case.inventory["flags"]
    if asked is None:
        asked = "managed_irq,domain" if kernel and kernel >= (5, 6) else ""
    given = split_isolcpus(value)[0]
    if given != asked:
        yield "isolcpus", f"has flags '{given}', should have '{asked}'"


@rule("kernel.irqaffinity")
def irqaffinity(case):
    given = _parameters(case).get("irqaffinity")
    if not case.inventory["irqaffinity"]:
        if given is not None:
            yield "irqaffinity", "is there although the inventory says no"
    elif case.isolated and given != cpulist.format(case.roles["host"]):
        yield "irqaffinity", f"is {given!r}, should be the host CPUs"


@rule("kernel.boot-cpu")
def boot_cpu(case):
    for name, value in _lists(case).items():
        try:
            cpus = cpulist.parse(value)
        except ValueError as error:
            yield name, str(error)
            continue
        if 0 in cpus:
            yield name, "names the boot CPU"


@rule("kernel.length")
def length(case):
    if len(case.plan["kernel"]["cmdline"]) > LONGEST and not case.errors("[kernel]"):
        yield "cmdline", f"is longer than {LONGEST} characters and no error finding says so"


@rule("kernel.extra")
def extra(case):
    words = case.plan["kernel"]["cmdline"].split(" ")
    asked = case.inventory["extra"]
    if asked and words[-len(asked):] != asked:
        yield "cmdline", f"does not end in {' '.join(asked)}"


@rule("kernel.unasked")
def unasked(case):
    """Nothing else gets on the line, nothing twice."""
    names = [p["name"] for p in case.plan["kernel"]["parameters"]]
    extra_names = [word.split("=")[0] for word in case.inventory["extra"]]
    for name in sorted(set(names)):
        if name not in SETS + ("irqaffinity",) and name not in extra_names:
            yield name, "nobody asked for it"
        if names.count(name) > 1 and extra_names.count(name) < 2:
            yield name, "is there twice"
