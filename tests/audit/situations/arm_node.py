# SPDX-License-Identifier: MIT
"""A node of 64-bit ARM: no siblings, no PLE, no paravirtual end-of-interrupt. One VM is on a CPU of the host's."""

from capture import CPU, LINE, Host, xml
from find import Find

SOURCE = "KVM on arm64; QEMU's machine virt"
UNPLANNED = ["vm.on-host"]
FINDS = [Find("vm.pin-on-host", "vm a", "error", text="vCPU 0 on 3")]
NEVER = ["vm.no-eoi", "kvm"]
HOST, ISOLATED = "0-3", "4-15"


def node(sound):
    host = Host([((cpu,), 0, 0, 0) for cpu in range(16)], "6.1.0-28-arm64",
                f"{LINE}isolcpus={ISOLATED} nohz_full={ISOLATED} rcu_nocbs={ISOLATED} irqaffinity={HOST}",
                isolated=ISOLATED, nohz=ISOLATED)
    host.grub()
    host.kvm = {"kvm.halt_poll_ns": "200000"}
    host.domains = []
    pins = ["4" if sound else "3", "5", "6", "7"]
    domain = xml("a", 4, pins, HOST, numatune=0, machine="virt",
                 features="<acpi/><gic version='3'/>").replace("x86_64", "aarch64")
    host.vm("a", 21000, pins, HOST, comm="qemu-system-aar", live=domain, inactive=domain, nodes={0: 8 << 30},
            argv=["/usr/bin/qemu-system-aarch64", "-name", "guest=a,debug-threads=on", "-machine", "virt,accel=kvm",
                  "-cpu", "host", "-m", "8192", "-smp", "4"])
    write_kernel = host.write_kernel

    def of_arm():
        write_kernel()
        host.put("proc/cpuinfo", "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n"
                 "CPU architecture: 8\n\n")
        host.put(CPU + "smt/control", "notsupported\n")
    host.write_kernel = of_arm
    return host
