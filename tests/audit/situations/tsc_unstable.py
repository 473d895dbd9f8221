# SPDX-License-Identifier: MIT
"""The kernel found the TSC unstable and went back to the HPET: nohz_full stops no tick then. Where
somebody chose the HPET, the TSC is still there to be had, and nothing is wrong with the tick.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "questions about 'nohz_full not working'; kernel/sched/clock.c"
FINDS = [Find("kernel.tsc-unstable", "kernel", "warning", text=["hpet", "the tick goes on"],
              fix="dmesg")]
STATUS = 0
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
CLOCK = "sys/devices/system/clocksource/clocksource0/"


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.grub()
    host.put(CLOCK + "current_clocksource", "hpet\n")
    host.put(CLOCK + "available_clocksource", "tsc hpet acpi_pm\n" if sound else "hpet acpi_pm\n")
    host.domains = []
    domain = xml("a", 4, ["4", "12", "5", "13"], HOST, topology=(1, 2, 2))
    host.vm("a", 21000, ["4", "12", "5", "13"], HOST, live=domain, inactive=domain)
    return host
