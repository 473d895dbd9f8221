#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Lists of VMs that greedy placement loses, placed by planner and by integer programming.

Usage: packing.py PLANNER FOLDER [LISTS]

Hosts of 2 to 16 nodes, up to 256 CPUs. A list fills every node exactly, by its making; only lists
are taken of which first-fit and best-fit, both by decreasing size, place less. Every third has
three VMs more than that. glpsol or cbc says
what the optimum is, knowing of equal shares over nodes as planner does. One line; exits 1 where
planner places less than that, does not prove it, or takes more than 50 ms.

A second line is for 200 lists that fill each of the 8 nodes of a host of 256 CPUs: all are placed,
and no VM is over two nodes, in 100 ms at most.
"""

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time

REACH_MS = 50
FILLED, FILLED_MS = 200, 100
HOSTS = [(2, 16), (2, 40), (2, 63), (4, 8), (4, 16), (4, 31), (8, 8), (8, 15), (16, 7)]
SOLVER_SECONDS = 60


def partition(rng, total, most):
    """TOTAL cores in parts of 1 to MOST, small ones rarely."""
    parts = []
    while total:
        part = min(total, rng.randint(max(1, most // 4), most))
        parts.append(part)
        total -= part
    return parts


def greedy(sizes, nodes, cores, best):
    """vCPUs placed by decreasing size, shares over nodes included, as many simple placers do."""
    free, placed = [cores] * nodes, 0
    for vcpus in sorted(sizes, reverse=True):
        for k in range(1, nodes + 1):
            need = (vcpus // k + 1) // 2
            fit = [n for n in range(nodes) if free[n] >= need]
            if vcpus % k or len(fit) < k:
                continue
            for n in sorted(fit, key=lambda n: free[n] if best else n)[:k]:
                free[n] -= need
            placed += vcpus
            break
    return placed


def lists(rng, count):
    """(nodes, cores, sizes in vCPUs) where greedy falls short of all."""
    found = []
    while len(found) < count:
        nodes, cores = HOSTS[len(found) % len(HOSTS)]
        sizes = [2 * part - rng.choice([0, 1, 1, 1]) for _ in range(nodes)
                 for part in partition(rng, cores, rng.choice([cores // 2, cores * 2 // 3]))]
        if max(greedy(sizes, nodes, cores, best) for best in (False, True)) < sum(sizes):
            if len(found) % 3 == 2:  # more than fit: which ones?
                sizes += [rng.randint(1, cores) for _ in range(3)]
            rng.shuffle(sizes)
            found.append((nodes, cores, sizes))
    return found


def model(nodes, cores, sizes):
    """The integer program, in CPLEX's LP format: y = VMs of a size over k nodes, z = their shares."""
    goal, rows, bounds, names = [], [], [], []
    room = [[] for _ in range(nodes)]
    for size in sorted(set(sizes)):
        ways = [k for k in range(1, nodes + 1) if size % k == 0 and (size // k + 1) // 2 <= cores]
        for k in ways:
            y = f"y{size}_{k}"
            shares = [f"z{size}_{k}_{n}" for n in range(nodes)]
            goal.append(f"{size} {y}")
            names += [y] + shares
            rows.append(" + ".join(shares) + f" - {k} {y} = 0")
            for n, z in enumerate(shares):
                rows.append(f"{z} - {y} <= 0")
                room[n].append(f"{(size // k + 1) // 2} {z}")
        rows.append(" + ".join(f"y{size}_{k}" for k in ways) + f" <= {sizes.count(size)}")
    rows += [" + ".join(terms) + f" <= {cores}" for terms in room]
    bounds = [f"0 <= {name} <= {len(sizes)}" for name in names]
    return "\n".join(["Maximize", " all: " + "\n + ".join(goal), "Subject To",
                      *(f" c{i}: {row}" for i, row in enumerate(rows)), "Bounds",
                      *(f" {bound}" for bound in bounds), "General",
                      *(f" {name}" for name in names), "End", ""])


def optimum(path):
    """(value, seconds) of the integer program in a file; value None where it was not solved."""
    answer = path + ".out"
    if shutil.which("cbc"):
        command = ["cbc", path, "sec", str(SOLVER_SECONDS), "solve", "solution", answer, "quit"]
    else:
        command = ["glpsol", "--lp", path, "--cuts", "--tmlim", str(SOLVER_SECONDS), "-o", answer]
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=2 * SOLVER_SECONDS)
    seconds = time.perf_counter() - begin
    with open(answer, encoding="utf-8") as file:
        text = file.read()
    if text.startswith("Optimal"):
        return round(abs(float(text.split("\n", 1)[0].rsplit(" ", 1)[1]))), seconds
    for line in text.splitlines():
        if line.startswith("Objective:") and "INTEGER OPTIMAL" in text:
            return round(float(line.split("=")[1].split()[0])), seconds
    return None, seconds


def ask(planner, path, topology, sizes, runs):
    """(the plan's document, milliseconds of the whole process: the median of RUNS)."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("[host]\ncores-per-node = 1\n")
        file.writelines(f"[vm v{i}]\nvcpus = {size}\n" for i, size in enumerate(sizes))
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        run = subprocess.run([planner, "plan", "--json", "-i", path, "-t", topology],
                             capture_output=True, timeout=600)
        times.append((time.perf_counter() - begin) * 1000)
    return json.loads(run.stdout), statistics.median(times)


def plan(planner, path, nodes, cores, sizes):
    """(vCPUs placed, proved, milliseconds)."""
    document, ms = ask(planner, path, f"numa:{nodes} core:{cores + 1} pu:2", sizes, 5)
    return (sum(vm["vcpus"] for vm in document["vms"] if vm["placed"]),
            document["placement"]["bound"] == document["placement"]["placed"], ms)


def filled(planner, folder):
    """The second line; how many lists are not as they should be."""
    rng, wrong, times = random.Random(2), 0, []
    for number in range(FILLED):
        sizes = [2 * part for _ in range(8) for part in partition(rng, 15, rng.choice([4, 7, 11, 15]))]
        path = os.path.join(folder, f"filled-{number}.ini")
        document, ms = ask(planner, path, "pack:2 numa:4 l3:2 core:8 pu:2", sizes, 3)
        vms = document["vms"]
        times.append(ms)
        if not all(vm["placed"] and len(vm["nodes"]) == 1 for vm in vms) or ms > FILLED_MS:
            wrong += 1
            print(f"# {path}: {sum(vm['placed'] for vm in vms)} of {len(vms)} placed, over several nodes: "
                  f"{sum(len(vm['nodes']) > 1 for vm in vms if vm['placed'])}, {ms:.1f} ms", file=sys.stderr)
    print(f"lists that fill every node: {FILLED - wrong} of {FILLED} with no VM over two "
          f"({statistics.median(times):.1f} ms each, {max(times):.1f} at most), reach all, <= {FILLED_MS} ms")
    return wrong


def main():
    planner, folder, count = sys.argv[1], sys.argv[2], int((sys.argv + ["27"])[3])
    if not shutil.which("cbc") and not shutil.which("glpsol"):
        print("lists that greedy loses: neither cbc nor glpsol is installed", file=sys.stderr)
        return 2
    os.makedirs(folder, exist_ok=True)
    lost, slow, times, solver, open_, greedy_lost = 0, 0, [], [], 0, []
    for number, (nodes, cores, sizes) in enumerate(lists(random.Random(1), count)):
        base = os.path.join(folder, f"packing-{number}")
        with open(base + ".lp", "w", encoding="utf-8") as file:
            file.write(model(nodes, cores, sizes))
        best, seconds = optimum(base + ".lp")
        placed, proved, ms = plan(planner, base + ".ini", nodes, cores, sizes)
        if best is None:
            open_ += 1
            best = placed
        lost += placed != best or not proved
        if placed != best or not proved:
            print(f"# {base}.ini on {nodes} nodes of {cores} cores: {placed} vCPUs, {best} can be, "
                  f"{'' if proved else 'not '}proved", file=sys.stderr)
        slow += ms > REACH_MS
        times.append(ms)
        solver.append(seconds * 1000)
        greedy_lost.append(best - max(greedy(sizes, nodes, cores, b) for b in (0, 1)))
    left = f", {open_} of them not solved by it in {SOLVER_SECONDS} s" if open_ else ""
    print(f"lists that greedy loses: {count - lost} of {count} at the optimum and proved "
          f"({statistics.median(times):.1f} ms each, {max(times):.1f} at most; integer programming "
          f"{statistics.median(solver):.0f} and {max(solver):.0f} ms{left}; greedy leaves out "
          f"{statistics.mean(greedy_lost):.0f} vCPUs a list), reach all, <= {REACH_MS} ms")
    return 1 if filled(planner, folder) or lost or slow else 0


sys.exit(main())
