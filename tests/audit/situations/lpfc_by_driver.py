# SPDX-License-Identifier: MIT
"""lpfc on x86 gives each queue a CPU itself: that looks managed and is not, so user space can move them, and
isolcpus=managed_irq would do nothing.
"""

from capture import Host, isolating, smt
from find import Find

SOURCE = "linux lpfc_attr.c lpfc_assign_default_irq_chann()"
FINDS = [Find("irq.on-isolated", "interrupts", "error", text="lpfc:4", fix="smp_affinity_list",
              not_fix="managed_irq")]
NEVER = ["irq.managed-on-isolated"]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.grub()
    for queue in range(8):
        host.irq(50 + queue, f"lpfc:{queue}", HOST if sound else str(queue))
    return host
