#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`fleet waves` over made-up fleets whose nodes all change: how many waves more than the bound that it prints, how
often a VM moves, and the time, in CPU time.

Usage: waves.py PLANNER DIR SIZE…

For each size (30 100 300 1000) and fill a fleet. Exits 1 where a reach is missed.
"""

import json
import os
import resource
import subprocess
import sys

import drains

FILLS = (0.6, 0.85)
BEYOND = 2          # waves
MOVES = 1.5         # of a VM
SECONDS = {30: 0.5, 100: 1, 300: 3, 1000: 10}


def wished(entries):
    """The inventories as they are to be, beside those of ENTRIES: with a newer kernel."""
    folder = os.path.dirname(entries)
    os.makedirs(os.path.join(folder, "new"), exist_ok=True)
    with open(entries, encoding="utf-8") as lines:
        for line in lines:
            name = json.loads(line)["inventory"]
            with open(os.path.join(folder, name), encoding="utf-8") as old, \
                    open(os.path.join(folder, "new", name), "w", encoding="utf-8") as new:
                new.write(old.read().replace("kernel = 5.14.0", "kernel = 6.1.0"))
    return os.path.join(folder, "new")


def main():
    planner, folder, *sizes = sys.argv[1:]
    missed = False
    for size in map(int, sizes):
        beyond, moves, seconds = [], [], []
        for fill in FILLS:
            entries = drains.fleet(os.path.join(folder, f"{size}-{fill}"), size, fill, 0)
            new = wished(entries)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            result = subprocess.run([planner, "fleet", "waves", "--fleet", entries, "--to", new, "--json"],
                                    stdout=subprocess.PIPE, check=False)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
            end = json.loads(result.stdout.splitlines()[-1])
            if os.environ.get("VERBOSE"):
                print(size, fill, end, f"{seconds[-1]:.2f} s", flush=True)
            beyond.append(end["waves"] - end["least_waves"] if not end["left"] else size)
            moves.append(end["moves"] / end["vms"])
        print(f"waves, {size} nodes: {max(beyond)} more than the bound, reach <= {BEYOND}; {max(moves):.2f} moves of a VM, reach <= {MOVES}; "
              f"{max(seconds):.2f} s, reach <= {SECONDS[size]}")
        missed |= max(beyond) > BEYOND or max(moves) > MOVES or max(seconds) > SECONDS[size]
    return missed


sys.exit(main())
