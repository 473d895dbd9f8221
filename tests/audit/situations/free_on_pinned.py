# SPDX-License-Identifier: MIT
"""Nothing isolates CPUs, the host is fenced off by slices, and a second VM floats over all CPUs, those of the
pinned one too. On Nova it is cpu_shared_set that keeps such VMs off the others.
"""

import json

from capture import LINE, Host, smt, xml
from find import Find
from situations.platforms import XMLNS

SOURCE = "forum.proxmox.com/threads/124256; Nova's cpu_shared_set left empty beside dedicated VMs"
FINDS = [Find("vm.free-on-pinned", "vm web", "warning", text=["2 vCPUs", "4-5,12-13, which db is pinned to"],
              fix="<vcpu cpuset=")]
NEVER = ["task.user-on-vm"]
STATUS = 0
HOST, PINS = "0-3,8-11", ["4", "12", "5", "13"]


def of(sound, metadata=""):
    host = Host(smt(8), "6.8.0-45-generic", LINE)
    host.grub()
    host.domains = []
    host.drop_task(1, 5000)
    host.task(1, "systemd", HOST, ppid=0, group="/init.scope")
    host.task(5000, "sshd", HOST, group="/system.slice/ssh.service")
    host.groups |= {"/init.scope": HOST, "/system.slice": HOST, "/user.slice": HOST, "/machine.slice": ""}
    domain = xml("db", 4, PINS, HOST, topology=(1, 2, 2), extra=metadata)
    host.vm("db", 21000, PINS, HOST, live=domain, inactive=domain)
    where = HOST if sound else "0-15"
    domain = xml("web", 2, cpuset=where if sound else "", topology=(2, 1, 1), extra=metadata)
    host.vm("web", 22000, [where] * 2, where, live=domain, inactive=domain)
    return host


def node(sound):
    return of(sound)


def further(program, folder):
    other = folder.parent / "nova"
    of(False, f"<metadata>{XMLNS['nova']}</metadata>").write(other)
    document = json.loads(program("check", "--json", "-r", str(other))[1])
    fixes = [f["fix"] for f in document["findings"] if f["id"] == "vm.free-on-pinned"]
    yield "the fix is Nova's", [str(fixes)] * ("cpu_shared_set" not in str(fixes))
