# SPDX-License-Identifier: MIT
"""The kernel says by the mode of smp_affinity who may set it. Here the RAID controller's queues can be
moved, a driver that nobody knows has some that cannot. Timers, PMUs and interrupts that nobody
handles are nobody's fault.
"""

from capture import Host, isolating, smt
from find import Find

SOURCE = "kernel/irq/proc.c register_irq_proc(); scylladb/scylladb#5268"
FINDS = [Find("irq.on-isolated", severity="error",
              text=["2 interrupts", "61 megasas0-msix2 (CPUs 2, fired 70 times), 62 megasas0-msix3 "
                    "(CPUs 3, never fired)"]),
         Find("irq.managed-on-isolated", severity="warning", text=["1 interrupt", "70 xyz-q"])]
ISOLATED, HOST = "2-7,10-15", "0-1,8-9"


def node(sound):
    host = Host(smt(8), "6.12.0-55.el10.x86_64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.irq(0, "timer", "0-15", ISOLATED, mode=0o444, chip="IO-APIC 2-edge")
    host.irq(1, "i8042", HOST, mode=0o644, fired={0: 4})
    host.irq(9, "", "2", mode=0o644)
    host.irq(30, "arm-pmu", "0-15", ISOLATED, mode=0o444, chip="GICv3 23 Level")
    if not sound:
        host.irq(61, "megasas0-msix2", "2", mode=0o644, fired={2: 70})
        host.irq(62, "megasas0-msix3", "3", mode=0o644)
        host.irq(70, "xyz-q", "4", mode=0o444, fired={4: 1})
    return host
