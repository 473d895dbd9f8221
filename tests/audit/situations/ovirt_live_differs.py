# SPDX-License-Identifier: MIT
"""oVirt gives the vCPUs of running VMs other CPUs whenever one starts or stops: what runs differs from
what is stored by design. A numatune that differs is a change that waits.
"""

from capture import Host, isolating, smt, xml
from find import Find
from situations.ovirt_shared import OVIRT

SOURCE = "vdsm, cpumanagement.py _assign_shared"
FINDS = [Find("vm.live-differs", "vm web", "warning", text="numatune", fix="engine",
              not_fix=["virsh"])]
STATUS = 0
STRICT = True
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "5.14.0-427.50.1.el9_4.x86_64", isolating(ISOLATED, HOST),
                isolated=ISOLATED, nohz=ISOLATED)
    host.grub()
    host.domains = []
    live = xml("web", 2, [HOST] * 2, HOST, extra=OVIRT, numatune=0)
    stored = xml("web", 2, ["0-2,8-10"] * 2, HOST, extra=OVIRT, numatune=0 if sound else None)
    host.vm("web", 21000, [HOST] * 2, HOST, live=live, inactive=stored, nodes={0: 8 << 30})
    return host
