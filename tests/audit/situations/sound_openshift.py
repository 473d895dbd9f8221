# SPDX-License-Identifier: MIT
"""A node that a PerformanceProfile sets up, as it comes: what looks like faults is deliberate. New
interrupts may go to isolated CPUs until CRI-O starts a pod that says no.
"""

import json

from situations import openshift_balanced

SOURCE = "cluster-node-tuning-operator, assets/performanceprofile/tuned; performance-addon-operators#447"
FINDS = []
STRICT = True


def node(sound):
    if not sound:
        return None
    host = openshift_balanced.node(True)
    host.put("planner/snapshot", "planner-snapshot/1\n")
    host.put("proc/sys/kernel/sched_rt_runtime_us", "-1\n")
    host.put("proc/sys/kernel/timer_migration", "1\n")
    host.put("etc/sysconfig/irqbalance", "IRQBALANCE_BANNED_CPUS=0\n")
    host.put("etc/tuned/openshift-node-performance-cnf/tuned.conf",
             "[main]\nsummary=OpenShift\ninclude=openshift-node,cpu-partitioning\n")
    host.put("boot/loader/entries/ostree-1-rhcos.conf",
             f"title RHCOS\noptions {host.line.partition(' ')[2]}\n")
    return host


def further(program, folder):
    host = node(True)
    host.irq_default = host.online
    host.write(folder.parent / "interrupts")
    found = json.loads(program("check", "--json", "-r", str(folder.parent / "interrupts"))[1])["findings"]
    yield "new interrupts may go anywhere until a pod says no", [str(f) for f in found if f["verdict"] == "fail"]
