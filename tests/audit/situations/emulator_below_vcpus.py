# SPDX-License-Identifier: MIT
"""A VM that is shut off is made in a slice that has isolated CPUs alone: its emulator, which nobody
pins, will sit on them below a FIFO vCPU.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "seapath/ansible#438, before the start"
FINDS = [Find("vm.emulator-on-isolated", "vm rt", "error", text="emulator on 2-3,10-11")]
NEVER = ["cgroup.pins-outside"]
ISOLATED, HOST = "2-7,10-15", "0-1,8-9"


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.domains = []
    host.groups |= {"/machine.slice": "0-15",
                    "/machine.slice/machine-rt.slice": "0-15" if sound else "2-3,10-11"}
    host.vm("rt", 0, [], "", running=False, inactive=xml(
        "rt", 2, ["2", "10"], HOST if sound else "", topology=(1, 1, 2),
        cputune="<vcpusched vcpus='0-1' scheduler='fifo' priority='1'/>",
        extra="<resource><partition>/machine/rt</partition></resource>"))
    return host
