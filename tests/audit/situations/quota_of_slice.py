# SPDX-License-Identifier: MIT
"""Somebody limited machine.slice as a whole (CPUQuota=): pinned vCPUs are throttled, and no setting of a VM takes
that away.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "systemd.resource-control(5) CPUQuota="
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
FINDS = [Find("cgroup.quota", "vm a", "error", text="/machine.slice allows 2 vCPUs",
              fix="systemctl set-property 'machine.slice' CPUQuota=", not_fix=["virsh", "schedinfo"])]


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    host.domains = []
    host.groups["/machine.slice"] = ""
    host.put("sys/fs/cgroup/machine.slice/cpu.max", "max 100000\n" if sound else "100000 100000\n")
    host.put("sys/fs/cgroup/machine.slice/cpu.stat", f"nr_periods 100\nnr_throttled {0 if sound else 50}\n")
    pins = ["4", "12"]
    domain = xml("a", 2, pins, HOST, topology=(1, 1, 2))
    host.vm("a", 21000, pins, HOST, live=domain, inactive=domain)
    return host
