#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
`planner migrate` on random pairs of nodes agrees with `planner plan`: a VM fits there if and only
if the plan of that node with the VM in it, all others pinned where they are, places it; on the same
CPUs, with the same cpu-pm. Saved plans and inventories give the same answer.

    PLANNER=build/bin/planner CASES=300 SEED=1 tests/migrate.t
"""

import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "judge"))

import generator
import trials
from program import planner
from tap import Tap
from trials import check

VERDICTS = ["live", "loses-cpu-pm", "unknown", "restart", "cannot"]

GROUPS = {
    "status": "0 when it is live and all, 1 when not; the verdict is that of the worst point",
    "room": "it fits where the plan of the other node places it, on the same CPUs",
    "cpu-pm": "cpu-pm there is what the plan of the other node says",
    "told": "live means that the guest finds what it was told: topology and cells",
    "sources": "saved plans and inventories give the same answer",
    "xml": "the XML is printed when it fits and its memory is known, and pins it there",
}


def there(sections, plan, name, keys):
    """The other node with the VM: all others that are placed pinned, the rest gone."""
    placed = {vm["name"] for vm in plan["vms"] if vm["placed"]}
    kept = [(n, dict(k)) for n, k in generator.pinned(sections, plan, lambda _: True)
            if not n.startswith("vm ") or n[3:] in placed]
    return kept + [("vm " + name, dict(keys, node=None, socket=None, die=None, l3=None, cpus=None, count=None))]


def told(vm):
    """What the guest is told of its CPUs and memory."""
    cells = [(s["vcpus"], s["memory"]) for s in vm.get("shares", [])]
    return vm["topology"], cells


def one_case(trial, hosts):
    """The verdict, None where there is no guest to migrate."""
    rng, folder = trial.rng, trial.dir
    (here, _, host), (other, _, other_host) = rng.choice(hosts), rng.choice(hosts)
    guest = generator._vm(rng, host) | {"count": None}
    if rng.random() < 0.6:  # nodes that are alike, a VM that is small: what migrates live
        other, other_host = here, host
        guest |= {"vcpus": rng.choice([1, 2, 4]), "memory": "1G", "node": None, "sockets": None,
                  "realtime-vcpus": None, "dedicated-vcpus": None,
                  "cpu-mode": rng.choice(["custom", "custom", "host-model"])}
    a = generator.inventory(rng, host) + [("vm guest", guest)]
    b = generator.inventory(rng, other_host)
    if here == other:
        b[0][1].update(a[0][1] if rng.random() < 0.7 else {"mwait": "no"})
        if rng.random() < 0.3:  # cpu-pm is had here, and not there
            a[0][1].update(kernel="6.1.0", qemu="9.1.0", mwait="no")
            b[0][1].update(kernel="4.16.3", qemu="9.1.0")
            guest.update({"policy": None, "cpu-pm": None, "cpu-mode": "custom"})
    for name, keys in a + b:
        if name == "sdk":
            keys.pop("near", None)  # saved plans have no devices,
        if keys.get("policy") != "shared":
            keys.pop("node", None)  # nor the nodes that VMs asked for
    (_, plan_a), (_, plan_b) = trial.saved("a", a, here), trial.saved("b", b, other)
    guest = next(vm for vm in plan_a["vms"] if vm["name"] == "guest")
    if not guest["placed"]:
        return None
    _, both = trial.saved("both", there(b, plan_b, "guest", dict(a)["vm guest"]), other)
    landed = next(vm for vm in both["vms"] if vm["name"] == "guest")

    inventories = ("--from", f"{folder}/a.ini", "--from-topology", here,
                   "--to", f"{folder}/b.ini", "--to-topology", other)
    plans = ("--from", f"{folder}/a.json", "--to", f"{folder}/b.json")
    status, output, errors = planner("migrate", "guest", "--json", *plans)
    check(status in (0, 1), "status", f"status {status}: {errors}")
    answer = json.loads(output)
    worst = max(VERDICTS.index(p["verdict"]) for p in answer["points"])
    check(answer["verdict"] == VERDICTS[worst] and (status == 0) == (worst == 0), "status",
          f"{answer['verdict']} with points {VERDICTS[worst]} at worst, status {status}")
    judge(answer, guest, landed)
    judge_xml(answer, landed, plans)
    again = planner("migrate", "guest", "--json", *inventories)
    check((again[0], again[1]) == (status, output), "sources",
          "plans and inventories differ:\n" + output + again[1] + again[2])
    return answer["verdict"]


def judge(answer, guest, landed):
    there_now = answer["to"]
    check(there_now["placed"] == landed["placed"], "room",
          f"migrate says {there_now['placed']}, the plan {landed['placed']}")
    if not landed["placed"]:
        check(answer["verdict"] == "cannot", "room", f"does not fit, and is {answer['verdict']}")
        return
    for key in ("vcpupin", "cpuset"):
        check(there_now.get(key) == landed.get(key), "room",
              f"{key}: {there_now.get(key)}, the plan {landed.get(key)}")
    verdicts = guest["cpu_pm"]["verdict"], landed["cpu_pm"]["verdict"]
    check(there_now["cpu_pm"] == verdicts[1], "cpu-pm", f"{there_now['cpu_pm']}, not {verdicts}")
    if answer["verdict"] == "live":
        check((verdicts[0] == "on") == (verdicts[1] == "on") and "unknown" not in verdicts,
              "cpu-pm", f"live with cpu-pm {verdicts}")
    if answer["verdict"] in ("live", "loses-cpu-pm"):
        check(told(guest) == told(landed), "told", f"{told(guest)} becomes {told(landed)}")


def judge_xml(answer, landed, words):
    status, output, errors = planner("migrate", "guest", "--xml", *words)
    if not landed["placed"] or not landed["memory"]:
        check(status == 2 and not output and errors, "xml", f"status {status}, but no place")
        return
    check(status == (answer["verdict"] != "live"), "xml", f"status {status}: {errors}")
    for vcpu, pin in enumerate(landed.get("vcpupin", [])):
        cpu = landed["cpuset"] if pin is None else pin  # of a mixed VM it floats
        check(f"<vcpupin vcpu='{vcpu}' cpuset='{cpu}'/>" in output, "xml", f"vCPU {vcpu}")
    check(("cpu-pm=on" in output) == (landed["cpu_pm"]["verdict"] == "on"), "xml", "cpu-pm")


def main():
    tap, random_pairs, seen = Tap(), trials.Trials("migrate", 300, 60, enough=250), {}

    with tempfile.TemporaryDirectory() as scratch:
        hosts = trials.hosts(scratch, 12)

        def count(trial):
            verdict = one_case(trial, hosts)
            seen[verdict] = seen.get(verdict, 0) + 1
        random_pairs.run(count, scratch)
    random_pairs.report(tap, GROUPS)
    random_pairs.came_up(tap, f"every verdict came up: {seen}", sorted(set(VERDICTS) - set(seen)))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
