# SPDX-License-Identifier: MIT
"""Three domains share their pins on purpose, and only one runs at a time: no error."""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "risuorg/risu#580, and every desktop with VFIO"
FINDS = [Find("vm.not-at-once", severity="info", text=["win11", other])
         for other in ("macos", "linux-gpu")]
NEVER = ["vm.pin-doubled", "vm.core-shared"]
STATUS = 0
ISOLATED, HOST = "2-7,10-15", "0-1,8-9"
PINS = ["2", "10", "3", "11", "4", "12", "5", "13", "6", "14", "7", "15"]


def node(sound):
    if sound:
        return None
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.domains = []
    for i, name in enumerate(("win11", "macos", "linux-gpu")):
        domain = xml(name, 12, PINS, HOST, topology=(1, 6, 2))
        host.vm(name, 21000 + 2000 * i, PINS, HOST, live=domain, inactive=domain, running=i == 0)
    return host
