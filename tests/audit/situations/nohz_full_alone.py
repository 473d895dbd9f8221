# SPDX-License-Identifier: MIT
"""nohz_full= without isolcpus=: no task is kept off these CPUs, and with a second one the tick is back.
taskset, task by task, is no cure.
"""

from capture import LINE, Host, isolating, smt, xml
from find import Find

SOURCE = "questions about 'nohz_full not working'; Documentation/timers/no_hz.rst"
FINDS = [Find("task.user-on-isolated", "tasks", "error", text="the kernel isolates none of these CPUs",
              fix=["isolcpus=", "AllowedCPUs="], not_fix=["taskset"]),
         Find("kernel.sets-differ", "kernel", "warning", text="isolated from the scheduler: none")]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    line = isolating(ISOLATED, HOST) if sound else \
        f"{LINE}nohz_full={ISOLATED} rcu_nocbs={ISOLATED} irqaffinity={HOST}"
    host = Host(smt(8), "6.1.0-28-amd64", line, isolated=ISOLATED * sound, nohz=ISOLATED)
    host.grub()
    host.domains = []
    domain = xml("a", 4, ["4", "12", "5", "13"], HOST, topology=(1, 2, 2))
    host.vm("a", 21000, ["4", "12", "5", "13"], HOST, live=domain, inactive=domain)
    return host
