# SPDX-License-Identifier: MIT
"""From Linux 6.4 on vhost workers are threads of QEMU and no kernel threads; this one may run on
isolated CPUs.
"""

from capture import Host, USER, USER_WORKER, isolating, smt, xml
from find import Find

SOURCE = "spdk/spdk#3482"
FINDS = [Find("task.vhost-on-isolated", severity="warning", text="vhost-21000")]
STATUS = 0
ISOLATED, HOST = "2-7,10-15", "0-1,8-9"


def node(sound):
    host = Host(smt(8), "6.9.7-200.fc40.x86_64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.domains = []
    host.libvirt, host.qemu = "10.1.0", "8.2.6"
    pins = ["2", "10", "3", "11"]
    domain = xml("fio", 4, pins, HOST)
    host.vm("fio", 21000, pins, HOST, live=domain, inactive=domain, threads=[
        ("vhost-21000", HOST if sound else "0-15", USER | USER_WORKER),
        ("kvm-nx-lpage-re", HOST, USER | USER_WORKER)])
    return host
