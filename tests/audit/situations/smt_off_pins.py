# SPDX-License-Identifier: MIT
"""SMT was turned off, and a VM has pins on the threads that are gone. Single CPUs cannot be brought
online then; what works is to turn SMT on, or other pins.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "Documentation/admin-guide/cputopology.rst, /sys/devices/system/cpu/smt/control"
UNPLANNED = ["vm.does-not-fit"]
FINDS = [Find("vm.pin-offline", "vm a", "error", text=["vCPU 1 on 12", "vCPU 3 on 13"],
              fix=["echo on >/sys/devices/system/cpu/smt/control", "CPUs that are online: 0-7"],
              not_fix=["cpu12/online"]),
         Find("vm.pin-offline", "vm b", "error", text="vCPU 0 on 40",
              fix=["the machine has no such CPUs", "0-7"], not_fix=["echo"])]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED, offline="" if sound else "8-15",
                smt_control="on" if sound else "off")
    host.grub()
    host.domains = []
    for number, (name, pins) in enumerate((("a", ["4", "12", "5", "13"]),
                                           ("b", ["6", "14"] if sound else ["40", "41"]))):
        domain = xml(name, len(pins), pins, "0-3", topology=(1, len(pins) // 2, 2))
        host.vm(name, 21000 + number, pins, "0-3", running=False, inactive=domain)
    return host
