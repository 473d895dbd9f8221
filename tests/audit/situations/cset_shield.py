# SPDX-License-Identifier: MIT
"""'cset shield' fences the host by cgroup v1's cpusets, without isolcpus. Sound while every task is in
its set; the shield was made before a service started that is in the root.
"""

from capture import KTHREAD, LINE, Host, smt, xml
from find import Find

SOURCE = "cpuset's manual; VFIO guides before systemd 244"
FINDS = [Find("task.user-on-vm", "tasks", "warning", text=["4-5,12-13", "backupd"])]
STATUS = 0
STRICT = True
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "4.18.0-305.el8.x86_64", LINE, version=1)
    host.grub()
    host.groups = {"/": "0-15", "/system": HOST, "/user": ISOLATED, "/machine": "0-15"}
    for task in host.tasks:
        if not task["flags"] & KTHREAD:
            task["group"], task["cpus"] = "/system", {*range(4), *range(8, 12)}
    if not sound:
        host.task(6000, "backupd", "0-15", group="/")
    host.domains = []
    domain = xml("a", 4, ["4", "12", "5", "13"], HOST, topology=(1, 2, 2))
    host.vm("a", 21000, ["4", "12", "5", "13"], HOST, group="/machine/qemu-1-a.libvirt-qemu",
            live=domain, inactive=domain, nodes={0: 8 << 30})
    return host
