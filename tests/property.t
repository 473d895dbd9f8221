#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Properties every plan has, on random hosts and inventories.

    PLANNER=build/bin/planner CASES=300 SEED=1 tests/property.t

A failing case is kept in build/property/SEED/: its topology, inventory, plan, and what was wrong.
"""

import json
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "judge"))

import generator
import inventory as inventories
import memory
import optimum
import seats
import trials
from case import Case
from judge import judge
from program import TESTS, planner
from tap import Tap

GROUPS = {
    "status": "legal inventories end with status 0 or 1 and a plan",
    "shape": "the document has the documented shape",
    "roles": "every CPU and every core has one role, the boot core is the host's",
    "request": "roles are as many as the inventory asks, or an error says so",
    "kernel": "the kernel line names the isolated set and nothing else",
    "vm": "VMs have whole cores of their own, in order, in rooms",
    "memory": "the VMs of a node fit in its memory",
    "cpupm": "cpu-pm verdicts follow from the CPU sets",
    "placement": "nothing is refused that fits; sums and status are right",
    "optimum": "small cases are placed as well as trying everything does",
    "proof": "where trying everything is quick, the plan is proved the best",
    "prefer": "--prefer vms places most VMs, --prefer order refuses none that fits before",
    "repeat": "the same input gives the same bytes",
    "order": "the order of sections changes no decision",
    "source": "a synthetic description and its XML give the same plan",
    "replan": "VMs pinned where they were placed stay there, all of them",
    "fit": "as many more VMs as fit says are placed with all the others, one more is not",
    "audit": "check has nothing against the plans that planner saves",
    "edited": "a saved plan with one pin on another core is refused or found out",
    "bad": "inventories that name wrong CPUs are refused or judged, never obeyed in silence",
}


class Trial(trials.Trial):
    """A case on its way through the properties."""

    def plan(self, text, name="inventory.ini", source=None, options=()):
        """Run planner: (status, output, errors)."""
        return planner("plan", "--json", "-t", source or self.source, "-i", self.write(name, text), *options)

    def judged(self, text, output, status):
        """Complaints of the judge about OUTPUT, under their groups."""
        plan = json.loads(output)
        for complaint in judge(self.host, inventories.parse(text), plan, status):
            self.fail(complaint.rule.split(".")[0], str(complaint))
        status, said = self.audit(output)
        if status:
            self.fail("audit", said)
        self.known |= {"shape", "roles", "request", "kernel", "vm", "memory", "cpupm",
                       "placement", "audit"}
        return plan

    def audit(self, document):
        """What check says of a saved plan by itself, on a capture of nothing: (status, text)."""
        empty = os.path.join(self.dir, "empty")
        os.makedirs(os.path.join(empty, "proc"), exist_ok=True)
        status, output, errors = planner("check", "-p", self.write("saved.json", document), "-r", empty,
                                         "--rule", "plan")
        return status, output + errors


def decisions(output):
    """What a plan decides, whatever the order its VMs and findings are listed in."""
    plan = json.loads(output)
    plan["vms"].sort(key=lambda vm: vm["name"])
    plan["findings"].sort(key=lambda f: json.dumps(f, sort_keys=True))
    return plan


def small_problem(trial, text, plan):
    """What optimum.py needs to place the VMs of a case, None where it is not for it."""
    case = Case(trial.host, inventories.parse(text), plan)
    case.open()
    specs = [spec for spec in case.inventory["vms"] if spec["policy"] == "dedicated"]
    wishes = ("apart", "socket", "die", "l3")
    if any(spec["policy"] == "shared" or spec["kind"] != "any" or any(spec[key] is not None for key in wishes)
           for spec in case.inventory["vms"]) or len(specs) > 6:
        return case, None
    free = [core for core in trial.host.cores if not core.partial
            and case.role_of.get(core.cpus[0]) in ("free", "dedicated")]
    return case, (specs, free, memory.capacity(case), len(trial.host.homes()),
                  trial.host.distance)


def check_optimum(trial, text, plan):
    """A plan that claims to be the best is compared with all there are, where those are few."""
    case, problem = small_problem(trial, text, plan)
    if problem is None:
        return
    try:
        best, *coarse = optimum.best(*problem)
        most, *_ = optimum.best(*problem, value=optimum.one)
        accepted = optimum.in_order(*problem)
    except optimum.TooLarge:
        return
    trial.known |= {"optimum", "proof", "prefer"}
    if not plan["placement"]["optimal"]:
        trial.fail("proof", f"{len(problem[0])} VMs: optimal is false")
    placed = sum(optimum.vcpus(spec) for spec, _ in case.assigned)
    levels = [(seats.level_of(case, spec, vm), seats.best_level(spec, *problem[1:4]))
              for spec, vm in case.assigned]
    # VMs over more nodes than they need, and over several rooms of a node that one could hold; and
    # how far the nodes of those over several are.
    here = [sum(level > max(natural, 1) for level, natural in levels),
            sum(level == 1 and natural == 0 for level, natural in levels),
            sum(trial.host.distance({core.node for core in case.cores(vm["vcpupin"])})
                for _, vm in case.assigned)]
    if placed > best or here < coarse and placed == best:
        trial.fail("optimum", f"the test's own search is wrong: {placed}/{here} {best}/{coarse}")
    if placed < best:
        trial.fail("optimum", f"{placed} vCPUs are placed, {best} can be")
    elif placed == best and here > coarse:
        trial.fail("optimum", f"VMs far, left, distance: {here}, {coarse} is possible")
    check_prefer(trial, text, most, accepted)


def check_prefer(trial, text, most, accepted):
    names = _placed(trial, text, "vms")
    if len(names) != most:
        trial.fail("prefer", f"--prefer vms places {len(names)} VMs, {most} can be")
    names = _placed(trial, text, "order")
    if names != accepted:
        trial.fail("prefer", f"--prefer order places {names}, should place {accepted}")


def _placed(trial, text, prefer):
    """The VMs placed under a preference; its plan is judged like any other."""
    status, output, errors = trial.plan(text, options=("--prefer", prefer))
    if not output:
        trial.fail("prefer", f"--prefer {prefer}: status {status}: {errors}")
        return []
    return [vm["name"] for vm in trial.judged(text, output, status)["vms"] if vm["placed"]]


def check_same(trial, text, output):
    trial.known.add("repeat")
    if trial.plan(text)[1] != output:
        trial.fail("repeat", "a second run gave other bytes")


def check_order(trial, sections, output):
    trial.known.add("order")
    shuffled = trial.rng.sample(sections, len(sections))
    _, other, errors = trial.plan(generator.text(shuffled), "shuffled.ini")
    if not other or decisions(other) != decisions(output):
        trial.fail("order", errors or "shuffled.ini gives another plan")


def check_source(trial, text, output, synthetic):
    trial.known.add("source")
    _, other, errors = trial.plan(text, source=synthetic)
    if other != output:
        trial.fail("source", errors or f"-t '{synthetic}' gives another plan than its XML")


def check_replan(trial, sections, plan):
    """All VMs kept: the same pins; some kept: these pins, and a right plan."""
    trial.known.add("replan")
    for name, keep in (("kept.ini", lambda vm: True),
                       ("partly-kept.ini", lambda vm: trial.rng.random() < 0.5)):
        again = generator.pinned(sections, plan, keep)
        text = generator.text(again)
        status, output, errors = trial.plan(text, name)
        if status not in (0, 1) or not output:
            trial.fail("replan", f"{name}: status {status}: {errors}")
            continue
        other = trial.judged(text, output, status)
        _compare_kept(trial, name, dict(again), plan, other)


def _compare_kept(trial, name, sections, before, after):
    after = {vm["name"]: vm for vm in after["vms"]}
    for vm in before["vms"]:
        if not vm["placed"] or "cpus" not in sections[f"vm {vm['name']}"]:
            continue
        now = after[vm["name"]]
        if not now["placed"] or now["vcpupin"] != vm["vcpupin"]:
            trial.fail("replan", f"{name}: {vm['name']} did not stay on {vm['vcpupin']}")
        elif now["cpu_pm"]["verdict"] != vm["cpu_pm"]["verdict"]:
            trial.fail("replan", f"{name}: {vm['name']} has another cpu-pm verdict")


def check_edited(trial, plan):
    """Put one vCPU of a VM that nobody complains of on a core that is not its own."""
    named = {finding["subject"] for finding in plan["findings"]}
    sound = [i for i, vm in enumerate(plan["vms"])
             if vm["policy"] == "dedicated" and vm["placed"] and None not in vm["vcpupin"]
             and f"vm {vm['name']}" not in named]
    if not sound:
        return
    trial.known.add("edited")
    edited = json.loads(json.dumps(plan))
    vm = edited["vms"][trial.rng.choice(sound)]
    v = trial.rng.randrange(vm["vcpus"])
    was = vm["vcpupin"][v]
    near = set().union(*(core.cpus for core in trial.host.node_cores(trial.host.core_of[was].node)))
    own = trial.host.whole(vm["vcpupin"])
    vm["vcpupin"][v] = trial.rng.choice(sorted(near - own) or sorted(trial.host.online - own))
    status, said = trial.audit(json.dumps(edited))
    # Of two VMs on one core, the second is found, and the first is named.
    told = rf"(?<![\w-]){re.escape(vm['name'])}(?![\w-])" if status == 1 else r"saved\.json: "
    if status not in (1, 2) or not re.search(told, said):
        trial.fail("edited", f"{vm['name']}: vCPU {v} from {was} to {vm['vcpupin'][v]}, "
                             f"status {status}: {said}")


def check_bad(trial, sections):
    trial.known.add("bad")
    what, sections = generator.spoil(trial.rng, trial.host, sections)
    text = generator.text(sections)
    status, output, errors = trial.plan(text, "bad.ini")
    if status == 2:
        if output or not errors.strip():
            trial.fail("bad", f"{what}: status 2 with output, or without a word")
    elif not output or not json.loads(output)["findings"]:
        trial.fail("bad", f"{what}: status {status} and no finding: {errors}")
    else:
        before = len(trial.failures)
        trial.judged(text, output, status)
        trial.failures[before:] = [("bad", f"{what}: {t}") for _, t in trial.failures[before:]]


LAST = "\U00020000"  # a name that comes after all others, as fit takes further VMs to


def random_size(rng):
    size = {"vcpus": str(rng.choice((1, 2, 3, 4, 6, 8, 12, 16)))}
    if rng.random() < 0.5:
        size["memory"] = rng.choice(("1G", "3G", "8G", "20G"))
        if rng.random() < 0.5:
            size["hugepages"] = rng.choice(("2M", "1G"))
    return size


def placed_names(output):
    return {vm["name"] for vm in json.loads(output)["vms"] if vm["placed"]}


def fit(trial, text, size):
    """The document of `planner fit` for one size, None where there is none."""
    path = trial.write("fit.ini", text)
    word = ":".join(size[key] for key in ("vcpus", "memory", "hugepages") if key in size)
    status, output, errors = planner("fit", "--json", "-t", trial.source, "-i", path, "--vm", word)
    if status not in (0, 1) or not output:
        trial.fail("fit", f"status {status}: {errors}")
        return None
    document = json.loads(output)
    bad = bool(document["inventory"]["refused"]) or not document["sizes"][0]["fit"]
    if status != bad:
        trial.fail("fit", f"status {status} for {word}")
    return document


def check_more(trial, sections, names, parts, fits):
    """Does plan place PARTS, [(size, count)], with all of NAMES? So it should where FITS."""
    more = [(f"vm {LAST}{i}", size | {"count": str(count)}) for i, (size, count) in enumerate(parts)
            if count]
    text = generator.text(sections + more)
    status, output, errors = trial.plan(text, "more.ini")
    wanted = len(names) + sum(count for _, count in parts)
    if not output:
        trial.fail("fit", f"more.ini: status {status}: {errors}")
    elif fits:
        trial.judged(text, output, status)
        missing = names - placed_names(output)
        if missing or len(placed_names(output)) < wanted:
            trial.fail("fit", f"{parts} should fit, but {sorted(missing)} lost their place or "
                              f"not all are placed")
    elif names <= placed_names(output) and len(placed_names(output)) >= wanted:
        trial.fail("fit", f"{parts} should not fit, but does")


def check_fit(trial, sections, plan):
    """fit and plan never disagree; what has no room itself is left out first."""
    size, often = random_size(trial.rng), trial.rng.choice((0, 0.3, 1))
    sections = generator.pinned(sections, plan, lambda vm: trial.rng.random() < often)
    document = fit(trial, generator.text(sections), size)
    if document is None:
        return
    trial.known.add("fit")
    refused = set(document["inventory"]["refused"])
    left = [(name, keys) for name, keys in sections
            if name.removeprefix("vm ") not in refused or keys.get("cpus")]
    answer = document["sizes"][0]
    names = {name.removeprefix("vm ") for name, _ in left if name.startswith("vm ")} - refused
    check_more(trial, left, names, [(size, answer["fit"])], True)
    if answer["fit"] == answer["bound"]:
        check_more(trial, left, names, [(size, answer["fit"] + 1)], False)
    check_more(trial, left, names, [(size, part["vms"]) for part in document["mix"]["vms"]], True)


def run(trial, hosts):
    source, synthetic, trial.host = trial.rng.choice(hosts)
    trial.source = os.path.join(trial.dir, "topology.xml")
    shutil.copy(source, trial.source)
    sections = generator.inventory(trial.rng, trial.host)
    text = generator.text(sections)
    trial.known.add("status")
    status, output, errors = trial.plan(text)
    if status not in (0, 1) or not output:
        trial.fail("status", f"status {status}: {errors}")
        return
    trial.write("plan.json", output)
    plan = trial.judged(text, output, status)
    if trial.failures and trial.failures[0][0] == "shape":
        return
    check_same(trial, text, output)
    check_optimum(trial, text, plan)
    check_order(trial, sections, output)
    if synthetic:
        check_source(trial, text, output, synthetic)
    check_replan(trial, sections, plan)
    check_fit(trial, sections, plan)
    check_edited(trial, plan)
    if trial.number % 3 == 0:
        check_bad(trial, sections)


def main():
    tap, cases = Tap(), trials.Trials("property", 300, 100, enough=250, kind=Trial)
    names = sorted(name.removesuffix(".xml") for name in os.listdir(os.path.join(TESTS, "hosts"))
                   if name.endswith(".xml"))
    with tempfile.TemporaryDirectory() as scratch:
        hosts = trials.hosts(scratch, 40, names, 20)
        cases.run(lambda trial: run(trial, hosts), scratch)
    cases.report(tap, GROUPS)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
