# SPDX-License-Identifier: MIT
"""A <quota> is left in the XML of a VM whose vCPUs are pinned to a CPU each: half of each is wasted."""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "kubevirt/kubevirt#12970, of libvirt by hand"
FINDS = [Find("cgroup.quota", "vm a", "error", text="<quota> allows 1 vCPU 50000 of each 100000",
              fix="schedinfo a")]
ISOLATED, HOST = "2-7,10-15", "0-1,8-9"


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.domains = []
    quota = "-1" if sound else "50000"
    host.vm("a", 0, [], "", running=False, inactive=xml(
        "a", 4, ["2", "10", "3", "11"], HOST, topology=(1, 2, 2),
        cputune=f"<quota>{quota}</quota><emulator_quota>5000</emulator_quota>"))
    return host
