# SPDX-License-Identifier: MIT
"""isolcpus=managed_irq,LIST by hand: with a flag, and without domain, nothing is isolated. The tasks that run
there, and the sets that differ, follow from that.
"""

from capture import LINE, Host, isolating, parse, smt, xml
from find import Find

SOURCE = "kernel/sched/isolation.c housekeeping_isolcpus_setup(); guides that copy OpenShift's line"
FINDS = [Find("kernel.flags-without-domain", "kernel", "error", fix="isolcpus=managed_irq,domain,LIST")]
NEVER = ["task", "kernel.sets-differ", "irq", "vm", "topology"]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    line = isolating(ISOLATED, HOST, "managed_irq,domain,") if sound else \
        f"{LINE}isolcpus=managed_irq,{ISOLATED} nohz_full={ISOLATED} rcu_nocbs={ISOLATED} irqaffinity={HOST}"
    host = Host(smt(8), "6.1.0-28-amd64", line, isolated=ISOLATED * sound, nohz=ISOLATED)
    host.grub()
    host.irq_default = parse(HOST)
    host.domains = []
    domain = xml("a", 4, ["4", "12", "5", "13"], HOST, topology=(1, 2, 2), numatune=0)
    host.vm("a", 21000, ["4", "12", "5", "13"], HOST, live=domain, inactive=domain, nodes={0: 8 << 30})
    return host
