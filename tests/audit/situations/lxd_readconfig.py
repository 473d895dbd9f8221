# SPDX-License-Identifier: MIT
"""LXD writes vCPUs and memory into a file that QEMU reads, and gives threads no names. With the file and
the descriptors the VM is known as others are: two vCPUs share a CPU, and the memory is on the wrong node.
"""

from capture import Host, USER, isolating, smt
from find import Find

SOURCE = "lxd driver_qemu_templates.go, devices.go deviceTaskBalance"
FINDS = [Find("vm.pin-doubled", "vm v1", "error", text="vCPUs 2 and 3 are both", fix="limits.cpu"),
         Find("vm.memory-off-node", "vm v1", text="NUMA node 1")]
NEVER = ["vm.free-on-isolated", "vm.unknown", "vm.pin-missing"]
ADOPTS = ["a running QEMU that libvirt does not know: pid 3000", "memory = 8G"]
ISOLATED, HOST = "4-7,12-15,20-23,28-31", "0-3,8-11,16-19,24-27"
LOG = "/var/snap/lxd/common/lxd/logs/v1/qemu.conf"
CONFIG = """# Machine
[machine]
type = "q35"

[memory]
size = "8192M"

[smp-opts]
cpus = "4"
sockets = "1"
cores = "2"
threads = "2"

[object "mem0"]
qom-type = "memory-backend-memfd"
size = "8192M"
host-nodes.0 = "0"
policy = "bind"
"""


def node(sound):
    cores = smt(8, 16) + smt(8, 16, package=1, node=1, l3=1, first=8)
    host = Host(cores, "6.8.0-45-generic", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.grub()
    host.put(LOG, CONFIG)
    host.vm("v1", 3000, ["4", "20", "5", "21" if sound else "5"], HOST, names=False,
            group="/system.slice/snap.lxd.daemon.service",
            threads=[("qemu-system-x86", HOST, USER)], nodes={0 if sound else 1: 8 << 30},
            argv=["/snap/lxd/1/bin/qemu-system-x86_64", "-S", "-name", "v1", "-daemonize", "-cpu",
                  "host", "-nodefaults", "-no-user-config", "-readconfig", LOG])
    host.vcpu_descriptors(3000, [3001, 3002, 3003, 3004])
    return host
