#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
planner fleet waves, played out by a model of its own, NUMA node by NUMA node: when a wave begins its nodes
are empty, no core and no memory is ever promised twice, groups and --at-once are kept, and a VM goes only
where it may. The number of waves is compared with the bound that holds for any way to do it.

    PLANNER=build/bin/planner FLEETS=40 SEED=1 tests/waves.t
"""

import collections
import copy
import json
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

from fleets import VERSIONS, Node
from program import PLANNER
from tap import Tap

FLEETS = int(os.environ.get("FLEETS", "24"))
SEED = int(os.environ.get("SEED", "1"))
tap = Tap()
folder = tempfile.TemporaryDirectory()
scratch = folder.name


def write(name, text):
    os.makedirs(os.path.dirname(os.path.join(scratch, name)), exist_ok=True)
    with open(os.path.join(scratch, name), "w", encoding="utf-8") as out:
        out.write(text)


def waves(*more):
    return subprocess.run([PLANNER, "fleet", "waves", "--fleet", "fleet.jsonl", "--to", "new", *more],
                          capture_output=True, timeout=300, cwd=scratch)


def text_new(node, text):
    """The inventory as it is to be: newer, and VMs as they wish."""
    for vm in node.vms:
        if vm.wish:
            larger = copy.copy(vm)
            larger.vcpus, larger.memory = vm.wish
            text = text.replace(vm.text() + f"cpus = {','.join(map(str, vm.cpus))}\n", larger.text())
    return text.replace(VERSIONS[node.age], VERSIONS["newer"])


def make(rng, n, fill, groups, grow):
    """A fleet as it is, and as it is to be: newer, some VMs twice as large; and a few nodes stay as they are."""
    numbers = iter(range(100000))
    nodes = [Node(rng, f"n{i}", numbers, fill, rng.choice(["new", "new", "old"])) for i in range(n)]
    subprocess.run(["rm", "-rf", os.path.join(scratch, "new")], check=True)
    for i, node in enumerate(nodes):
        node.group = f"rack{i % groups}" if groups else None
        node.changes = rng.random() < 0.9
        for vm in node.vms:
            grows = node.changes and vm.vcpus <= 3 and vm.memory <= 2 and rng.random() < grow
            vm.wish = (2 * vm.vcpus, 2 * vm.memory) if grows else None
        text = node.text()
        if node.group:
            text = text.replace("[host]", f"group = {node.group}\n[host]")
        write(f"{node.name}.ini", text)
        if node.changes:
            write(f"new/{node.name}.ini", text_new(node, text))
    write("fleet.jsonl", "".join(json.dumps({"inventory": f"{n.name}.ini", "topology": n.topology}) + "\n" for n in nodes))
    return nodes


class World:
    """What each NUMA node has promised, and who runs where."""

    def __init__(self, nodes):
        self.nodes = {n.name: n for n in nodes}
        self.vms = {vm.name: vm for n in nodes for vm in n.vms}
        self.at = {vm.name: n.name for n in nodes for vm in n.vms}
        self.age = {n.name: n.age for n in nodes}
        self.cpu_pm = {vm.name: n.age == "new" and not vm.off for n in nodes for vm in n.vms}
        self.wrong = []

    def fits(self):
        """Can each node hold its VMs? By trying: those that came may be in any of its NUMA nodes."""
        on = collections.defaultdict(list)
        for name, node in self.at.items():
            on[node].append(self.vms[name])
        for name, vms in on.items():
            node = self.nodes[name]
            rooms = tuple((node.cores - 1, node.memory - 1) for _ in range(node.numas))

            def place(left, rooms):
                if not left:
                    return True
                vm, need = left[0], -(-left[0].vcpus // node.threads)
                return any(cores >= need and memory >= vm.memory and
                           place(left[1:], rooms[:i] + ((cores - need, memory - vm.memory),) + rooms[i + 1:])
                           for i, (cores, memory) in enumerate(rooms) if (cores, memory) not in rooms[:i])

            if not place(sorted(vms, key=lambda vm: -vm.vcpus), rooms):
                self.wrong.append(f"{name} cannot hold {[vm.name for vm in vms]}")

    def move(self, move, wave):
        vm, to = self.vms[move["vm"]], move["node"]
        if self.at[vm.name] != move["from"] or move["from"] not in wave["nodes"] or to in wave["nodes"]:
            self.wrong.append(f"wave {wave['wave']}: {move}, it is on {self.at[vm.name]}")
        older = ["old", "new", "newer"].index(self.age[to]) < ["old", "new", "newer"].index(self.age[move["from"]])
        gives = self.age[to] != "old" and not vm.off
        if self.cpu_pm[vm.name] and not gives:
            self.wrong.append(f"{move}: it loses cpu-pm")
        if move["how"] == "live" and (older or gives != self.cpu_pm[vm.name]):
            self.wrong.append(f"{move}: not live")
        if move["how"] != "live" and self.age[to] == "newer" and vm.wish:
            vm.vcpus, vm.memory = vm.wish
            seen["larger"] += 1
        self.cpu_pm[vm.name], self.at[vm.name] = gives, to

    def wave(self, wave, at_once):
        groups = [self.nodes[n].group for n in wave["nodes"] if self.nodes[n].group]
        if len(set(groups)) != len(groups) or not wave["nodes"] or (at_once and len(wave["nodes"]) > at_once):
            self.wrong.append(f"wave {wave['wave']}: {wave['nodes']} of {groups}")
        for move in wave["moves"]:
            self.move(move, wave)
        self.fits()
        here = [vm for vm, node in self.at.items() if node in wave["nodes"]]
        if here:
            self.wrong.append(f"wave {wave['wave']}: {here} are still there")
        for node in wave["nodes"]:
            if not self.nodes[node].changes or self.age[node] == "newer":
                self.wrong.append(f"{node} changes in wave {wave['wave']}")
            self.age[node] = "newer"


rng = random.Random(SEED)
wrong, beyond, seen = [], [], collections.Counter()
for number in range(FLEETS):
    nodes = make(rng, rng.randint(4, 12), rng.choice([0.3, 0.5, 0.7, 1.0]), rng.choice([0, 0, 3]),
                 rng.choice([0, 0.7]))
    at_once = rng.choice([0, 2, 3])
    result = waves("--json", *(["--at-once", str(at_once)] if at_once else []))
    *lines, end = [json.loads(line) for line in result.stdout.splitlines()]
    world = World(nodes)
    for wave in lines:
        world.wave(wave, at_once)
    done = {n for wave in lines for n in wave["nodes"]}
    if done | set(end["left"]) != {n.name for n in nodes if n.changes} or done & set(end["left"]) or result.returncode != bool(end["left"]) \
            or end["waves"] != len(lines) or end["moves"] != sum(len(wave["moves"]) for wave in lines):
        world.wrong.append(f"{done} change, {end}, status {result.returncode} {result.stderr}")
    if not end["left"]:
        beyond.append(end["waves"] - end["least_waves"])
        if beyond[-1] < 0:
            world.wrong.append(f"fewer waves than {end}")
    seen.update(move["how"] for wave in lines for move in wave["moves"])
    seen["left"] += bool(end["left"])
    wrong += [f"fleet {number}: {text}" for text in world.wrong]
tap.ok(not wrong, f"{FLEETS} fleets changed wave by wave", *wrong[:20])
tap.ok(beyond and sum(beyond) / len(beyond) <= 2, f"mostly near the bound: {collections.Counter(beyond)}")
tap.ok(seen["live"] and seen["stopped"] and seen["larger"] and seen["left"], "all of it is seen", seen)
sys.exit(tap.done())
