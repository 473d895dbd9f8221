# SPDX-License-Identifier: MIT
"""cgroup v1: CPUs that were offline once are gone from /machine.slice for good. A VM whose emulator may
use some of them does not start, though other CPUs are left to it; nothing isolates CPUs here.
"""

from capture import Host, LINE, smt, xml
from find import Find

SOURCE = "kernel/cgroup/cpuset.c hotplug_update_tasks_legacy(); libvirt's qemuProcessSetupPid()"
FINDS = [Find("cgroup.pins-outside", "vm a", "error",
              text=["CPUs 1 of its pins (the emulator)", "/machine.slice", "does not start"],
              fix=["echo 0-15 >'/sys/fs/cgroup/cpuset/machine.slice/cpuset.cpus'; then start"])]
HOST = "0-1,8-9"


def node(sound):
    host = Host(smt(8), "5.10.0-28-amd64", LINE, version=1)
    host.domains = []
    host.groups["/machine.slice"] = "0-15" if sound else "0,2-15"
    host.vm("a", 0, [], "", running=False, inactive=xml(
        "a", 4, ["2", "10", "3", "11"], HOST, topology=(1, 2, 2)))
    return host
