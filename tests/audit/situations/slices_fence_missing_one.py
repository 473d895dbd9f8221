# SPDX-License-Identifier: MIT
"""The same hook with user.slice forgotten: the desktop runs on the VM's cores, which nothing
isolates.
"""

from find import Find
from situations.slices_fenced import fenced

SOURCE = "docs.hvitoi.com, scheduler hook"
FINDS = [Find(("task.user-on-isolated", "task.user-on-vm", "cgroup.fence"), text="user.slice")]
STATUS = 0


def node(sound):
    return fenced() if sound else fenced(user="")
