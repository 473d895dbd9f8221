#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
planner fleet survive, judged by a model of its own: every restart is played out (the nodes' inventories
with the VMs they got, by `planner plan`), and on small fleets verdicts and spare are compared with all
choices there are.

    PLANNER=build/bin/planner FLEETS=30 SEED=1 tests/survive.t
"""

import functools
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

from program import PLANNER
from tap import Tap

FLEETS = int(os.environ.get("FLEETS", "24"))
SEED = int(os.environ.get("SEED", "1"))
G = 1 << 30
# NUMA nodes, cores of each, threads, GiB of each
KINDS = [(2, 5, 2, 9), (1, 8, 2, 14), (2, 4, 1, 7), (1, 6, 2, 9)]
NEW = "kernel = 5.14.0\nqemu = 7.2.0\nlibvirt = 9.0.0\nmwait = no\n"
OLD = "kernel = 3.10.0\nqemu = 2.12.0\nlibvirt = 4.5.0\nmwait = no\n"

tap = Tap()
folder = tempfile.TemporaryDirectory()
scratch = folder.name


def run(*arguments, **more):
    return subprocess.run([PLANNER, *arguments], capture_output=True, timeout=300, **more)


def write(name, text):
    file = os.path.join(scratch, name)
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with open(file, "w", encoding="utf-8") as out:
        out.write(text)
    return file


def lines(result):
    return [json.loads(line) for line in result.stdout.decode().splitlines()]


# -- fleets: each VM has its CPUs, so what is free is known by counting ----------------------------

class Node:
    def __init__(self, rng, name, numbers):
        self.name = name
        self.nodes, self.cores, self.threads, self.memory = rng.choice(KINDS)
        self.new = rng.random() < 0.7
        self.group = f"rack{rng.randint(1, 2)}" if rng.random() < 0.4 else None
        self.free = [self.cores - 1] * self.nodes
        self.left = [self.memory - 1] * self.nodes  # GiB
        self.vms = []
        fill = rng.choice([0, 0.4, 0.7])
        for numa in range(self.nodes):
            while self.cores - 1 - self.free[numa] < fill * (self.cores - 1):
                vm = {"vcpus": rng.choice([1, 2, 3]), "memory": rng.choice([1, 2, 4]),
                      "off": rng.random() < 0.5}
                need = -(-vm["vcpus"] // self.threads)
                if need > self.free[numa] or vm["memory"] > self.left[numa] or len(self.vms) == 3:
                    break
                first = numa * self.cores + self.cores - self.free[numa]
                vm["cpus"] = [core * self.threads + t for core in range(first, first + need)
                              for t in range(self.threads)][:vm["vcpus"]]
                vm["name"] = f"v{next(numbers)}" if rng.random() < 0.95 else "twin"
                if vm["name"] in [v["name"] for v in self.vms]:
                    break
                self.free[numa] -= need
                self.left[numa] -= vm["memory"]
                self.vms.append(vm)

    def text(self, more=(), spans=True):
        text = f"[node]\nname = {self.name}\n" + (NEW if self.new else OLD)
        text += f"group = {self.group}\n" if self.group else ""
        text += "[host]\ncores-per-node = 1\nmemory-per-node = 1G\n"
        for vm in self.vms:
            text += vm_text(vm, spans) + f"cpus = {','.join(map(str, vm['cpus']))}\n"
        for vm in more:
            text += vm_text(vm, spans)
        return text

    @property
    def topology(self):
        return f"numa:{self.nodes}(memory={self.memory * G}) core:{self.cores} pu:{self.threads}"

    def needs(self, vm):
        """Must VM, of this node, have cpu-pm where it goes?"""
        return self.new and not vm["off"]


def vm_text(vm, spans):
    return (f"[vm {vm['name']}]\nvcpus = {vm['vcpus']}\nmemory = {vm['memory']}G\n" +
            ("cpu-pm = off\n" if vm["off"] else "") + ("" if spans else "spans = never\n"))


def make(rng, n, spans):
    numbers = iter(range(1000))
    nodes = [Node(rng, f"n{i}", numbers) for i in range(n)]
    entries = []
    for node in nodes:
        write(f"{node.name}.ini", node.text(spans=spans))
        entries.append({"inventory": f"{node.name}.ini", "topology": node.topology})
    return nodes, entries


def survive(entries, *more):
    file = write("fleet.jsonl", "".join(json.dumps(e) + "\n" for e in entries))
    return run("fleet", "survive", "--fleet", file, "--json", *more)


# -- all choices there are -------------------------------------------------------------------------

def loads(nodes, lost):
    """Of the VMs of LOST: the fewest left out, and each way to seat all as cores by room."""
    rooms = [(node, numa) for node in nodes if node not in lost for numa in range(node.nodes)]
    vms = [(node, vm) for node in lost for vm in node.vms]
    least, ways = len(vms), set()

    def place(i, cores, memory, guests, left):
        nonlocal least
        if left > least:
            return
        if i == len(vms):
            least = min(least, left)
            if not left:
                ways.add(tuple(sorted(((node.name, numa), c) for (node, numa), c in cores.items() if c)))
            return
        home, vm = vms[i]
        for room in rooms:
            node, numa = room
            need = -(-vm["vcpus"] // node.threads)
            if cores.get(room, 0) + need > node.free[numa] or memory.get(room, 0) + vm["memory"] > node.left[numa] \
                    or (home.needs(vm) and not node.new) \
                    or vm["name"] in [v["name"] for v in node.vms] or (node.name, vm["name"]) in guests:
                continue
            place(i + 1, {**cores, room: cores.get(room, 0) + need},
                  {**memory, room: memory.get(room, 0) + vm["memory"]}, guests | {(node.name, vm["name"])}, left)
        place(i + 1, cores, memory, guests, left + 1)

    place(0, {}, {}, frozenset(), 0)
    return least, ways


def grown(kept, way):
    both = dict(kept)
    for room, cores in way:
        both[room] = max(both.get(room, 0), cores)
    return tuple(sorted(both.items()))


def least_spare(ways_of):
    """The fewest cores that hold one of the ways of each loss."""
    best = None

    @functools.lru_cache(None)
    def keep(i, kept):
        nonlocal best
        total = sum(c for _, c in kept)
        if best is not None and total >= best:
            return
        if i == len(ways_of):
            best = total
            return
        for after in sorted({grown(kept, way) for way in ways_of[i]}, key=lambda k: sum(c for _, c in k)):
            keep(i + 1, after)

    keep(0, ())
    return best


def units(nodes, failures):
    groups = sorted({n.group for n in nodes if n.group})
    groups = [(g, [n for n in nodes if n.group == g]) for g in groups]
    pairs = [(f"{a.name}, {b.name}", [a, b]) for a, b in itertools.combinations(nodes, 2)] if failures == 2 else []
    return [(n.name, [n]) for n in nodes] + [(g, of) for g, of in groups if len(of) > 1] + pairs


def name_of(answer):
    return answer.get("group") or answer.get("node") or ", ".join(answer["nodes"])


def play(nodes, answer, spans):
    """What is wrong with the restarts of one loss."""
    by_name = {n.name: n for n in nodes}
    lost = answer.get("nodes") or [answer["node"]]
    vms = {(n, vm["name"]): vm for n in lost for vm in by_name[n].vms}
    told = [(a["from"], a["vm"]) for a in answer["restarts"] + answer["left"]]
    wrong = [] if sorted(told) == sorted(vms) else [f"{answer}: not each VM once"]
    taken = {}
    for a in answer["restarts"]:
        vm, home, node = vms[a["from"], a["vm"]], by_name[a["from"]], by_name[a["node"]]
        taken.setdefault(node.name, []).append(vm)
        if node.name in lost or (home.needs(vm) and not node.new):
            wrong.append(f"{a}: may not be there")
        if len(a["numa_nodes"]) > 1 and not spans:
            wrong.append(f"{a}: spans")
    for name, more in taken.items():
        file = write("played.ini", by_name[name].text(more, spans))
        result = run("plan", "--json", "-i", file, "-t", by_name[name].topology)
        if result.returncode or not all(vm["placed"] for vm in json.loads(result.stdout)["vms"]):
            wrong.append(f"{name_of(answer)}: {name} does not hold {more}")
    return wrong


rng = random.Random(SEED)
wrong, seen, spares, proved, reached = [], set(), 0, 0, 0
for number in range(FLEETS):
    spans = number % 3 == 2
    failures = 2 if number % 4 == 1 else 1
    nodes, entries = make(rng, rng.randint(2, 4 if failures == 1 else 3), spans)
    result = survive(entries, "--failures", str(failures))
    *answers, end = lines(result)
    expected, ways_of = units(nodes, failures), []
    told = {name_of(a): a for a in answers}
    single = [name for name, lost in units(nodes, 1)]
    if list(told)[:len(single)] != single or len(told) != len(answers) or set(told) - {name for name, _ in expected}:
        wrong.append(f"fleet {number}: {list(told)} are lost, not {expected}")
        continue
    for name, lost in expected:
        answer = told.get(name)  # none of a pair that is survived
        if answer:
            wrong += [f"fleet {number}: {w}" for w in play(nodes, answer, spans)]
            seen.add(answer["verdict"])
        if spans:
            continue
        least, ways = loads(nodes, lost)
        if (not answer["least_left"] == len(answer["left"]) == least) if answer else least:
            wrong.append(f"fleet {number} {name}: {answer}, but {least} must be left")
        if not least:
            ways_of.append(ways)
    kinds = {key: sum(k[key] for k in end["kinds"]) for key in ("nodes", "cores", "free_cores", "spare")}
    spare = end["spare"]
    if kinds != {"nodes": len(nodes), "cores": sum(n.nodes * (n.cores - 1) for n in nodes),
                 "free_cores": sum(sum(n.free) for n in nodes), "spare": spare["cores"]} \
            or spare["cores"] != sum(r["cores"] for r in spare["rooms"]) or spare["bound"] > spare["cores"]:
        wrong.append(f"fleet {number}: {end} does not add up")
    pairs = len(nodes) * (len(nodes) - 1) // 2 if failures == 2 else 0
    judged = end["pairs"]
    if judged["judged"] != pairs or judged["survive"] + judged["fail"] + judged["unknown"] != pairs:
        wrong.append(f"fleet {number}: {judged} pairs, not {pairs}")
    status = 1 if {a["verdict"] for a in answers} != {"survives"} else 0
    if result.returncode != status or result.stderr:
        wrong.append(f"fleet {number}: status {result.returncode}, {result.stderr}")
    if spans:
        continue
    best = least_spare(ways_of)
    spares += 1
    proved += spare["bound"] == spare["cores"]
    reached += spare["cores"] == best
    kept = {(r["node"], r["numa_node"]): r["cores"] for r in spare["rooms"]}
    if not spare["bound"] <= best <= spare["cores"] or spare["losses"] != len(ways_of):
        wrong.append(f"fleet {number}: spare {spare}, the least is {best}")
    for ways in ways_of:
        if not any(all(kept.get(room, 0) >= cores for room, cores in way) for way in ways):
            wrong.append(f"fleet {number}: a loss does not fit in {kept}")
tap.ok(not wrong, f"{FLEETS} fleets: restarts played out, verdicts and spare against all choices", *wrong)
tap.ok({"survives", "fails"} <= seen, "there are losses that are survived and others", seen)
tap.ok(reached == spares and proved >= 0.9 * spares,
       f"the least spare is found on small fleets ({reached} of {spares}), and mostly proved ({proved})")

# -- the same answer whoever asks ------------------------------------------------------------------

nodes, entries = make(rng, 60, True)
first = survive(entries)
wrong = []
for answer in rng.sample(lines(first)[:-1], 8):
    wrong += play(nodes, answer, True)
tap.ok(not wrong, "some losses of a larger fleet played out", *wrong)
judged = lines(survive(entries, "--failures", "2"))[-1]["pairs"]
tap.ok(judged["all"] == 60 * 59 // 2 and 46 * 45 // 2 < judged["judged"] <= judged["all"],
       "pairs of a larger fleet: the heavy ones, and others", judged)
for threads in 1, 8:
    again = survive(rng.sample(entries, len(entries)), "--threads", str(threads))
    tap.ok(again.stdout == first.stdout, f"the same bytes with {threads} threads and another order")

# -- what cannot be answered -----------------------------------------------------------------------

write("bad.ini", "[vm a]\nvcpus = many\n")
write("full.ini", "[node]\nname = full\n[host]\ncores-per-node = 1\n[vm a]\nvcpus = 99\n")
found = survive([entries[0], {"inventory": "bad.ini", "topology": "core:4 pu:2"}, {"inventory": "gone.ini"},
                 {"inventory": "full.ini", "topology": "core:4 pu:2"}, {**entries[0], "name": "n0", "topology": "core:9"},
                 {"inventory": 7}])
broken = [line for line in lines(found)[:-1] if line.get("state") == "broken"]
faulty = [line for line in lines(found)[:-1] if line.get("state") == "faulty"]
tap.ok(len(broken) == 4 and all(b["why"] for b in broken) and found.returncode == 2 and not found.stderr,
       "broken nodes are named, the others answered; status 2", broken)
tap.ok(len(faulty) == 1 and "unplaced" in faulty[0]["why"], "a node whose plan is bad news says so", faulty)
people = run("fleet", "survive", "--fleet", os.path.join(scratch, "fleet.jsonl"))
tap.ok(people.returncode == 2 and people.stderr.count(b"\n") == 4 and b"LOST" in people.stdout,
       "on stderr for people", people.stderr)
for words, said in {("survive",): b"needs the nodes", ("surviv", "x"): b"did you mean 'survive'", (): b"takes a sub-command",
                    ("nothing",): b"no sub-command 'nothing'", ("survive", scratch + "/gone"): b"No such file",
                    ("survive", "--threads", "0", scratch): b"--threads"}.items():
    found = run("fleet", *words)
    tap.ok(found.returncode == 2 and said in found.stderr and not found.stdout and found.stderr.count(b"\n") == 1,
           f"refused: {' '.join(words)}", found.stderr)
sys.exit(tap.done())
