# SPDX-License-Identifier: MIT
"""A domain file that somebody wrote by hand pins an I/O thread that the VM has not: libvirt takes it neither
at define nor at start. It is refused with libvirt's reason.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "libvirt 9.0: Cannot find 'iothread' : 2"
FINDS = [Find("vm.xml-refused", "vm a", "error", text="Cannot find 'iothread' : 2")]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.grub()
    host.domains = []
    host.vm("a", 0, [], "", running=False, inactive=xml(
        "a", 4, ["4", "12", "5", "13"], HOST, topology=(1, 2, 2), iothreads={1: HOST},
        cputune="" if sound else f"<iothreadpin iothread='2' cpuset='{HOST}'/>"))
    return host
