#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a measurement costs who is measured: instructions for each event that it counts, and interruptions.

An emulated host counts instructions: its clock goes on by a nanosecond with each (QEMU's -icount). It has one CPU,
and on it what planner takes for a vCPU. Two tasks take turns there, with and without planner's traces.

Another has an isolated CPU that nothing runs on. The kernel counts what comes there, in the middle of a measurement
and before it.

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
FEW = 3  # so many more may come to the isolated CPU by chance, at the best of three times
SHAPE = emulated.Shape(cores=1, threads=1, memory=512, model="EPYC-Rome,-hypervisor")
TWO = emulated.Shape(cores=2, threads=1, memory=512, model="EPYC-Rome,-hypervisor")
ISOLATED = "isolcpus=managed_irq,domain,1 nohz_full=1 irqaffinity=0"
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
# Interrupts and softirqs of CPU 1, and how often it took up another task.
COUNT = """
my $sum = 0;
for my $path ("/proc/interrupts", "/proc/softirqs") {
    open(my $file, "<", $path) or die;
    <$file>;
    while (<$file>) { my @word = split; $sum += $word[2] if @word > 2 and $word[2] =~ /^\\d+$/; }
}
open(my $file, "<", "/proc/schedstat") or die;
while (<$file>) { my @word = split; $sum += $word[3] if $word[0] eq "cpu1"; }
print "$sum\\n";
"""
QUIET = """
mount -t tracefs tracefs /sys/kernel/tracing
came() {
    for ((i = 0; i < 3; i++)); do
        before=$(perl /count.pl)
        sleep 5
        echo $(($(perl /count.pl) - before))
    done >"/out/$1"
}
came without
planner measure --for 60s >/out/report 2>&1 &
sleep 20
ls /sys/kernel/tracing/instances >/out/instances
came with
kill $!
"""


def best(folder, name):
    return min(map(int, (folder / name).read_text(encoding="ascii").split()))


def boot(host, name, *how):
    ran = host.boot(*how)
    if os.environ.get("KEEP"):
        print(ran.out, ran.cost(), *(f"{path.name}: {path.read_text()}" for path in sorted(ran.files.iterdir())), sep="\n")
    if ran.wrong:
        sys.exit(f"measure, {name}: {ran.wrong}")
    return ran.files


def events(host):
    """Does an event cost too much?"""
    files = boot(host, "an event", SHAPE, "", SCRIPT, {"/turn.pl": TURN, "/vcpu.pl": VCPU}, 600, ["-icount", "shift=0,sleep=off"])
    trigger = (files / "trigger").read_text(encoding="utf-8")
    if "if common_cpu == 0 [active]" not in trigger:
        sys.exit(f"measure, an event: the switches are not counted: {trigger}")
    without, traced = best(files, "without"), best(files, "with")
    event = (traced - without) / (2 * TURNS)
    print(f"measure, an event: {event:.0f} instructions (a turn takes {without / (2 * TURNS):.0f} without), reach <= {REACH}")
    return event > REACH


def window(host):
    """Does more come to an isolated CPU while it is measured?"""
    files = boot(host, "its window", TWO, ISOLATED, QUIET, {"/count.pl": COUNT}, 300)
    if "planner-measure" not in (files / "instances").read_text(encoding="utf-8"):
        sys.exit("measure, its window: nothing is measured")
    without, measured = best(files, "without"), best(files, "with")
    print(f"measure, its window: {measured} interruptions of an isolated CPU in 5 s, {without} without, reach <= {without + FEW}")
    return measured > without + FEW


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
        return events(host) + window(host) > 0


if __name__ == "__main__":
    sys.exit(main())
