# SPDX-License-Identifier: MIT
"""The boot loader has the line that isolates the VM's CPUs, and nobody has rebooted since. What is found
of the CPUs has that cure as well.
"""

from capture import LINE, Host, isolating, smt, xml
from find import Find

SOURCE = "a host set up by a playbook, before its reboot"
FINDS = [Find("kernel.reboot-pending", "kernel", "warning", text="adds isolcpus=4-7,12-15",
              fix="reboot"),
         Find("task.user-on-vm", "tasks", "warning", fix="reboot: the next boot isolates them")]
STATUS = 0
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    line = isolating(ISOLATED, HOST)
    host = Host(smt(8), "6.1.0-28-amd64", line if sound else LINE, isolated=ISOLATED * sound,
                nohz=ISOLATED * sound)
    host.grub(line)
    host.domains = []
    domain = xml("a", 4, ["4", "12", "5", "13"], HOST, topology=(1, 2, 2))
    host.vm("a", 21000, ["4", "12", "5", "13"], HOST, live=domain, inactive=domain)
    return host
