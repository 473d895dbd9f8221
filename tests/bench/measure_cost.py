#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a measurement costs who is measured: instructions for each event that it counts.

An emulated host counts instructions: its clock goes on by a nanosecond with each (QEMU's -icount). It has one CPU,
and on it what planner takes for a vCPU. Two tasks take turns there, with and without planner's traces.
(That it interrupts no CPU meanwhile, tests/e2e-kvm.t shows.)

Usage: measure_cost.py PLANNER      (from the top folder; the kernel is kept in build/e2e; KEEP=1 shows all)
"""

import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

import emulated
import userland
from unavailable import Unavailable

TURNS = 20000
REACH = 1600  # three keys, one of them a name, and a filter; with one key and none it is 850
SHAPE = emulated.Shape(cores=1, threads=1, memory=512, model="EPYC-Rome,-hypervisor")
# By its arguments a QEMU, by its name the thread of a vCPU; 157 is prctl(2), 15 PR_SET_NAME.
VCPU = 'my $name = "CPU 0/KVM"; syscall(157, 15, $name); sleep 1000;'
# Both yield the CPU TURNS times: as many switches from one to the other. 24 is sched_yield(2), 228 clock_gettime(2).
TURN = f"""
sub now {{ my $b = "\\0" x 16; syscall(228, 1, $b); my ($s, $n) = unpack("qq", $b); return $s * 1e9 + $n; }}
my $other = fork;
if (!$other) {{ syscall(24) while 1; }}
syscall(24) for 1..1000;
my $first = now;
syscall(24) for 1..{TURNS};
printf "%.0f\\n", now() - $first;
kill 9, $other;
"""
SCRIPT = """
mount -t tracefs tracefs /sys/kernel/tracing
(exec -a qemu-system-x86_64 perl /vcpu.pl -name guest=vm,debug-threads=on -accel kvm) &
vcpu=$!
turns() {
    for ((i = 0; i < 3; i++)); do
        perl /turn.pl
    done >"/out/$1"
}
turns without
planner measure --for 60s >/out/report 2>&1 &
sleep 30
cat /sys/kernel/tracing/instances/planner-measure/events/sched/sched_switch/trigger >/out/trigger
turns with
kill $! $vcpu
"""


def best(folder, name):
    return min(map(int, (folder / name).read_text(encoding="ascii").split()))


def main():
    with tempfile.TemporaryDirectory() as scratch:
        try:
            host = emulated.Emulated(pathlib.Path("build/e2e"), scratch, pathlib.Path(sys.argv[1]))
            host.archives.append(host.scratch / "programs.cpio")
            with userland.Userland(host.archives[-1]) as archive:
                archive.programs(["perl", "taskset"])
        except Unavailable as reason:
            print(f"measure, its cost: not known ({reason})")
            return 0
        files = {"/turn.pl": TURN, "/vcpu.pl": VCPU}
        ran = host.boot(SHAPE, "", SCRIPT, files, 600, ["-icount", "shift=0,sleep=off"])
        if os.environ.get("KEEP"):
            print(ran.out, ran.cost(), *(f"{path.name}: {path.read_text()}" for path in sorted(ran.files.iterdir())), sep="\n")
        if ran.wrong:
            sys.exit(f"measure, its cost: {ran.wrong}")
        trigger = (ran.files / "trigger").read_text(encoding="utf-8")
        if "if common_cpu == 0 [active]" not in trigger:
            sys.exit(f"measure, its cost: the switches are not counted: {trigger}")
        without, traced = best(ran.files, "without"), best(ran.files, "with")
    event = (traced - without) / (2 * TURNS)
    print(f"measure, an event: {event:.0f} instructions (a turn takes {without / (2 * TURNS):.0f} without), reach <= {REACH}")
    return event > REACH


if __name__ == "__main__":
    sys.exit(main())
