# SPDX-License-Identifier: MIT
"""NixOS makes the loader's entries of its configuration: isolcpus= was typed into the menu, and what is written to an
entry is lost at the next rebuild.
"""

from capture import Host, smt, xml
from find import Find

SOURCE = "NixOS manual, boot.kernelParams"
FINDS = [Find("kernel.reboot-pending", "kernel", "warning", text="loses isolcpus=4-7,12-15",
              fix=["boot.kernelParams", "nixos-rebuild boot"])]
STATUS = 0
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
WORDS = f" isolcpus={ISOLATED} nohz_full={ISOLATED} rcu_nocbs={ISOLATED} irqaffinity={HOST}"


def node(sound):
    options = "init=/nix/store/abc-nixos-system-a-24.11/init loglevel=4"
    host = Host(smt(8), "6.6.63", f"initrd=\\EFI\\nixos\\abc-initrd-linux-6.6.63-initrd.efi {options}{WORDS}",
                isolated=ISOLATED, nohz=ISOLATED)
    host.put("boot/loader/loader.conf", "timeout 5\ndefault nixos-generation-42.conf\n")
    for number, words in ((41, ""), (42, WORDS * sound)):
        host.put(f"boot/loader/entries/nixos-generation-{number}.conf",
                 f"title NixOS\nversion Generation {number}\noptions {options}{words}\n")
    host.domains = []
    pins = ["4", "12"]
    domain = xml("a", 2, pins, HOST, topology=(1, 1, 2))
    host.vm("a", 21000, pins, HOST, live=domain, inactive=domain)
    return host
