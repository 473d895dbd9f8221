# SPDX-License-Identifier: MIT
"""KubeVirt puts a VM's kvm-pit thread on its vCPU 0's CPU, on purpose; the name holds the pid as the pod
counts. On another isolated CPU, which is no VM's, it is a thread like others.
"""

from capture import Host, KTHREAD, isolating, smt
from find import Find

SOURCE = "kubevirt affinePitThread; linux i8254.c pid_vnr"
FINDS = [Find("task.kernel-thread-on-isolated", "tasks", "warning", text="kvm-pit/86")]
STATUS = 0
ALLOWED = ["vm.emulator-on-isolated"]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "5.14.0-427.el9.x86_64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.grub()
    host.vm("ns_vm", 3000, ["4", "12", "5", "13"], "6",
            comm="qemu-kvm", group="/kubepods.slice/kubepods-pod1.slice/crio-1.scope/container",
            argv=["/usr/libexec/qemu-kvm", "-name", "guest=ns_vm,debug-threads=on", "-cpu", "host",
                  "-m", "4096", "-smp", "4,sockets=1,cores=2,threads=2"])
    host.task(3900, "kvm-pit/86", "4" if sound else "7", KTHREAD, 2, group="/")
    return host
