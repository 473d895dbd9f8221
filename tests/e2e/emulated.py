# SPDX-License-Identifier: MIT
"""
A host of any shape, emulated whole by QEMU in software: Debian's kernel with a kernel line of our
own, this machine's programs, one script to run. It ends by itself, or when its time is over, or
with the process that started it: the kernel kills it even when that one dies of SIGKILL.

    host = emulated.Emulated(cache, scratch, planner)     raises Unavailable
    ran = host.boot(Shape(sockets=2, cores=2, threads=2), "isolcpus=2,3", "cat /proc/cmdline", seconds=120)
    ran.out       what the script wrote: text
    ran.console   what the kernel wrote
    ran.files     the folder that holds what the script left in /out
    ran.wrong     None, or what went wrong: out of time, the kernel never ran the script …
"""

import ctypes
import dataclasses
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time

import frequencies
import kernel as kernels
import madt
import userland
from cpio import Archive
from unavailable import Unavailable

QEMU = "qemu-system-x86_64"
OUT_BYTES = 256 << 20
DONE = "# the guest is done"
# On a busy machine the kernel's test of its timer fails: it waits too short a time.
OWN_LINE = "console=ttyS0 panic=-1 no_timer_check"


@dataclasses.dataclass
class Shape:
    """The machine. ORDER is how Linux numbers its CPUs (see madt.py); a NUMA node a socket; MEMORY in MiB."""

    sockets: int = 1
    cores: int = 4
    threads: int = 2
    order: str = "far"
    memory: int = 1024
    # Has the caches and siblings of its topology; QEMU says of each feature that it cannot emulate it.
    model: str = "Skylake-Server-v1"
    # With the module acpi_cpufreq, governors to choose.
    frequencies: bool = False
    # QEMU before 8.1 can hang with a thread a CPU, while the kernel patches itself.
    threading: str = "single"

    @property
    def cpus(self):
        return self.sockets * self.cores * self.threads

    def tables(self):
        """Of the firmware's; Linux takes them from in front of its first root (CONFIG_ACPI_TABLE_UPGRADE)."""
        tables = {"apic": madt.table(self.order, self.sockets, self.cores, self.threads)}
        if self.frequencies:
            tables["ssdt"] = frequencies.table(self.cpus)
        return tables

    def arguments(self):
        per, each = self.cores * self.threads, self.memory // self.sockets
        words = ["-accel", f"tcg,thread={self.threading}", "-cpu", self.model, "-m", str(each * self.sockets), "-smp",
                 f"{self.cpus},sockets={self.sockets},cores={self.cores},threads={self.threads}"]
        for node in range(self.sockets):
            words += ["-object", f"memory-backend-ram,id=m{node},size={each}M", "-numa",
                      f"node,nodeid={node},memdev=m{node},cpus={node * per}-{(node + 1) * per - 1}"]
        return words


@dataclasses.dataclass
class Ran:
    out: str
    console: str
    files: pathlib.Path
    wrong: str
    seconds: float
    cpu_seconds: float
    resident: int

    def lines(self):
        return self.out.splitlines()

    def cost(self):
        return f"{self.seconds:.0f} s, {self.cpu_seconds:.0f} s of CPU, {self.resident >> 20} MiB"


def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _text(path):
    return path.read_bytes().decode(errors="replace").replace("\r", "")


def _unpack(disk, folder):
    """The folder with what the guest left as a tar at the start of the disk."""
    folder.mkdir()
    with open(disk, "rb") as file:
        if any(file.read(tarfile.BLOCKSIZE)):
            file.seek(0)
            with tarfile.open(fileobj=file, mode="r:") as tar:
                tar.extractall(folder)
    disk.unlink()
    return folder


class Emulated:
    def __init__(self, cache, scratch, planner=None, vms=False, modules=()):
        """CACHE keeps the kernel, SCRATCH all else. VMS: with libvirtd and QEMU inside."""
        if not shutil.which(QEMU):
            raise Unavailable(f"no {QEMU}")
        self.kernel = kernels.kernel(cache)
        self.scratch = pathlib.Path(scratch)
        self.planner = planner
        self.archives = [self.scratch / "base.cpio"]
        userland.base(self.archives[0], self.kernel, modules)
        if vms:
            self.archives.append(self.scratch / "host.cpio")
            userland.host(self.archives[1])

    def _initrd(self, folder, shape, script, files):
        parts = [folder / "acpi.cpio", *self.archives, folder / "payload.cpio"]
        with Archive(parts[0]) as archive:
            for name, table in shape.tables().items():
                archive.bytes(f"kernel/firmware/acpi/{name}.aml", table)
        userland.payload(parts[-1], self.planner, {**(files or {}), "/scenario": script})
        with open(folder / "initrd", "wb") as out:
            for part in parts:
                with open(part, "rb") as file:
                    shutil.copyfileobj(file, out)
                # an archive starts on a multiple of four bytes
                out.write(b"\0" * (-out.tell() % 512))
        return folder / "initrd"

    def boot(self, shape, line, script, files=None, seconds=300, arguments=()):
        """Boot, run SCRIPT (bash) and power off. FILES: name in the guest → text, bytes or a path."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))
        initrd = self._initrd(folder, shape, script, files)
        for name, size in (("console", 0), ("out", 0), ("disk", OUT_BYTES), ("errors", 0)):
            with open(folder / name, "wb") as file:
                file.truncate(size)
        command = [QEMU, *shape.arguments(), "-machine", "q35", "-nodefaults", "-no-user-config", "-display", "none",
                   "-no-reboot", "-serial", f"file:{folder}/console", "-serial", f"file:{folder}/out",
                   "-drive", f"file={folder}/disk,format=raw,if=none,id=out",
                   "-device", "virtio-blk-pci,drive=out,num-queues=1", "-kernel", str(self.kernel.vmlinux),
                   "-initrd", str(initrd), "-append", f"{OWN_LINE} {line}".strip(), *arguments]
        start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        wrong = _wait(command, folder / "errors", seconds)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        initrd.unlink()
        return self._ran(folder, wrong, time.monotonic() - start,
                         after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss << 10)

    @staticmethod
    def _ran(folder, wrong, *cost):
        out, console = _text(folder / "out"), _text(folder / "console")
        if not wrong and DONE not in out:
            errors = [line for line in _text(folder / "errors").splitlines() if "TCG doesn't support" not in line]
            wrong = "the guest did not come to its end: " + (errors or console.splitlines() or ["silence"])[-1]
        return Ran(out.replace(DONE + "\n", ""), console, _unpack(folder / "disk", folder / "files"), wrong, *cost)


def _wait(command, errors, seconds):
    """Run to the end or to the limit: what went wrong, or None."""
    with open(errors, "wb") as err:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=err, stderr=err,
                              preexec_fn=_die_with_parent) as process:
            try:
                status = process.wait(seconds)
                return None if status == 0 else f"QEMU ended with status {status}: {_text(errors)[-300:]}"
            except subprocess.TimeoutExpired:
                return f"not done after {seconds} seconds"
            finally:
                process.kill()
