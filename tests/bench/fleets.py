#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`fit` of a whole fleet against the bare reading of its inventories, in one run, interleaved.

Usage: fleets.py REACH MEMORY-MIB RUNS FLEET-COMMAND… -- READ-COMMAND…

The fleet's time is its CPU time shared out over the CPUs, the reading's its CPU time, on one; of
each the median. Wall times, which have the noise of whatever else runs, stand behind: on a quiet
machine they give the same ratio. Exits 1 where REACH or MEMORY-MIB is missed.
"""

import os
import statistics
import sys

from measured import once


def main():
    reach, memory, runs, *words = sys.argv[1:]
    split = words.index("--")
    fleet, read = words[:split], words[split + 1:]
    once(read)  # warm the page cache
    pairs = [(once(fleet), once(read)) for _ in range(int(runs))]
    (cpu_a, wall_a, _), (cpu_b, wall_b, _) = ([statistics.median(column) for column in zip(*side)]
                                              for side in zip(*pairs))
    peak = max(pair[0][2] for pair in pairs) / 1024
    cpus = len(os.sched_getaffinity(0))
    ratio = cpu_a / cpus / cpu_b
    print(f"fit, 10,000 nodes: {ratio:.2f} (fit {cpu_a / cpus:.2f} s of each of {cpus} CPUs, reading "
          f"{cpu_b:.2f} s of one; wall {wall_a:.2f} and {wall_b:.2f} s), reach <= {reach}; "
          f"peak {peak:.0f} MiB, reach < {memory}")
    return ratio > float(reach) or peak >= float(memory)


sys.exit(main())
