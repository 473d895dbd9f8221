#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One program against a limit: the median of its CPU times from exec to exit; wall time behind.

Usage: limit.py NAME SECONDS RUNS COMMAND…

Prints `NAME: 0.21 s (0.25 s wall, 31 MiB), reach <= SECONDS`. Exits 1 where it is missed.
"""

import statistics
import sys

from measured import once


def main():
    name, reach, runs, *command = sys.argv[1:]
    once(command)  # warm the page cache
    cpus, walls, peaks = zip(*(once(command) for _ in range(int(runs))))
    cpu, wall = statistics.median(cpus), statistics.median(walls)
    print(f"{name}: {cpu:.2f} s ({wall:.2f} s wall, {max(peaks) >> 10} MiB), reach <= {reach}")
    return cpu > float(reach)


sys.exit(main())
