# SPDX-License-Identifier: MIT
"""A POWER8 host: its second threads are offline, and KVM gives them to the vCPUs of a guest core, which share
the CPU of the first. Two vCPUs of different guest cores are on one CPU.
"""

from capture import Host, LINE, xml
from find import Find

SOURCE = "Linux commit 3c313524605a (strict threading); QEMU: VCPU can only run on primary threads"
FINDS = [Find("vm.pin-doubled", "vm a", "error", text="vCPUs 0, 1, 2, 3, 4, 5, 6, 7 are all pinned to CPU 8")]
NEVER = ["vm.no-eoi", "kvm", "cpu-pm", "topology.sibling-offline"]
HOST, ISOLATED = "0,32", "8,16,24,40,48,56"
OFFLINE = ",".join(f"{first + 1}-{first + 7}" for first in range(0, 64, 8))


def node(sound):
    host = Host([(tuple(range(first, first + 8)), first // 32, first // 32, 0) for first in range(0, 64, 8)],
                "4.15.0-213-generic", f"{LINE}isolcpus={ISOLATED} nohz_full={ISOLATED} rcu_nocbs={ISOLATED} irqaffinity={HOST}",
                isolated=ISOLATED, nohz=ISOLATED, offline=OFFLINE, smt_control="notsupported")
    host.grub()
    host.domains = []
    pins = ["8"] * 4 + (["16"] if sound else ["8"]) * 4
    domain = xml("a", 8, pins, HOST, numatune=0, machine="pseries", features="", topology=(1, 2, 4)).replace("x86_64", "ppc64le")
    host.vm("a", 21000, pins, HOST, comm="qemu-system-ppc", live=domain, inactive=domain, nodes={0: 8 << 30},
            argv=["/usr/bin/qemu-system-ppc64", "-name", "guest=a,debug-threads=on", "-machine", "pseries,accel=kvm",
                  "-cpu", "host", "-m", "8192", "-smp", "8,sockets=1,cores=2,threads=4"])
    write_kernel = host.write_kernel

    def of_power():
        write_kernel()
        host.put("proc/cpuinfo", "".join(f"processor\t: {cpu}\ncpu\t\t: POWER8 (raw), altivec supported\nclock\t\t: 3690.000000MHz\n"
                                         "revision\t: 2.0 (pvr 004d 0200)\n\n" for cpu in range(0, 64, 8)) +
                 "timebase\t: 512000000\nplatform\t: PowerNV\nmodel\t\t: 8247-22L\nmachine\t\t: PowerNV 8247-22L\n")
    host.write_kernel = of_power
    return host
