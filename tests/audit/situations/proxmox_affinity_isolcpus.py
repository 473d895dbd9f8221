# SPDX-License-Identifier: MIT
"""Proxmox: `affinity: 4-7,12-15` over the CPUs of isolcpus: all eight vCPUs and QEMU's own threads
may run on all of them, and pile up on CPU 4.
"""

from capture import Host, isolating, smt
from find import Find

SOURCE = "Proxmox VE's manual, 'CPU affinity'; ayufan/pve-helpers#4"
FINDS = [Find("vm.vcpu-floats", "vm win11", "error", "4-7,12-15", not_fix=["virsh", "<vcpu"]),
         Find("vm.emulator-on-isolated", "vm win11", "error", not_fix=["virsh", "emulatorpin"])]
NEVER = ["vm.free-on-isolated", "vm.pin-missing", "vm.unknown"]
KNOWN = ["vm.vcpu-floats", "vm.emulator-on-isolated", "vm.pin-doubled", "vm.core-shared",
         "vm.pin-on-host", "vm.more-vcpus-than-cpus", "vm.pin-offline", "kvm.ple-gap"]
STRICT = True
ADOPTS = ["[vm win11]", "vcpus = 8", "memory = 16G", "cpu-mode = host-passthrough"]
NOT_ADOPTED = ["(none)", "free for VMs", "its memory is not known", "it has no XML to tell"]

ARGV = ["/usr/bin/kvm", "-id", "100", "-name", "win11,debug-threads=on", "-no-shutdown",
        "-smp", "8,sockets=1,cores=8,maxcpus=8", "-cpu", "host", "-m", "16384",
        "-machine", "type=pc-q35-8.1+pve0"]
PINS = ["4", "12", "5", "13", "6", "14", "7", "15"]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "6.8.12-4-pve", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    vcpus, emulator = (PINS, HOST) if sound else ([ISOLATED] * 8, ISOLATED)
    host.vm("win11", 3001, vcpus, emulator, group="/qemu.slice/100.scope", comm="kvm", argv=ARGV)
    host.grub()
    return host
