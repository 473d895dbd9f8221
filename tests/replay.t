#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
planner replay: the protocol, as another program would speak it, and every decision judged by a
model of its own: which CPUs are whose, what memory is left, and where a VM could have sat at that
moment.

    PLANNER=build/bin/planner SEED=1 tests/replay.t
"""

import json
import os
import random
import resource
import selectors
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

import case
import cpulist
import inventory as inventories
import seats
import topology
from program import PLANNER
from tap import Tap

SEED = int(os.environ.get("SEED", "1"))
SECONDS = 20  # without an answer
UNITS = {"K": 10, "M": 20, "G": 30, "T": 40}

LARGE = "pack:2 [numa(memory=549755813888)] l3:16 core:4 pu:2"  # 256 CPUs, 32 L3s
SMALL = "numa:2(memory=17179869184) core:4 pu:2"

tap = Tap()
folder = tempfile.TemporaryDirectory()  # gone with the test, however it ends
scratch = folder.name


def write(name, text):
    path = os.path.join(scratch, name)
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return path


def replay(lines, host=SMALL, inventory="", options=()):
    """(status, answers, errors) of a history given as bytes or as a list of events."""
    if not isinstance(lines, bytes):
        lines = "".join(json.dumps(e) + "\n" for e in lines).encode()
    run = subprocess.run([PLANNER, "replay", "-t", host, "-i", write("node.ini", inventory),
                          *options, write("events.jsonl", lines)], capture_output=True, timeout=120)
    return (run.returncode, [json.loads(line) for line in run.stdout.decode().splitlines()],
            run.stderr.decode())


def place(name, vcpus, **more):
    return {"op": "place", "id": name, "vcpus": vcpus, "policy": "dedicated", **more}


def remove(name):
    return {"op": "remove", "id": name}


class Model:
    """What a checker knows of a node: its cores, who has them, and what memory is left."""

    def __init__(self, host, inventory=""):
        self.host = topology.load(host)
        run = subprocess.run([PLANNER, "plan", "--json", "-t", host, "-i",
                              write("plan.ini", inventory)], capture_output=True, timeout=60)
        plan = json.loads(run.stdout)
        ours = set().union(*(cpulist.parse(plan["cpus"][r]) for r in ("free", "dedicated")))
        kept = inventories.parse(inventory)["host-memory"]
        self.cores = [c for c in self.host.cores if not c.partial and set(c.cpus) <= ours]
        self.owner = {}   # CPU → id
        self.vms = {}     # id → (spec, cpus)
        self.memory = {n.id: n.memory - kept for n in self.host.nodes.values() if n.memory}
        for vm in plan["vms"]:
            if vm["placed"] and vm["policy"] == "dedicated":
                spec = {"vcpus": vm["vcpus"], "memory": vm["memory"], "page": vm["hugepages"] or 0,
                        "isolate": vm["threads"] == "isolate", "node": None, "memory-node": None,
                        **helpers_of(vm)}
                self.assignment(vm["name"], spec, case.cpus(spec, vm))

    def free(self):
        return [c for c in self.cores if not any(cpu in self.owner for cpu in c.cpus)]

    def level(self, spec):
        return seats.best_level(spec, self.free(), self.memory, len(self.host.homes()))

    def nodes(self, cpus):
        """[(node, vCPUs)] in vCPU order; CPUS have no helpers' any more."""
        runs = []
        for cpu in cpus:
            node = self.host.core_of[cpu].node
            if runs and runs[-1][0] == node:
                runs[-1][1] += 1
            else:
                runs.append([node, 1])
        return runs

    def level_of(self, spec, cpus):
        runs = self.nodes(cpus[:spec["vcpus"]])
        if len(runs) > 1:
            return len(runs)
        return int(len({self.host.core_of[cpu].l3 for cpu in cpus}) > 1)

    def faults(self, spec, cpus):
        """What is wrong with giving CPUS to a VM, wherever else it could be."""
        free, cores = self.free(), []
        for cpu in cpus:
            core = self.host.core_of.get(cpu)
            if core is None or core not in free:
                return [f"CPU {cpu} is not free for VMs"]
            if not cores or cores[-1] is not core:
                cores.append(core)
        found = []
        own = case.helpers(spec)
        runs = self.nodes(cpus[:spec["vcpus"]])
        if len(set(cpus)) != len(cpus) or len(cpus) != spec["vcpus"] + own:
            found.append(f"{len(set(cpus))} CPUs for {spec['vcpus']} vCPUs and {own} helpers")
        homes = {self.host.core_of[cpu].node for cpu in cpus[spec["vcpus"]:]}
        if len(homes) > 1 or not homes <= {node for node, _ in runs}:
            found.append(f"helpers on nodes {homes}")
        threads = len(cores[0].cpus)
        if len(runs) != len({node for node, _ in runs}) or \
                sorted(n for _, n in runs) != sorted(
                    n for _, n in seats.shares(spec, threads, len(runs))):
            found.append(f"shares are uneven or torn: {runs}")
        need = seats.cores(spec["vcpus"], threads, spec["isolate"]) \
            + seats.cores(own, threads, False)
        if len(cores) != need or len({c.cpus[0] for c in cores}) != need:
            found.append(f"{len(cores)} cores taken, {need} needed")
        for node, vcpus in runs:
            if self.memory.get(node, 1 << 62) < seats.share_memory(spec, vcpus):
                found.append(f"node {node} has not the memory")
        return found

    def assignment(self, name, spec, cpus):
        for core in {self.host.core_of[cpu].cpus[0]: self.host.core_of[cpu]
                     for cpu in cpus}.values():
            self.owner.update((cpu, name) for cpu in core.cpus)
        runs = self.nodes(cpus[:spec["vcpus"]])
        for node, vcpus in runs:
            if node in self.memory:
                self.memory[node] -= seats.share_memory(spec, vcpus)
        self.vms[name] = (spec, cpus)

    def take(self, name):
        spec, cpus = self.vms.pop(name)
        self.owner = {cpu: n for cpu, n in self.owner.items() if n != name}
        runs = self.nodes(cpus[:spec["vcpus"]])
        for node, vcpus in runs:
            if node in self.memory:
                self.memory[node] += seats.share_memory(spec, vcpus)
        return spec, cpus

    def move(self, moves):
        """Carry moves out: all leave, then each finds its CPUs free. What is wrong with them."""
        specs, found = {}, []
        for m in moves:
            if m["id"] not in self.vms or self.vms[m["id"]][1] != m["from"]:
                return [f"{m['id']} is not on {m['from']}"]
            specs[m["id"]] = self.take(m["id"])[0]
        for m in moves:
            found += self.faults(specs[m["id"]], m["to"])
            if found:
                return found
            self.assignment(m["id"], specs[m["id"]], m["to"])
        return found

    def copy(self):
        other = object.__new__(Model)
        other.__dict__ = dict(self.__dict__, owner=dict(self.owner), vms=dict(self.vms),
                              memory=dict(self.memory))
        return other


def helpers_of(keys):
    return {"emulator": keys.get("emulator", "host"), "iothreads": keys.get("iothreads", 0),
            "iothread-cpus": keys.get("iothread_cpus", "host")}


def spec_of(event):
    text = event.get("memory", "0")
    memory = int(text[:-1]) << UNITS[text[-1]] if text[-1] in UNITS else int(text)
    page = event.get("hugepages", "0")
    return {"vcpus": event["vcpus"], "memory": memory, "node": event.get("node"), "memory-node": None,
            "page": int(page[:-1]) << UNITS[page[-1]] if page[-1] in UNITS else 0,
            "isolate": event.get("threads") == "isolate", **helpers_of(event)}


def judge_placed(model, event, answer):
    spec, found = spec_of(event), []
    if answer.get("moves"):
        if model.level(spec) is not None:
            found.append("moved others although there was a place")
        found += model.move(answer["moves"])
    level = model.level(spec)
    found += model.faults(spec, answer["cpus"])
    if not found and model.level_of(spec, answer["cpus"]) != level:
        found.append(f"sits at level {model.level_of(spec, answer['cpus'])}, {level} was possible")
    if not found:
        model.assignment(event["id"], spec, answer["cpus"])
    return found


def judge_rejected(model, event, answer):
    spec = spec_of(event)
    if model.level(spec) is not None:
        return [f"refused, and fits at level {model.level(spec)}"]
    if "would_fit" in answer:
        what_if = model.copy()
        found = what_if.move(answer["would_fit"]["moves"])
        if found or what_if.level(spec) is None:
            return found or ["does not fit after the moves of would_fit"]
    return []


def judge(model, events, answers):
    """The complaints about a whole history."""
    found = []
    for number, (event, answer) in enumerate(zip(events, answers), 1):
        wrong = []
        if answer.get("id") != event["id"]:
            wrong = ["the answer is not to this event"]
        elif event["op"] == "remove":
            status = "removed" if event["id"] in model.vms else "noop"
            if answer != {"id": event["id"], "status": status}:
                wrong = [f"should be {status}"]
            elif status == "removed":
                model.take(event["id"])
        elif answer["status"] == "placed":
            wrong = judge_placed(model, event, answer)
        else:
            wrong = judge_rejected(model, event, answer)
        found += [f"event {number} {event}: {w}" for w in wrong]
        if len(found) > 5:
            break
    return found


# The protocol


def test_converse():
    """A line in, a line out, before the next is sent."""
    process = subprocess.Popen([PLANNER, "replay", "-t", SMALL, "-"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    selector = selectors.DefaultSelector()
    selector.register(process.stdout, selectors.EVENT_READ)
    answers = []
    for event in (place("a", 4), place("b", 6), place("c", 9), remove("a"), remove("a")):
        process.stdin.write(json.dumps(event).encode() + b"\n")
        process.stdin.flush()
        if not selector.select(SECONDS):
            break
        answers.append(json.loads(process.stdout.readline()))
    tap.ok([(a["id"], a["status"]) for a in answers]
           == [("a", "placed"), ("b", "placed"), ("c", "rejected"), ("a", "removed"),
               ("a", "noop")], "each line is answered before the next is sent", answers)
    process.stdin.close()
    rest = process.stdout.read().decode().splitlines()
    tap.ok(len(rest) == 1 and list(json.loads(rest[0])) == ["summary"],
           "the summary comes at the end of input", rest)
    tap.ok(process.wait() == 1, "exit status 1: one was rejected")


def test_keys():
    status, answers, errors = replay([place("a", 4, memory="8G"), place("b", 8), place("c", 6),
                                      remove("a"), remove("z")])
    placed, rejected, _, removed, noop, summary = answers
    tap.ok(list(placed) == ["id", "status", "cpus", "ns"], "keys of placed", placed)
    tap.ok(list(rejected)[:3] == ["id", "status", "reason"]
           and set(rejected) <= {"id", "status", "reason", "would_fit", "ns"},
           "keys of rejected", rejected)
    tap.ok(removed == {"id": "a", "status": "removed"}, "removed", removed)
    tap.ok(noop == {"id": "z", "status": "noop"}, "noop: it does not run", noop)
    total = summary["summary"]
    tap.ok({"placed", "rejected", "rejected_with_room", "peak_vcpus", "fill"} <= set(total),
           "keys of the summary", total)
    tap.ok((total["placed"], total["rejected"], total["peak_vcpus"]) == (2, 1, 10)
           and abs(total["fill"] - 5 / 6) < 1e-9, "the summary's figures", total)
    tap.ok(status == 1 and not errors, "one rejected: status 1", status, errors)


def test_status():
    tap.ok(replay([])[0] == 0, "nothing to do: status 0")
    tap.ok(replay([place("a", 2), remove("a")])[0] == 0, "all placed: status 0")
    tap.ok(replay([place("a", 2), place("b", 99)])[0] == 1, "one rejected: status 1")
    status, answers, _ = replay([place("a", 2), place("a", 2), place("b", 99)])
    tap.ok(status == 2 and answers[1]["line"] == 2 and "error" in answers[1],
           "an id that runs already is an error, status 2", answers)
    for name, arguments in (("no file", []), ("two files", ["x", "y"]), ("absent", ["nowhere"]),
                            ("a folder", [scratch])):
        run = subprocess.run([PLANNER, "replay", "-t", SMALL, *arguments], capture_output=True,
                             timeout=60)
        tap.ok(run.returncode == 2 and run.stderr.count(b"\n") == 1, f"{name}: status 2, one line",
               run.stderr.decode())


BAD = {
    "not JSON": b"{]",
    "not an object": b'["place"]',
    "no op": b'{"id":"x","vcpus":2}',
    "an unknown op": b'{"op":"move","id":"x"}',
    "an unknown key": b'{"op":"place","id":"x","vcpus":2,"vcpu":2}',
    "a key twice": b'{"op":"place","id":"x","vcpus":2,"vcpus":3}',
    "no id": b'{"op":"remove"}',
    "no vcpus": b'{"op":"place","id":"x"}',
    "0 vcpus": b'{"op":"place","id":"x","vcpus":0}',
    "-1 vcpus": b'{"op":"place","id":"x","vcpus":-1}',
    "2^32 + 2 vcpus": b'{"op":"place","id":"x","vcpus":4294967298}',
    "vcpus as text": b'{"op":"place","id":"x","vcpus":"2"}',
    "memory without a unit it knows": b'{"op":"place","id":"x","vcpus":2,"memory":"2X"}',
    "memory as a number": b'{"op":"place","id":"x","vcpus":2,"memory":2}',
    "too much memory": b'{"op":"place","id":"x","vcpus":2,"memory":"99999999999T"}',
    "an unknown policy": b'{"op":"place","id":"x","vcpus":2,"policy":"best"}',
    "a blank line": b"",
    "blanks": b"   ",
    "a carriage return": b'{"op":"remove","id":"x"}\r',
    "a NUL byte": b'{"op":"remove","id":"x"}\0',
    "a NUL in a string": b'{"op":"remove","id":"x\\u0000"}',
    "bad UTF-8": b'{"op":"remove","id":"\xff\xfe"}',
    "two objects": b'{"op":"remove","id":"x"}{"op":"remove","id":"y"}',
    "a line too long": b'{"op":"remove","id":"' + b"x" * 70000 + b'"}',
    "a deep nest": b"[" * 60000,
    "an empty id": b'{"op":"place","id":"","vcpus":2}',
    "an id with a slash": b'{"op":"place","id":"../../etc/passwd","vcpus":2}',
    "an id with a newline": b'{"op":"place","id":"a\\nb","vcpus":2}',
    "an id with an escape": b'{"op":"place","id":"a\\u001b[2Jb","vcpus":2}',
    "an id that is no string": b'{"op":"place","id":7,"vcpus":2}',
}


def test_bad_lines():
    good = json.dumps(place("a", 2)).encode()
    for name, line in BAD.items():
        status, answers, _ = replay(good + b"\n" + line + b"\n" + json.dumps(remove("a")).encode()
                                    + b"\n")
        tap.ok(status == 2 and len(answers) == 4 and answers[1].get("line") == 2
               and isinstance(answers[1].get("error"), str) and "\n" not in answers[1]["error"]
               and answers[2] == {"id": "a", "status": "removed"}
               and answers[3]["summary"]["errors"] == 1,
               f"{name}: an error with its line, the rest answered", status, str(answers)[:500])
    lines = b"\n".join(BAD.values()) + b"\n"
    status, answers, _ = replay(lines)
    tap.ok([a.get("line") for a in answers[:-1]] == list(range(1, len(BAD) + 1)),
           "all of them at once: every line its number", [a.get("line") for a in answers])
    status, answers, _ = replay(good + b"\n" + json.dumps(remove("a")).encode())
    tap.ok(status == 0 and answers[1]["status"] == "removed", "a last line without its end")


def test_ids():
    """Ids are any legal name, and come back as they were sent."""
    names = ["ü", "名前", "-h", "--json", "a b", "%s%n", "null", "{}", "'\"$(id)", "x" * 200]
    events = [e for n in names for e in (place(n, 2), remove(n))]
    _, answers, _ = replay(events)
    for name, first, second in zip(names, answers[::2], answers[1::2]):
        refused = "error" in first and "error" in second
        tap.ok(refused or first["id"] == second["id"] == name
               and (first["status"], second["status"]) == ("placed", "removed"),
               f"id {name[:20]!r}{' is refused' if refused else ''}", first, second)


# Decisions


def churn(rng, count, sizes, memory=4, leave=0.45, nodes=0):
    """A history of COUNT events."""
    events, live = [], []
    for number in range(count):
        if live and rng.random() < leave:
            events.append(remove(live.pop(rng.randrange(len(live)))))
            continue
        vcpus = rng.choice(sizes)
        event = place(f"v{number}", vcpus, memory=f"{vcpus * memory}G")
        if nodes and rng.random() < 0.2:
            event["node"] = rng.randrange(nodes)
        if rng.random() < 0.1:
            event["threads"] = "isolate"
        if rng.random() < 0.15:
            event["emulator"] = "own"
        if rng.random() < 0.1:
            event.update(iothreads=rng.randint(1, 3), iothread_cpus="own")
        if rng.random() < 0.3:
            event["hugepages"] = "1G"
        events.append(event)
        live.append(event["id"])
    return events


def test_large():
    """2,000 arrivals and departures on 256 CPUs with 32 L3s."""
    rng = random.Random(SEED)
    events = churn(rng, 2000, [2, 2, 4, 4, 8, 8, 12, 16, 32])
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    _, answers, _ = replay(events, LARGE)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    spent = sum(a.get("ns", 0) for a in answers)
    placements = sum("ns" in a for a in answers)
    tap.note(f"{placements} decisions took {spent / 1e6:.2f} ms, "
             f"{spent / placements:.0f} ns each; {answers[-1]['summary']}")
    tap.ok(len(answers) == 2001, "2,000 events on 256 CPUs, 2,000 answers and a summary")
    tap.ok(spent < 1e9, "the decisions take less than a second in all", spent)
    # Not a time: without the search for moves it is a hundredth.
    tap.ok(spent > used * 1e9 / 10, "ns counts what an answer took, the search for moves too",
           f"{spent} of {used * 1e9:.0f} ns")
    found = judge(Model(LARGE), events, answers)
    tap.ok(not found, "no CPU twice, whole cores, memory, and the finest level each time", *found)


HISTORIES = [
    ("numa:2(memory=34359738368) core:5 pu:2", [1, 2, 3, 4, 6, 8], 2),
    ("pack:4 [numa(memory=17179869184)] l3:2 core:3 pu:2", [1, 2, 2, 4, 6, 8, 10], 1),
    ("numa:2(memory=68719476736) l3:2 core:4 pu:4", [1, 3, 4, 8, 12, 24], 1),
    (os.path.join(HERE, "hosts", "hybrid-6p8e.xml"), [1, 2, 3, 4, 6], 1),
    (os.path.join(HERE, "hosts", "x6.xml"), [2, 4, 4, 8, 12, 16], 3),
]


def test_histories():
    for number, (host, sizes, memory) in enumerate(HISTORIES):
        for moves in (0, 1, 2):
            rng = random.Random(f"{SEED} {number}")
            model = Model(host)
            events = churn(rng, 250, sizes, memory, nodes=len(model.host.homes()))
            options = ["--moves", str(moves)]
            _, answers, _ = replay(events, host, options=options)
            found = judge(model, events, answers)
            tap.ok(not found, f"host {number}, --moves {moves}: all rules hold", *found)
            moved = [a["moves"] for a in answers if a.get("moves")]
            total = answers[-1]["summary"]
            tap.ok(all(1 <= len(m) <= moves for m in moved)
                   and total["moves"] == sum(map(len, moved)),
                   f"host {number}, --moves {moves}: no more moves than that", total)
            check_summary(number, moves, events, answers)


def check_summary(number, moves, events, answers):
    total = answers[-1]["summary"]
    status = [a.get("status") for a in answers]
    tap.ok((total["placed"], total["rejected"])
           == (status.count("placed"), status.count("rejected"))
           and total["rejected_with_room"] <= total["rejected"]
           and all(a["reason"] for a in answers if a.get("status") == "rejected"),
           f"host {number}, --moves {moves}: the summary sums up", total)


def test_moves():
    """Two nodes of three cores for VMs; five vCPUs need the three of one."""
    inventory = "[host]\ncores-per-node = 1\n"
    events = [place("a", 1, node=0), place("b", 1, node=1), place("odd", 5, spans="never")]
    status, answers, _ = replay(events, SMALL, inventory)
    tap.ok(status == 1 and "would_fit" not in answers[2]
           and answers[-1]["summary"]["rejected_with_room"] == 1,
           "VMs that ask for a node cannot make room on it", answers[2])
    events = [place("x", 5, node=0), place("b", 1), remove("x"), place("c", 1, node=0),
              place("odd", 5, spans="never")]
    _, answers, _ = replay(events, SMALL, inventory)
    moves = answers[-2].get("would_fit", {}).get("moves", [])
    tap.ok([m["id"] for m in moves] == ["b"] and "node" in answers[-2]["reason"],
           "the VM that would have to move is named", answers[-2])
    _, answers, _ = replay(events, SMALL, inventory, ["--moves", "1"])
    tap.ok(answers[-2]["status"] == "placed" and answers[-2]["moves"] == moves
           and answers[-1]["summary"]["moves"] == 1 and answers[-1]["summary"]["rejected"] == 0,
           "--moves 1 moves it, and says so", answers[-2:])


def test_would_fit():
    """What would_fit says, --moves does: the same moves, and then the VM is in."""
    host, sizes, memory = HISTORIES[0]
    seen = 0
    for seed in range(40):
        events = churn(random.Random(f"w{SEED} {seed}"), 60, sizes, memory)
        _, answers, _ = replay(events, host)
        at = next((i for i, a in enumerate(answers) if "would_fit" in a), None)
        if at is None:
            continue
        seen += 1
        moves = answers[at]["would_fit"]["moves"]
        _, less, _ = replay(events[:at + 1], host, options=["--moves", str(len(moves) - 1)])
        _, more, _ = replay(events[:at + 1], host, options=["--moves", str(len(moves))])
        good = less[at]["status"] == "rejected" and more[at]["status"] == "placed" \
            and more[at]["moves"] == moves
        if not good or seen == 12:
            tap.ok(good, f"--moves does what would_fit says, {seen} times", less[at], more[at])
            return
    tap.ok(seen >= 5, f"--moves does what would_fit says, {seen} times")


def test_present():
    """The inventory's VMs run from the start; those with cpus = stay."""
    inventory = ("[host]\ncores-per-node = 1\n[vm kept]\nvcpus = 4\ncpus = 2,3,4,5\n"
                 "[vm mine]\nvcpus = 6\n[vm pool]\nvcpus = 2\npolicy = shared\n")
    events = [place("kept", 2), place("n", 4), remove("kept"), place("n", 4), remove("pool"),
              place("s", 99, policy="shared")]
    status, answers, _ = replay(events, SMALL, inventory)
    tap.ok(status == 2 and "error" in answers[0] and answers[1]["status"] == "rejected"
           and answers[2]["status"] == "removed" and answers[3]["cpus"] == [2, 3, 4, 5]
           and answers[4]["status"] == "removed" and answers[5]["status"] == "placed",
           "VMs of the inventory are there from the start", *answers)
    tap.ok(answers[-1]["summary"]["peak_vcpus"] == 10, "the peak knows them", answers[-1])


def test_repeat():
    events = churn(random.Random(SEED), 300, [2, 4, 6, 8])
    runs = []
    for _ in range(2):
        _, answers, _ = replay(events, HISTORIES[1][0], options=["--moves", "1"])
        for answer in answers:
            answer.pop("ns", None)
        runs.append(answers)
    tap.ok(runs[0] == runs[1], "the same history, the same answers")


test_converse()
test_keys()
test_status()
test_bad_lines()
test_ids()
test_present()
test_moves()
test_would_fit()
test_repeat()
test_histories()
test_large()
sys.exit(tap.done())
