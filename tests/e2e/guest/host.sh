# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Bring up libvirtd inside the emulated host; sourced by scenarios. Status 1 where it does not come.
mkdir -p /run/lock /run/libvirt /var/log/libvirt/qemu /var/lib/libvirt/qemu /var/cache/libvirt/qemu
[[ ! -e /dev/kvm ]] || chmod 666 /dev/kvm
virtlogd -d
libvirtd -d
for ((i = 0; i < 120; i++)); do
    timeout 60 virsh -q version >/run/version 2>&1 && break
    sleep 0.5
done
cat /run/version /var/log/libvirt/libvirtd.log >/dev/console
((i < 120))
