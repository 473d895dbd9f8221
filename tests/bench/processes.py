#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare two programs as whole processes, in one run, interleaved.

Usage: processes.py NAME REACH SIDE-A NAME-B RUNS COMMAND-A… -- COMMAND-B…

Prints `NAME: RATIO (SIDE-A 1.2 ms, SIDE-B 1.0 ms, …), reach <= REACH`. A time is the median of the
CPU time (user and system) that the kernel charges to the process, from exec to exit: wall time has
the noise of whatever else runs. The median wall times stand behind. Exits 1 where REACH is missed.
"""

import statistics
import sys

from measured import once


def main():
    name, reach, name_a, name_b, runs, *words = sys.argv[1:]
    split = words.index("--")
    sides = words[:split], words[split + 1:]
    times = [], []
    for command in sides:  # warm the page cache
        once(command)
    for _ in range(int(runs)):
        for command, side in zip(sides, times):
            side.append(once(command))
    (cpu_a, wall_a, _), (cpu_b, wall_b, _) = ([statistics.median(column) * 1000 for column in zip(*side)]
                                        for side in times)
    ratio = cpu_a / cpu_b
    print(f"{name}: {ratio:.2f} ({name_a} {cpu_a:.1f} ms, {name_b} {cpu_b:.1f} ms of CPU; "
          f"wall {wall_a:.1f} and {wall_b:.1f} ms), reach <= {reach}")
    return ratio > float(reach)


sys.exit(main())
