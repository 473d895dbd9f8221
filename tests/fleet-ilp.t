#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# timeout: 300 seconds
"""
planner fleet drain and survive against integer programs, on fleets too large to try all choices: who is left,
who is powered off, how many others move; who restarts nowhere, and the least spare. Skipped without glpsol.

    PLANNER=build/bin/planner FLEETS=12 SEED=1 tests/fleet-ilp.t
"""

import collections
import json
import os
import random
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

from fleets import Folder, Node, passage
from tap import Tap

FLEETS = int(os.environ.get("FLEETS", "12"))
SEED = int(os.environ.get("SEED", "1"))
SECONDS = 20  # for a program
folder = Folder()


class Program:
    """Minimise a sum of variables, which are whole numbers, 0 or 1 if their name begins with x."""

    def __init__(self):
        self.price, self.rows, self.names = collections.Counter(), [], set()

    def row(self, terms, sense, value):
        """TERMS: (factor, variable)."""
        if terms:
            self.rows.append(" ".join(f"{'+' if factor >= 0 else '-'} {abs(factor)} {name}" for factor, name in terms) +
                             f" {sense} {value}")
            self.names.update(name for _, name in terms)

    def solve(self):
        """The least, proved; None = not in time."""
        if not self.rows:
            return 0
        parts = ["Minimize", " all: " + " ".join(f"+ {p} {v}" for v, p in sorted(self.price.items()) if p), "Subject To",
                 *(f" r{i}: {row}" for i, row in enumerate(self.rows)),
                 "Generals", *(f" {n}" for n in sorted(self.names) if n[0] != "x"),
                 "Binaries", *(f" {n}" for n in sorted(self.names) if n[0] == "x"), "End", ""]
        folder.write("program.lp", "\n".join(parts))
        subprocess.run(["glpsol", "--lp", "program.lp", "-o", "answer", "--tmlim", str(SECONDS), "--cuts"], cwd=folder.path,
                       stdout=subprocess.DEVNULL, check=True)
        with open(os.path.join(folder.path, "answer"), encoding="ascii") as file:
            text = file.read()
        if "INTEGER OPTIMAL" not in text:
            return None
        return round(float(re.search(r"Objective: .* = (\S+)", text)[1]))


def make(rng, n, fill, groups):
    numbers = iter(range(10000))
    nodes = [Node(rng, f"n{i}", numbers, fill, rng.choice(["new", "new", "old"])) for i in range(n)]
    for i, node in enumerate(nodes):
        node.group = f"rack{i % groups}" if groups and i % 3 else None
    folder.write_fleet(nodes)
    return nodes


def rooms(nodes):
    return [(node, numa) for node in nodes for numa in range(node.numas)]


def home(vm):
    return vm.node, vm.node.numa_of(vm.cpus[0])


def need(vm, node):
    return -(-vm.vcpus // node.threads)


def name(*words):
    return "_".join(w if isinstance(w, str) else str(w) if isinstance(w, int) else w.name for w in words)


# -- drains ----------------------------------------------------------------------------------------

LEFT, OFF = 10 ** 6, 10 ** 3


def least_drain(nodes, drained, moves):
    """LEFT for each that is left, OFF for each that is powered off and could go live, 1 for each other that moves."""
    program, moved = Program(), []
    held = collections.defaultdict(list)  # of (VM, variable), by room
    for vm in [vm for node in nodes for vm in node.vms]:
        leaves = vm.node in drained
        ways = {n: passage(vm, n) for n in nodes if n not in drained and n is not vm.node}
        stay, terms = name("x", vm, "stays"), []
        program.price[stay] += LEFT if leaves else 0
        for node, numa in rooms([n for n, way in ways.items() if way == "live" or (way == "restart" and leaves)]):
            variable = name("x", vm, node, numa)
            terms.append((1, variable))
            held[node, numa].append((vm, variable))
            program.price[variable] += 1 if not leaves else OFF if ways[node] == "restart" and "live" in ways.values() else 0
        if not leaves:
            held[home(vm)].append((vm, stay))
            moved += terms
        program.row(terms + [(1, stay)], "=", 1)
    for (node, _), all_of in held.items():
        program.row([(need(vm, node), variable) for vm, variable in all_of], "<=", node.cores - 1)
        program.row([(vm.memory, variable) for vm, variable in all_of], "<=", node.memory - 1)
    program.row(moved, "<=", moves)
    return program.solve()


def check_drain(rng, number):
    nodes = make(rng, rng.randint(6, 10), rng.choice([0.7, 0.85, 0.95]), 0)
    drained, moves = rng.sample(nodes, rng.choice([1, 2])), rng.choice([0, 3, 6])
    *lines, end = [json.loads(line) for line in folder.run(
        "fleet", "drain", *[n.name for n in drained], "--fleet", "fleet.jsonl", "--moves", str(moves), "--json").stdout.splitlines()]
    vms = {vm.name: vm for node in drained for vm in node.vms}
    off = sum(line.get("how") == "stopped" and any(passage(vms[line["vm"]], n) == "live" for n in nodes if n not in drained)
              for line in lines)
    found, best = LEFT * end["left"] + OFF * off + end["moves"], least_drain(nodes, drained, moves)
    seen["moves"] += end["moves"]
    seen["drains left"] += end["left"]
    text = f"fleet {number}, {[n.name for n in drained]} with {moves} moves: {end['left']} left, {off} off, {end['moves']} moves; {end}"
    if best is None:
        seen["not in time"] += 1
    elif found < best or end["least_left"] > best // LEFT:
        wrong.append(f"{text}; no way does better than {best}")
    else:
        judged["drain"] += 1
        worse["drain"] += [f"{text}; the least is {best}"] if found > best else []


# -- losses ----------------------------------------------------------------------------------------

def add_loss(program, nodes, lost, number, may_leave):
    """The VMs of LOST restart on others, or are left: variables by room of (VM, variable)."""
    held = collections.defaultdict(list)
    for vm in [vm for node in lost for vm in node.vms]:
        terms = []
        for node, numa in rooms([n for n in nodes if n not in lost]):
            if vm.node.age != "old" and not vm.off and node.age == "old":
                continue
            variable = name("x", number, vm, node, numa)
            terms.append((1, variable))
            held[node, numa].append((vm, variable))
        if may_leave:
            left = name("x", number, vm, "left")
            program.price[left] += 1
            terms.append((1, left))
        program.row(terms, "=", 1)
    for (node, numa), all_of in held.items():
        there = [vm for vm in node.vms if home(vm) == (node, numa)]
        program.row([(need(vm, node), v) for vm, v in all_of], "<=", node.cores - 1 - sum(need(vm, node) for vm in there))
        program.row([(vm.memory, v) for vm, v in all_of], "<=", node.memory - 1 - sum(vm.memory for vm in there))
    return held


def check_losses(rng, number):
    nodes = make(rng, rng.randint(4, 7), rng.choice([0.3, 0.5, 0.6]), 2)
    by_name = {n.name: n for n in nodes}
    *answers, end = [json.loads(line) for line in folder.run("fleet", "survive", "--fleet", "fleet.jsonl", "--json").stdout.splitlines()]
    spare = Program()
    for i, answer in enumerate(answers):
        lost = [by_name[n] for n in answer.get("nodes") or [answer["node"]]]
        program = Program()
        add_loss(program, nodes, lost, i, True)
        least = program.solve()
        seen[answer["verdict"]] += 1
        if least is None or not answer["least_left"] == least == len(answer["left"]):
            wrong.append(f"fleet {number}: {answer}, but {least} must be left")
        if answer["verdict"] != "survives":
            continue
        for (node, numa), all_of in add_loss(spare, nodes, lost, i, False).items():
            kept = name("k", node, numa)
            spare.price[kept] = 1
            spare.row([(1, kept)] + [(-need(vm, node), v) for vm, v in all_of], ">=", 0)
    best, found = spare.solve(), end["spare"]
    if best is None:
        seen["not in time"] += 1
    elif not found["bound"] <= best <= found["cores"]:
        wrong.append(f"fleet {number}: spare {found}, the least is {best}")
    else:
        judged["spare"] += 1
        worse["spare"] += [f"fleet {number}: spare {found}, the least is {best}"] if found["cores"] > best else []


tap = Tap()
if not shutil.which("glpsol"):
    tap.skip("integer programs", "glpsol is not installed")
    sys.exit(tap.done())
wrong, worse, judged, seen = [], collections.defaultdict(list), collections.Counter(), collections.Counter()
generator = random.Random(SEED)
for fleet in range(FLEETS):
    check_drain(generator, fleet)
    check_losses(generator, fleet)
tap.ok(not wrong, f"{FLEETS} fleets: no bound is wrong, nothing is better than can be", *wrong[:10])
tap.ok(not worse["drain"], f"drains: as few left, powered off and moved as an integer program finds ({judged['drain']})", *worse["drain"])
tap.ok(not worse["spare"], f"losses: as little spare as an integer program finds ({judged['spare']})", *worse["spare"])
tap.ok(all(seen[what] for what in ("moves", "drains left", "survives", "fails")) and seen["not in time"] < FLEETS, "all of it is seen", seen)
sys.exit(tap.done())
