# SPDX-License-Identifier: MIT
"""systemd.cpu_affinity= of the line names isolated CPUs, so that all services may run there. That they may is
what follows, and not found again; a task that somebody put there is.
"""

import json

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "systemd(1) systemd.cpu_affinity; lines written by hand after tuned's"
FINDS = [Find("service.systemd-affinity", "services", "error", text="systemd.cpu_affinity=0-15"),
         Find("task.user-on-isolated", "tasks", "error", text=["1 user task", "stray (6000"])]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
PINS = ["4", "12", "5", "13"]


def of(sound, on_line):
    where = HOST if sound else "0-15"
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST) + f" systemd.cpu_affinity={on_line or where}",
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


def node(sound):
    return of(sound, None)


def further(program, folder):
    """What is no list on the line leaves CPUAffinity= as it is."""
    other = folder.parent / "no-list"
    host = of(False, "most")
    host.put("etc/systemd/system.conf", "[Manager]\nCPUAffinity=0-15\n")
    host.write(other)
    document = json.loads(program("check", "--json", "-r", str(other))[1])
    found = [f["text"] for f in document["findings"] if f["id"] == "service.systemd-affinity"]
    yield "no list on the line", [str(found)] * (len(found) != 1 or not found[0].startswith("CPUAffinity=0-15 "))
