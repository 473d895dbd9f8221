# SPDX-License-Identifier: MIT
"""Six of twelve vCPUs are there; the pins of the others are of an older, larger host: to plug one
in fails.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "innogames/igvm#280"
FINDS = [Find(("vm.pin-offline", "vm.hotplug-pins", "vm.plug-pin"), "vm web", text=["20"])]
ADOPTS = ["maximum = 12"]
ISOLATED, HOST = "2-7,10-15", "0-1,8-9"
PINS = ["2", "10", "3", "11", "4", "12"]


def node(sound):
    later = ["5", "13", "6", "14", "7", "15"] if sound else ["20", "44", "21", "45", "22", "46"]
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.domains = []
    domain = xml("web", 12, PINS + later, HOST, current=6)
    host.vm("web", 21000, PINS, HOST, live=domain, inactive=domain, smp="6,maxcpus=12")
    return host
