#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What measure costs of itself: two captures of nodes that grow, with 64 interrupts and 16 names a CPU traced.

Usage: measure_size.py PLANNER FOLDER
"""

import pathlib
import shutil
import sys

from measured import once

SIZES = (64, 512)
RUNS = 5
REACH = 1.5
FUNCTIONS = ("tick_sched_timer", "hrtimer_wakeup", "watchdog_timer_fn", "it_real_fn")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def histogram(keys, rows):
    lines = "".join(f"{{ {row} }} hitcount: {hits}\n" for row, hits in rows)
    return f"# trigger info: hist:keys={keys}:vals=hitcount [active]\n\n{lines}\nTotals:\n    Entries: {len(rows)}\n"


def moment(root, cpus, times):
    """Counters that have counted for TIMES ten seconds."""
    head = "".join(f" CPU{cpu}" for cpu in range(cpus))
    counts = "".join(f" {10 * times}" for _ in range(cpus))
    write(root / "proc/interrupts", f"{head}\n" + "".join(f"{irq}:{counts} PCI-MSI {irq}-edge eth0-{irq}\n" for irq in range(64)) +
          f"LOC:{counts} Local timer interrupts\n")
    write(root / "proc/softirqs", f"{head}\n" + "".join(f"{name}:{counts}\n" for name in ("TIMER", "RCU", "SCHED")))
    write(root / "proc/schedstat", "version 15\n" + "".join(f"cpu{cpu} 0 0 0 0 0 0 0 0 {10 * times}\n" for cpu in range(cpus)))
    write(root / "proc/uptime", f"{10 * times}.0 0.0\n")
    write(root / "proc/cmdline", f"isolcpus=2-{cpus - 1}\n")
    write(root / "proc/sys/kernel/osrelease", "6.1.0\n")
    for name in ("online", "possible", "present"):
        write(root / "sys/devices/system/cpu" / name, f"0-{cpus - 1}\n")
    write(root / "sys/devices/system/cpu/isolated", f"2-{cpus - 1}\n")
    events = root / "sys/kernel/tracing/instances/planner-measure/events"
    switches = [(f"common_cpu: {cpu}, next_pid: {100 * cpu + task}, next_comm: task{task}", times) for cpu in range(cpus) for task in range(12)]
    timers = [(f"common_cpu: {cpu}, function: {name}", times) for cpu in range(cpus) for name in FUNCTIONS]
    write(events / "sched/sched_switch/hist", histogram("common_cpu,next_pid,next_comm", switches))
    write(events / "timer/hrtimer_expire_entry/hist", histogram("common_cpu,function.sym", timers))


def seconds(planner, folder, cpus):
    for times, when in enumerate(("before", "after"), 1):
        moment(folder / when, cpus, times)
    command = [planner, "measure", "-t", f"core:{cpus} pu:1", str(folder / "before"), str(folder / "after"), "--json"]
    best = min(once(command)[0] for _ in range(RUNS))
    shutil.rmtree(folder)
    return best


def main():
    planner, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    small, large = (seconds(planner, folder, cpus) for cpus in SIZES)
    grown = large / small / (SIZES[1] / SIZES[0])
    print(f"measure, {SIZES[1]} CPUs against {SIZES[0]}, a CPU: {grown:.2f} ({large * 1e3:.0f} ms, {small * 1e3:.0f} ms), reach <= {REACH}")
    return grown > REACH


if __name__ == "__main__":
    sys.exit(main())
