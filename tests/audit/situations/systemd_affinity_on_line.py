# SPDX-License-Identifier: MIT
"""systemd.cpu_affinity= of the line names isolated CPUs, so that all services may run there. That they may is
what follows, and not found again; a task that somebody put there is.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "systemd(1) systemd.cpu_affinity; lines written by hand after tuned's"
FINDS = [Find("service.systemd-affinity", "services", "error", text="systemd.cpu_affinity=0-15"),
         Find("task.user-on-isolated", "tasks", "error", text=["1 user task", "stray (6000"])]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
PINS = ["4", "12", "5", "13"]


def node(sound):
    where = HOST if sound else "0-15"
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST) + f" systemd.cpu_affinity={where}",
                isolated=ISOLATED, nohz=ISOLATED)
    host.grub()
    host.domains = []
    host.drop_task(1, 5000)
    host.task(1, "systemd", where, ppid=0, group="/init.scope")
    host.task(5000, "sshd", where, group="/system.slice/ssh.service")
    host.task(6000, "stray", HOST if sound else "0-7", group="/system.slice/stray.service")
    domain = xml("a", 4, PINS, HOST, topology=(1, 2, 2))
    host.vm("a", 21000, PINS, HOST, live=domain, inactive=domain)
    return host
