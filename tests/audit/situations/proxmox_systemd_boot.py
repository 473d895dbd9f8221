# SPDX-License-Identifier: MIT
"""Proxmox on ZFS and EFI: isolcpus was written to /etc/default/grub, update-grub wrote grub.cfg,
and the machine boots systemd-boot from /etc/kernel/cmdline: it will never have it.
"""

from capture import Host, smt
from find import Find

SOURCE = "Proxmox VE's manual, 'Host Bootloader'; strongtz/i915-sriov-dkms#172"
FINDS = [Find("kernel.line-elsewhere", "kernel", "warning", text=["isolcpus=4-7,12-15", "/etc/default/grub"],
              fix=["/etc/kernel/cmdline", "proxmox-boot-tool refresh"])]
STATUS = 0
NEVER = ["kernel.reboot-pending"]
KNOWN = ["kernel.reboot-pending"]
LIST = "4-7,12-15"
LINE = ("initrd=\\EFI\\proxmox\\6.8.12-4-pve\\initrd.img-6.8.12-4-pve root=ZFS=rpool/ROOT/pve-1 "
        "boot=zfs")


def node(sound):
    words = f"isolcpus={LIST} nohz_full={LIST} rcu_nocbs={LIST}"
    host = Host(smt(8), "6.8.12-4-pve", LINE)
    host.put("etc/kernel/cmdline", "root=ZFS=rpool/ROOT/pve-1 boot=zfs\n")
    host.put("etc/kernel/proxmox-boot-uuids", "7C2A-1B3D\n")
    host.put("etc/default/grub", f'GRUB_CMDLINE_LINUX_DEFAULT="quiet {"" if sound else words}"\n')
    host.grub("root=ZFS=rpool/ROOT/pve-1 ro boot=zfs quiet" + ("" if sound else " " + words))
    host.vm("win11", 3001, ["0-15"] * 8, "0-15", group="/qemu.slice/100.scope", comm="kvm",
            argv=["/usr/bin/kvm", "-id", "100", "-name", "win11,debug-threads=on",
                  "-smp", "8,sockets=1,cores=8,maxcpus=8", "-cpu", "host", "-m", "16384"])
    return host
