# SPDX-License-Identifier: MIT
"""Proxmox' affinity names one CPU, for a VM with four vCPUs: all its threads are on that one. It is
one finding for the vCPUs, with all of them, and one for QEMU's own threads.
"""

import json

from capture import Host, isolating, smt
from find import Find

SOURCE = "forum.proxmox.com/threads/118417; qm.adoc, CPU affinity"
FINDS = [Find("vm.pin-doubled", "vm win", "error", text="vCPUs 0, 1, 2, 3 are all pinned to CPU 4",
              fix=["hook script"], not_fix=["planner plan", "virsh"]),
         Find("vm.emulator-on-isolated", "vm win", "error", text="emulator on 4")]
NEVER = ["vm.more-vcpus-than-cpus"]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "6.8.12-4-pve", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    host.grub()
    host.vm("win", 3001, ["4", "12", "5", "13"] if sound else ["4"] * 4, HOST if sound else "4",
            group="/qemu.slice/100.scope", comm="kvm",
            argv=["/usr/bin/kvm", "-id", "100", "-name", "win,debug-threads=on", "-no-shutdown",
                  "-smp", "4,sockets=1,cores=4,maxcpus=4", "-cpu", "host", "-m", "16384"])
    return host


def further(program, folder):
    findings = json.loads(program("check", "--json", "-r", str(folder))[1])["findings"]
    failed = [f["id"] for f in findings if f["verdict"] == "fail"]
    yield "two findings", failed if len(failed) != 2 else []
