# SPDX-License-Identifier: MIT
"""Nova takes dedicated CPUs offline that no VM has, single threads of cores too, and brings them back
for the VM that starts: sound. On a host where somebody defines VMs in libvirt, nobody brings them back.
"""

from capture import Host, isolating, smt, xml
from find import Find
from situations.nova_emulator import NOVA

SOURCE = "nova, cpu/api.py: cpu_power_management, since 2023.1"
UNPLANNED = ["vm.does-not-fit"]
FINDS = [Find("topology.sibling-offline", "topology", "warning", text="5-6"),
         Find("vm.pin-offline", "vm instance-1b", "error", text=["vCPU 0 on 7", "vCPU 1 on 15"],
              fix="echo 1 >/sys/devices/system/cpu/cpu7/online")]
STRICT = True
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "5.14.0-427.50.1.el9_4.x86_64", isolating(ISOLATED, HOST),
                isolated=ISOLATED, nohz=ISOLATED, offline="7,13-15")
    host.grub()
    host.domains = []
    prefix = "instance-0000001" if sound else "instance-1"
    for number, (name, pins) in enumerate((("a", ["4", "12"]), ("b", ["7", "15"]))):
        domain = xml(prefix + name, 2, pins, HOST, topology=(1, 1, 2), extra=NOVA * sound)
        host.vm(prefix + name, 21000 + number, pins, HOST, live=domain, inactive=domain,
                running=not number, nodes={0: 8 << 30})
    return host
