# SPDX-License-Identifier: MIT
"""KubeVirt without isolateEmulatorThread: emulator threads share the vCPUs' CPUs, which is its
default; but these vCPUs are real-time, and the emulator never runs.
"""

from capture import Host, isolating, smt
from find import Find

SOURCE = "kubevirt user guide, dedicated CPU resources: requesting dedicated CPU for QEMU emulator"
FINDS = [Find("vm.emulator-on-isolated", "vm ns_vm", "error", fix="isolateEmulatorThread",
              not_fix=["virsh", "taskset"])]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
GROUP = "/kubepods.slice/kubepods-pod1.slice/crio-1.scope"


def node(sound):
    host = Host(smt(8), "6.1.0-18-rt-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.vm("ns_vm", 31000, ["4", "12", "5", "13"], "6,14" if sound else "4,5,12,13", group=GROUP,
            comm="qemu-kvm", fifo=True,
            argv=["/usr/libexec/qemu-kvm", "-name", "guest=ns_vm,debug-threads=on", "-cpu", "host",
                  "-m", "8192", "-smp", "4,sockets=1,cores=2,threads=2"])
    return host
