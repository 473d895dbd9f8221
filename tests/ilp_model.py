#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The packing search against integer programming.

Reads problems with the search's answers, one JSON object a line (tests/unit/search_cases prints
them), writes each as an integer program, lets cbc or glpsol solve it goal by goal, and compares
value, far, spread, near and spare. An answer that says it is optimal must reach the optimum; any other must not
exceed it, and its bound must not be below it.

    build/tests/search_cases 200 | tests/ilp_model.py
    tests/ilp_model.py --solver glpsol --seconds 20 < cases.jsonl
"""

import argparse
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

UNLIMITED = 2**64 - 1


def cores(vcpus, threads, isolate):
    return vcpus if isolate else -(-vcpus // threads)


def share_memory(vm, vcpus):
    share = -(-vm["memory"] * vcpus // vm["vcpus"])
    return -(-share // vm["page"]) * vm["page"]


def slices(vm, threads, k):
    """
    [(how many, cores, vCPUs)] of its k shares; whole cores that differ by one at most, beside those
    of its helpers: a single one is in a smaller share, where there is one, else all are in a larger.
    """
    all_cores, each = cores(vm["vcpus"], threads, vm["isolate"]), 1 if vm["isolate"] else threads
    if all_cores < k:
        return []
    small, larger = all_cores // k, all_cores % k
    if not larger:
        small, larger = small - 1, k
    idle = all_cores * each - vm["vcpus"]
    found = [(larger - bool(idle), small + 1, (small + 1) * each),
             (int(idle > 0), small + 1, (small + 1) * each - idle),
             (k - larger, small, small * each)]
    own = cores(vm["helpers"], threads, False)
    at = 2 if own == 1 and found[2][0] else 0 if found[0][0] else 1
    n, size, vcpus = found[at]
    found[at] = n - bool(own), size, vcpus
    return [part for part in found + [(int(own > 0), size + own, vcpus)] if part[0]]


class Host:
    """Rooms, and the groups they make: those of one class in one node."""

    def __init__(self, problem):
        self.rooms = problem["rooms"]
        self.memory = problem["memory"]
        self.distance = problem["distance"]
        self.threads = {room["class"]: room["threads"] for room in self.rooms}
        self.groups = {}
        for index, room in enumerate(self.rooms):
            self.groups.setdefault((room["node"], room["class"]), []).append(index)

    def allowed(self, vm, rooms, vcpus=None):
        """May it have all ROOMS, which are of one node?"""
        node = self.rooms[rooms[0]]["node"]
        return vm["node"] in (None, node) and (not vm["rooms"] or all(vm["rooms"][room] for room in rooms)) and \
            share_memory(vm, vcpus or vm["vcpus"]) <= self.memory[node]

    def group_cores(self, group):
        return sum(self.rooms[room]["cores"] for room in self.groups[group])

    def need(self, vm, cls):
        return cores(vm["vcpus"], self.threads[cls], vm["isolate"]) + \
            cores(vm["helpers"], self.threads[cls], False)

    def in_room(self, vm):
        return [index for index, room in enumerate(self.rooms)
                if self.allowed(vm, [index])
                and self.need(vm, room["class"]) <= room["cores"]]

    def in_group(self, vm):
        return [group for group in self.groups if self.allowed(vm, self.groups[group])
                and self.need(vm, group[1]) <= self.group_cores(group)]

    def spans(self, vm):
        """(k, class, [(share, nodes that could hold one)])."""
        if vm["node"] is not None or vm["whole"]:
            return
        for k in range(2, len(self.memory) + 1):
            for cls in self.threads:
                parts = [(part, [group[0] for group in self.groups
                                 if group[1] == cls and self.allowed(vm, self.groups[group], part[2])
                                 and part[1] <= self.group_cores(group)])
                         for part in slices(vm, self.threads[cls], k)]
                wanted = 0
                for part, nodes in parts:
                    wanted += part[0]
                    if len(nodes) < wanted:
                        break
                else:
                    if parts:
                        yield k, cls, parts

    def apart(self, nodes):
        """The sum of the distances between each two of NODES."""
        return sum(self.distance[a][b] for a, b in itertools.combinations(nodes, 2))

    def natural(self, vm):
        if self.in_room(vm):
            return 0
        if self.in_group(vm):
            return 1
        return min((k for k, _, _ in self.spans(vm)), default=None)


def shape(vm):
    return vm["vcpus"], vm["isolate"], vm["memory"], vm["page"], vm["helpers"]


def key(vm):
    """VMs of one key are the same; one that is apart from others is like no other."""
    return shape(vm) + (vm["node"], vm["whole"], vm["floating"], tuple(vm["rooms"] or ()), vm["alone"])


class Program:
    """An integer program: variables are counts."""

    def __init__(self, host, vms, prefer, apart):
        self.host, self.prefer = host, prefer
        self.touched = {}  # of a VM that is apart: room → names of the assignments that count as there
        self.rows, self.names = [], []
        self.room = [{} for _ in host.rooms]
        self.group = {group: {} for group in host.groups}
        self.node = [{} for _ in host.memory]
        self.value, self.far, self.spread, self.near = {}, {}, {}, {}
        self.spare, self.placed = {}, {}
        kinds = {}
        for vm in vms:
            kinds.setdefault(key(vm), [vm, 0])[1] += 1
        for vm, count in kinds.values():
            self.add_kind(vm, count)
        for vm in {shape(vm): vm for vm in vms}.values():
            self.add_copies(dict(vm, node=None, rooms=None, alone=None))
        for a, b, places in apart:
            self.add_apart(a, b, places)
        self.finish()

    def variable(self):
        self.names.append("v%d" % len(self.names))
        return self.names[-1]

    def assignment(self, vm, name, room=None, group=None, part=None):
        for index in [room] if room is not None else self.host.groups[group]:
            self.touched.setdefault(vm["alone"], {}).setdefault(index, set()).add(name)
        if room is not None:
            at = self.host.rooms[room]
            group = at["node"], at["class"]
            self.room[room][name] = self.host.need(vm, at["class"])
        else:
            self.group[group][name] = part[1] if part else self.host.need(vm, group[1])
        self.node[group[0]][name] = share_memory(vm, part[2] if part else vm["vcpus"])

    def add_kind(self, vm, count):
        host, natural, placed = self.host, self.host.natural(vm), {}
        for room in host.in_room(vm):
            name = self.variable()
            self.assignment(vm, name, room=room)
            placed[name] = 1
        for group in host.in_group(vm):
            if len(host.groups[group]) == 1 and natural == 0:
                continue
            name = self.variable()
            self.assignment(vm, name, group=group)
            placed[name] = 1
            self.spread[name] = int(natural == 0)
        for k, cls, parts in host.spans(vm):
            for chosen in self.node_sets(k, parts):
                vms = self.add_span(vm, cls, parts, chosen)
                placed[vms] = 1
                self.far[vms] = int(k > max(natural, 1))
                self.near[vms] = host.apart(chosen) if host.distance else 0
        if placed:
            self.rows.append((placed, "<=", count))
        worth = vm["vcpus"] + vm["floating"] if self.prefer == "vcpus" else 1
        self.value.update((name, worth) for name in placed)
        self.placed[key(vm)] = placed

    def node_sets(self, k, parts):
        """The nodes a VM over K of them may have: each set, where distances tell them apart."""
        every = sorted({node for _, nodes in parts for node in nodes})
        return itertools.combinations(every, k) if self.host.distance else [every]

    def add_span(self, vm, cls, parts, chosen):
        """VMs whose shares are in the nodes CHOSEN, one in each at most; the name of their count.

        They can be dealt to the nodes as soon as each sort of share sums to its number for each VM.
        """
        vms, in_node = self.variable(), {}
        for part, nodes in parts:
            shares = {}
            for node in set(nodes) & set(chosen):
                name = self.variable()
                self.assignment(vm, name, group=(node, cls), part=part)
                shares[name] = in_node.setdefault(node, {})[name] = 1
            self.rows.append((dict(shares, **{vms: -part[0]}), "=", 0))
        for names in in_node.values():
            self.rows.append((dict(names, **{vms: -1}), "<=", 0))
        return vms

    def add_apart(self, a, b, places):
        """No place has cores of both: shares count as the VM, which is one."""
        for place in set(places):
            names = [set().union(*(self.touched.get(vm, {}).get(room, ()) for room, at in enumerate(places)
                                   if at == place)) for vm in (a, b)]
            for x, y in itertools.product(*names):
                self.rows.append(({x: 1, y: 1}, "<=", 1))

    def add_copies(self, vm):
        natural = self.host.natural(vm)
        if natural not in (0, 1):
            return
        for place in self.host.in_room(vm) if natural == 0 else self.host.in_group(vm):
            name = self.variable()
            if natural == 0:
                self.assignment(vm, name, room=place)
            else:
                self.assignment(vm, name, group=place)
            self.spare[name] = vm["vcpus"]

    def finish(self):
        for group, rooms in self.host.groups.items():
            lent = {}
            for room in rooms:
                name = self.variable()
                lent[name] = -1
                self.rows.append((dict(self.room[room], **{name: 1}), "<=",
                                  self.host.rooms[room]["cores"]))
            self.rows.append((dict(self.group[group], **lent), "<=", 0))
        for node, used in enumerate(self.node):
            limit = self.host.memory[node]
            if limit < UNLIMITED and used:
                unit = max(max(used.values()), limit, 1) / 1024
                self.rows.append(({name: size / unit for name, size in used.items()}, "<=",
                                  limit / unit + 1e-9))

    def text(self, goal, maximize, more):
        def terms(row):
            return " ".join("%+.12g %s" % (c, n) for n, c in row.items() if c) or "+ 0 v0"

        lines = ["Maximize" if maximize else "Minimize", " goal: " + terms(goal), "Subject To"]
        for index, (row, sense, limit) in enumerate(self.rows + more):
            lines.append(" r%d: %s %s %.12g" % (index, terms(row), sense, limit))
        lines += ["General"] + [" " + name for name in self.names] + ["End", ""]
        return "\n".join(lines)


class Unsolved(Exception):
    """The solver ran out of time: nothing is known."""


def solve(program, goal, maximize, more, args):
    """The best value of GOAL; None: infeasible."""
    if not any(goal.values()) and not more:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        model, answer = os.path.join(folder, "m.lp"), os.path.join(folder, "answer")
        with open(model, "w") as file:
            file.write(program.text(goal, maximize, more))
        if args.solver == "cbc":
            command = ["cbc", model, "sec", str(args.seconds), "ratioGap", "0", "solve",
                       "solution", answer]
        else:
            command = ["glpsol", "--lp", model, "--tmlim", str(args.seconds), "-o", answer]
        said = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout
        with open(answer) as file:
            text = file.read()
    if "TIME LIMIT EXCEEDED" in said:
        raise Unsolved
    if re.search("[Ii]nfeasible|UNDEFINED|EMPTY", text.split("\n   ")[0]):
        return None
    found = re.search(r"^Optimal - objective value\s+(\S+)", text) if args.solver == "cbc" else \
        re.search(r"INTEGER OPTIMAL[\s\S]*?Objective:\s+\S+ = (\S+)", text)
    if not found:
        raise Unsolved
    return round(abs(float(found.group(1))))


def check_order(program, problem, answer, args):
    """None refused that fits with those accepted before it; how many are accepted."""
    before, refused = {}, set()
    for vm, placed in zip(problem["vms"], answer["vms"]):
        if placed:
            before[key(vm)] = before.get(key(vm), 0) + 1
            if key(vm) in refused:
                return "refused one before and accepted another like it"
            continue
        if key(vm) in refused or not program.placed[key(vm)]:
            continue
        refused.add(key(vm))
        wanted = dict(before)
        wanted[key(vm)] = wanted.get(key(vm), 0) + 1
        rows = [(program.placed[k], ">=", n) for k, n in wanted.items()]
        if solve(program, {}, True, rows, args) is not None and answer["optimal"]:
            return "refused one that fits"
    return None


def fixed(program, problem, answer):
    """Under prefer order the VMs are fixed once accepted."""
    count = {}
    for vm, placed in zip(problem["vms"], answer["vms"]):
        count[key(vm)] = count.get(key(vm), 0) + bool(placed)
    return [(program.placed[k], "=", n) for k, n in count.items() if program.placed[k]]


def compare(problem, answer, args):
    """What is wrong with the answer; None: nothing."""
    far_apart = {vm for pair in problem["apart"] for vm in pair[:2]}
    for number, vm in enumerate(problem["vms"]):
        vm["alone"] = number if number in far_apart else None
    program = Program(Host(problem), problem["vms"], problem["prefer"], problem["apart"])
    rows = []
    if problem["prefer"] == "order":
        wrong = check_order(program, problem, answer, args)
        if wrong:
            return wrong
        rows = fixed(program, problem, answer)
    else:
        value = solve(program, program.value, True, [], args)
        if value < answer["placed"] or value > answer["bound"]:
            return "placed %d, bound %d, optimum %d" % (answer["placed"], answer["bound"], value)
        if value > answer["placed"]:
            return "not optimal, but says so" if answer["optimal"] else None
        rows = [(program.value, ">=", value)]
    far = solve(program, program.far, False, rows, args)
    if far > answer["far"] or (answer["optimal"] and far < answer["far"]):
        return "far %d, optimum %d" % (answer["far"], far)
    if far < answer["far"]:
        return None
    if any(program.far.values()):
        rows.append((program.far, "<=", far))
    spread = solve(program, program.spread, False, rows, args)
    if spread > answer["spread"] or (answer["optimal"] and spread < answer["spread"]):
        return "spread %d, optimum %d" % (answer["spread"], spread)
    if spread < answer["spread"]:
        return None
    if any(program.spread.values()):
        rows.append((program.spread, "<=", spread))
    near = solve(program, program.near, False, rows, args)
    if near > answer["near"] or (answer["optimal"] and near < answer["near"]):
        return "near %d, optimum %d" % (answer["near"], near)
    if near < answer["near"]:
        return None
    if any(program.near.values()):
        rows.append((program.near, "<=", near))
    spare = solve(program, program.spare, True, rows, args)
    if spare < answer["spare"] or (answer["optimal"] and spare > answer["spare"]):
        return "spare %d, optimum %d" % (answer["spare"], spare)
    args.gap = spare - answer["spare"]
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--solver", choices=("cbc", "glpsol"),
                        default="cbc" if shutil.which("cbc") else "glpsol")
    parser.add_argument("--seconds", type=int, default=20, help="for each goal of each problem")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    done = failed = unsolved = optimal = 0
    for number, line in enumerate(sys.stdin, 1):
        case = json.loads(line)
        try:
            wrong = compare(case["problem"], case["answer"], args)
        except Unsolved:
            unsolved += 1
            continue
        done += 1
        optimal += case["answer"]["optimal"]
        failed += wrong is not None
        if wrong or args.verbose:
            print("case %d: %s" % (number, wrong or "same"))
        if wrong:
            print(line.strip())
    print("%d cases compared, %d of them said to be optimal, %d wrong, %d not solved in time" %
          (done, optimal, failed, unsolved))
    return 1 if failed or not done else 0


if __name__ == "__main__":
    sys.exit(main())
