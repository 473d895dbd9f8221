# SPDX-License-Identifier: MIT
"""tuned's cpu-partitioning keeps the host off by systemd's affinity, stops ticks, and leaves the CPUs to the
scheduler: no isolcpus=, on purpose. Sound while every task has that affinity; a container's runtime set it anew.
"""

from capture import KTHREAD, LINE, Host, parse, smt, xml
from find import Find

SOURCE = "tuned's profile cpu-partitioning, whose tuned.conf has nohz_full, rcu_nocbs and tuned.non_isolcpus"
FINDS = [Find("task.user-on-isolated", "tasks", "error", text=["backupd", "the kernel isolates none of these CPUs"])]
NEVER = ["kernel.sets-differ"]
ADOPTS = ["cpus = 0-3,8-11"]
STRICT = True
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "5.14.0-427.50.1.el9_4.x86_64",
                f"{LINE}skew_tick=1 tsc=reliable rcupdate.rcu_normal_after_boot=1 nohz=on nohz_full={ISOLATED} "
                f"rcu_nocbs={ISOLATED} tuned.non_isolcpus=00000f0f intel_pstate=disable nosoftlockup", nohz=ISOLATED)
    host.grub()
    host.irq_default = parse(HOST)
    host.irq(1, "i8042", HOST)
    for task in host.tasks:
        if not task["flags"] & KTHREAD:
            task["cpus"] = parse(HOST)
    host.put("etc/tuned/active_profile", "cpu-partitioning\n")
    host.put("etc/systemd/system.conf", "[Manager]\nCPUAffinity=0 1 2 3 8 9 10 11\n")
    if not sound:
        host.task(6000, "backupd", "0-15")
    host.domains = []
    domain = xml("a", 4, ["4", "12", "5", "13"], HOST, topology=(1, 2, 2), numatune=0)
    host.vm("a", 21000, ["4", "12", "5", "13"], HOST, live=domain, inactive=domain, nodes={0: 8 << 30})
    return host
