# SPDX-License-Identifier: MIT
"""Two desktops take turns on the same CPUs and the same huge pages: there are enough for one, and one
runs. A third one of another size has none of its pages.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "kubevirt/kubevirt#6981, on a desktop with VFIO"
FINDS = [Find("memory.hugepages-short", severity="error",
              text=["large needs 4 huge pages of 1G", "there are 0"])]
ISOLATED, HOST = "2-7,10-15", "0-1,8-9"
PINS = ["2", "10", "3", "11"]


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.domains = []
    host.pages = {(0, 2 << 20): (4096, 0), (0, 1 << 30): (4 if sound else 0,) * 2}
    for i, name in enumerate(("one", "other")):
        domain = xml(name, 4, PINS, HOST, hugepages=2048, topology=(1, 2, 2))
        host.vm(name, 21000 + 2000 * i, PINS, HOST, live=domain, inactive=domain, running=i == 0)
    host.vm("large", 0, [], "", running=False, inactive=xml(
        "large", 2, ["4", "12"], HOST, numatune="0", hugepages=1048576, memory=4,
        topology=(1, 1, 2)))
    return host


ALLOWED = ["vm.not-at-once"]
