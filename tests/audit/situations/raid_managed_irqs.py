# SPDX-License-Identifier: MIT
"""Queues of RAID controllers are managed: user space cannot move them, and planner must not say
that it can.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = ("scylladb/scylladb#5268; scylladb/seastar#703; openshift/openshift-docs#60123; "
          "grantcurell, 'Understanding PERC Interrupts'")
FINDS = [Find("irq.managed-on-isolated", severity="warning", text="mega", fix="managed_irq")]
NEVER = ["irq.on-isolated"]
STATUS = 0
ISOLATED, HOST = "2-7,10-15", "0-1,8-9"


def node(sound):
    host = Host(smt(8), "5.14.0-427.el9.x86_64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.domains = []
    for i in range(0 if sound else 16):
        host.irq(60 + i, f"megasas0-msix{i}", str(i))
        host.irq(90 + i, f"mpt3sas0-msix{i}", str(i))
    domain = xml("a", 4, ["2", "10", "3", "11"], HOST)
    host.vm("a", 21000, ["2", "10", "3", "11"], HOST, live=domain, inactive=domain)
    return host
