# SPDX-License-Identifier: MIT
"""Services are kept to CPUs 0-2 and 8-9, and the VM has CPU 2: that they may run there is one finding, and
that the host has a thread of the VM's core is the same overlap.
"""

from find import Find
from situations import affinity_lost

SOURCE = "guides to CPU pinning for VFIO: a CPU was moved to the VM, and AllowedCPUs= forgotten"
FINDS = [Find("task.user-on-vm", severity="warning", text=["CPUs 2-7,10-15", "system.slice"])]
NEVER = ["topology.fence-split"]
STATUS = 0


def node(sound):
    return affinity_lost.node(True, affinity_lost.HOST if sound else "0-2,8-9")
