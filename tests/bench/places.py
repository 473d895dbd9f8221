#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`fit --fleet --place` over made-up fleets that are partly full, asked for more than they have: how far what is
placed is from the bound that the command prints, and how long it takes, in CPU time.

Usage: places.py PLANNER DIR SIZE…

For each size (30 100 300 1000) some fleets, each with --prefer vcpus and vms; one fleet is asked for hundreds of
sizes. Exits 1 where a reach is missed.
"""

import json
import os
import random
import resource
import subprocess
import sys

G = 1 << 30
KINDS = [(2, 18, 144, 2), (4, 10, 96, 2), (8, 6, 64, 2), (2, 32, 384, 2), (2, 28, 192, 1)]  # NUMA nodes, cores, GiB, threads
SEEDS = {30: 20, 100: 5, 300: 3, 1000: 1}
MOST = {30: 2, 100: 0.5, 300: 0.5, 1000: 0.5}  # per cent, each
MEAN = {30: 0.5, 100: 0.4, 300: 0.4, 1000: 0.4}
SECONDS = {30: 2.5, 100: 4, 300: 6, 1000: 10}
MEMORY = 64  # MiB


def node(rng, name):
    numas, cores, gib, threads = rng.choice(KINDS)
    text = [f"[node]\nname = {name}\nkernel = 5.14.0\nqemu = 7.2.0\nlibvirt = 9.0.0\nmwait = no\n",
            "[host]\ncores-per-node = 1\nmemory-per-node = 8G\n"]
    fill, free = rng.choice([0, 0.35, 0.35, 0.7]), 0
    for numa in range(numas):
        at, left = 1, gib - 8
        while at - 1 < fill * (cores - 1):
            vcpus = rng.choice([2, 4, 4, 8])
            need, memory = -(-vcpus // threads), vcpus * rng.choice([1, 4, 8])
            if at + need > cores or memory > left:
                break
            first = (numa * cores + at) * threads
            text.append(f"[vm {name}-{numa}-{at}]\nvcpus = {vcpus}\nmemory = {memory}G\nnode = {numa}\n"
                        f"cpus = {','.join(map(str, range(first, first + vcpus)))}\n")
            at, left = at + need, left - memory
        free += (cores - at) * threads
    return "".join(text), f"numa:{numas}(memory={gib * G}) core:{cores} pu:{threads}", free


def asked(rng, vcpus, many):
    group = 0
    while vcpus > 0:
        group += 1
        size = rng.choice([2, 2, 4, 4, 4, 6, 8, 8, 8, 12, 16, 16, 24, 32])
        memory = rng.randint(size * 1024, size * 8192) if many else size * rng.choice([1536, 4096, 8192])
        one = {"vcpus": size, "memory": f"{memory}M", **({"cpu_pm": True} if rng.random() < 0.1 else {})}
        alone = rng.random() < 0.88
        for _ in range(1 if alone else rng.choice([2, 3, 3, 5])):
            yield one if alone else {**one, "group": f"g{group}"}
            vcpus -= size


def fleet(folder, size, seed, many):
    rng, free = random.Random(f"{size} {seed} {many}"), 0
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "fleet.jsonl"), "w", encoding="utf-8") as entries:
        for number in range(size):
            text, topology, more = node(rng, f"n{number}")
            free += more
            with open(os.path.join(folder, f"n{number}.ini"), "w", encoding="utf-8") as file:
                file.write(text)
            entries.write(json.dumps({"inventory": f"n{number}.ini", "topology": topology}) + "\n")
    with open(os.path.join(folder, "requests.jsonl"), "w", encoding="utf-8") as requests:
        for number, vm in enumerate(asked(rng, 1.1 * free, many)):
            requests.write(json.dumps({"id": f"v{number}", **vm}) + "\n")


def place(planner, folder, prefer):
    """The gap in per cent, seconds of CPU and MiB at most."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run([planner, "fit", "--fleet", os.path.join(folder, "fleet.jsonl"), "--place",
                             os.path.join(folder, "requests.jsonl"), "--prefer", prefer, "--json"],
                            stdout=subprocess.PIPE, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    end = json.loads(result.stdout.splitlines()[-1])
    placed = end["placed"] if prefer == "vms" else end["vcpus"]
    return (100 * (end["bound"] - placed) / end["bound"],
            after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, after.ru_maxrss / 1024)


def row(planner, folder, size, seeds, many):
    missed = False
    for seed in range(seeds):
        fleet(os.path.join(folder, f"{size}-{seed}-{many}"), size, seed, many)
    for prefer in "vcpus", "vms":
        gaps, seconds, peaks = zip(*(place(planner, os.path.join(folder, f"{size}-{seed}-{many}"), prefer)
                                     for seed in range(seeds)))
        mean = sum(gaps) / seeds
        print(f"fit --place, {size} nodes{', each VM of another size' if many else ''}, {prefer}: gap {mean:.2f} % in the mean of "
              f"{seeds}, reach <= {MEAN[size]}, at most {max(gaps):.2f} %, reach <= {MOST[size]}; {max(seconds):.2f} s, "
              f"reach <= {SECONDS[size]}; {max(peaks):.0f} MiB, reach <= {MEMORY}", flush=True)
        missed |= mean > MEAN[size] or max(gaps) > MOST[size] or max(seconds) > SECONDS[size] or max(peaks) > MEMORY
    return missed


def main():
    planner, folder, *sizes = sys.argv[1:]
    missed = [row(planner, folder, size, SEEDS[size], False) for size in map(int, sizes)]
    missed.append(row(planner, folder, 100, 1, True))
    return any(missed)


sys.exit(main())
