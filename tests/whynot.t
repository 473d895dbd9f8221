#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Why not, and what would place it: on random cases every change of the document's `why_not`, applied
to the inventory or the host, places the VM, and all that were placed stay so. Changes are the
smallest of their kind: with one core less given back, with one page of memory less, it does not fit.

    PLANNER=build/bin/planner CASES=400 SEED=1 tests/whynot.t

A failing case is kept in build/whynot/SEED/.
"""

import json
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "judge"))

import cpulist
import generator
import hosts
import inventory as inventories
import topology
import trials
from judge import judge
from program import planner
from tap import Tap

GROUPS = {
    "cores": "cores given back by the SDK or the host place the VM",
    "fewest": "one core less does not",
    "memory": "that much more memory on that node places the VM",
    "least": "a page less does not",
    "move": "--moves 1 places the VM",
    "away": "the VM fits where the one named is taken away",
    "pair": "two changes that go together place the VM, and neither does alone",
    "reason": "the finding names what is missing, and the fix is the change",
    "judge": "the plans made to prove it are right",
}


class Trial(trials.Trial):
    def __init__(self, *words):
        super().__init__(*words)
        self.runs = 0
        self.make_host()
        self.make_inventory()

    def make_host(self):
        rng = self.rng
        text = hosts.synthetic(packages=rng.choice([1, 2, 2, 3]), l3s=rng.choice([1, 1, 2]),
                               cores=rng.choice([4, 5, 6, 8]), threads=rng.choice([1, 2, 2, 4]),
                               memory=rng.choice([0, 8 << 30, 32 << 30]), far=rng.random() < 0.5)
        self.xml = topology.spell_out(text)
        self.host = topology.parse(self.xml)

    def make_inventory(self):
        """A host, perhaps an SDK, and more VMs than fit; some of them kept."""
        rng, mine, sdk = self.rng, [], []
        for node in self.host.homes():
            cores = self.host.node_cores(node)
            count = rng.choice([1, 1, 2, 3])
            mine += cores[:count]
            sdk += cores[count:count + rng.choice([0, 0, 1, 2])]
        self.sections = [("host", {"cpus": generator._lists(mine),
                                   "memory-per-node": rng.choice([None, "1G"])})]
        if sdk:
            self.sections.append(("sdk", {"cpus": generator._lists(sdk)}))
        for i in range(rng.randint(2, 8)):
            self.sections.append((f"vm v{i}", {
                "vcpus": rng.choice([1, 2, 3, 4, 4, 6, 8, 12]),
                "memory": rng.choice([None, "1G", "2G", "5G", "10G"]),
                "threads": rng.choice([None, None, None, "isolate"]),
                "node": rng.choice(self.host.homes()) if rng.random() < 0.15 else None}))
        if rng.random() < 0.3:
            self.keep_fragments()
        elif rng.random() < 0.6:
            self.keep_scattered()

    def keep_scattered(self):
        """Pin some VMs where a full host would have them, then let others of them go."""
        _, plan = self.plan(self.sections, self.xml)
        kept = generator.pinned(self.sections, plan, lambda _: self.rng.random() < 0.6)
        placed = {vm["name"] for vm in plan["vms"] if vm["placed"]}
        self.sections = [s for s in kept if s[0][3:] not in placed or "cpus" in s[1]
                         or self.rng.random() < 0.5]
        self.sections += [(f"vm w{i}", {"vcpus": self.rng.choice([2, 3, 4, 5, 8])})
                          for i in range(2)]

    def keep_fragments(self):
        """Small VMs pinned here and there, and others that want most of what is left."""
        rng = self.rng
        taken = set().union(*(cpulist.parse(k["cpus"]) for _, k in self.sections if "cpus" in k))
        left = [c for c in self.host.cores if c.cpus[0] not in taken]
        kept = rng.sample(left, min(len(left), rng.randint(1, len(left) // 2 + 1)))
        self.sections = [s for s in self.sections if not s[0].startswith("vm ")]
        for i, core in enumerate(kept):
            self.sections.append((f"vm k{i}", {"vcpus": len(core.cpus),
                                               "cpus": ",".join(map(str, core.cpus))}))
        threads = len(self.host.cores[0].cpus)
        for i in range(rng.choice([1, 1, 2])):
            self.sections.append((f"vm big{i}", {
                "vcpus": max(1, rng.randint(2, max(2, len(left) - len(kept))) * threads - 1)}))

    def plan(self, sections, xml, options=()):
        """(status, plan) of what planner makes of SECTIONS on the host XML."""
        self.runs += 1
        text = generator.text(sections)
        inventory, host = self.write(f"{self.runs}.ini", text), self.write(f"{self.runs}.xml", xml)
        status, output, errors = planner("plan", "--json", "-i", inventory, "-t", host, *options)
        self.write(f"{self.runs}.json", output)
        if not output:
            raise RuntimeError(f"{inventory}: {status} {errors}")
        plan = json.loads(output)
        if "--moves" not in options:
            self.known.add("judge")
            for complaint in judge(topology.parse(xml), inventories.parse(text), plan, status):
                self.fail("judge", f"run {self.runs}: {complaint}")
        return status, plan


def without_cpus(sections, role, cpus):
    """SECTIONS with CPUS given back by [ROLE]."""
    made = []
    for name, keys in sections:
        if name == role:
            left = cpulist.parse(keys["cpus"]) - cpus
            keys = dict(keys, cpus=cpulist.format(left))
            if not left:
                continue
        made.append((name, keys))
    return made


def with_memory(xml, node, bytes_):
    """The host XML with BYTES_ more on a node, for less than 0 less."""
    def more(match):
        size = int(re.search(r'local_memory="(\d+)"', match[0])[1])
        return match[0].replace(f'local_memory="{size}"', f'local_memory="{size + bytes_}"', 1)
    pattern = rf'<object [^>]*type="NUMANode"[^>]*\bos_index="{node}"[^>]*>'
    changed, count = re.subn(pattern, more, xml)
    assert count == 1
    return changed


def only(sections, names):
    """SECTIONS with those VMs alone: what else was refused must not take the room that is made."""
    return [s for s in sections if not s[0].startswith("vm ") or s[0][3:] in names]


def fits(trial, sections, xml, names, options=()):
    _, plan = trial.plan(sections, xml, options)
    missing = names - {vm["name"] for vm in plan["vms"] if vm["placed"]}
    return not missing


def check_cores(trial, sections, names, vm, change):
    cpus, host = cpulist.parse(change["cpus"]), trial.host
    trial.known |= {"cores", "fewest"}
    wrong = [cpu for cpu in cpus if host.core_of[cpu].node != change["node"]]
    cores = {host.core_of[cpu].cpus[0] for cpu in cpus}
    if wrong or len(cores) != change["cores"] or cpus != host.whole(cpus):
        trial.fail("cores", f"{vm}: {change}: not so many whole cores of that node")
    given = without_cpus(sections, change["from"], cpus)
    if not fits(trial, given, trial.xml, names):
        trial.fail("cores", f"{vm}: {change}")
    core = host.core_of[trial.rng.choice(sorted(cores))]
    less = without_cpus(sections, change["from"], cpus - set(core.cpus))
    if fits(trial, less, trial.xml, names):
        trial.fail("fewest", f"{vm}: {change}: fits without giving {core.cpus} back")


def check_memory(trial, sections, names, vm, change):
    trial.known |= {"memory", "least"}
    spec = next(keys for name, keys in sections if name == f"vm {vm}")
    assert spec["memory"]
    if not fits(trial, sections, with_memory(trial.xml, change["node"], change["memory"]), names):
        trial.fail("memory", f"{vm}: {change}")
    less = with_memory(trial.xml, change["node"], change["memory"] - 4096)
    if fits(trial, sections, less, names):
        trial.fail("least", f"{vm}: {change}: fits with a page less")


def changed(trial, sections, xml, names, change):
    """(sections, XML, names, moves) after CHANGE alone."""
    if change["kind"] == "move":
        return sections, xml, names, 1
    if change["kind"] == "memory":
        return sections, with_memory(xml, change["node"], change["memory"]), names, 0
    if "cpus" in change:
        return without_cpus(sections, change["from"], cpulist.parse(change["cpus"])), xml, names, 0
    gone = change["vm"]
    return [s for s in sections if s[0] != f"vm {gone}"], xml, names - {gone}, 0


def check_pair(trial, sections, names, vm, change):
    trial.known |= {"pair", f"{change['kind']} and {change['with']['kind']}"}
    both, moves = (sections, trial.xml, names), 0
    for part in change, change["with"]:
        *alone, move = changed(trial, sections, trial.xml, names, part)
        if fits(trial, *alone, ("--moves", str(move)) if move else ()):
            trial.fail("pair", f"{vm}: {part} would do alone")
        *both, move = changed(trial, *both, part)
        moves += move
    if not fits(trial, *both, ("--moves", str(moves)) if moves else ()):
        trial.fail("pair", f"{vm}: {change}")


def check_change(trial, sections, names, vm, change):
    if "with" in change:
        check_pair(trial, sections, names, vm, change)
    elif change["kind"] == "cores" and "cpus" in change:
        check_cores(trial, sections, names, vm, change)
    elif change["kind"] == "memory":
        check_memory(trial, sections, names, vm, change)
    elif change["kind"] == "move":
        trial.known.add("move")
        if not fits(trial, sections, trial.xml, names, ("--moves", "1")):
            trial.fail("move", f"{vm}: {change}")
    else:
        trial.known.add("away")
        rest = [s for s in sections if s[0] != f"vm {change['vm']}"]
        if change["vm"] not in names or not fits(trial, rest, trial.xml, names - {change["vm"]}):
            trial.fail("away", f"{vm}: {change}")


def check_reason(trial, plan, vm, changes):
    trial.known.add("reason")
    findings = [f for f in plan["findings"] if f["subject"] == f"vm {vm}"
                and f["id"] in ("vm.does-not-fit", "vm.too-large", "vm.node-absent")]
    if len(findings) != 1:
        trial.fail("reason", f"{vm}: {len(findings)} findings")
        return
    text, fix = findings[0]["text"], findings[0]["fix"]
    if not re.search(r"\d+ whole cores?|core is left|of memory|node \d+", text):
        trial.fail("reason", f"{vm}: '{text}' names neither cores nor memory nor node")
    kinds = {c["kind"] for c in changes}
    if kinds == {"memory"} and not re.search(r"memory|\d[KMGT]\b", text):
        trial.fail("reason", f"{vm}: memory alone would do, and the text is '{text}'")
    for change in [part for c in changes for part in (c, c.get("with")) if part]:
        named = change.get("cpus") or change.get("vm") or f"node {change['node']}"
        if named not in fix:
            trial.fail("reason", f"{vm}: the fix '{fix}' does not say {named}")


def run(trial):
    _, plan = trial.plan(trial.sections, trial.xml)
    placed = {vm["name"] for vm in plan["vms"] if vm["placed"]}
    for entry in plan.get("why_not", []):
        names = placed | {entry["vm"]}
        sections = only(trial.sections, names)
        check_reason(trial, plan, entry["vm"], entry["changes"])
        for change in entry["changes"]:
            check_change(trial, sections, names, entry["vm"], change)
    for vm in plan["vms"]:
        if not vm["placed"] and vm["name"] not in {e["vm"] for e in plan.get("why_not", [])} \
                and not any(f["subject"] == f"vm {vm['name']}" for f in plan["findings"]):
            trial.fail("reason", f"{vm['name']}: refused in silence")


def main():
    tap, cases = Tap(), trials.Trials("whynot", 400, 60, enough=300, kind=Trial)
    with tempfile.TemporaryDirectory() as scratch:
        cases.run(run, scratch)
    cases.report(tap, GROUPS)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
