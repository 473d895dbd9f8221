# SPDX-License-Identifier: MIT
"""StarlingX writes a line that looks wrong and is meant: RCU callbacks of all but the platform's CPUs are
offloaded, interrupts go to application CPUs, and nohz_full= is the word "disabled".
"""

from capture import Host, LINE, smt

SOURCE = "starlingx/config sysinv puppet/platform.py"
FINDS = []
STATUS = 0
NEVER = ["kernel"]
ISOLATED, PLATFORM = "4-7,12-15", "0-1,8-9"


def node(sound):
    ticks = ISOLATED if sound else "disabled"
    host = Host(smt(8), "6.6.0-1-amd64", f"{LINE}isolcpus=nohz,domain,managed_irq,{ISOLATED} "
                f"nohz_full={ticks} rcu_nocbs=2-7,10-15 kthread_cpus={PLATFORM} "
                "irqaffinity=2-3,10-11", isolated=ISOLATED, nohz=ISOLATED)
    host.grub()
    return host
