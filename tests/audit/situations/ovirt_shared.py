# SPDX-License-Identifier: MIT
"""oVirt gives VMs without a policy all CPUs that are online but exclusive ones: isolcpus is not left
out. What cures it is the VM's policy or the host's line; vdsm undoes virsh at the next start.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "vdsm, cpumanagement.py _shared_pool"
FINDS = [Find("vm.shared-on-isolated", "vm web", "error", text="0-15",
              fix="CPU pinning policy", not_fix=["<vcpu", "virsh"])]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
OVIRT = ("<metadata><ovirt-vm:vm xmlns:ovirt-vm='http://ovirt.org/vm/1.0'><ovirt-vm:cpuPolicy>none"
         "</ovirt-vm:cpuPolicy></ovirt-vm:vm></metadata>")


def node(sound):
    host = Host(smt(8), "5.14.0-427.50.1.el9_4.x86_64", isolating(ISOLATED, HOST),
                isolated=ISOLATED, nohz=ISOLATED)
    host.domains = []
    pool = HOST if sound else "0-15"
    domain = xml("web", 2, [pool] * 2, HOST, extra=OVIRT)
    host.vm("web", 21000, [pool] * 2, HOST, live=domain, inactive=domain)
    return host
