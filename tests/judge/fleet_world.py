# SPDX-License-Identifier: MIT
"""A fleet played out, core by core: who has which CPU and how much memory at every moment."""

import collections
import json
import os
import subprocess

import cpulist
from fleets import passage
from program import PLANNER

HERE = os.path.dirname(os.path.abspath(__file__))

# What a drain's commands are told to do is written down.
VIRSH = '''#!/usr/bin/python3
import json, re, sys
uri, op, *rest = sys.argv[1:]
node = uri.removeprefix("--connect=qemu+ssh://").removesuffix("/system")
words = dict(word.removeprefix("--").split("=", 1) for word in rest if "=" in word)
if op == "dumpxml":
    print(open("domain.xml").read().replace("NAME", words["domain"]).replace(">4<", ">" + open(words["domain"] + ".vcpus").read() + "<"))
    sys.exit()
if op == "domstate":
    print("shut off")
    sys.exit()
file = words.get("xml") or words.get("file")
xml = open(file).read() if file else ""
pins = [int(cpu) for cpu in re.findall(r"<vcpupin vcpu=.[0-9]+. cpuset=.([0-9]+).", xml)]
with open("log", "a") as log:
    log.write(json.dumps({"op": op, "node": node, "to": words.get("desturi", "")[11:-7], "cpus": pins,
                          "vm": words.get("domain") or re.search("<name>(.*)</name>", xml)[1]}) + "\\n")
'''


class World:
    def __init__(self, nodes):
        self.nodes, self.at = {n.name: n for n in nodes}, collections.defaultdict(dict)
        self.vms, self.wrong = {}, []
        for node in nodes:
            for vm in node.vms:
                self.vms[vm.name] = vm
                self.at[node.name][vm.name] = vm.cpus

    def say(self, text):
        self.wrong.append(text)

    def come(self, node, name, cpus):
        vm, home = self.vms[name], self.nodes[node]
        cores = {c // home.threads for c in cpus}
        numas = {home.numa_of(c) for c in cpus}
        if len(set(cpus)) != vm.vcpus or len(numas) != 1 or min(c % home.cores for c in cores) < home.split:
            self.say(f"{name} on {node}: CPUs {cpus}")
        memory = vm.memory
        for other, theirs in self.at[node].items():
            if cores & {c // home.threads for c in theirs}:
                self.say(f"{name} comes to {node} on a core of {other}")
            if home.numa_of(theirs[0]) in numas:
                memory += self.vms[other].memory
        if memory > home.memory - 1:
            self.say(f"{name} comes to {node}, NUMA node {numas}, where {memory}G are wanted")
        self.at[node][name] = cpus

    def go(self, node, name):
        if self.at[node].pop(name, None) is None:
            self.say(f"{name} is not on {node}")

    def step(self, step):
        """A step of a drain."""
        name, cpus = step["vm"], cpulist.parse_ordered(step["cpus"])
        vm, to = self.vms[name], self.nodes[step["node"]]
        how = passage(vm, to)
        if how == "never" or (how == "restart" and step["how"] == "live") or \
                (step["how"] == "live") != (step["verdict"] in ("live", "unknown")):
            self.say(f"{step}, but it may go {how}")
        if step["how"] in ("stop", "stopped"):
            self.go(step["from"], name)
        if step["how"] != "stop":
            self.come(step["node"], name, cpus)
        if step["how"] == "live":
            self.go(step["from"], name)


def play_commands(folder, nodes, script):
    """The world that SCRIPT, of a drain, leaves in the end; it runs in FOLDER."""
    with open(os.path.join(HERE, "..", "e2e", "domain.xml"), encoding="utf-8") as file:
        folder.write("domain.xml", file.read())
    folder.write("drain.sh", script)
    folder.write("virsh", VIRSH)
    folder.write("log", "")
    os.chmod(os.path.join(folder.path, "virsh"), 0o755)
    for node in nodes:
        for vm in node.vms:
            folder.write(f"{vm.name}.vcpus", str(vm.vcpus))
    path = f"{folder.path}:{os.path.dirname(PLANNER)}:{os.environ['PATH']}"
    result = subprocess.run(["sh", "drain.sh"], cwd=folder.path, env={**os.environ, "PATH": path}, capture_output=True)
    world, defined = World(nodes), {}
    if result.returncode:
        world.say(f"drain.sh: {result.returncode} {result.stderr[-600:]}")
    with open(os.path.join(folder.path, "log"), encoding="utf-8") as log:
        steps = [json.loads(line) for line in log]
    for step in steps:
        if step["op"] == "migrate":
            world.come(step["to"], step["vm"], step["cpus"])
            world.go(step["node"], step["vm"])
        elif step["op"] == "shutdown":
            world.go(step["node"], step["vm"])
        elif step["op"] == "define":
            defined[step["vm"]] = step["cpus"]
        elif step["op"] == "start":
            world.come(step["node"], step["vm"], defined[step["vm"]])
    return world
