# SPDX-License-Identifier: MIT
"""A plain Debian whose VMs somebody defines in libvirt: all is in order, and everything is known."""

from capture import Host, isolating, smt, xml

SOURCE = "what planner's own artifacts make of a host"
FINDS = []
STRICT = True
ISOLATED, HOST = "4-15,20-31", "0-3,16-19"


def node(sound):
    if not sound:
        return None
    host = Host(smt(16), "6.1.0-28-amd64", isolating(ISOLATED, HOST, "managed_irq,domain,"),
                isolated=ISOLATED, nohz=ISOLATED)
    host.grub()
    host.domains = []
    host.put("etc/default/grub", 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX="'
             f'{host.line.partition("ro ")[2]}"\n')
    host.put("etc/kernel/cmdline", "root=/dev/sda1 isolcpus=2\n")  # of nobody who boots
    host.put("proc/sys/kernel/numa_balancing", "1\n")              # one node: nothing to balance
    host.put("proc/sys/kernel/timer_migration", "1\n")
    host.put("proc/sys/vm/stat_interval", "1\n")
    host.put("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n")
    host.kvm |= {"kvm.nx_huge_pages": "N", "kvm.halt_poll_ns_grow": "2"}
    for number, pins in enumerate((["4", "20", "5", "21"], ["6", "22"])):
        name = f"db{number}"
        domain = xml(name, len(pins), pins, "2-3,18-19", topology=(1, len(pins) // 2, 2),
                     numatune=0)
        host.vm(name, 21000 + 1000 * number, pins, "2-3,18-19", live=domain, inactive=domain,
                nodes={0: 8 << 30})
    return host
