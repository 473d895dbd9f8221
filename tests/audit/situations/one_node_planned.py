# SPDX-License-Identifier: MIT
"""A plan beside what runs, on a machine of one NUMA node: memory that is bound to no node lies on it. A vCPU that
has no pin is one finding, wherever it runs.
"""

import json

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "libvirt domain XML numatune"
FINDS = [Find("vm.pin-missing", "vm a", "error", text="vCPU 3")]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
INVENTORY = """[host]
cpus = 0-3,8-11
[vm a]
vcpus = 4
memory = 8G
cpus = 4,12,5,13
"""


def of(sound, after=None):
    """AFTER: where the next start pins the vCPU that has no pin."""
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    host.domains = []
    pins = ["4", "12", "5", "13"]
    whole = xml("a", 4, pins, HOST, topology=(1, 2, 2))
    domain = whole if sound else whole.replace("<vcpupin vcpu='3' cpuset='13'/>", "")
    host.vm("a", 21000, [*pins[:3], "13" if sound else HOST], HOST, live=domain,
            inactive=whole.replace("cpuset='13'", f"cpuset='{after}'") if after else domain)
    return host


def node(sound):
    return of(sound)


def further(program, folder):
    inventory = folder.parent / "planned.ini"
    inventory.write_text(INVENTORY, encoding="utf-8")
    later = folder.parent / "later"
    of(False, after="0").write(later)
    for which, rules in ((folder, ["vm.pin-missing"]), (folder.parent / "sound", []),
                         (later, ["vm.pin-differs", "vm.pin-missing", "vm.pin-on-host", "vm.live-differs"])):
        document = program("check", "--json", "-r", str(which), "-i", str(inventory))[1]
        found = [f for f in json.loads(document)["findings"] if f["verdict"] == "fail" and f["id"].startswith("vm.")]
        yield f"of a plan, {which.name}", [str(f) for f in found] * ([f["id"] for f in found] != rules)
