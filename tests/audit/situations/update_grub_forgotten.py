# SPDX-License-Identifier: MIT
"""isolcpus= was written to /etc/default/grub and update-grub never run (or a file of grub.d sets the variable
anew): the menu has the old line. No reboot brings it.
"""

from capture import Host, LINE, smt
from find import Find

SOURCE = "update-grub(8); Ubuntu's 50-cloudimg-settings.cfg"
FINDS = [Find("kernel.line-elsewhere", "kernel", "warning",
              text=["isolcpus=4-7", "not in what GRUB boots"], fix="update-grub")]
NEVER = ["kernel.reboot-pending"]
STATUS = 0


def node(sound):
    host = Host(smt(8), "6.8.0-45-generic", LINE.replace("/vmlinuz", "/vmlinuz-6.8.0-45-generic"))
    host.grub(LINE)
    host.domains = []
    words = "quiet" if sound else "quiet isolcpus=4-7"
    host.put("etc/default/grub", f'GRUB_CMDLINE_LINUX_DEFAULT="{words}"\n')
    host.put("etc/default/grub.d/50-cloudimg-settings.cfg", 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n')
    return host
