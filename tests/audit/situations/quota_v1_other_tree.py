# SPDX-License-Identifier: MIT
"""cgroup v1: Proxmox VE's cpulimit is in the tree of CPU time alone; in that of cpusets the VM is in the root
group. Its pinned vCPUs are throttled all the same.
"""

from capture import Host, isolating, smt
from find import Find

SOURCE = "qemu-server CGroup.pm; cgroups(7)"
FINDS = [Find("cgroup.quota", "vm win", "error",
              text=["/qemu.slice/100.scope allows 4 vCPUs 200000 of each 100000",
                    "throttled in 60 of 100"], fix="--delete cpulimit")]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
SCOPE = "/qemu.slice/100.scope"


class V1Host(Host):
    def write_tasks(self):
        super().write_tasks()
        for task in self.tasks:
            if task["pid"] == 3000:
                self.put(f"proc/3000/task/{task['tid']}/cgroup", f"4:cpuset:/\n"
                         f"3:cpu,cpuacct:{SCOPE}\n1:name=systemd:{SCOPE}\n0::{SCOPE}\n")


def node(sound):
    host = V1Host(smt(8), "5.15.158-2-pve", isolating(ISOLATED, HOST), isolated=ISOLATED,
                  nohz=ISOLATED, version=1)
    host.grub()
    host.vm("win", 3000, ["4", "12", "5", "13"], HOST, comm="kvm", group="/",
            argv=["/usr/bin/kvm", "-id", "100", "-name", "win,debug-threads=on", "-no-shutdown",
                  "-smp", "4,sockets=1,cores=4,maxcpus=4", "-cpu", "host", "-m", "4096"])
    at = f"sys/fs/cgroup/cpu,cpuacct{SCOPE}/"
    host.put(at + "cpu.cfs_quota_us", "-1\n" if sound else "200000\n")
    host.put(at + "cpu.cfs_period_us", "100000\n")
    host.put(at + "cpu.stat", "nr_periods 100\nnr_throttled 60\nthrottled_time 5\n")
    return host
