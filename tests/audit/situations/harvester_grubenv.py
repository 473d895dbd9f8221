# SPDX-License-Identifier: MIT
"""Harvester's menu adds what /oem/grubenv says to the line. Somebody set one more argument there and left
out what had been set before: the next boot isolates nothing.
"""

import json

from capture import Host, smt
from find import Find

SOURCE = "harvester-installer, bootargs.cfg and harv-install; its upgrade notes on third_party_kernel_args"
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
ADDED = f"isolcpus=managed_irq,domain,{ISOLATED} nohz_full={ISOLATED} rcu_nocbs={ISOLATED} irqaffinity={HOST}"
FINDS = [Find("kernel.reboot-pending", "kernel", "warning", text=["adds nvidia-drm.modeset", "loses isolcpus="],
              fix="third_party_kernel_args in /oem/grubenv")]
NEVER = ["kernel.line-elsewhere"]
STATUS = 0
FIXED = "panic=0 net.ifnames=1 rd.cos.oemtimeout=120 audit=1 intel_iommu=on amd_iommu=on iommu=pt"
MENU = f"""set console_params="console=tty1"
set kernel=/boot/vmlinuz
if [ "${{img}}" == "/cOS/recovery.img" ]; then
    set kernelcmd="$console_params root=LABEL=$recovery_label cos-img/filename=$img rd.neednet=1"
else
    set kernelcmd="$console_params root=LABEL=$state_label cos-img/filename=$img {FIXED} $third_party_kernel_args"
fi
"""


def of_harvester(host, added, menu=True):
    """HOST is a node of Harvester's, whose next boot has what is ADDED."""
    host.line = (f"BOOT_IMAGE=(loop0)/boot/vmlinuz console=tty1 root=LABEL=COS_STATE "
                 f"cos-img/filename=/cOS/active.img {FIXED} multipath=off {ADDED}")
    host.files["boot/grub/grub.cfg"] = None
    host.put("etc/harvester-release.yaml", "harvester: v1.4.0\n")
    host.put("oem/grubenv", f"# GRUB Environment Block\nthird_party_kernel_args={added}\n#######")
    if menu:
        host.put("etc/cos/bootargs.cfg", MENU)
    return host


def node(sound):
    host = Host(smt(8), "5.14.21-150500.55.59-default", ADDED, isolated=ISOLATED, nohz=ISOLATED)
    return of_harvester(host, f"multipath=off {ADDED}" if sound else "multipath=off nvidia-drm.modeset=1")


def further(program, folder):
    """Where the menu was not captured, what is set waits all the same, and no more is known."""
    found = []
    for number, added in enumerate(("multipath=off hugepages=64", "multipath=off")):
        other = folder.parent / f"menu{number}"
        of_harvester(Host(smt(8), "5.14.21-150500.55.59-default", ""), added, menu=False).write(other)
        document = json.loads(program("check", "--json", "-r", str(other))[1])
        found.append([f["text"] for f in document["findings"] if f["verdict"] == "fail"
                      and f["id"] in ("kernel.line-elsewhere", "kernel.reboot-pending")])
    yield "without the menu", [str(found)] * (found[1] != [] or len(found[0]) != 1
                                             or "hugepages=64 is in /oem/grubenv" not in found[0][0])
