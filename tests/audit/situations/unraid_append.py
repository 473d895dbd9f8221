# SPDX-License-Identifier: MIT
"""Unraid boots by syslinux, whose append line alone brings parameters. Somebody tried isolcpus= by hand at
the boot prompt: it runs, and is gone at the next boot. A reboot is no cure.
"""

from capture import Host, smt, xml
from find import Find

SOURCE = "Unraid webgui CPUset.php; syslinux(1)"
FINDS = [Find("kernel.reboot-pending", "kernel", "warning", text="loses isolcpus=4-7,12-15",
              fix=["append", "/boot/syslinux/syslinux.cfg"])]
NEVER = ["kernel.sets-differ"]  # its form knows isolcpus alone
ALLOWED = ["irq.default-affinity", "kernel.watchdog-on-isolated"]
STATUS = 0
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
MENU = """default menu.c32
prompt 0
label Unraid OS
  menu default
  kernel /bzimage
  append {}initrd=/bzroot
label Unraid OS Safe Mode
  kernel /bzimage
  append initrd=/bzroot unraidsafemode
"""
UNRAID = "<metadata><vmtemplate xmlns='http://unraid' name='Windows'/></metadata>"


def node(sound):
    line = f"BOOT_IMAGE=/bzimage isolcpus={ISOLATED} initrd=/bzroot"
    host = Host(smt(8), "6.1.118-Unraid", line, isolated=ISOLATED)
    host.put("etc/unraid-version", 'version="6.12.14"\n')
    host.put("boot/syslinux/syslinux.cfg", MENU.format(f"isolcpus={ISOLATED} " * sound))
    host.domains = []
    pins = ["4", "12", "5", "13"]
    domain = xml("Windows", 4, pins, HOST, topology=(1, 2, 2), extra=UNRAID)
    host.vm("Windows", 3000, pins, HOST, live=domain, inactive=domain)
    return host
