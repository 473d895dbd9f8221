# SPDX-License-Identifier: MIT
"""
The emulated host's programs: those installed on this machine, with the libraries they need, as an
archive for the kernel. Nothing is downloaded, nothing can be out of date, no root.
"""

import glob
import os
import pathlib
import re
import shutil
import subprocess

from cpio import Archive
from unavailable import Unavailable

HERE = pathlib.Path(__file__).resolve().parent
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# What the guest's scripts and planner call.
BASE = """bash awk basename cat chmod chrt cp cut date dd dirname dmesg env expr find grep head hostname insmod kill
    ln ls lscpu mkdir mknod mount mv od paste printf ps pwd readlink rm rmdir sed seq setsid sleep sort stat stty sync
    sysctl tail tar taskset timeout touch tr true umount uname uniq wc xargs""".split()
# A host of VMs: libvirtd with its QEMU driver, and a QEMU.
HOST = "libvirtd virtlogd virsh qemu-system-x86_64".split()
HOST_DATA = ("/usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so", "/usr/lib/*/qemu/accel-tcg-x86_64.so",
             "/usr/share/libvirt/cpu_map", "/usr/share/libvirt/schemas", "/usr/share/seabios/bios*.bin",
             "/usr/share/qemu/kvmvapic.bin", "/usr/share/qemu/linuxboot_dma.bin", "/usr/lib/libvirt")
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")

ACCOUNTS = "root:x:0:0:root:/root:/bin/bash\nlibvirt-qemu:x:64055:64055::/:/bin/false\n"
GROUPS = "root:x:0:\nkvm:x:104:libvirt-qemu\nlibvirt:x:64054:\nlibvirt-qemu:x:64055:libvirt-qemu\n"
# Nothing is confined and nobody else is there: the emulated host lives for minutes.
QEMU_CONF = 'user = "root"\ngroup = "root"\nsecurity_driver = "none"\nremember_owner = 0\n' \
    'namespaces = []\nseccomp_sandbox = 0\n'
LIBVIRTD_CONF = 'auth_unix_ro = "none"\nauth_unix_rw = "none"\nlog_outputs = "3:file:/var/log/libvirt/libvirtd.log"\n' \
    'host_uuid_source = "machine-id"\n'


def _real(path):
    """PATH with its folder's links resolved, so that /bin/x and /usr/bin/x are one file."""
    return f"{os.path.realpath(os.path.dirname(path))}/{os.path.basename(path)}"


class Userland(Archive):
    def program(self, path, name=None):
        """A program or a library, as NAME (where it is here), and the libraries it needs."""
        self.copy(path, name or _real(path))
        needs = subprocess.run(["ldd", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        for library in re.findall(r"(/\S+) \(0x", needs.stdout):
            self.copy(library, _real(library))

    def programs(self, names):
        for name in names:
            path = shutil.which(name, path=PATH)
            if not path:
                raise Unavailable(f"no {name}")
            self.program(path)

    def modules(self, kernel, names):
        """Kernel modules and what they depend on; /modules says in which order they are loaded."""
        order = []
        for name in names:
            shown = subprocess.run([shutil.which("modprobe", path=PATH) or "modprobe", "-d", kernel.folder, "-S", kernel.release, "--show-depends", name],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
            if shown.returncode:
                raise Unavailable(f"the kernel has no module {name}: {shown.stderr.strip()}")
            order += re.findall(r"^insmod (\S+)", shown.stdout, re.M)
        for path in dict.fromkeys(order):
            self.copy(path, f"/modules.d/{os.path.basename(path)}")
        self.bytes("/modules", "".join(f"/modules.d/{os.path.basename(one)}\n" for one in dict.fromkeys(order)))


def _skeleton(archive):
    for name in MERGED:
        if os.path.islink(f"/{name}"):
            archive.link(name, os.readlink(f"/{name}"))
    for name in ("dev", "proc", "sys", "run", "root", "etc", "var/log", "tmp", "out"):
        archive.folder(name)
    archive.device("dev/console", 5, 1)
    archive.copy(HERE / "guest/init", "/init")
    archive.copy(HERE / "guest/tap.sh", "/tap.sh")
    archive.link("usr/bin/sh", "bash")
    archive.link("var/run", "/run")
    archive.bytes("etc/passwd", ACCOUNTS)
    archive.bytes("etc/group", GROUPS)
    archive.bytes("etc/hostname", "emulated\n")
    archive.bytes("etc/nsswitch.conf", "passwd: files\ngroup: files\n")
    archive.bytes("etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    archive.copy("/etc/ld.so.cache")


def base(path, kernel, modules=()):
    """An archive at PATH to boot into a shell: nothing but the kernel is tried."""
    with Userland(path) as archive:
        _skeleton(archive)
        archive.programs(BASE)
        archive.modules(kernel, ["virtio_pci", "virtio_blk", *modules])
        archive.copy(kernel.folder / "config", f"/boot/config-{kernel.release}")


def host(path):
    """An archive at PATH, on top of base()'s, that makes it a host of VMs."""
    with Userland(path) as archive:
        archive.programs(HOST)
        for pattern in HOST_DATA:
            for found in sorted(glob.glob(pattern)):
                archive.program(found) if found.endswith(".so") else archive.copy(found)
        archive.bytes("etc/libvirt/qemu.conf", QEMU_CONF)
        archive.bytes("etc/libvirt/libvirtd.conf", LIBVIRTD_CONF)
        archive.copy(HERE / "guest/host.sh", "/host.sh")


def payload(path, planner=None, files=None):
    """An archive at PATH with what this boot tries: planner, and FILES: name in the guest → text, bytes or a path."""
    with Userland(path) as archive:
        if planner:
            archive.program(planner, "/usr/bin/planner")
        for name, what in (files or {}).items():
            if isinstance(what, os.PathLike):
                archive.copy(what, name)
            else:
                archive.bytes(name, what, 0o755)
