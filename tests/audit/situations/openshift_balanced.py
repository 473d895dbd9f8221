# SPDX-License-Identifier: MIT
"""isolcpus=managed_irq without domain is what a PerformanceProfile writes unless told otherwise:
deliberate, and not to be mended on the line by hand.
"""

from capture import Host, LINE, parse
from find import Find

SOURCE = "cluster-node-tuning-operator, components.md and tuned_test.go"
FINDS = [Find("kernel.flags-without-domain", severity="info", fix="balanceIsolated")]
NEVER = ["service.tuned-profile", "kernel.sets-differ"]
STATUS = 0
ADOPTS = ["cpus = 0-3"]
LIST = "4-23"


def node(sound):
    domain = "domain," if sound else ""
    line = (LINE + f"skew_tick=1 tsc=reliable nohz=on rcu_nocbs={LIST} "
            "tuned.non_isolcpus=0000000f systemd.cpu_affinity=0,1,2,3 intel_iommu=on iommu=pt "
            f"isolcpus={domain}managed_irq,{LIST} nohz_full={LIST} nosoftlockup nmi_watchdog=0")
    host = Host([((2 * i, 2 * i + 1), 0, 0, 0) for i in range(12)],
                "5.14.0-427.50.1.el9_4.x86_64", line, nohz=LIST, isolated=LIST if sound else "")
    host.irq_default = parse("0-3")
    host.irq(1, "i8042", "0-3")
    host.drop_task(1, 5000)
    host.task(1, "systemd", "0-3", ppid=0, group="/init.scope")
    host.task(5000, "kubelet", "0-3", group="/system.slice/kubelet.service")
    host.put("etc/tuned/active_profile", "openshift-node-performance-cnf\n")
    host.put("etc/os-release", 'NAME="Red Hat Enterprise Linux CoreOS"\nID="rhcos"\n'
             'VARIANT="CoreOS"\n')
    group = "/kubepods.slice/kubepods-pod1.slice/crio-1.scope"
    host.groups |= {group: "4-9", group + "/housekeeping": "8-9"}
    host.vm("ns_vm", 31000, ["4", "5", "6", "7"], "8-9", group=group, comm="qemu-kvm",
            argv=["/usr/libexec/qemu-kvm", "-name", "guest=ns_vm,debug-threads=on", "-cpu", "host",
                  "-m", "8192", "-smp", "4,sockets=1,cores=2,threads=2"])
    return host
