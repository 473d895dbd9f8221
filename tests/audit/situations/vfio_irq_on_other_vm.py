# SPDX-License-Identifier: MIT
"""The device of one VM interrupts the CPUs of another; its other interrupt, and that of a device
which no VM's XML names, are in place.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "ayufan/pve-helpers, pull request 2 (assign_interrupts), the other way round"
FINDS = [Find("irq.passed-elsewhere", severity="error",
              text=["1 interrupt goes", "96 vfio-msix[1](0000:0b:00.0) (CPUs 6)"])]
NEVER = ["irq.on-isolated", "irq.managed-on-isolated"]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "6.8.0", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    host.domains = []
    device = ("<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' "
              "bus='0x0b' slot='0x00' function='0x0'/></source></hostdev>")
    for pid, name, pins in ((3000, "a", ["4", "12", "5", "13"]), (4000, "b", ["6", "14", "7", "15"])):
        domain = xml(name, 4, pins, HOST, devices=device if name == "a" else "",
                     topology=(1, 2, 2))
        host.vm(name, pid, pins, HOST, live=domain, inactive=domain)
    host.irq(95, "vfio-msix[0](0000:0b:00.0)", "12")
    host.irq(96, "vfio-msix[1](0000:0b:00.0)", "5" if sound else "6")
    host.irq(97, "vfio-msi[0](0000:0c:00.0)", "6")
    return host
