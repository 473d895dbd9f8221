# SPDX-License-Identifier: MIT
"""The threads of a QEMU have no names, each is on CPUs of its own, and nobody saw its descriptors: which of
them are vCPUs cannot be told. That is said, and adopt calls none of these CPUs free.
"""

from capture import Host, USER, isolating, smt

SOURCE = "QEMU before 11 names threads with debug-threads=on alone"
FINDS = []
STATUS = 0
NEVER = ["vm"]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
ADOPTS = ["CPUs 4-5,12-13 are isolated, and the threads of QEMU 3000, which cannot be told apart, "
          "may run there", ";cpus = 6-7,14-15"]


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.vm("v1", 3000, ["4", "12", "5", "13"], HOST, names=False,
            group="/user.slice/user-0.slice/session-1.scope",
            threads=[("qemu-system-x86", HOST, USER)],
            argv=["/usr/bin/qemu-system-x86_64", "-name", "v1", "-machine", "q35,accel=kvm", "-cpu",
                  "host", "-m", "4096", "-smp", "4"])
    return None if sound else host


def further(planner, folder):
    told = planner("check", "-v", "-r", str(folder))[1]
    yield "check says that they cannot be told apart", [
        line for line in ("3000 (v1) have no names and cannot be told apart",)
        if line not in told]
