# SPDX-License-Identifier: MIT
"""One run of a program, measured."""

import os
import sys
import time


def once(command):
    """(CPU seconds, wall seconds, peak KiB) from exec to exit, its output thrown away."""
    begin = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ,
                          file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - begin
    if os.waitstatus_to_exitcode(status) not in (0, 1):  # 1: bad news, but the whole job
        sys.exit(f"{' '.join(command)}: failed with wait status {status}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss
