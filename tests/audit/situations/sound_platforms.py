# SPDX-License-Identifier: MIT
"""Nodes of the other platforms as they are when all is in order: each has its ways, none of which is a
fault, and everything is known.
"""

import json

from capture import LINE, Host, isolating, smt, xml
from situations.harvester_grubenv import ADDED, of_harvester
from situations.lxd_readconfig import node as lxd
from situations.platforms import XMLNS

SOURCE = "the platforms' sources: vdsm, virt-launcher, OpenNebula's pin_cpu, Unraid's CPUset.php, LXD"
FINDS = []
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
PINS = ["4", "12", "5", "13"]


def isolated(release, line=None, **more):
    host = Host(smt(8), release, line or isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED, **more)
    host.put("planner/snapshot", "planner-snapshot/1\n")
    host.domains = []
    return host


def listed(host, name, platform, pins, emulator, **more):
    domain = xml(name, len(pins), pins, emulator, numatune=0,
                 topology=(1, len(pins) // 2, 2), extra=f"<metadata>{XMLNS[platform]}</metadata>",
                 **more)
    host.vm(name, 21000 + len(host.domains), pins, emulator, live=domain, inactive=domain,
            nodes={0: 8 << 30})


def ovirt():
    """vdsm gives shared VMs all CPUs that are online; the line has no isolcpus."""
    host = Host(smt(8), "5.14.0-427.50.1.el9_4.x86_64", LINE)
    host.put("planner/snapshot", "planner-snapshot/1\n")
    host.grub()
    host.domains = []
    host.task(1200, "vdsmd", "0-15", group="/system.slice/vdsmd.service")
    listed(host, "web", "ovirt", ["0-15"] * 4, "0-15")
    return host


def kubevirt():
    """isolateEmulatorThread: a CPU more for emulator threads, in a group of its own."""
    host = isolated("6.8.0-45-generic")
    host.grub()
    host.domains = None
    pod = "/kubepods.slice/kubepods-pod1.slice/crio-1.scope"
    host.groups |= {"/kubepods.slice": "", pod: "4-6,12-14", pod + "/housekeeping": "6,14"}
    host.put("planner/remarks", "libvirt qemu:///system\tFailed to connect socket to "
             "'/var/run/libvirt/libvirt-sock-ro': No such file or directory\n")
    host.task(1200, "virt-handler", HOST, group="/kubepods.slice/kubepods-pod0.slice/crio-0.scope")
    host.vm("ns_vm", 31000, PINS, "6,14", group=pod, comm="qemu-kvm", argv=[
        "/usr/libexec/qemu-kvm", "-name", "guest=ns_vm,debug-threads=on", "-cpu", "host", "-m",
        "8192", "-smp", "4,sockets=1,cores=2,threads=2"])
    host.task(31900, "virtqemud", "4-6,12-14", group=pod)
    host.task(70, "kvm-pit/99", "4", 0x00200000, 2, group="/")
    return host


def harvester():
    """KubeVirt, on an image whose line is in /oem/grubenv: /etc/default/grub says nothing."""
    host = of_harvester(kubevirt(), f"multipath=off {ADDED}")
    host.put("etc/default/grub", 'GRUB_CMDLINE_LINUX_DEFAULT="quiet splash"\n')
    host.task(1300, "harvester-node-", HOST, group="/kubepods.slice/kubepods-pod2.slice/crio-2.scope")
    return host


def cloudstack():
    """A hook pins; a router of CloudStack's own floats over the host's CPUs."""
    host = isolated("6.8.0-45-generic")
    host.grub()
    host.put("etc/cloudstack/agent/agent.properties", "guest.cpu.mode=host-passthrough\n")
    listed(host, "i-2-10-VM", "hand", PINS, HOST)
    router = xml("r-4-VM", 1, cpuset=HOST, emulator=HOST, memory=1)
    host.vm("r-4-VM", 22000, [HOST], HOST, live=router, inactive=router, memory="1024", nodes={0: 1 << 30})
    return host


def opennebula():
    """VCPU_MAX above VCPU; EMULATOR_CPUS of the host's template."""
    host = isolated("6.1.0-28-amd64")
    host.grub()
    listed(host, "one-3", "one-3", PINS, HOST)
    return host


def unraid():
    """The form pins in the order given; two VMs take turns; root is in memory."""
    line = f"BOOT_IMAGE=/bzimage isolcpus={ISOLATED} nohz_full={ISOLATED} rcu_nocbs={ISOLATED} " \
           f"irqaffinity={HOST} initrd=/bzroot"
    host = isolated("6.12.24-Unraid", line)
    host.put("etc/unraid-version", 'version="7.1.4"\n')
    host.put("boot/syslinux/syslinux.cfg", "default menu.c32\nlabel Unraid OS\n  menu default\n"
             f"  kernel /bzimage\n  append {line.partition(' ')[2]}\n")
    listed(host, "Windows", "unraid", PINS, HOST)
    return host


def incus():
    """limits.cpu pins; the daemon's settings are in a file that QEMU reads."""
    host = lxd(True)
    host.put("planner/snapshot", "planner-snapshot/1\n")
    host.grub()
    return host


def further(program, folder):
    for make in (ovirt, kubevirt, harvester, opennebula, cloudstack, unraid, incus):
        other = folder.parent / make.__name__
        make().write(other)
        status, out, _ = program("check", "--json", "--strict", "-r", str(other))
        found = [f"{f['verdict']} {f['severity']} {f['id']}: {f['text']}"
                 for f in json.loads(out)["findings"] if f["severity"] != "info"]
        yield f"a sound node of {make.__name__}", found + [f"exit status {status}"] * bool(status)
