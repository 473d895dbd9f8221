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
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

from fleets import G, VERSIONS, Folder, Node
from tap import Tap

FLEETS = int(os.environ.get("FLEETS", "24"))
SEED = int(os.environ.get("SEED", "1"))
tap = Tap()
folder = Folder()


def waves(*more):
    return folder.run("fleet", "waves", "--fleet", "fleet.jsonl", "--to", "new", *more)


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
    shutil.rmtree(os.path.join(folder.path, "new"), ignore_errors=True)
    for i, node in enumerate(nodes):
        node.group = f"rack{i % groups}" if groups else None
        node.changes = rng.random() < 0.9
        for vm in node.vms:
            grows = node.changes and vm.vcpus <= 3 and vm.memory <= 2 and rng.random() < grow
            vm.wish = (2 * vm.vcpus, 2 * vm.memory) if grows else None
        node.shared = shared_memory(rng, node)
        if node.shared:
            node.more = f"[vm shared{i}]\nvcpus = 2\nmemory = {node.shared}G\npolicy = shared\n"
        node.faulty = not node.changes and rng.random() < 0.7
        if node.faulty:
            node.more += f"[vm large{i}]\nvcpus = 999\n"
        if node.changes:
            folder.write(f"new/{node.name}.ini", text_new(node, node.text()))
    folder.write_fleet(nodes)
    return nodes


def shared_memory(rng, node):
    """GiB of a shared VM that one of its NUMA nodes has room for; often 0."""
    taken = [sum(vm.memory for vm in node.vms if node.numa_of(vm.cpus[0]) == numa) for numa in range(node.numas)]
    return rng.choice([0, 0, rng.randint(0, node.memory - 1 - min(taken))])


class World:
    """What each NUMA node has promised, and who runs where."""

    def __init__(self, nodes):
        self.nodes = {n.name: n for n in nodes}
        self.vms = {vm.name: vm for n in nodes for vm in n.vms}
        self.at = {vm.name: n.name for n in nodes for vm in n.vms}
        self.age = {n.name: n.age for n in nodes}
        self.cpu_pm = {vm.name: n.age == "new" and not vm.off for n in nodes for vm in n.vms}
        self.wrong = []

    def on(self, name):
        return [self.vms[vm] for vm, node in self.at.items() if node == name]

    def holds(self, name, vms):
        """Can the node hold VMS? By trying: those that came may be in any of its NUMA nodes."""
        node = self.nodes[name]

        def place(left, rooms):
            if not left:
                return True
            vm, need = left[0], -(-left[0].vcpus // node.threads)
            return any(cores >= need and memory >= vm.memory and
                       place(left[1:], rooms[:i] + ((cores - need, memory - vm.memory),) + rooms[i + 1:])
                       for i, (cores, memory) in enumerate(rooms) if (cores, memory) not in rooms[:i])

        rooms = tuple((node.cores - 1, node.memory - 1) for _ in range(node.numas))
        beside = [rooms[:i] + ((cores, memory - node.shared),) + rooms[i + 1:] for i, (cores, memory) in enumerate(rooms)]
        return any(place(sorted(vms, key=lambda vm: -vm.vcpus), rooms) for rooms in beside)

    def fits(self):
        for name in self.nodes:
            if not self.holds(name, self.on(name)):
                self.wrong.append(f"{name} cannot hold {[vm.name for vm in self.on(name)]}")

    def survives(self, lost, wave):
        """Do the VMs of the node restart on others, with cpu-pm if they have it?"""
        others = [n for n in self.nodes if n != lost and n not in wave["nodes"] and not self.nodes[n].faulty]

        def restart(vms, there):
            if not vms:
                return True
            return any((self.age[n] != "old" or not self.cpu_pm[vms[0].name]) and self.holds(n, there[n] + vms[:1]) and
                       restart(vms[1:], {**there, n: there[n] + vms[:1]}) for n in others)

        return restart(self.on(lost), {n: self.on(n) for n in others})

    def losses(self, wave):
        """Those that the wave says are survived."""
        for node in self.nodes:
            if node not in wave["at_risk"] and node not in wave["nodes"] and not self.survives(node, wave):
                self.wrong.append(f"wave {wave['wave']}: {node} is lost, and its VMs have no place")

    def move(self, move, wave):
        vm, to = self.vms[move["vm"]], move["node"]
        if self.nodes[to].faulty:
            self.wrong.append(f"wave {wave['wave']}: {move} to a faulty node")
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
        self.losses(wave)
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
    survive = number % 3 == 0
    result = waves("--json", *(["--at-once", str(at_once)] if at_once else []), *(["--failures", "1"] if survive else []))
    *lines, end = [json.loads(line) for line in result.stdout.splitlines()]
    world = World(nodes)
    for wave in lines:
        world.wave(wave, at_once)
    done = {n for wave in lines for n in wave["nodes"]}
    if done | set(end["left"]) != {n.name for n in nodes if n.changes} or done & set(end["left"]) or result.returncode != bool(end["left"]) \
            or end["waves"] != len(lines) or end["moves"] != sum(len(wave["moves"]) for wave in lines):
        world.wrong.append(f"{done} change, {end}, status {result.returncode} {result.stderr}")
    if survive and any(wave["at_risk"] for wave in lines):
        world.wrong.append("a loss is not survived")
    seen.update("survived" if survive else "at risk" if wave["at_risk"] else "no risk" for wave in lines)
    if not end["left"] and not survive:
        beyond.append(end["waves"] - end["least_waves"])
        if beyond[-1] < 0:
            world.wrong.append(f"fewer waves than {end}")
    seen.update(move["how"] for wave in lines for move in wave["moves"])
    seen["left"] += bool(end["left"])
    wrong += [f"fleet {number}: {text}" for text in world.wrong]
tap.ok(not wrong, f"{FLEETS} fleets changed wave by wave", *wrong[:20])
tap.ok(beyond and max(beyond) <= 2, f"near the bound: {collections.Counter(beyond)}")
tap.ok(all(seen[what] for what in ("live", "stopped", "larger", "left", "survived", "at risk", "no risk")), "all of it is seen", seen)

# A faulty node takes no VM, and its own VMs take no core from the others.
one = "[node]\nname = {0}\n" + VERSIONS["new"] + "[host]\ncores = 1\n[vm {0}]\nvcpus = {1}\nmemory = 1G\n"
shutil.rmtree(os.path.join(folder.path, "new"))
for name, vcpus in ("a", 1), ("b", 1), ("c", 1), ("faulty", 3):
    folder.write(f"{name}.ini", one.format(name, vcpus) + ("[vm large]\nvcpus = 99\n" if name == "faulty" else ""))
    if name != "faulty":
        folder.write(f"new/{name}.ini", one.format(name, vcpus).replace(VERSIONS["new"], VERSIONS["newer"]))
folder.write("fleet.jsonl", "".join(json.dumps({"inventory": f"{name}.ini", "topology": f"numa:1(memory={8 * G}) core:4 pu:1"}) + "\n"
                                    for name in ("a", "b", "c", "faulty")))
end = json.loads(waves("--json").stdout.splitlines()[-1])
tap.ok(end["waves"] == end["least_waves"] == 2, "the bound beside a faulty node", end)
sys.exit(tap.done())
