# SPDX-License-Identifier: MIT
"""There are as many huge pages as the VM needs, and Open vSwitch with DPDK took most of them: oVirt's next start of
the VM fails.
"""

from capture import Host, isolating, smt, xml
from find import Find
from situations.platforms import XMLNS

SOURCE = "QEMU: 'unable to map backing store for guest RAM: Cannot allocate memory', beside OVS-DPDK"
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
FINDS = [Find("memory.hugepages-short", "node 0", "error",
              text=["large, small need 4608 huge pages of 2M on node 0",
                    "there are 5120, of which 2048 are in use elsewhere"])]
NEVER = ["cpu-pm"]


def node(sound):
    host = Host(smt(8), "5.14.0-427.50.1.el9_4.x86_64", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    host.grub()
    host.domains = []
    host.pages = {(0, 2 << 20): (5120, 5120 - 512 - (0 if sound else 2048))}
    metadata = f"<metadata>{XMLNS['ovirt']}</metadata>"
    small = xml("small", 2, ["6", "14"], HOST, numatune="0", hugepages=2048, memory=1, topology=(1, 1, 2),
                extra=metadata)
    host.vm("small", 21000, ["6", "14"], HOST, live=small, inactive=small, nodes={0: 1 << 30})
    host.vm("large", 0, [], "", running=False, inactive=xml(
        "large", 2, ["4", "12"], HOST, numatune="0", hugepages=2048, topology=(1, 1, 2), extra=metadata))
    return host
