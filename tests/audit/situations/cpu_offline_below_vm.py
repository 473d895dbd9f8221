# SPDX-License-Identifier: MIT
"""Somebody took CPU 13 offline below a running VM: the kernel lets its vCPU run anywhere. That the thread is
elsewhere, and that its core lacks a thread, follows from that and is no second finding.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "Documentation/core-api/cpu_hotplug.rst; select_fallback_rq()"
FINDS = [Find("vm.pin-offline", "vm a", "error", text="vCPU 3 on 13", fix="cpu13/online")]
NEVER = ["vm.thread-differs", "topology.sibling-offline"]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
PINS = ["4", "12", "5", "13"]


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED,
                offline="" if sound else "13")
    host.grub()
    host.domains = []
    domain = xml("a", 4, PINS, HOST, topology=(1, 2, 2))
    host.vm("a", 21000, PINS if sound else ["4", "12", "5", "0-12,14-15"], HOST, live=domain,
            inactive=domain)
    return host
