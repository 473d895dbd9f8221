# SPDX-License-Identifier: MIT
"""A QEMU that calls itself something else (-name …,process=win), without names of threads: what it is says
its command line. It may run on isolated CPUs alone, so all of it piles up on the first.
"""

from capture import Host, isolating, smt
from find import Find

SOURCE = "QEMU's -name process=; platforms' notes on comm"
FINDS = [Find("vm.vcpu-floats", "vm win", "error", fix="taskset"),
         Find("vm.emulator-on-isolated", "vm win", "error")]
NOT_ADOPTED = ["they are free for VMs"]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.grub()
    where = HOST if sound else ISOLATED
    host.vm("win", 3000, [where] * 4, where, names=False, comm="win",
            group="/user.slice/user-0.slice/session-1.scope",
            argv=["/usr/bin/qemu-system-x86_64", "-name", "win,process=win", "-machine",
                  "q35,accel=kvm", "-cpu", "host", "-m", "4096", "-smp", "4"])
    host.vcpu_descriptors(3000, [3001, 3002, 3003, 3004])
    return host
