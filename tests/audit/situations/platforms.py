# SPDX-License-Identifier: MIT
"""The same fault, vCPUs that float over isolated CPUs, on VMs of every platform: each fix is in that
platform's words. The platform of a VM is told by its metadata, its name, its process.
"""

import json

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "the platforms' manuals; libvirt's metadata, QEMU's command lines"
ISOLATED, HOST = "4-15,20-31", "0-3,16-19"
LIBVIRT = ["virsh", "vcpupin", "emit domain"]
XMLNS = {"unraid": "<vmtemplate xmlns='http://unraid' name='Windows'/>",
         "nova": "<n:instance xmlns:n='http://openstack.org/xmlns/libvirt/nova/1.1'/>",
         "ovirt": "<o:vm xmlns:o='http://ovirt.org/vm/1.0'/>",
         "virt": "<k:kubevirt xmlns:k='http://kubevirt.io'/>",
         "one-3": "", "i-2-10-VM": "", "hand": ""}
PROCESSES = {"pve": ("/qemu.slice/100.scope", ["-id", "100"]),
             "lxd": ("/system.slice/snap.lxd.daemon.service", ["-readconfig", "/x/qemu.conf"]),
             "pod": ("/kubepods.slice/kubepods-pod1.slice/crio-1.scope", []),
             "plain": ("/user.slice/user-0.slice/session-1.scope", [])}
FIX = {"unraid": "form", "nova": "cpu_dedicated_set", "ovirt": "CPU Pinning Policy",
       "virt": "dedicatedCpuPlacement", "one-3": "PIN_POLICY", "i-2-10-VM": "libvirt-vm-xml-transformer", "pve": "hookscript",
       "lxd": "limits.cpu", "pod": "dedicatedCpuPlacement", "plain": "taskset"}
FINDS = [Find("vm.vcpu-floats", f"vm {name}", "error", fix=word, not_fix=LIBVIRT)
         for name, word in FIX.items()]
FINDS += [Find("vm.vcpu-floats", "vm hand", "error", fix="pin each vCPU to exactly one CPU")]


def node(sound):
    host = Host(smt(16), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.domains = []
    pairs = iter([[str(core), str(core + 16)] for core in range(4, 15)])
    for number, (name, metadata) in enumerate(XMLNS.items()):
        pair = next(pairs)
        pins = pair if sound else [",".join(pair)] * 2
        domain = xml(name, 2, pins, HOST, topology=(1, 1, 2),
                     extra=f"<metadata>{metadata}</metadata>" * bool(metadata))
        host.vm(name, 21000 + 1000 * number, pins, HOST, live=domain, inactive=domain)
    listed, host.domains = host.domains, None  # of the others libvirt knows nothing
    for number, (name, (group, words)) in enumerate(PROCESSES.items()):
        pair = next(pairs)
        pins = pair if sound else [",".join(pair)] * 2
        host.vm(name, 41000 + 1000 * number, pins, HOST, group=group, argv=[
            "/usr/bin/qemu-system-x86_64", "-name", f"{name},debug-threads=on", *words, "-cpu",
            "host", "-m", "2048", "-smp", "2,sockets=1,cores=1,threads=2"])
    host.domains = listed
    return host


def of_harvester(line):
    """Such a node is KubeVirt's, but for its kernel line, its settings and the switch for pinning."""
    host = Host(smt(16), "5.14.21-150500.55.59-default", line.replace("/vmlinuz", "(loop0)/boot/vmlinuz"),
                isolated=ISOLATED, nohz=ISOLATED)
    host.put("etc/harvester-release.yaml", "harvester: v1.4.0\n")
    host.put("etc/default/grub", 'GRUB_CMDLINE_LINUX_DEFAULT="hugepages=64"\n')
    group, words = PROCESSES["pod"]
    host.vm("pod", 41000, ["4,20"] * 2, HOST, group=group, argv=[
        "/usr/bin/qemu-system-x86_64", "-name", "guest=ns_vm,debug-threads=on", *words, "-cpu", "host", "-m", "2048",
        "-smp", "2,sockets=1,cores=1,threads=2"])
    return host


def further(program, folder):
    other = folder.parent / "harvester"
    of_harvester(isolating(ISOLATED, HOST) + " nosoftlockupx").write(other)
    document = json.loads(program("check", "--json", "-r", str(other))[1])
    fixes = {f["id"]: f["fix"] for f in document["findings"] if f["verdict"] == "fail"}
    wanted = {"vm.vcpu-floats": "CPU Manager", "kernel.parameter-misspelt": "/oem/grubenv",
              "kernel.line-elsewhere": "/oem/grubenv"}
    lacks = [f"{rule}: {fixes.get(rule)}" for rule, word in wanted.items() if word not in fixes.get(rule, "")]
    yield "fixes on a node of Harvester", lacks + [str(document["node"])] * (document["node"]["platform"] != "Harvester")
