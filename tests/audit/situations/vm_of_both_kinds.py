# SPDX-License-Identifier: MIT
"""Two vCPUs have CPUs of their own, the others float as <vcpu cpuset> has it: sound over the host's CPUs, and
not over those of the first two.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "libvirt's manual, <vcpu cpuset>: for those that no vcpupin names; VMs with a few real-time vCPUs"
FINDS = [Find("vm.pin-missing", "vm m", "error", text="without a pin: vCPU 0, vCPU 1")]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    host.grub()
    host.domains = []
    rest = HOST if sound else "0-15"
    domain = xml("m", 4, emulator=HOST, cpuset=rest, numatune=0,
                 cputune="<vcpupin vcpu='2' cpuset='4'/><vcpupin vcpu='3' cpuset='12'/>")
    host.vm("m", 21000, [rest, rest, "4", "12"], HOST, live=domain, inactive=domain, nodes={0: 8 << 30})
    return host
