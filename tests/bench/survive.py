#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`fleet survive` of a large fleet, beyond the reading and planning of its nodes, which `fit` does alone: the
difference of the medians of their CPU times, shared out over the CPUs.

Usage: survive.py PLANNER LIST SECONDS RUNS
"""

import os
import statistics
import sys

from measured import once


def main():
    planner, entries, reach, runs = sys.argv[1:]
    commands = [[planner, *words, "--fleet", entries, "--json"] for words in (["fleet", "survive"], ["fit"])]
    once(commands[1])  # warm the page cache
    pairs = [[once(command)[0] for command in commands] for _ in range(int(runs))]
    survive, fit = (statistics.median(column) / len(os.sched_getaffinity(0)) for column in zip(*pairs))
    print(f"survive, 10,000 nodes: {survive - fit:.2f} s (survive {survive:.2f} s, fit {fit:.2f} s), reach <= {reach}")
    return survive - fit > float(reach)


sys.exit(main())
