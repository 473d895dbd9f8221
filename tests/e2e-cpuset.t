#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# check-all: boots emulated hosts
# timeout: 400 seconds
# alone
"""
isolation = cpuset on an emulated host of 8 CPUs: with the emitted slices and the emitted unit, Linux
takes the SDK's CPUs from its scheduler, and from everybody else; without the unit it gives them back.
"""

import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE / "e2e"), str(HERE / "judge")]

import emulated
from host import emulated_host
from program import PLANNER
from tap import Tap

SHAPE = emulated.Shape(sockets=2, cores=2, threads=2, memory=640)
TOPOLOGY = "pack:2 [numa(memory=335544320)] l3:1 core:2 pu:2(indexes=0,4,1,5,2,6,3,7)"
INVENTORY = """[node]
name = small
kernel = {release}
[host]
cpus = 0,4,2,6
[sdk]
cpus = 1,5
[kernel]
isolation = cpuset
"""
# By hand: the SDK's core is 1,5; VMs may have the host's (0,4 and 2,6) and the core 3,7.
WANTED = {
    "before.partition": "member", "before.machine": "0,2-4,6-7", "before.undomained": "",
    "isolated.partition": "isolated", "isolated.machine": "0,2-4,6-7", "isolated.undomained": "1,5", "poll": "1,5",
    "pinned.partition": "isolated", "stopped.partition": "member", "stopped.undomained": "",
}


def prepare(scratch, release):
    inventory, tree = scratch / "i.ini", scratch / "tree"
    inventory.write_text(INVENTORY.format(release=release), encoding="ascii")
    subprocess.run([PLANNER, "emit", "--all", "-d", tree, "-i", inventory, "-t", TOPOLOGY],
                   stdout=subprocess.DEVNULL, check=True)
    line = subprocess.run([PLANNER, "emit", "cmdline", "-i", inventory, "-t", TOPOLOGY],
                          stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
    return line, tree


def main():
    tap = Tap()
    with emulated_host() as host:
        line, tree = prepare(host.scratch, host.kernel.release)
        tap.ok("isolcpus" not in line, "the kernel line leaves isolcpus out", line)
        ran = host.boot(SHAPE, line, (HERE / "e2e/guest/cpuset.sh").read_text(encoding="utf-8"), {"/": tree},
                        seconds=240)
        tap.note(f"Linux {host.kernel.release}: {ran.cost()}")
        said = dict((one.split(" ", 1) + [""])[:2] for one in ran.lines())
        wrong = [one for one in ran.lines() if one.startswith("wrong ")]
        tap.ok(not ran.wrong and not wrong, "the unit's commands are taken", ran.wrong, *wrong, ran.out,
               ran.console[-2000:])
        for name, wanted in WANTED.items():
            tap.ok(said.get(name) == wanted, f"{name} is '{wanted}'", f"got {said.get(name)}")
        report = ran.files / "check.json"
        found = json.loads(report.read_text(encoding="utf-8"))["findings"] if report.exists() else None
        tap.ok(found == [], "check has nothing to say against it", found)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
