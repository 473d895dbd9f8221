# SPDX-License-Identifier: MIT
"""Made-up fleets whose VMs have their CPUs, so that what is free is known by counting."""

import json
import os
import subprocess
import tempfile

from program import PLANNER

G = 1 << 30
# NUMA nodes, cores of each, threads, GiB of each
KINDS = [(2, 5, 2, 11), (1, 8, 2, 14), (2, 4, 2, 7), (1, 6, 2, 9)]
VERSIONS = {"new": "kernel = 5.14.0\nqemu = 7.2.0\nlibvirt = 9.0.0\nmwait = no\n",
            "newer": "kernel = 6.1.0\nqemu = 8.2.0\nlibvirt = 10.0.0\nmwait = no\n",
            "old": "kernel = 3.10.0\nqemu = 2.12.0\nlibvirt = 4.5.0\nmwait = no\n"}


class Vm:
    def __init__(self, rng, name, threads):
        self.name, self.vcpus = name, rng.choice([1, 2, 2, 3, 4, 6])
        self.memory, self.off = rng.choice([1, 1, 2, 3, 4]), rng.random() < 0.5
        self.cores = -(-self.vcpus // threads)
        self.node = self.cpus = None
        self.pages = False

    def text(self):
        return f"[vm {self.name}]\nvcpus = {self.vcpus}\nmemory = {self.memory}G\nspans = never\n" + ("cpu-pm = off\n" if self.off else "") + \
            ("hugepages = 2M\n" if self.pages else "")


class Node:
    def __init__(self, rng, name, numbers, fill, age):
        self.name, self.age, self.group, self.more, self.split = name, age, None, "", 1
        self.numas, self.cores, self.threads, self.memory = rng.choice(KINDS)
        self.vms = []
        for numa in range(self.numas):
            taken, left = 0, self.memory - 1
            for _ in range(12):
                vm = Vm(rng, f"v{next(numbers)}", self.threads)
                if taken + vm.cores > fill * (self.cores - 1) or vm.memory > left:
                    continue
                first = numa * self.cores + 1 + taken
                cpus = [core * self.threads + t for core in range(first, first + vm.cores) for t in range(self.threads)]
                vm.cpus, vm.node = cpus[:vm.vcpus], self
                taken, left = taken + vm.cores, left - vm.memory
                self.vms.append(vm)

    def text(self):
        """Its inventory. GROUP and MORE, sections, are for tests to set."""
        group = f"group = {self.group}\n" if self.group else ""
        text = f"[node]\nname = {self.name}\n{VERSIONS[self.age]}{group}[host]\ncores-per-node = {self.split}\nmemory-per-node = 1G\n"
        return text + "".join(vm.text() + f"cpus = {','.join(map(str, vm.cpus))}\n" for vm in self.vms) + self.more

    @property
    def topology(self):
        return f"numa:{self.numas}(memory={self.memory * G}) core:{self.cores} pu:{self.threads}"

    def numa_of(self, cpu):
        return cpu // self.threads // self.cores


class Folder:
    """Where the inventories of a fleet are, and planner runs."""

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.path = self.temporary.name

    def write(self, name, text):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)

    def write_fleet(self, nodes):
        """The inventories of NODES, and fleet.jsonl, their list."""
        for node in nodes:
            self.write(f"{node.name}.ini", node.text())
        self.write("fleet.jsonl", "".join(json.dumps({"inventory": f"{n.name}.ini", "topology": n.topology}) + "\n"
                                          for n in nodes))

    def run(self, *arguments):
        return subprocess.run([PLANNER, *arguments], capture_output=True, timeout=300, cwd=self.path)


def passage(vm, to):
    """How VM gets from its node TO another: a guest keeps cpu-pm, or starts with it; QEMU is never older."""
    ages = ["old", "new", "newer"]
    has, gets = (node.age != "old" and not vm.off for node in (vm.node, to))
    if has and not gets:
        return "never"
    return "restart" if has != gets or ages.index(to.age) < ages.index(vm.node.age) else "live"
