# SPDX-License-Identifier: MIT
"""A VM of a libvirt that nobody asked (a capture without domains): its threads are judged all the same,
and what it takes is libvirt's to do. With taskset it would be gone at the next start.
"""

from capture import Host, isolating, smt
from find import Find

SOURCE = "sosreports without the libvirt plugin"
FINDS = [Find("vm.vcpu-floats", "vm a", "error", fix="pin each vCPU to exactly one CPU",
              not_fix=["taskset"]),
         Find("vm.emulator-on-isolated", "vm a", "error", fix="emulatorpin", not_fix=["taskset"])]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.grub()
    pins = ["4", "12"] if sound else ["4,12"] * 2
    host.vm("a", 21000, pins, HOST if sound else "4,12",
            group="/machine.slice/machine-qemu\\x2d1\\x2da.scope/libvirt/vcpu0")
    return host
