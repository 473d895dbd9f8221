# SPDX-License-Identifier: MIT
"""The list names CPUs that the machine cannot have: the kernel drops isolcpus as a whole. That is the
one cause; the CPUs of that list are not isolated, and nothing is said of them as if they were.
"""

from capture import Host, LINE, isolating, smt, xml
from find import Find

SOURCE = "kernel/sched/isolation.c housekeeping_setup()"
FINDS = [Find("kernel.list-out-of-range", severity="error", text=["isolcpus=2-7,10-99", "the same list is in nohz_full, rcu_nocbs"])]
NEVER = ["kernel.sets-differ", "kernel.not-honoured", "task", "irq"]
ISOLATED, HOST = "2-7,10-15", "0-1,8-9"


def node(sound):
    line = isolating(ISOLATED, HOST) if sound else f"{LINE}isolcpus=2-7,10-99 nohz_full=2-7,10-99 rcu_nocbs=2-7,10-99"
    host = Host(smt(8), "6.1.0-28-amd64", line, isolated=ISOLATED if sound else "",
                nohz=ISOLATED if sound else "")
    host.domains = []
    domain = xml("a", 4, ["2", "10", "3", "11"], HOST, topology=(1, 2, 2))
    host.vm("a", 21000, ["2", "10", "3", "11"], HOST, live=domain, inactive=domain)
    return host
