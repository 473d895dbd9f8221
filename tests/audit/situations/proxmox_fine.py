# SPDX-License-Identifier: MIT
"""Proxmox, all right: a hook script binds each vCPU to an isolated CPU of its own, whole cores,
and QEMU's other threads to the host's. Nothing about pins is to be said, libvirt is not missed.
"""

from capture import Host, isolating, smt

SOURCE = "forum.proxmox.com/threads/124256"
FINDS = []
STATUS = 0
NEVER = ["vm"]
KNOWN = ["vm", "kvm", "cpu-pm"]
STRICT = True
ADOPTS = ["cpus = 4,12,5,13,6,14,7,15", "memory = 16G"]

ARGV = ["/usr/bin/kvm", "-id", "100", "-name", "win11,debug-threads=on", "-no-shutdown",
        "-smp", "8,sockets=1,cores=8,maxcpus=8", "-cpu", "host", "-m", "16384",
        "-machine", "type=pc-q35-8.1+pve0"]
PINS = ["4", "12", "5", "13", "6", "14", "7", "15"]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "6.8.12-4-pve", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    host.put("planner/snapshot", "planner-snapshot/1\n")
    host.put("planner/remarks", "libvirt qemu:///system\tFailed to connect socket to "
             "'/var/run/libvirt/libvirt-sock-ro': No such file or directory\n")
    host.vm("win11", 3001, PINS, HOST, group="/qemu.slice/100.scope", comm="kvm", argv=ARGV)
    host.grub()
    return host
