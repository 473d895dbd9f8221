# SPDX-License-Identifier: MIT
"""A cpuset partition has two CPUs for itself, and a VM that is shut off is pinned to them: the groups
beside it cannot have them.
"""

from capture import Host, LINE, smt, xml
from find import Find

SOURCE = "Documentation/admin-guide/cgroup-v2.rst cpuset.cpus.partition"
FINDS = [Find("cgroup.pins-outside", "vm a", "error",
              text=["CPUs 5,13 of its pins (2 vCPUs)", "partition /sdk.slice", "does not start"])]


def node(sound):
    host = Host(smt(8), "6.8.0", LINE)
    host.domains = []
    if not sound:
        rest = "0-4,6-12,14-15"
        host.groups = {"/": ("", rest, ""), "/machine.slice": ("", rest, "member"),
                       "/sdk.slice": ("5,13", "5,13", "isolated")}
    host.vm("a", 0, [], "", running=False, inactive=xml("a", 2, ["5", "13"], "0-1,8-9",
                                                        topology=(1, 1, 2)))
    return host
