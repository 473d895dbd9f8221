# SPDX-License-Identifier: MIT
"""Kernel samepage merging runs on a Proxmox host: ksmtuned turns it on whenever memory is short, so that writing to
/sys is no cure. On oVirt and KubeVirt an agent does the same.
"""

import json

from capture import Host, isolating, smt
from find import Find

SOURCE = "pve-docs, ksm.adoc; kubevirt, virt-handler's handleKSM()"
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
FINDS = [Find("memory.ksm", "node", fix="systemctl disable --now ksmtuned")]
STATUS = 0


def of(sound, release, comm=None):
    host = Host(smt(8), release, isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    host.grub()
    host.put("sys/kernel/mm/ksm/run", "0\n" if sound else "1\n")
    if comm:
        host.task(1200, comm, HOST)
        return host
    host.vm("web", 3001, ["4", "12"], HOST, group="/qemu.slice/100.scope", comm="kvm", argv=[
        "/usr/bin/kvm", "-id", "100", "-name", "web,debug-threads=on", "-smp", "2,sockets=1,cores=2,maxcpus=2", "-cpu",
        "host", "-m", "8192"])
    return host


def node(sound):
    return of(sound, "6.8.12-4-pve")


def further(program, folder):
    for comm, word in (("vdsmd", "Edit Cluster"), ("virt-handler", "ksmConfiguration")):
        other = folder.parent / comm
        of(False, "5.14.0-427.50.1.el9_4.x86_64", comm).write(other)
        found = json.loads(program("check", "--json", "-r", str(other))[1])["findings"]
        fixes = [f["fix"] for f in found if f["id"] == "memory.ksm"]
        yield f"what turns it on is named, {comm}", [str(fixes)] * (len(fixes) != 1 or word not in fixes[0])
