# SPDX-License-Identifier: MIT
"""Proxmox' numa0 binds the memory to node 1, and the hook script pins to CPUs of node 0. That the memory lies
there follows: one finding.
"""

from capture import Host, isolating
from find import Find

SOURCE = "Proxmox forum threads on numa0 hostnodes and affinity"
FINDS = [Find("vm.memory-nodes", "vm win", "warning", text="bound to NUMA node 1, its CPUs are on 0", fix="qm set")]
NEVER = ["vm.memory-off-node"]
STATUS = 0
ISOLATED, HOST = "2-3,6-7,10-11,14-15", "0-1,4-5,8-9,12-13"


def node(sound):
    cores = [((i, i + 8), i // 4, i // 4, i // 4) for i in range(8)]
    host = Host(cores, "6.8.12-4-pve", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    host.grub()
    where = 0 if sound else 1
    host.vm("win", 3001, ["2", "10", "3", "11"], "0-1,8-9", group="/qemu.slice/100.scope", comm="kvm",
            nodes={where: 8 << 30}, argv=[
                "/usr/bin/kvm", "-id", "100", "-name", "win,debug-threads=on", "-smp",
                "4,sockets=1,cores=4,maxcpus=4", "-cpu", "host", "-m", "8192", "-object",
                f"memory-backend-ram,id=ram-node0,size=8192M,host-nodes={where},policy=bind", "-numa",
                "node,nodeid=0,cpus=0-3,memdev=ram-node0"])
    return host
