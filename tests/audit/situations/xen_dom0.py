# SPDX-License-Identifier: MIT
"""Dom0 of a Xen host: QEMU runs for the devices of its domains, which have no vCPUs there. Nothing is to be said of
them; the same QEMU with KVM is a VM.
"""

import json

from capture import Host, smt

SOURCE = "XCP-ng: qemu-wrapper, libxl_dm.c"
FINDS = []
STATUS = 0
NEVER = ["vm"]


def of(accelerator):
    host = Host(smt(8), "4.19.0+1", "placeholder root=LABEL=root-x ro nolvm hpet=disable console=hvc0")
    host.put("planner/snapshot", "planner-snapshot/1\n")
    host.task(3001, "qemu-system-i38", "0-15", group="/system.slice/xapi.service")
    host.put("proc/3001/cmdline", "".join(f"{word}\0" for word in [
        "/usr/lib64/xen/bin/qemu-system-i386", "-machine", f"pc-0.10,accel={accelerator}", "-xen-domid", "3", "-name",
        "Domain-3", "-smp", "4,maxcpus=4", "-m", "2048"]))
    return host


def node(sound):
    return of("xen")


def further(program, folder):
    of("kvm").write(folder.parent / "kvm")
    for what, names in ((folder, []), (folder.parent / "kvm", ["vm Domain-3"])):
        text = program("adopt", "-r", str(what))[1]
        inventory = folder.parent / f"{what.name}.none.ini"
        inventory.write_text("[host]\ncpus = 0-15\n", encoding="utf-8")
        found = json.loads(program("check", "--json", "-r", str(what), "-i", str(inventory))[1])["findings"]
        unknown = [f["subject"] for f in found if f["id"] == "vm.unknown" and f["verdict"] == "fail"]
        yield f"VMs that the plan does not know, {what.name}", [str(unknown), text] * (unknown != names)
