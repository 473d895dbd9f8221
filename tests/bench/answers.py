#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What answers to a person take, as curves over size: CPU seconds of whole processes.

Usage: answers.py PLANNER FOLDER

FOLDER gets the inputs, made up, the same each time. Prints a line a curve, with the reach of its
last size or of each; exits 1 where one is missed, or where a process takes 1 GiB.
"""

import json
import os
import random
import sys

from measured import once

TIGHT = "pack:2 numa:4(memory=137438953472) l3:4 core:8 pu:2"  # 512 CPUs
LOOSE = "pack:2 [numa(memory=1099511627776)] l3:16 core:8 pu:2"
SMALL = "pack:2 [numa(memory=137438953472)] l3:2 core:8 pu:2"


def write(name, lines):
    with open(name, "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")
    return name


def sizes(name, count):
    """COUNT VMs that all differ, in 93 % of the cores and of the memory of TIGHT."""
    rng = random.Random(count)
    shapes = [(vcpus := max(1, int(rng.uniform(.3, 1.7) * .93 * 504 / count)),
               rng.uniform(.5, 1.5) * vcpus) for _ in range(count)]
    unit = .93 * 1024 * 1024 / sum(memory for _, memory in shapes)
    return write(name, ["[host]", "cores-per-node = 1"] + [
        f"[vm vm{i}]\nvcpus = {vcpus}\nmemory = {int(memory * unit)}M"
        for i, (vcpus, memory) in enumerate(shapes)])


def pinned(name, count):
    """COUNT VMs of a core each, all different, on the CPUs that they have on TIGHT."""
    rng = random.Random(count)
    cores = rng.sample([core for core in range(256) if core % 32 > 1], count)
    return write(name, ["[host]", "cores-per-node = 1"] + [
        f"[vm vm{i}]\nvcpus = 2\ncpus = {2 * core},{2 * core + 1}\nmemory = {4096 + i}M"
        for i, core in enumerate(cores)])


def shared(name, count, vm):
    return write(name, ["[host]", "cores-per-node = 2", "[shared]", "cores-per-node = 4",
                        "overcommit = 200"] + [
        f"[vm {vm}{i:04}]\nvcpus = 1\npolicy = shared\nmemory = 128M" for i in range(count)])


def history(name, count):
    rng, there, lines = random.Random(1), [], []
    for number in range(count):
        if len(there) > 110 * rng.uniform(.8, 1.2):
            event = {"op": "remove", "id": there.pop(rng.randrange(len(there)))}
        else:
            vcpus = rng.choice([2, 2, 4, 4, 8, 8, 12, 16])
            event = {"op": "place", "id": f"vm{number}", "vcpus": vcpus, "memory": f"{4 * vcpus}G"}
            there.append(event["id"])
        lines.append(json.dumps(event))
    return write(name, lines)


def requests(name, count):
    """And COUNT / 2 nodes of empty.ini for them, in NAME.fleet."""
    rng = random.Random(2)
    write(name + ".fleet", [json.dumps({"inventory": "empty.ini", "topology": SMALL,
                                        "name": f"n{i}"}) for i in range(count // 2)])
    return write(name, [json.dumps({"id": f"r{i}", "vcpus": (v := rng.randrange(12, 58)),
                                    "memory": f"{v * rng.choice([2, 3, 4, 5])}G"})
                        for i in range(count)])


def curve(name, reaches, command):
    """REACHES: (size, CPU seconds to reach; None = any)."""
    parts, missed = [], False
    for size, reach in reaches:
        cpu, _, peak = once(command(size))
        missed |= reach is not None and cpu > reach or peak >= 1 << 20
        parts.append(f"{size:,}: {cpu:.2f} s" + (f" (reach <= {reach})" if reach else ""))
    print(f"{name}: {', '.join(parts)}")
    return missed


def main():
    planner, folder = os.path.abspath(sys.argv[1]), sys.argv[2]
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
    os.makedirs("node/proc", exist_ok=True)  # of which check reads next to nothing
    empty = write("empty.ini", ["[host]", "cores-per-node = 1"])
    missed = [
        curve("fit, sizes on 512 CPUs", ((20, 1), (60, 1), (300, 3)), lambda n: [
            planner, "fit", "-i", sizes("sizes.ini", n), "-t", TIGHT]),
        curve("show, cores side by side", ((1024, None), (8192, 2)), lambda n: [
            planner, "show", "-t", f"core:{n} pu:1"]),
        curve("plan, nodes of 8 cores", ((128, None), (1024, 3)), lambda n: [
            planner, "plan", "-i", empty, "-t", f"numa:{n} core:8 pu:1"]),
        curve("fit --what-if, sizes", ((60, 2),), lambda n: [
            planner, "fit", "-i", sizes("sizes.ini", n), "-t", TIGHT,
            "--what-if", "host.cores-per-node=2"]),
        curve("fit --moves 2 for 20 sizes, pinned VMs", ((50, None), (200, 5)), lambda n: [
            planner, "fit", "-i", pinned("pinned.ini", n), "-t", TIGHT, "--moves", "2",
            *(word for vcpus in range(2, 42, 2) for word in ("--vm", f"{vcpus}:{2 * vcpus}G"))]),
        curve("replay, events", ((2500, None), (10000, 1)), lambda n: [
            planner, "replay", "-i", empty, "-t", TIGHT, history("history.jsonl", n)]),
        curve("fit --place, VMs", ((500, None), (2000, 6)), lambda n: [
            planner, "fit", "--place", requests("requests.jsonl", n),
            "--fleet", "requests.jsonl.fleet"]),
        curve("emit --all --diff, long names", ((200, None), (800, 2)), lambda n: [
            planner, "emit", "--all", "--diff", ".", "-t", LOOSE, "-i",
            shared("long.ini", n, "\u00e9" * 60)]),
        curve("check, VMs", ((500, None), (2000, 1)), lambda n: [
            planner, "check", "-r", "node", "-t", LOOSE, "-i", shared("many.ini", n, "vm")]),
    ]
    return any(missed)


sys.exit(main())
