# SPDX-License-Identifier: MIT
"""A report without /proc/sys/kernel/osrelease: the kernel's version is in BOOT_IMAGE=. This one is older than
the flags of isolcpus, and isolates nothing.
"""

from capture import LINE, Host, smt
from find import Find

SOURCE = "reports that have /proc/cmdline alone of the kernel; kernel/sched/isolation.c of 4.15"
FINDS = [Find("kernel.list-malformed", "kernel", "error", text="isolcpus=domain,4-7,12-15 is no CPU list to this kernel")]
NEVER = ["kernel.sets-differ"]
KNOWN = ["kernel.list-malformed"]
ADOPTS = ["kernel = 4.4.302"]
LIST = "4-7,12-15"


def node(sound):
    release = "6.1.0-28-amd64" if sound else "4.4.302"
    line = LINE.replace("/vmlinuz", f"/vmlinuz-{release}") + \
        f"isolcpus=domain,{LIST} nohz_full={LIST} rcu_nocbs={LIST} irqaffinity=0-3,8-11"
    host = Host(smt(8), release, line, isolated=LIST * sound, nohz=LIST)
    host.put("boot/grub/grub.cfg", f"menuentry 'Linux' {{\n\tlinux\t/vmlinuz-{release} {line.partition(' ')[2]}\n}}\n")
    host.domains = []
    write_kernel = host.write_kernel

    def without_release():
        write_kernel()
        del host.files["proc/sys/kernel/osrelease"]
    host.write_kernel = without_release
    return host
