# SPDX-License-Identifier: MIT
"""isolcpus= is in the loader's main file and in a drop-in: the kernel takes the first, and the second half of
each core is not isolated. The cores that are split, and the VM on CPUs of the host's, follow from that.
"""

import json

from capture import LINE, Host, isolating, smt, xml
from find import Find

SOURCE = "reports of 'nohz_full= must match isolcpus=' with a line that grub and tuned both wrote to"
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
FINDS = [Find("kernel.parameter-duplicate", "kernel", "error", text="isolcpus is given 2 times")]
NEVER = ["topology.core-split", "vm.pin-on-host", "kernel.sets-differ", "kernel.not-isolated"]
ALLOWED = ["cpu-pm.off-eligible"]
PINS = ["4", "12", "5", "13"]
REST = f"nohz_full={ISOLATED} rcu_nocbs={{}} irqaffinity={HOST}"


def of(line, isolated):
    host = Host(smt(8), "6.1.0-28-amd64", line, isolated=isolated, nohz=ISOLATED)
    host.irq_default = {0, 1, 2, 3, 8, 9, 10, 11}
    host.grub()
    host.domains = []
    domain = xml("a", 4, PINS, HOST, topology=(1, 2, 2))
    host.vm("a", 21000, PINS, HOST, live=domain, inactive=domain)
    return host


def node(sound):
    if sound:
        return of(isolating(ISOLATED, HOST), ISOLATED)
    return of(LINE + "isolcpus=4-7 isolcpus=12-15 " + REST.format(ISOLATED), "4-7")


def further(program, folder):
    """rcu_nocbs=all is one finding: that the other sets are smaller goes without saying. A second list that no
    other parameter agrees with adds nothing to what counts as isolated."""
    other = folder.parent / "all"
    of(LINE + f"isolcpus={ISOLATED} " + REST.format("all"), ISOLATED).write(other)
    document = json.loads(program("check", "--json", "-r", str(other))[1])
    found = [f["id"] for f in document["findings"] if f["severity"] != "info"]
    yield "rcu_nocbs=all", [str(found)] * (found != ["kernel.list-keyword"])
    other = folder.parent / "another"
    of(LINE + f"isolcpus={ISOLATED} isolcpus=0-3 " + REST.format(ISOLATED), ISOLATED).write(other)
    document = json.loads(program("check", "--json", "-r", str(other))[1])
    found = [f["id"] for f in document["findings"] if f["severity"] != "info"]
    yield "another list", [str(found)] * (found != ["kernel.parameter-duplicate"])
