# SPDX-License-Identifier: MIT
"""A drop-in of irqbalance's unit bans the host's CPUs from it: the list is the wrong way round."""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "a public unit drop-in that sets Environment="
FINDS = [Find("irq.irqbalance-list", severity="warning", text="8-15,24-31")]
STATUS = 0
ISOLATED, HOST = "8-15,24-31", "0-7,16-23"


def node(sound):
    host = Host(smt(16), "6.8.0-57-generic", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.domains = []
    host.put("etc/systemd/system/irqbalance.service.d/ban.conf", "[Service]\nEnvironment="
             f'"IRQBALANCE_BANNED_CPULIST={ISOLATED if sound else HOST}"\n')
    host.put("etc/default/irqbalance", "# see irqbalance(1)\n")
    host.task(5100, "irqbalance", HOST, group="/system.slice/irqbalance.service")
    domain = xml("a", 4, ["8", "24", "9", "25"], HOST)
    host.vm("a", 21000, ["8", "24", "9", "25"], HOST, live=domain, inactive=domain)
    return host
