#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
VMs migrate while they run, between two libvirtds and two QEMUs of this machine, with the XML that
`planner migrate --xml` printed: they arrive, their threads are where the plan of the node they came
to puts them, and libvirt keeps the XML for the next start. And that libvirt does refuse what planner
leaves out of that XML.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "judge"))

from libvirtd import libvirtd, threads, virsh
from program import PLANNER
from tap import Tap, skip_all

TOPOLOGY = "numa:1(memory=1GiB) core:2 pu:1"
BARE = (HERE / "e2e/domain.xml").read_text(encoding="utf-8")
VERSIONS = "kernel = 6.1.0\nqemu = 7.2.22\nlibvirt = 9.0.0\nmwait = no\n"
# Where it comes from, shared VMs float over the host's CPU 0; where it goes to there is a pool: CPU 1.
FROM = f"[node]\nname = from\n{VERSIONS}[host]\ncores = 1\n"
TO = f"[node]\nname = to\n{VERSIONS}[host]\ncores = 1\n"
POOL = "[shared]\ncores = 1\n"


def vm(name, vcpus, policy):
    return f"[vm {name}]\nvcpus = {vcpus}\npolicy = {policy}\nmemory = 32M\ncpu-mode = custom\n"


class Journey:
    """One VM and its two nodes."""

    def __init__(self, tap, folder, name, vcpus, policy):
        self.tap, self.folder, self.name = tap, folder, name
        pool = POOL * (policy == "shared")
        self.told = {"from": FROM + vm(name, vcpus, policy), "to": TO + pool, "there": TO + pool + vm(name, vcpus, policy)}
        for node, text in self.told.items():
            (folder / f"{name}.{node}.ini").write_text(text, encoding="utf-8")
        self.bare = self.file("bare.xml", BARE.replace("NAME", name).replace(">4<", f">{vcpus}<"))

    def file(self, what, text):
        path = self.folder / f"{self.name}.{what}"
        path.write_text(text, encoding="utf-8")
        return path

    def ini(self, node):
        return self.folder / f"{self.name}.{node}.ini"

    def planner(self, *words):
        return subprocess.run([PLANNER, *map(str, words), "-t", TOPOLOGY], capture_output=True, text=True, check=False)

    def domain(self, base):
        """BASE with what the plan of the node it is on says."""
        return self.planner("emit", "domain", self.name, "-i", self.ini("from"), "--merge", base).stdout

    def start(self, uri, xml):
        """Running on the node it comes from; its XML there, as it can migrate."""
        ran = [virsh(uri, "define", str(xml)), virsh(uri, "start", self.name)]
        self.tap.ok(not any(one.returncode for one in ran), f"{self.name} starts", *(one.stderr for one in ran))
        return self.file("here.xml", virsh(uri, "dumpxml", "--migratable", self.name).stdout)

    def there(self, here):
        said = self.planner("migrate", self.name, "--from", self.ini("from"), "--to", self.ini("to"), "--merge", here, "--xml")
        self.tap.ok(said.returncode == 0, f"{self.name}: planner says that it can", said.stdout, said.stderr)
        return self.file("there.xml", said.stdout)

    def go(self, uri, to, xml):
        folder, other = to
        return virsh(uri, "migrate", "--live", "--persistent", "--xml", str(xml), "--persistent-xml", str(xml), self.name,
                     other, "--migrateuri", f"unix://{folder}/{self.name}.sock", timeout=120)


def arrived(journey, to, vcpu_cpus):
    tap, name, (folder, uri) = journey.tap, journey.name, to
    tap.ok(virsh(uri, "domstate", name).stdout.strip() == "running", f"{name} runs there")
    found = threads(folder, name)
    vcpus = {one for comm, sets in found.items() if comm.startswith("CPU ") for one in sets}
    others = {one for comm, sets in found.items() if not comm.startswith("CPU ") for one in sets}
    tap.ok(found and vcpus == {frozenset(vcpu_cpus)} and others == {frozenset({0})}, f"{name}: its threads are where the plan there says", found)
    planned = journey.file("planned.json", "")
    journey.planner("plan", "-i", journey.ini("there"), "-o", planned)
    said = subprocess.run([PLANNER, "check", "-p", planned, "-c", uri, "--rule",
                           "vm.pin-differs,vm.thread-differs,vm.emulatorpin-differs,vm.live-differs,vm.missing", "--strict"],
                          capture_output=True, text=True, check=False)
    tap.ok(said.returncode == 0, f"{name}: check there, with the plan there, finds nothing", said.stdout, said.stderr)


def travels(tap, folder, origin, to):
    for name, vcpus, policy, cpus in (("floats", 2, "shared", {1}), ("pinned", 1, "dedicated", {1})):
        journey = Journey(tap, folder, name, vcpus, policy)
        here = journey.start(origin[1], journey.file("own.xml", journey.domain(journey.bare)))
        gone = journey.go(origin[1], to, journey.there(here))
        tap.ok(gone.returncode == 0, f"{name} migrates while it runs", gone.stderr)
        arrived(journey, to, cpus)


def keeps_what_it_was_told(tap, folder, origin, to):
    """A VM whose XML was never planner's: what planner would tell it anew, libvirt refuses while it runs."""
    journey = Journey(tap, folder, "told", 2, "shared")
    here = journey.start(origin[1], journey.bare)
    anew = journey.file("anew.xml", journey.domain(here))
    gone = journey.go(origin[1], to, anew)
    tap.ok(gone.returncode and "does not match" in gone.stderr, "libvirt refuses a guest that would find other words there", gone.stderr)
    gone = journey.go(origin[1], to, journey.there(here))
    tap.ok(gone.returncode == 0, "with planner's XML, which leaves them as they are, it migrates", gone.stderr)
    arrived(journey, to, {1})


def main():
    tap = Tap()
    if os.cpu_count() < 2:
        skip_all("one CPU: nothing to pin to")
    with tempfile.TemporaryDirectory() as scratch, libvirtd("node-from") as origin, libvirtd("node-to") as to:
        if not origin[1] or not to[1]:
            skip_all(f"no libvirtd of our own: {origin[2]} {to[2]}".replace("\n", " "))
        names = [virsh(uri, "hostname").stdout.strip() for _, uri, _ in (origin, to)]
        if names != ["node-from", "node-to"]:
            skip_all(f"no host name of our own: {names}")
        travels(tap, pathlib.Path(scratch), origin[:2], to[:2])
        keeps_what_it_was_told(tap, pathlib.Path(scratch), origin[:2], to[:2])
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
