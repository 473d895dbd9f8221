# SPDX-License-Identifier: MIT
"""A cpuset partition isolates the SDK's CPUs, and irqbalance, which knows of isolcpus and nohz_full
alone, goes on moving interrupts there.
"""

from capture import LINE, Host, smt
from find import Find

SOURCE = "irqbalance, cputree.c setup_banned_cpus(): isolated and nohz_full of sysfs"
FINDS = [Find("irq.irqbalance-list", "interrupts", "warning", text=["6-7,14-15", "partitions"],
              fix="IRQBALANCE_BANNED_CPULIST"),
         Find("kernel.sets-differ", "kernel", "warning", fix=["nohz_full", "not isolcpus"])]
ALLOWED = ["irq.default-affinity"]
STATUS = 0
ISOLATED, HOST = "6-7,14-15", "0-5,8-13"


def node(sound):
    words = f"nohz_full={ISOLATED} rcu_nocbs={ISOLATED} irqaffinity={HOST}" if sound else ""
    host = Host(smt(8), "6.12.9-amd64", LINE + words, nohz=ISOLATED * sound)
    host.grub()
    host.system = set(range(16)) - {6, 7, 14, 15}
    host.workqueue = set(host.system)
    host.tasks = []
    host.base_tasks()
    host.groups |= {"/": ("", HOST, "member"), "/sdk": (ISOLATED, ISOLATED, "isolated")}
    host.task(900, "irqbalance", HOST, group="/system.slice/irqbalance.service")
    host.task(950, "spdk_tgt", "6", group="/sdk")
    return host
