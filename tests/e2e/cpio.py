# SPDX-License-Identifier: MIT
"""Archives as the kernel unpacks them for its first root (newc), without root and without cpio(1)."""

import os
import stat


class Archive:
    """An archive in the file PATH; every file in it belongs to root. Folders come by themselves."""

    def __init__(self, path):
        self.out = open(path, "wb")
        self.names = set()
        self.inode = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._entry("TRAILER!!!", 0, b"")
        self.out.close()

    def _entry(self, name, mode, data, device=(0, 0)):
        self.inode += 1
        encoded = name.encode() + b"\0"
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(encoded), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + encoded
        self.out.write(head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))
        self.names.add(name)

    def folder(self, name, mode=0o755):
        name = name.strip("/")
        if name and name not in self.names:
            self.folder(os.path.dirname(name))
            self._entry(name, stat.S_IFDIR | mode, b"")

    def _new(self, name):
        name = name.strip("/")
        self.folder(os.path.dirname(name))
        return None if name in self.names else name

    def bytes(self, name, data, mode=0o644):
        if name := self._new(name):
            self._entry(name, stat.S_IFREG | mode, data.encode() if isinstance(data, str) else data)

    def link(self, name, target):
        if name := self._new(name):
            self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def device(self, name, major, minor):
        if name := self._new(name):
            self._entry(name, stat.S_IFCHR | 0o600, b"", (major, minor))

    def copy(self, source, name=None):
        """SOURCE as NAME (as itself): a file, or a folder and all below it."""
        name = name or str(source)
        if os.path.isdir(source):
            self.folder(name)
            for one in sorted(os.listdir(source)):
                self.copy(f"{source}/{one}", f"{name}/{one}")
        elif os.path.exists(source):
            with open(source, "rb") as file:
                self.bytes(name, file.read(), stat.S_IMODE(os.stat(source).st_mode) | 0o444)
