# SPDX-License-Identifier: MIT
"""A script put the NIC's queues on one CPU each, in order: no managed interrupt looks otherwise, yet
user space can move them, and must.
"""

from capture import Host, isolating, smt
from find import Find

SOURCE = "scylladb/seastar#703, the NIC's part"
FINDS = [Find("irq.on-isolated", severity="error", text="12 interrupts")]
NEVER = ["irq.managed-on-isolated"]
ISOLATED, HOST = "2-7,10-15", "0-1,8-9"


def node(sound):
    host = Host(smt(8), "5.14.0-427.el9.x86_64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    for i in range(16):
        host.irq(60 + i, f"mlx5_comp{i}@pci:0000:3b:00.0", HOST if sound else str(i))
    return host
