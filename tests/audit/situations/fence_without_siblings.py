# SPDX-License-Identifier: MIT
"""Services are kept to CPUs 0-2, and the VM has the second thread of CPU 2, which is 10."""

from find import Find
from situations import affinity_lost

SOURCE = "guides to CPU pinning for VFIO; the host's cores have second threads"
FINDS = [Find("topology.fence-split", severity="warning", text=["2", "win11"])]
NEVER = ["task.user-on-vm", "service.affinity-lost"]
STATUS = 0
PINS = ["10", "3", "11", "4", "12", "5", "13", "6", "14", "7", "15"]


def node(sound):
    if sound:
        return affinity_lost.node(True)
    host = affinity_lost.Host(affinity_lost.smt(8), "6.8.0-57-generic",
                              affinity_lost.LINE + "intel_iommu=on")
    kept = "0-2,8-9"
    host.domains = []
    host.put("etc/systemd/system.conf", "[Manager]\nCPUAffinity=0-2 8-9\n")
    host.drop_task(1, 5000)
    host.task(1, "systemd", kept, ppid=0, group="/init.scope")
    host.task(5000, "sshd", kept, group="/system.slice/ssh.service")
    domain = affinity_lost.xml("win11", len(PINS), PINS, kept)
    host.vm("win11", 21000, PINS, kept, live=domain, inactive=domain)
    return host
