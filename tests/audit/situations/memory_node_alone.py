# SPDX-License-Identifier: MIT
"""The XML binds a VM's memory to a node without CPUs, and yet it lies on the node of its CPUs: what it is bound to
is said. That its next start binds it to the node of its CPUs is no fault of that.
"""

import json

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "libvirt domain XML numatune; numactl --hardware of hosts with HBM or CXL memory"
FINDS = [Find("vm.memory-off-node", "vm a", "warning", text="on NUMA node 0, it is bound to node 1")]
NEVER = ["vm.memory-nodes"]
STATUS = 0
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def of(lies, after):
    host = Host(smt(8), "6.1.0-30-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED,
                memory={0: 64 << 30, 1: 32 << 30})
    host.grub()
    host.domains = []
    pins = ["4", "12", "5", "13"]
    live, inactive = (xml("a", 4, pins, HOST, topology=(1, 2, 2), numatune=node) for node in (1, after))
    host.vm("a", 21000, pins, HOST, live=live, inactive=inactive, nodes={lies: 8 << 30})
    return host


def node(sound):
    return of(1 if sound else 0, 1)


def further(program, folder):
    later = folder.parent / "later"
    of(1, 0).write(later)
    found = json.loads(program("check", "--json", "-r", str(later))[1])["findings"]
    yield "bound to its CPUs' node at the next start", [
        str(f) for f in found if f["id"].startswith("vm.memory") and f["verdict"] == "fail"]
