# SPDX-License-Identifier: MIT
"""An image that ostree boots: 'rpm-ostree kargs' made a deployment with isolcpus=, and nobody has rebooted. The
deployment that boots next has the highest number. What was typed into GRUB's menu is lost, and grubby is no cure.
"""

import json

from find import Find
from situations.grubby_forgotten import ISOLATED, RELEASE, WORDS, entry, of_entries

SOURCE = "ostreedev/ostree, install_deployment_kernel(); rpm-ostree(1) kargs"
FINDS = [Find("kernel.reboot-pending", "kernel", "warning", text="adds isolcpus=4-7,12-15", fix="reboot"),
         Find("task.user-on-vm", fix="reboot: the next boot isolates them")]
NEVER = ["kernel.line-elsewhere"]
STATUS = 0
IMAGE = f"(hd0,gpt3)/ostree/fedora-1/vmlinuz-{RELEASE}"


def node(sound):
    words = f" {WORDS}" * sound
    host = of_entries(words, ISOLATED * sound, IMAGE)
    entry(host, "ostree-1", "")
    entry(host, "ostree-2", f" {WORDS}")
    return host


def further(program, folder):
    host = of_entries(f" {WORDS}", ISOLATED, IMAGE)
    entry(host, "ostree-1", f" {WORDS}")
    entry(host, "ostree-2", "")
    host.write(folder.parent / "lost")
    fixes = {f["id"]: f["fix"] for f in
             json.loads(program("check", "--json", "-r", str(folder.parent / "lost"))[1])["findings"]}
    yield "a line that the next deployment has not", [str(fixes)] * (
        "rpm-ostree kargs" not in fixes.get("kernel.reboot-pending", ""))
