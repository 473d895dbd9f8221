# SPDX-License-Identifier: MIT
"""Fedora and its kin boot entries, which grub2-mkconfig leaves alone: isolcpus= is in /etc/default/grub and in no
entry. grubby writes them. Where it is in /etc/kernel/cmdline, only the next kernel's entry will have it.
"""

import json

from capture import Host, smt, xml
from find import Find

SOURCE = "Release notes of RHEL 9.3, grub2-mkconfig; kernel-install(8)"
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
WORDS = f"isolcpus={ISOLATED} nohz_full={ISOLATED} rcu_nocbs={ISOLATED} irqaffinity={HOST}"
RELEASE = "6.11.4-301.fc41.x86_64"
GRUBBY = "grubby --update-kernel=ALL"
FINDS = [Find("kernel.line-elsewhere", "kernel", "warning", text=["/etc/default/grub", "not in what GRUB boots"],
              fix=GRUBBY, not_fix=["update-grub", "grub2-mkconfig"])]
NEVER = ["kernel.reboot-pending"]
STATUS = 0


def of_entries(words, isolated, image=f"(hd0,gpt2)/vmlinuz-{RELEASE}"):
    host = Host(smt(8), RELEASE, f"BOOT_IMAGE={image} root=UUID=1 ro quiet{words}", isolated=isolated, nohz=isolated)
    host.put("boot/grub2/grub.cfg", "insmod blscfg\nblscfg\n")
    host.domains = []
    pins = ["4", "12"]
    domain = xml("a", 2, pins, HOST, topology=(1, 1, 2))
    host.vm("a", 21000, pins, HOST, live=domain, inactive=domain)
    return host


def entry(host, name, words):
    host.put(f"boot/loader/entries/{name}.conf", f"title Linux\nlinux /vmlinuz-{RELEASE}\n"
             f"options root=UUID=1 ro quiet{words}\n")


def node(sound):
    words = f" {WORDS}" * sound
    host = of_entries(words, ISOLATED * sound)
    entry(host, f"1-{RELEASE}", words)
    host.put("boot/grub2/grubenv", f"# GRUB Environment Block\nsaved_entry=1-{RELEASE}\n")
    host.put("etc/default/grub", f'GRUB_CMDLINE_LINUX="quiet {WORDS}"\n')
    return host


def further(program, folder):
    host = node(False)
    host.put("etc/default/grub", 'GRUB_CMDLINE_LINUX="quiet"\n')
    host.put("etc/kernel/cmdline", f"root=UUID=1 ro quiet {WORDS}\n")
    host.write(folder.parent / "cmdline")
    found = [f for f in json.loads(program("check", "--json", "-r", str(folder.parent / "cmdline"))[1])["findings"]
             if f["id"] == "kernel.line-elsewhere"]
    yield "/etc/kernel/cmdline is for the next kernel alone", [
        str(found)] * (len(found) != 1 or "/etc/kernel/cmdline" not in found[0]["text"] or GRUBBY not in found[0]["fix"])
