# SPDX-License-Identifier: MIT
"""The cure that every VFIO hook has: init.scope, system.slice and user.slice may use the host's
CPUs alone, and the VM has the others. All is fine.
"""

from capture import Host, LINE, smt, xml

SOURCE = "docs.hvitoi.com, scheduler hook; systemd/systemd#23748"
FINDS = []
STATUS = 0
NEVER = ["vm", "task", "irq", "cgroup"]
ADOPTS = ["cpus = 0-1,8-9"]
NOT_ADOPTED = ["planner plan' says", "emulator threads", "the line has nohz_full="]
HOST = "0-1,8-9"
PINS = ["2", "10", "3", "11", "4", "12", "5", "13", "6", "14", "7", "15"]


def fenced(user=HOST):
    host = Host(smt(8), "6.1.0-28-amd64", LINE + "amd_iommu=on iommu=pt", vendor="amd",
                driver="amd-pstate-epp")
    host.domains = []
    host.groups |= {"/system.slice": HOST, "/user.slice": user, "/init.scope": HOST,
                    "/machine.slice": ""}
    host.drop_task(1, 5000)
    host.task(1, "systemd", HOST, ppid=0, group="/init.scope")
    host.task(5000, "sshd", HOST, group="/system.slice/ssh.service")
    host.task(6000, "plasmashell", user or "0-15", group="/user.slice/user-1000.slice/x")
    domain = xml("win11", 12, PINS, HOST, topology=(1, 6, 2))
    host.vm("win11", 21000, PINS, HOST, live=domain, inactive=domain)
    return host


def node(sound):
    return None if sound else fenced()
