# SPDX-License-Identifier: MIT
"""A desktop with a graphics card passed through: its VM has isolated cores, the card's interrupts are
on them, and two other VMs take turns on the same CPUs.
"""

from capture import Host, isolating, smt, xml

SOURCE = "VFIO guides"
FINDS = []
STRICT = True
ALLOWED = ["vm.not-at-once"]
ISOLATED, HOST = "2-7,10-15", "0-1,8-9"
PINS = ["2", "10", "3", "11", "4", "12", "5", "13", "6", "14", "7", "15"]
CARD = ("<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' "
        "bus='0x0b' slot='0x00' function='0x0'/></source></hostdev>")


def node(sound):
    if not sound:
        return None
    host = Host(smt(8), "6.12.9-arch1-1", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED, vendor="amd", driver="amd-pstate-epp")
    host.grub()
    host.domains = []
    host.irq(95, "vfio-msi[0](0000:0b:00.0)", ISOLATED, "4")
    for number, name in enumerate(("win11", "linux")):
        domain = xml(name, 12, PINS, HOST, topology=(1, 6, 2), devices=CARD)
        host.vm(name, 21000 + number, PINS, HOST, live=domain, inactive=domain,
                running=not number, nodes={0: 8 << 30})
    return host
