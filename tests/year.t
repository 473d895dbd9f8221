#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# timeout: 900 seconds
"""
A year of a fleet, week by week, in a model of its own: VMs come (`fit --place -d`) and go, nodes and racks
fail and what `fleet survive` said restarts, and twice a year all nodes get another kernel line, wave by wave
(`fleet waves`, then `fleet drain` of each wave, its printed commands run). What a command promises is kept:
no core has two owners, no NUMA node's memory is promised twice, groups are apart, VMs that must have cpu-pm
have it, who had to go has gone.

    PLANNER=build/bin/planner YEARS=1 NODES=9 SEED=1 tests/year.t     ALL=1: more and larger years
"""

import collections
import copy
import json
import os
import random
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

from fleet_world import World, play_commands
from fleets import Folder, Node, Vm
from tap import Tap

ALL = bool(os.environ.get("ALL"))
YEARS = int(os.environ.get("YEARS", "4" if ALL else "1"))
NODES = int(os.environ.get("NODES", "12" if ALL else "9"))
SEED = int(os.environ.get("SEED", "1"))
WEEKS = 52
NEWER, SPLIT = 6, 32  # when a roll-out begins: of another QEMU and kernel, and of another split
FAILURES = 5  # weeks from one to the next
folder = Folder()
seen = collections.Counter()


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def read_plan(path):
    with open(os.path.join(folder.path, path), encoding="utf-8") as file:
        return json.load(file)


def cpu_pm(vm, node):
    return node.age != "old" and not vm.off


class Year:
    def __init__(self, seed, n):
        self.rng = random.Random(seed)
        self.numbers = iter(range(10 ** 6))
        self.nodes = [Node(self.rng, f"n{i}", self.numbers, 0.5, self.rng.choice(["new", "new", "old"])) for i in range(n)]
        for i, node in enumerate(self.nodes):
            node.group = f"rack{i % 4}" if i % 4 else None
        self.down, self.target, self.wrong, self.week = [], None, [], 0  # of (node, week it is back)

    def say(self, *texts):
        self.wrong += [f"week {self.week}: {text}" for text in texts]

    def fleet(self, command, *words):
        folder.write_fleet(self.nodes)
        shutil.rmtree(os.path.join(folder.path, "out"), ignore_errors=True)
        result = folder.run(*command.split(), "--fleet", "fleet.jsonl", *words, "--json")
        if result.returncode not in (0, 1) or not re.fullmatch(rb"(planner: wrote .*\n)?", result.stderr):
            self.say(f"{command}: {result.returncode} {result.stderr}")
            return [], collections.defaultdict(int)
        *answers, end = lines(result)
        return answers, end

    # -- what is so

    def settle(self, world):
        """What WORLD has is so from now on, if nothing is wrong with it."""
        self.say(*world.wrong)
        for node in self.nodes:
            node.vms = [world.vms[name] for name in world.at[node.name]]
            for vm in node.vms:
                vm.node, vm.cpus = node, world.at[node.name][vm.name]
        again = World([])
        again.nodes = {n.name: n for n in self.nodes}
        for node in self.nodes:
            for vm in node.vms:
                again.vms[vm.name] = vm
                again.come(node.name, vm.name, vm.cpus)
        names = [vm.name for node in self.nodes for vm in node.vms]
        if len(set(names)) != len(names):
            again.say(f"a VM runs twice: {names}")
        self.say(*again.wrong)

    def written(self, world, out):
        """The plans in OUT have each VM where WORLD has it, with cpu-pm where it is to have it."""
        for node in self.nodes:
            plan = read_plan(f"{out}/{node.name}.json")
            there = {vm["name"]: vm["vcpupin"] for vm in plan["vms"]}
            if there != world.at[node.name]:
                self.say(f"{out}/{node.name}: {there}, not {world.at[node.name]}")
            self.verdicts(plan, node, world)

    def verdicts(self, plan, node, world):
        for vm in plan["vms"]:
            if (vm["cpu_pm"]["verdict"] == "on") != cpu_pm(world.vms[vm["name"]], node):
                self.say(f"{vm['name']} on {node.name}: {vm['cpu_pm']}")

    def room(self, node, numa):
        """Free cores and GiB."""
        there = [vm for vm in node.vms if node.numa_of(vm.cpus[0]) == numa]
        return (node.cores - node.split - sum(-(-vm.vcpus // node.threads) for vm in there),
                node.memory - 1 - sum(vm.memory for vm in there))

    # -- VMs go and come

    def leave(self):
        for node in self.nodes:
            node.vms = [vm for vm in node.vms if self.rng.random() > 0.1]

    def requests(self):
        for _ in range(self.rng.choice([0, 1, 3, 7])):
            vm = Vm(self.rng, f"v{next(self.numbers)}", 1)
            vm.pages, vm.wants = self.rng.random() < 0.3, self.rng.random() < 0.4
            vm.group = self.rng.choice([None, "a", "b"])
            vm.off = vm.off and not vm.wants
            yield vm

    def arrive(self):
        asked = {vm.name: vm for vm in self.requests()}
        if not asked:
            return
        request = [{"id": vm.name, "vcpus": vm.vcpus, "memory": f"{vm.memory}G", "spans": "never",
                    **({"hugepages": "2M"} if vm.pages else {}), **({"group": vm.group} if vm.group else {}),
                    **({"cpu_pm": True} if vm.wants else {})} for vm in asked.values()]
        folder.write("requests.jsonl", "".join(json.dumps(r) + "\n" for r in request))
        answers, _ = self.fleet("fit", "--place", "requests.jsonl", "-d", "out")
        if [a["id"] for a in answers] != list(asked):
            self.say(f"{answers}, asked was for {list(asked)}")
            return
        world = World(self.nodes)
        groups = collections.defaultdict(set)
        for answer in answers:
            vm = asked[answer["id"]]
            seen[answer["status"]] += 1
            if answer["status"] != "placed":
                continue
            node, world.vms[vm.name] = world.nodes[answer["node"]], vm
            plan = read_plan(f"out/{node.name}.json")
            world.come(node.name, vm.name, next(v["vcpupin"] for v in plan["vms"] if v["name"] == vm.name))
            if vm.wants and not cpu_pm(vm, node):
                self.say(f"{vm.name} has no cpu-pm on {node.name}")
            if vm.group and node.name in groups[vm.group]:
                self.say(f"two VMs of group {vm.group} on {node.name}")
            groups[vm.group].add(node.name)
        off = [vm for vm in asked.values() if vm.off]
        for vm in off:  # a request has no word for it: it is so once the VM is there
            vm.off = False
        self.written(world, "out")
        for vm in off:
            vm.off = True
        self.settle(world)
        for answer in answers:
            if answer["status"] == "rejected":
                self.refused(asked[answer["id"]], groups)

    def refused(self, vm, groups):
        for node in self.nodes:
            if vm.group and node.name in groups[vm.group] or vm.wants and node.age == "old":
                continue
            rooms = [self.room(node, numa) for numa in range(node.numas)]
            if any(cores >= -(-vm.vcpus // node.threads) and memory >= vm.memory for cores, memory in rooms):
                self.say(f"{vm.name} is refused, but {node.name} has {rooms}")

    # -- nodes fail

    def fail(self):
        answers, end = self.fleet("fleet survive")
        self.spare([a for a in answers if a["verdict"] == "survives"], end)
        bad = [a for a in answers if a["verdict"] != "survives"]
        answer = self.rng.choice(bad or answers)
        lost = [n for n in self.nodes if n.name in (answer.get("nodes") or [answer["node"]])]
        gone = {vm.name: vm for node in lost for vm in node.vms}
        seen.update([answer["verdict"], "rack" if len(lost) > 1 else "node"])
        told = [a["vm"] for a in answer["restarts"] + answer["left"]]
        if sorted(told) != sorted(gone) or (answer["verdict"] == "survives") == bool(answer["left"]):
            self.say(f"{list(gone)} are gone: {answer}")
        self.nodes = [n for n in self.nodes if n not in lost]
        world, more = World(self.nodes), collections.defaultdict(str)
        for a in answer["restarts"]:
            vm = world.vms[a["vm"]] = gone[a["vm"]]
            more[a["node"]] += vm.text() + f"node = {a['numa_nodes'][0]}\n"
            if cpu_pm(vm, vm.node) and not cpu_pm(vm, world.nodes[a["node"]]):
                self.say(f"{a}: it loses cpu-pm")
        for name, text in more.items():
            node = world.nodes[name]
            folder.write("restarts.ini", node.text() + text)
            result = folder.run("plan", "--json", "-i", "restarts.ini", "-t", node.topology)
            plan = json.loads(result.stdout)
            if result.returncode or not all(vm["placed"] for vm in plan["vms"]):
                self.say(f"{name} does not hold {text}")
                continue
            self.verdicts(plan, node, world)
            for vm in plan["vms"]:
                if vm["name"] in gone:
                    world.come(name, vm["name"], vm["vcpupin"])
                elif vm["vcpupin"] != world.at[name][vm["name"]]:
                    self.say(f"{vm['name']} of {name} moves when others restart")
        for node in lost:
            node.vms = []
            self.down.append((node, self.week + self.rng.randint(1, 6)))
        self.settle(world)

    def spare(self, survived, end):
        """With nothing free but the spare, the same losses are survived."""
        keep = {(r["node"], r["numa_node"]): r["cores"] for r in end["spare"]["rooms"]}
        entries = []
        for node in self.nodes:
            taken = {cpu // node.threads for vm in node.vms for cpu in vm.cpus}
            host = []
            for numa in range(node.numas):
                cores = range(numa * node.cores, (numa + 1) * node.cores)
                free = [core for core in cores if core not in taken and core % node.cores >= node.split]
                kept = keep.get((node.name, numa), 0)
                if kept > len(free):
                    self.say(f"{kept} cores of {node.name} {numa} are spare, {len(free)} are free")
                host += [c for c in cores if c % node.cores < node.split] + free[:len(free) - kept]
            cpus = ",".join(str(core * node.threads + t) for core in host for t in range(node.threads))
            folder.write(f"spare/{node.name}.ini", node.text().replace(f"cores-per-node = {node.split}", f"cpus = {cpus}"))
            entries.append({"inventory": f"{node.name}.ini", "topology": node.topology})
        folder.write("spare/fleet.jsonl", "".join(json.dumps(e) + "\n" for e in entries))
        *again, _ = lines(folder.run("fleet", "survive", "--fleet", "spare/fleet.jsonl", "--json"))
        verdicts = {a.get("group") or a["node"]: a for a in again}
        for answer in survived:
            name = answer.get("group") or answer["node"]
            if verdicts[name]["verdict"] != "survives":
                self.say(f"{name} is not survived with the spare alone: {verdicts[name]}, {keep}")

    def repair(self):
        for node, week in list(self.down):
            if week <= self.week:
                self.down.remove((node, week))
                self.nodes.append(node)

    # -- waves

    def wish(self, node):
        """NODE as it is to be, without VMs."""
        after = copy.copy(node)
        after.vms = []
        if self.target == "newer":
            after.age = "newer"
        elif node.cores > 4:  # else the largest VMs would be too large for a NUMA node, and span several
            after.split = 2
        return after

    def wave(self):
        shutil.rmtree(os.path.join(folder.path, "new"), ignore_errors=True)
        for node in self.nodes:
            folder.write(f"new/{node.name}.ini", self.wish(node).text())
        most = self.rng.choice([2, 4])
        safe = self.rng.random() < 0.3
        more = [] if self.week in (NEWER, SPLIT) else ["--canary", str(most)]
        waves, end = self.fleet("fleet waves", "--to", "new", "--at-once", str(most), *more, *(["--failures", "1"] if safe else []))
        if not waves:
            seen["left" if end["left"] else "done"] += 1
            self.target = None if not end["left"] else self.target
            return
        first = waves[0]
        nodes = [n for n in self.nodes if n.name in first["nodes"]]
        groups = [n.group for n in nodes if n.group]
        if len(groups) != len(set(groups)) or len(nodes) > most or (safe and first["at_risk"]):
            self.say(f"{first} of {groups}")
        self.drain(nodes, first)
        for node in nodes:
            wish = self.wish(node)
            node.age, node.split = wish.age, wish.split
        seen.update(["wave", f"{self.target} wave"])

    def drain(self, nodes, wave):
        names, moves = [n.name for n in nodes], str(self.rng.choice([0, 2]))
        steps, end = self.fleet(f"fleet drain {' '.join(names)}", "--moves", moves, "-d", "out")
        world = World(self.nodes)
        for step in [s for s in steps if "step" in s]:
            world.step(step)
            seen[step["how"]] += 1
        if end["left"] or any(world.at[name] for name in names):
            world.say(f"{names}: {end}; {[s for s in steps if 'step' not in s]} are left, but {wave}")
        if end["stopped"] > sum(move["how"] == "stopped" for move in wave["moves"]):
            world.say(f"{end['stopped']} are powered off, which {wave} does not")
        if not end["least_left"] <= end["left"] or not end["least_moves"] <= end["moves"] <= int(moves):
            world.say(f"{end}")
        self.written(world, "out")
        if ALL or seen["wave"] % 3 == 0:
            self.run_commands(world, names, moves)
        self.settle(world)

    def run_commands(self, world, names, moves):
        """The commands of the same drain leave the same world."""
        script = folder.run("fleet", "drain", *names, "--fleet", "fleet.jsonl", "--moves", moves, "-d", "out", "--commands")
        told = play_commands(folder, self.nodes, script.stdout.decode())
        self.say(*told.wrong)
        if {n: at for n, at in told.at.items() if at} != {n: at for n, at in world.at.items() if at}:
            self.say(f"the commands make {dict(told.at)}, the steps {dict(world.at)}")

    # -- all of it

    def play(self):
        for self.week in range(1, WEEKS + 1):
            self.repair()
            self.leave()
            self.arrive()
            if self.week % FAILURES == 0:
                self.fail()
            self.target = {NEWER: "newer", SPLIT: "split"}.get(self.week, self.target)
            if self.target:
                self.wave()
            if self.wrong:
                return


tap = Tap()
for number in range(YEARS):
    year = Year(SEED + number, NODES + number % 3)
    year.play()
    tap.ok(not year.wrong, f"year {number + 1}: {len(year.nodes)} nodes, every promise kept", *year.wrong[:12])
wanted = ["placed", "rejected", "survives", "fails", "node", "rack", "newer wave", "split wave", "live", "stopped", "done"]
tap.ok(all(seen[what] for what in wanted), "all of it is seen", seen)
sys.exit(tap.done())
