# SPDX-License-Identifier: MIT
"""Kata Containers runs each pod in a QEMU of its own, below the pods of kubelet: no KubeVirt has it, and a VM's
spec does not exist. Its vCPUs may run on isolated CPUs; Kata binds them where it is told to.
"""

from capture import Host, isolating, smt
from find import Find

SOURCE = "kata-containers/kata-containers#878, #6831, docs/design/vcpu-threads-pinning.md"
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
NAME = "sandbox-" + "9a0a6bdc01234567" * 4
FINDS = [Find("vm.vcpu-floats", f"vm {NAME}", "error", fix=["enable_vcpus_pinning", "configuration.toml"],
              not_fix=["dedicatedCpuPlacement", "virsh", "taskset"])]
POD = "/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope"


def node(sound):
    host = Host(smt(8), "6.8.0-45-generic", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    host.grub()
    host.groups |= {"/kubepods.slice": "", POD: "4,12", "/kata_overhead": "", "/kata_overhead/1": HOST}
    host.vm(NAME, 3001, ["4", "12"] if sound else ["4,12"] * 2, HOST, group=POD, argv=[
        "/opt/kata/bin/qemu-system-x86_64", "-name", f"{NAME},debug-threads=on", "-machine", "q35,accel=kvm", "-cpu",
        "host,pmu=off", "-m", "2048M,slots=10,maxmem=64G", "-smp", "1,cores=1,threads=1,sockets=8,maxcpus=8"])
    for task in host.tasks:
        if task["pid"] == task["tid"] == 3001:
            task["group"] = "/kata_overhead/1"
    return host
