# SPDX-License-Identifier: MIT
"""vCPUs that may be plugged in are pinned to CPUs that another VM has: nothing is wrong today, and
both VMs slow down with the first 'virsh setvcpus --live'.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "innogames/igvm#280, on a host that is full"
FINDS = [Find("vm.pin-doubled", "vm a", "error",
              text=["vCPU 2 on 5, which vCPU 0 of b has", "vCPU 3 on 13"])]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.grub()
    host.domains = []
    later = ["6", "14"] if sound else ["5", "13"]
    domain = xml("a", 4, ["4", "12", *later], HOST, topology=(1, 2, 2), current=2)
    host.vm("a", 21000, ["4", "12"], HOST, live=domain, inactive=domain)
    domain = xml("b", 2, ["5", "13"], HOST, topology=(1, 1, 2))
    host.vm("b", 22000, ["5", "13"], HOST, live=domain, inactive=domain)
    return host
