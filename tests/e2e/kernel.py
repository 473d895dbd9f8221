#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Debian's own kernel, unpacked and not installed. Kept below the build folder by package and
version, so that it is downloaded once; no root.

It is the kernel of this machine's release, or with E2E_SUITE=trixie in the environment that of
another one: the tests of emulated hosts then boot that.

By hand: tests/e2e/kernel.py [FOLDER]      (build/e2e) prints where it is
"""

import collections
import contextlib
import fcntl
import lzma
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

from unavailable import Unavailable

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
META = "linux-image-amd64"
# What an emulated host may want to load; the other 4000 modules stay in the package.
FOLDERS = ("arch", "virt", "lib", "crypto", "fs/fat", "drivers/virtio", "drivers/block", "drivers/crypto",
           "drivers/char", "drivers/cpufreq", "drivers/acpi", "drivers/net")
SECONDS = 240
# depmod is not where users look
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"

Kernel = collections.namedtuple("Kernel", "folder release vmlinux")


def _output(command, **how):
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "timeout": SECONDS,
           "env": dict(os.environ, LC_ALL="C", PATH=PATH), "check": True, **how}
    try:
        return subprocess.run(command, **how).stdout
    except subprocess.CalledProcessError as error:
        why = (error.stderr or "").strip().splitlines() or [f"exit status {error.returncode}"]
        raise Unavailable(f"{' '.join(command[:2])}: {why[-1]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]}: {error}") from error


def _elf(image):
    """The kernel proper in a bzImage: QEMU boots it without the decompressor, which is slow under emulation."""
    start = (image[0x1F1] + 1) * 512
    offset, length = struct.unpack_from("<II", image, 0x248)
    payload = image[start + offset:start + offset + length]
    if payload[:6] == b"\xfd7zXZ\0":
        elf = lzma.LZMADecompressor().decompress(payload)
    elif payload[:2] == b"\x1f\x8b":
        elf = zlib.decompressobj(31).decompress(payload)
    elif payload[:4] == b"\x28\xb5\x2f\xfd":
        elf = _output(["zstd", "-dc"], input=payload[:-4], text=False)
    else:
        raise Unavailable(f"the kernel is compressed in an unknown way: {payload[:6]!r}")
    if elf[:4] != b"\x7fELF":
        raise Unavailable("no kernel in the kernel image")
    return elf


class Apt:
    """apt-get and apt-cache, with this machine's package lists or with lists of our own: those need no root."""

    def __init__(self, private=None, suite=None):
        self.options = []
        if private:
            (private / "lists/partial").mkdir(parents=True)
            (private / "archives/partial").mkdir(parents=True)
            self.options = [f"-oDir::State::Lists={private}/lists", f"-oDir::Cache={private}"]
            if suite:
                site = _output(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]).split()
                if not site:
                    raise Unavailable("apt has no package lists")
                (private / "sources.list").write_text(f"deb {site[0]} {suite} main\n")
                self.options += [f"-oDir::Etc::SourceList={private}/sources.list", "-oDir::Etc::SourceParts=/dev/null"]
            _output(["apt-get", *self.options, "-qq", "update"])

    def ask(self, *words):
        return _output(["apt-cache", *self.options, *words])

    def newest(self):
        """(package, version) of the kernel that Debian's meta package stands for."""
        found = re.search(r"Depends: (linux-image-\S+)", self.ask("depends", "--important", META))
        if not found:
            raise Unavailable(f"apt knows no {META}")
        version = re.search(r"Candidate: (\S+)", self.ask("policy", found[1]))
        if not version or version[1] == "(none)":
            raise Unavailable(f"apt knows no {found[1]}")
        return found[1], version[1]

    def download(self, package, folder):
        _output(["apt-get", *self.options, "-qq", "download", package], cwd=folder)
        return next(pathlib.Path(folder).glob("*.deb"))


def _unpack(deb, folder):
    """The package's kernel and some of its modules, as a Kernel's folder."""
    tree = folder / "tree"
    tree.mkdir()
    # Debian 13 has its modules below /usr.
    wanted = ["./boot"] + [f"./{top}lib/modules/*/{one}" for top in ("", "usr/")
                           for one in (*(f"kernel/{folder}" for folder in FOLDERS), "modules.*")]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as package:
        # tar complains of what this kernel does not have
        subprocess.run(["tar", "-C", tree, "--no-same-owner", "--wildcards", "-x", *wanted],
                       stdin=package.stdout, stderr=subprocess.DEVNULL, check=False)
    image = next((tree / "boot").glob("vmlinuz-*"), None)
    if not image:
        raise Unavailable(f"no kernel in {deb.name}")
    release = image.name.removeprefix("vmlinuz-")
    (folder / "vmlinux").write_bytes(_elf(image.read_bytes()))
    (tree / "boot" / f"config-{release}").rename(folder / "config")
    next(lib for lib in (tree / "lib", tree / "usr/lib") if (lib / "modules").exists()).rename(folder / "lib")
    shutil.rmtree(tree)
    _output(["depmod", "-b", str(folder), release])
    (folder / "release").write_text(release)


def _newest(private, suite):
    """(Apt, (package, version)): from this machine's lists, else, where those are missing, from fresh ones."""
    if suite:
        apt = Apt(private, suite)
        return apt, apt.newest()
    try:
        apt = Apt()
        return apt, apt.newest()
    except Unavailable:
        apt = Apt(private)
        return apt, apt.newest()


def _fetch(apt, package, folder, private):
    try:
        return apt.download(package, folder)
    except Unavailable:
        if apt.options:
            raise
        # the lists are older than the archive
        apt = Apt(private)
        return apt.download(apt.newest()[0], folder)


def _load(folder):
    return Kernel(folder, (folder / "release").read_text(), folder / "vmlinux")


def _cached(cache):
    """The newest that was unpacked earlier, or None."""
    there = sorted(cache.glob("linux-image-*/release"), key=lambda one: one.stat().st_mtime)
    return _load(there[-1].parent) if there else None


@contextlib.contextmanager
def _locked(cache):
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def kernel(cache, suite=os.environ.get("E2E_SUITE")):
    """The Kernel of SUITE (None = this machine's), downloaded into CACHE where it is not there yet. Raises Unavailable."""
    cache = pathlib.Path(cache, suite or "")
    for tool in ("apt-get", "dpkg-deb", "depmod", "tar"):
        if not shutil.which(tool, path=PATH):
            raise Unavailable(f"no {tool}")
    with _locked(cache), tempfile.TemporaryDirectory(dir=cache) as scratch:
        scratch = pathlib.Path(scratch)
        try:
            apt, (package, version) = _newest(scratch / "apt", suite)
            name = f"{package}_{version}".replace(":", "%")
            if not (cache / name / "release").exists():
                new = scratch / "new"
                new.mkdir()
                deb = _fetch(apt, package, scratch, scratch / "apt2")
                _unpack(deb, new)
                new.rename(cache / deb.stem.removesuffix("_amd64"))
                name = deb.stem.removesuffix("_amd64")
            return _load(cache / name)
        except Unavailable:
            if old := _cached(cache):
                return old
            raise


if __name__ == "__main__":
    print(kernel(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/e2e").folder)
