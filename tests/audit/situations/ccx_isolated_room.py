# SPDX-License-Identifier: MIT
"""A VM over two L3s, of which one has room among CPUs that are isolated already: there it is to go, not to
the other L3, whose CPUs are the host's.
"""

from capture import Host, isolating, xml
from find import Find

SOURCE = "forum.proxmox.com/threads/124256, turned round"
FINDS = [Find("vm.pin-across-caches", "vm a", "warning", fix="8-11,24-27", not_fix="isolate")]
STATUS = 0
ISOLATED, HOST = "6-15,22-31", "0-5,16-21"


def node(sound):
    host = Host([((i, i + 16), 0, 0, i // 8) for i in range(16)], "6.1.0-28-amd64",
                isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED, vendor="amd")
    host.grub()
    host.domains = []
    pins = [str(cpu) for core in ((8, 9, 10, 11) if sound else (6, 7, 8, 9))
            for cpu in (core, core + 16)]
    domain = xml("a", 8, pins, HOST, topology=(1, 4, 2))
    host.vm("a", 3000, pins, HOST, live=domain, inactive=domain)
    return host
