# SPDX-License-Identifier: MIT
"""A runtime gives a container every CPU, the isolated ones too: taskset is undone with its next start.
"""

from capture import Host, isolating, smt
from find import Find

SOURCE = "opencontainers/runc#4865; kubernetes/kubernetes#99895; an LXC container of Proxmox"
FINDS = [Find("task.user-on-isolated", "tasks", "error", text=["2 user tasks", "nginx"],
              fix=["lxc.cgroup2.cpuset.cpus", "--cpuset-cpus"], not_fix=["taskset"])]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "6.8.12-4-pve", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    host.grub()
    everywhere = HOST if sound else "0-15"
    host.task(8100, "nginx", everywhere, group="/lxc/101/ns/system.slice/nginx.service")
    host.task(8200, "redis", everywhere, group="/system.slice/docker-0123.scope")
    host.vm("win", 3001, ["4", "12", "5", "13"], HOST, group="/qemu.slice/100.scope", comm="kvm",
            argv=["/usr/bin/kvm", "-id", "100", "-name", "win,debug-threads=on", "-no-shutdown",
                  "-smp", "4,sockets=1,cores=4,maxcpus=4", "-cpu", "host", "-m", "16384"])
    return host
