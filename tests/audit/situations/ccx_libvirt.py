# SPDX-License-Identifier: MIT
"""A processor with two L3s of six cores each. A VM of six cores lies over both, though one of them
has room.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "forum.proxmox.com/threads/124256"
FINDS = [Find("vm.pin-across-caches", "vm gaming", text="L3", fix="6-11,18-23")]
STATUS = 0


def node(sound):
    first = 6 if sound else 3
    isolated = f"{first}-{first + 5},{first + 12}-{first + 17}"
    rest = "0-5,12-17" if sound else "0-2,9-14,21-23"
    pins = [str(cpu) for core in range(first, first + 6) for cpu in (core, core + 12)]
    cores = smt(6, 12, l3=0) + smt(6, 12, l3=1, first=6)
    host = Host(cores, "6.1.0-28-amd64", isolating(isolated, rest), isolated=isolated,
                nohz=isolated, vendor="amd", driver="amd-pstate-epp")
    host.domains = []
    domain = xml("gaming", 12, pins, rest, topology=(1, 6, 2))
    host.vm("gaming", 21000, pins, rest, live=domain, inactive=domain)
    return host
