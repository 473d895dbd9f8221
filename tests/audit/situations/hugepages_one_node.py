# SPDX-License-Identifier: MIT
"""A VM of 2 GiB is bound to node 1, which has 758 huge pages of the 1024 that it takes; node 0 has
1290. It cannot start.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "kubevirt/kubevirt#6981"
FINDS = [Find("memory.hugepages-short", severity="error", text=["758", "1024", "node 1"])]
ISOLATED, HOST = "2-3,6-7,10-11,14-15", "0-1,4-5,8-9,12-13"


def node(sound):
    cores = smt(4, 8, 0, 0, 0, 0) + smt(4, 8, 1, 1, 1, 4)
    host = Host(cores, "5.14.0-70.el9.x86_64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.domains = []
    host.pages = {(0, 2 << 20): (1290, 1290), (1, 2 << 20): (1024 if sound else 758,) * 2}
    host.vm("numavm", 0, [], "", running=False, inactive=xml(
        "numavm", 2, ["6", "14"], "4-5,12-13", numatune="1", hugepages=2048, memory=2))
    return host
