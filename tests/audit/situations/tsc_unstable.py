# SPDX-License-Identifier: MIT
"""The kernel found the TSC unstable and went back to the HPET: nohz_full stops no tick then. Where
somebody chose the HPET, the TSC is still there to be had, and nothing is wrong with the tick.
"""

import json

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


def further(program, folder):
    """Where the line itself gave the TSC up, that is the cure."""
    for number, word in enumerate(("tsc=unstable", "notsc", "tsc=reliable")):
        host = node(False)
        host.line += f" {word}"
        host.grub()
        other = folder.parent / f"line{number}"
        host.write(other)
        _, out, _ = program("check", "--json", "-r", str(other))
        fixes = [f["fix"] for f in json.loads(out)["findings"] if f["id"] == "kernel.tsc-unstable"]
        good = len(fixes) == 1 and ("from the line" in fixes[0]) == (number < 2)
        yield f"{word} on the line", [] if good else fixes
