#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
plan, fit, replay and fit --place agree: on random hosts, with nodes without memory or without CPUs,
dies, kinds of cores and distances, and VMs that ask for every place there is, whose helpers have
cores of their own, or of which some vCPUs float. Every plan is judged by the judge of plans.

    PLANNER=build/bin/planner CASES=60 SEED=1 tests/agree.t
"""

import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "judge"))

import case
import generator
import inventory as inventories
import seats
import trials
from judge import judge
from program import planner
from tap import Tap

GROUPS = {
    "judge": "the judge of plans has nothing against any of them",
    "decide": "replay admits a VM where plan places it beside those that stay, and no other",
    "level": "replay gives it as fine a place as plan does, and as near",
    "together": "what replay admits one by one, plan places together, no worse",
    "order": "fit --place takes for one node what plan --prefer order places",
    "most": "fit --place takes no more than plan places, and its bound holds",
    "fit": "replay admits as many of a size as fit counts, where each is in one node",
}

WORDS = ("vcpus", "node", "memory-node", "socket", "die", "l3", "iothreads", "maximum", "sockets")
NOT_IN_EVENTS = ("cpus", "cpu-pm", "count")


def event(name, keys):
    """The keys of a VM as those of an event or a request."""
    made = {"id": name}
    for key, value in keys.items():
        if value is None or key in NOT_IN_EVENTS:
            continue
        made[key.replace("-", "_")] = int(value) if key in WORDS else value == "yes" if key == "locked" else value
    return made


class Trial(trials.Trial):
    """A host, its inventory without VMs, and VMs that come."""

    def plan(self, sections, *options):
        """The plan of SECTIONS, judged: (names placed, document)."""
        text = generator.text(sections)
        path = self.write("inventory.ini", text)
        status, output, errors = planner("plan", "--json", "-t", self.source, "-i", path, *options)
        trials.check(status in (0, 1) and output, "judge", f"status {status}: {errors}")
        document = json.loads(output)
        complaints = judge(self.host, inventories.parse(text), document, status)
        trials.check(not complaints, "judge", "; ".join(map(str, complaints)))
        return [vm["name"] for vm in document["vms"] if vm["placed"]], document

    def replay(self, sections, events):
        path = self.write("node.ini", generator.text(sections))
        history = self.write("events.jsonl", "".join(json.dumps(dict(e, op="place")) + "\n" for e in events))
        status, output, errors = planner("replay", "-t", self.source, "-i", path, history)
        trials.check(status in (0, 1), "decide", f"replay: status {status}: {errors}{output}")
        answers = [json.loads(line) for line in output.splitlines()][:-1]
        trials.check(len(answers) == len(events), "decide", f"{len(answers)} answers to {len(events)} events")
        return answers

    def place(self, sections, events, *options):
        """What fit --place takes for the one node, and its last line."""
        path = self.write("node.ini", generator.text(sections))
        requests = self.write("requests.jsonl", "".join(json.dumps(e) + "\n" for e in events))
        status, output, errors = planner("fit", "--json", "-t", self.source, "--place", requests, *options, path)
        trials.check(status in (0, 1), "order", f"fit --place: status {status}: {errors}")
        *answers, end = [json.loads(line) for line in output.splitlines()]
        return [a["id"] for a in answers if a.get("status") == "placed"], end


def sections_of(node, vms):
    return node + [(f"vm {name}", keys) for name, keys in vms]


def where(trial, keys, document, name):
    """(level, distance) of a placed VM."""
    text = generator.text(sections_of([], [(name, keys)]))
    its = case.Case(trial.host, inventories.parse(text), document)
    its.open()
    spec, vm = next((spec, vm) for spec, vm in its.vms if vm["name"] == name)
    if vm["policy"] == "shared":
        return None
    return seats.level_of(its, spec, vm), trial.host.distance({core.node for core in its.cores(vm["vcpupin"])})


def pinned(keys, answer):
    return keys if keys.get("policy") == "shared" else dict(keys, cpus=",".join(map(str, answer["cpus"])))


def check_replay(trial, node, vms):
    """Each decision of replay against a plan with those before it pinned; who runs in the end."""
    running = []
    answers = trial.replay(node, [event(name, keys) for name, keys in vms])
    for (name, keys), answer in zip(vms, answers):
        before = [(n, pinned(k, a)) for n, k, a in running]
        names, document = trial.plan(sections_of(node, before + [(name, keys)]))
        admitted = answer["status"] == "placed"
        fits = {n for n, _ in before} | {name} <= set(names)
        trials.check(fits == admitted, "decide", f"{name}: {answer}, plan has {names}")
        if not admitted:
            continue
        running.append((name, keys, answer))
        mine = [(n, pinned(k, a)) for n, k, a in running]
        _, its = trial.plan(sections_of(node, mine))
        here, best = (where(trial, keys, d, name) for d in (its, document))
        trials.check(here == best, "level", f"{name}: (level, distance) {here}, plan {best}")
    return running


def check_together(trial, node, running):
    vms = [(name, keys) for name, keys, _ in running]
    names, document = trial.plan(sections_of(node, vms))
    optimal = document["placement"]["optimal"]
    trials.check(len(names) == len(vms) or not optimal and document["placement"]["bound"] >= len(vms), "together",
                 f"{[n for n, _ in vms]} run together, plan places {names}, optimal: {optimal}")
    if not optimal or not vms:
        return
    _, one_by_one = trial.plan(sections_of(node, [(n, pinned(k, a)) for n, k, a in running]))
    far = [sum(at[0] > 1 for at in map(lambda vm: where(trial, vm[1], d, vm[0]), vms) if at)
           for d in (document, one_by_one)]
    trials.check(far[0] <= far[1], "together", f"plan puts {far[0]} VMs over several nodes, replay {far[1]}")


def check_place(trial, node, vms):
    """fit --place of one node, beside some VMs that it has."""
    cut = trial.rng.choice((0, len(vms) // 3))
    names, _ = trial.plan(sections_of(node, vms[:cut]))
    have = [vm for vm in vms[:cut] if vm[0] in names]
    _, document = trial.plan(sections_of(node, have))
    if any(f["severity"] == "error" for f in document["findings"]):
        return  # such a node takes none
    come = [vm for vm in vms[cut:]  # others it does not take
            if vm[1].get("policy") != "shared" and vm[1].get("memory-node") is None]
    requests = [event(name, keys) for name, keys in come]
    taken, _ = trial.place(sections_of(node, have), requests, "--prefer", "order")
    names, document = trial.plan(sections_of(node, have + come), "--prefer", "order")
    if any(f["severity"] == "error" and f["id"] != "vm.does-not-fit" for f in document["findings"]):
        return
    want = [n for n in names if n not in dict(have)]
    trials.check(taken == want, "order", f"takes {taken}, plan --prefer order {want} beside {[n for n, _ in have]}")
    taken, end = trial.place(sections_of(node, have), requests)
    vcpus = {name: keys["vcpus"] for name, keys in vms}
    names, document = trial.plan(sections_of(node, have + come))
    mine, most = (sum(vcpus[n] for n in of if n not in dict(have)) for of in (taken, names))
    if document["placement"]["optimal"] and set(dict(have)) <= set(names):
        trials.check(mine <= most, "most", f"takes {mine} vCPUs, plan places {most}")
    bound = end.get("bound")
    if bound is not None:
        trials.check(bound >= mine, "most", f"bound {bound}, {mine} are taken")
    after, _ = trial.plan(sections_of(node, have + [vm for vm in come if vm[0] in taken]))
    trials.check(len(after) == len(have) + len(taken), "most", f"takes {taken}, plan then places {after}")


def check_fit(trial, node, running):
    """So many of a size are admitted one by one, on what the others leave."""
    vcpus, memory = trial.rng.choice((1, 2, 3, 4, 6, 8)), trial.rng.choice((None, "1G", "3G"))
    size = ":".join([str(vcpus)] + ([memory] if memory else []))
    sections = sections_of(node, [(n, pinned(k, a)) for n, k, a in running])
    path = trial.write("inventory.ini", generator.text(sections))
    status, output, errors = planner("fit", "--json", "-t", trial.source, "-i", path, "--vm", size)
    trials.check(status in (0, 1) and output, "fit", f"status {status}: {errors}")
    answer = json.loads(output)["sizes"][0]
    keys = {"vcpus": vcpus, "memory": memory}
    answers = trial.replay(sections, [event(f"zz{i}", keys) for i in range(answer["bound"] + 1)])
    came = sum(a["status"] == "placed" for a in answers)
    trials.check(came <= answer["bound"], "fit", f"{size}: replay admits {came}, fit says at most {answer['bound']}")
    levels = {len({trial.host.core_of[c].node for c in a["cpus"]}) for a in answers if a["status"] == "placed"}
    if levels <= {1} and answer.get("across", 0) == 0:
        trials.check(came >= answer["fit"], "fit", f"{size}: replay admits {came}, fit counts {answer['fit']}")


def ask_memory(trial, vms):
    """Some VMs want their memory of a node without cores."""
    only = sorted(set(trial.host.nodes) - set(trial.host.homes()))
    for _, keys in vms:
        if only and keys.get("policy") != "shared" and keys.get("memory") and trial.rng.random() < 0.4:
            keys["memory-node"] = trial.rng.choice(only)


def run(trial, hosts):
    trial.source, _, trial.host = trial.rng.choice(hosts)
    sections = generator.inventory(trial.rng, trial.host)
    node = [s for s in sections if not s[0].startswith("vm ")]
    vms = [(own, dict(keys, count=None)) for name, keys in sections if name.startswith("vm ")
           for own in ([name[3:]] if (keys.get("count") or 1) == 1 else
                       [f"{name[3:]}-{i + 1}" for i in range(keys["count"])])]
    trial.rng.shuffle(vms)
    ask_memory(trial, vms)
    running = check_replay(trial, node, vms)
    check_together(trial, node, running)
    check_place(trial, node, vms)
    check_fit(trial, node, running)


def main():
    tap, cases = Tap(), trials.Trials("agree", 60, 15, enough=40, kind=Trial)
    names = sorted(name.removesuffix(".xml") for name in os.listdir(os.path.join(trials.TESTS, "hosts"))
                   if name.endswith(".xml"))
    with tempfile.TemporaryDirectory() as scratch:
        hosts = trials.hosts(scratch, 10, names, 40)
        cases.run(lambda trial: run(trial, hosts), scratch)
    cases.report(tap, GROUPS)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
