# SPDX-License-Identifier: MIT
"""Alpine boots by extlinux, whose menu update-extlinux writes from /etc/update-extlinux.conf: isolcpus= is there and
nobody ran it. Typed into the menu alone it is lost with the next kernel.
"""

import json

from capture import Host, smt, xml
from find import Find

SOURCE = "Alpine's wiki, Bootloaders; update-extlinux.conf"
FINDS = [Find("kernel.line-elsewhere", "kernel", "warning",
              text=["isolcpus=4-7,12-15", "/etc/update-extlinux.conf", "not in what syslinux"],
              fix="update-extlinux", not_fix=["grub", "APPEND"])]
NEVER = ["kernel.reboot-pending"]
KNOWN = ["kernel.reboot-pending"]
STATUS = 0
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
WORDS = f" isolcpus={ISOLATED} nohz_full={ISOLATED} rcu_nocbs={ISOLATED} irqaffinity={HOST}"
COMMON = "root=UUID=1 modules=sd-mod,usb-storage,ext4 quiet rootfstype=ext4"


def of(running, menu, written):
    isolated = ISOLATED * bool(running)
    host = Host(smt(8), "6.6.58-0-lts", f"BOOT_IMAGE=vmlinuz-lts {COMMON}{running} initrd=initramfs-lts",
                isolated=isolated, nohz=isolated)
    host.put("boot/extlinux.conf", "DEFAULT menu.c32\nPROMPT 0\nLABEL lts\n  MENU DEFAULT\n  LINUX vmlinuz-lts\n"
             f"  INITRD initramfs-lts\n  APPEND {COMMON}{menu}\n")
    host.put("etc/update-extlinux.conf", f'overwrite=1\ndefault_kernel_opts="quiet rootfstype=ext4{written}"\n')
    host.domains = []
    pins = ["4", "12"]
    domain = xml("a", 2, pins, HOST, topology=(1, 1, 2))
    host.vm("a", 21000, pins, HOST, live=domain, inactive=domain)
    return host


def node(sound):
    return of(WORDS * sound, WORDS * sound, WORDS)


def further(program, folder):
    of(WORDS, "", "").write(folder.parent / "typed")
    fixes = {f["id"]: f["fix"] for f in
             json.loads(program("check", "--json", "-r", str(folder.parent / "typed"))[1])["findings"]}
    yield "what was typed into the menu", [str(fixes)] * (
        "default_kernel_opts" not in fixes.get("kernel.reboot-pending", ""))
