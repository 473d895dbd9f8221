# SPDX-License-Identifier: MIT
"""planner-capture as it runs on a node: under one shell or another, with a libvirt and a KVM that answer what a
captured node says they did."""

import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from program import planner

Shell = collections.namedtuple("Shell", "name words path")

# virsh, of $ANSWERS.
VIRSH = """#!/bin/sh
shift 3
case "$*" in
'version --daemon') cat "$ANSWERS/version" 2>/dev/null && exit ;;
'list --uuid') exec cat "$ANSWERS/running" ;;
'list --all --uuid --persistent') exec cat "$ANSWERS/persistent" ;;
'dumpxml --inactive '*) exec cat "$ANSWERS/$3.inactive" ;;
'dumpxml '*) exec cat "$ANSWERS/$2.live" ;;
esac
echo "error: failed to connect to the hypervisor" >&2
echo "error: Failed to connect socket to '/var/run/libvirt/libvirt-sock-ro': No such file or directory" >&2
exit 1
"""
PERL = '#!/bin/sh\nexec cat "$ANSWERS/exits"\n'


def shells():
    """The shells that there are, each with an awk: under busybox nothing but busybox runs."""
    found = []
    for shell, awk in (("dash", "mawk"), ("bash", "gawk"), ("busybox", "busybox")):
        program, other = shutil.which(shell), shutil.which(awk)
        if program and other:
            found.append(Shell(f"{shell} and {awk}", [program] + ["sh"] * (shell == "busybox"), other))
    return found


def file_of(name):
    """What a snapshot calls the file of the VM NAME."""
    return re.sub(r"[\x00-\x7f]", lambda c: c[0] if re.match(r"[A-Za-z0-9_.~ -]", c[0]) else f"%{ord(c[0]):02X}",
                  name) + ".xml"


def executable(path, text):
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


class Script:
    """planner-capture under SHELL, with what it needs below the folder SCRATCH."""

    def __init__(self, scratch, shell):
        self.shell, self.scratch = shell, pathlib.Path(scratch)
        self.programs, self.answers = self.scratch / "programs", self.scratch / "answers"
        self.temporary = self.scratch / "tmp"
        for folder in (self.programs, self.answers, self.temporary):
            folder.mkdir(exist_ok=True)
        if shell.path.endswith("busybox"):
            subprocess.run([shell.path, "--install", "-s", self.programs], check=True)
            self.path = str(self.programs)
        else:
            os.symlink(shell.path, self.programs / "awk")
            self.path = f"{self.programs}:{os.environ['PATH']}"
        executable(self.programs / "virsh", VIRSH)
        executable(self.programs / "perl", PERL)
        self.file = self.scratch / "planner-capture"
        self.file.write_text(planner("snapshot", "--script")[1], encoding="utf-8")

    def answer(self, node):
        """What the captured NODE says that libvirt and KVM said."""
        domains = node / "planner/domains"
        exits = node / "planner/kvm-disable-exits"
        if exits.exists():
            (node / "dev").mkdir(exist_ok=True)
            (node / "dev/kvm").touch()
            shutil.copy(exits, self.answers / "exits")
        if not (domains / "list.json").exists():
            return
        listed = json.loads((domains / "list.json").read_text(encoding="utf-8"))
        (self.answers / "version").write_text(
            f"Using library: libvirt 1.2.3\nRunning hypervisor: QEMU {listed['qemu']}\n"
            f"Running against daemon: {listed['libvirt']}\n", encoding="utf-8")
        for what in ("running", "persistent"):
            (self.answers / what).write_text("".join(f"{one['uuid']}\n" for one in listed["domains"]
                                                     if one[what]) + "\n", encoding="utf-8")
        for one in listed["domains"]:
            for kind, folder in (("live", domains / "live"), ("inactive", domains)):
                if (folder / file_of(one["name"])).exists():
                    shutil.copy(folder / file_of(one["name"]), self.answers / f"{one['uuid']}.{kind}")

    def environment(self, node=None, **more):
        kept = {"PATH": self.path, "TMPDIR": str(self.temporary), "ANSWERS": str(self.answers)}
        if node:
            kept |= {"ROOT": str(node), "VIRSH": "virsh"}
        return kept | more

    def run(self, tar, node=None, **more):
        return subprocess.run([*self.shell.words, self.file, tar], capture_output=True, text=True, check=False,
                              timeout=300, env=self.environment(node, **more), stdin=subprocess.DEVNULL)
