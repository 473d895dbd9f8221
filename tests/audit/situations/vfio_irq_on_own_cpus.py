# SPDX-License-Identifier: MIT
"""Interrupts of a device that is passed through are put on its own VM's CPUs, on purpose and to
good effect.
"""

from capture import Host, isolating, smt

SOURCE = "ayufan/pve-helpers, pull request 2 (assign_interrupts)"
FINDS = []
NEVER = ["irq.on-isolated"]
STATUS = 0
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "6.8.12-4-pve", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED, vendor="amd", driver="amd-pstate-epp")
    pins = ["4", "12", "5", "13", "6", "14", "7", "15"]
    host.vm("win11", 3001, pins, HOST, group="/qemu.slice/100.scope", comm="kvm",
            argv=["/usr/bin/kvm", "-id", "100", "-name", "win11,debug-threads=on", "-smp",
                  "8,sockets=1,cores=4,threads=2", "-cpu", "host", "-m", "16384"])
    if not sound:
        host.irq(95, "vfio-msi[0](0000:0b:00.0)", ISOLATED, "4")
        host.irq(97, "vfio-msix[1](0000:0b:00.2)", ISOLATED, "5")
    host.irq(40, "nvme0q0", HOST, "0")
    return host
