# SPDX-License-Identifier: MIT
"""machine.slice lost the CPUs of a VM that runs (cgroup v2): its threads were moved, to pin them again
is refused, and once stopped the VM does not start. One finding says so, with the order of the repair.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "spheenik/vfio-isolate#6, the other way round"
FINDS = [Find("cgroup.pins-outside", "vm db", "error",
              text=["CPUs 4-5,12-13 of its pins (4 vCPUs)", "/machine.slice", "once stopped"],
              fix=["set-property 'machine.slice' AllowedCPUs=0-5,8-13; then pin again"])]
NEVER = ["vm.thread-differs"]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
PINS = ["4", "12", "5", "13"]


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.domains = []
    scope = "/machine.slice/machine-qemu\\x2d1\\x2ddb.scope"
    allowed = "0-15" if sound else HOST
    host.groups |= {"/machine.slice": allowed, scope: ("", allowed, "member"),
                    f"{scope}/libvirt": ("", allowed, "member"),
                    f"{scope}/libvirt/emulator": (HOST, HOST, "member")}
    for i, cpu in enumerate(PINS):
        host.groups[f"{scope}/libvirt/vcpu{i}"] = (cpu, cpu if sound else HOST, "member")
    domain = xml("db", 4, PINS, HOST, topology=(1, 2, 2))
    host.vm("db", 21000, PINS if sound else [HOST] * 4, HOST, group=scope, live=domain,
            inactive=domain)
    return host
