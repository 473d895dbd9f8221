# SPDX-License-Identifier: MIT
"""CPUAffinity= was written to system.conf and nothing was restarted, or a container's runtime enabled
cpusets on a kernel before 6.2: services run on the VM's CPUs all the same.
"""

from capture import Host, LINE, smt, xml
from find import Find

SOURCE = "systemd/systemd#23748; canonical/lxd#14418"
FINDS = [Find("service.affinity-lost", severity="warning", text=["0-1,8-9", "sshd"],
              fix="AllowedCPUs="),
         Find("task.user-on-vm", severity="warning", text=["2-7,10-15", "system.slice"])]
NEVER = ["topology.fence-split"]
STATUS = 0
ADOPTS = ["cpus = 0-1,8-9"]
HOST = "0-1,8-9"
PINS = ["2", "10", "3", "11", "4", "12", "5", "13", "6", "14", "7", "15"]


def node(sound, host_cpus=HOST):
    host = Host(smt(8), "5.15.0-91-generic", LINE + "intel_iommu=on")
    host.domains = []
    host.put("etc/systemd/system.conf", f"[Manager]\nCPUAffinity={host_cpus.replace(',', ' ')}\n")
    if sound:
        host.drop_task(1, 5000)
        host.task(1, "systemd", host_cpus, ppid=0, group="/init.scope")
        host.task(5000, "sshd", host_cpus, group="/system.slice/ssh.service")
    domain = xml("win11", 12, PINS, host_cpus, topology=(1, 6, 2))
    host.vm("win11", 21000, PINS, host_cpus, live=domain, inactive=domain)
    return host
