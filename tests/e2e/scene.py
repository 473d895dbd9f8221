# SPDX-License-Identifier: MIT
"""A plan and all that an emulated host needs of it, and what a scenario left behind."""

import json
import pathlib
import re
import subprocess

import emulated

HERE = pathlib.Path(__file__).resolve().parent
# An emulated processor's TSC is found unstable or not, as busy as the machine is.
CLOCK = "kernel.tsc-unstable"


def _said(command, pattern):
    found = re.search(pattern, subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    return found[1] if found else "?"


def versions(host):
    """Of what runs inside: kernel, qemu, libvirt."""
    return {"kernel": host.kernel.release, "qemu": _said([emulated.QEMU, "--version"], r"version ([\d.]+)"),
            "libvirt": _said(["virsh", "--version"], r"([\d.]+)")}


class Scene:
    """
    The plan of an inventory on a topology. LINE is the kernel line to boot with, FILES what the
    guest gets: /plan.json, a boot loader that says the same, and /dom/NAME.xml of
    each domain().
    """

    def __init__(self, program, folder, inventory, topology):
        self.program, self.folder = program, pathlib.Path(folder)
        self.plan = self.folder / "plan.json"
        told = self.folder / "inventory.ini"
        told.write_text(inventory, encoding="utf-8")
        self.planner("plan", "-i", told, "-t", topology, "-o", self.plan)
        # Emulated, the timer is late now and then while the kernel tests it.
        self.line = f"{self.emit('cmdline').strip()} no_timer_check"
        self.files = {"/plan.json": self.plan, "/boot/grub/grub.cfg": "set default=\"0\"\nmenuentry 'Debian' {\n\tlinux /vmlinuz root=/dev/vda1 "
                                             f"console=ttyS0 panic=-1 {self.line}\n}}\n"}

    def planner(self, *words, good=(0,)):
        ran = subprocess.run([self.program, *words], capture_output=True, text=True, check=False)
        if ran.returncode not in good:
            raise RuntimeError(f"planner {' '.join(map(str, words))}: status {ran.returncode}: {ran.stderr}")
        return ran.stdout

    def emit(self, *words):
        return self.planner("emit", "-p", self.plan, *words)

    def domain(self, name, kind="qemu"):
        """The VM as planner words it, in a small machine without disks. An emulated one has the processor of domain.xml."""
        text = bare_domain(name, kind)
        path = self.folder / f"{name}.xml"
        path.write_text(text, encoding="utf-8")
        self.files["/halt.bin"] = HALT
        self.files[f"/dom/{name}.xml"] = self.emit("domain", name, "--merge", path)


# A firmware that does nothing but halt, for good: cli; hlt; jmp to the hlt. One that looks for a disk
# turns round and round where cpu-pm leaves it its CPU, and the emulated host stands still meanwhile.
HALT = bytes(0xFFF0) + b"\xfa\xf4\xeb\xfd" + bytes(12)


def bare_domain(name, kind="qemu"):
    text = (HERE / "domain.xml").read_text(encoding="utf-8").replace("NAME", name).replace("'qemu'", f"'{kind}'")
    if kind == "qemu":
        return text
    text = text.replace("hvm</type>", "hvm</type><loader readonly='yes' type='rom'>/halt.bin</loader>")
    return re.sub(r"(?m)^ *<cpu .*\n", "", text)


class Seen:
    """What the guest left in /out."""

    def __init__(self, folder):
        self.folder = folder

    def text(self, name):
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except OSError:
            return ""

    def findings(self, name):
        """{(rule, subject, severity or "unknown")} of a check, None where it did not do its job."""
        try:
            document = json.loads(self.text(f"{name}.json"))
        except ValueError:
            return None
        return {(one["id"], one["subject"], one["severity"] if one["verdict"] == "fail" else "unknown")
                for one in document["findings"] if one["id"] != CLOCK}

    def shown(self, name):
        """A check's findings, for a diagnosis."""
        found = self.findings(name)
        return "\n".join(map(str, sorted(found))) if found is not None else f"no check: {self.text(f'{name}.err')}"

    def outside(self, scene, name):
        """What check says here of the capture of that name."""
        return scene.planner("check", "--json", "-p", scene.plan, "-r", self.folder / f"{name}.tar", good=(0, 1, 2))
