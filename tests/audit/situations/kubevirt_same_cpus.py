# SPDX-License-Identifier: MIT
"""Three VMs of KubeVirt are all on the same two CPUs. Each is one finding, which names both vCPUs; that
they share the core as well goes without saying.
"""

from capture import Host, isolating, smt
from find import Find

SOURCE = "kubevirt/kubevirt#10132"
UNPLANNED = ["vm.cpu-shared"]
FINDS = [Find("vm.pin-doubled", f"vm ns_vm{number}", "error",
              text=["vCPU 0 is pinned to CPU 4, as vCPU 0 of ns_vm0 is; vCPU 1 is pinned to CPU 12"],
              fix="dedicatedCpuPlacement", not_fix=["planner plan"]) for number in (1, 2)]
NEVER = ["vm.core-shared"]
ALLOWED = ["vm.emulator-on-isolated"]  # KubeVirt's default
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.grub()
    for number in range(3):
        core = 4 + number * sound
        pins = [str(core), str(core + 8)]
        host.vm(f"ns_vm{number}", 31000 + 100 * number, pins, ",".join(pins), comm="qemu-kvm",
                group=f"/kubepods.slice/kubepods-pod{number}.slice/crio-{number}.scope",
                argv=["/usr/libexec/qemu-kvm", "-name", f"guest=ns_vm{number},debug-threads=on",
                      "-cpu", "host", "-m", "8192", "-smp", "2,sockets=1,cores=1,threads=2"])
    return host
