# SPDX-License-Identifier: MIT
"""One thing to judge: a host, an inventory, and the plan made of them."""

import re

import cpulist

ROLES = ("host", "sdk", "dedicated", "shared", "free", "stranded", "offline")
ISOLATED = ("sdk", "dedicated", "free", "stranded")


class Case:
    def __init__(self, host, inventory, plan, status=None):
        self.host, self.inventory, self.plan, self.status = host, inventory, plan, status
        self.findings = plan.get("findings", [])
        for spec in inventory["vms"]:
            _go_near(host, spec)

    def open(self):
        """Take the plan apart; only for plans whose shape is right."""
        self.roles = {r: cpulist.parse(self.plan["cpus"][r]) for r in ROLES}
        self.isolated = cpulist.parse(self.plan["cpus"]["isolated"])
        self.role_of = {cpu: r for r in ROLES for cpu in self.roles[r]}
        specs = {spec["name"]: spec for spec in self.inventory["vms"]}
        self.vms = [(specs[vm["name"]], _pinned(specs[vm["name"]], vm))
                    for vm in self.plan["vms"] if vm["name"] in specs]
        self.assigned = [(s, vm) for s, vm in self.vms
                       if vm["policy"] == "dedicated" and vm["placed"]]
        self.floating = [(s, vm) for s, vm in self.vms
                         if vm["policy"] == "shared" and vm["placed"]]

    def errors(self, *subjects):
        """Findings of severity error, about one of SUBJECTS where there are any."""
        return [f for f in self.findings if f["severity"] == "error"
                and (not subjects or f["subject"] in subjects)]

    def excused(self, name):
        """
        A VM the inventory itself put somewhere bad is kept there, with an error that says so: about
        it, or, of two VMs that clash, about the other, and naming it.
        """
        spec = next(s for s, vm in self.vms if vm["name"] == name)
        named = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
        return spec["cpus"] is not None and any(
            f["subject"] == f"vm {name}" or named.search(f["text"]) for f in self.errors())

    def cores(self, cpus):
        """The cores of CPUS, each once, in the order they come."""
        seen = []
        for cpu in cpus:
            core = self.host.core_of.get(cpu)
            if core is not None and core not in seen:
                seen.append(core)
        return seen


def _pinned(spec, vm):
    """A VM of which some vCPUs float, as if it had the others alone; those that float apart."""
    if spec["dedicated-vcpus"] is None:
        return dict(vm, **{"all-vcpus": vm["vcpus"], "nulls": set(), "floats": []})
    nulls = {v for v, cpu in enumerate(vm["vcpupin"]) if cpu is None}
    return dict(vm, **{"all-vcpus": vm["vcpus"], "nulls": nulls,
                       "vcpus": vm["vcpus"] - spec["all-vcpus"] + spec["vcpus"],
                       "vcpupin": [cpu for cpu in vm["vcpupin"] if cpu is not None],
                       "floats": [cpulist.parse(vm.get("cpuset", ""))] * len(nulls)})


def _go_near(host, spec):
    """A VM near devices, all of them on one node, is as one that asks for the node."""
    found = [next((d.nodes for d in host.devices if name in d.names), set())
             for name in spec["near"]]
    if found and all(len(nodes) == 1 and nodes == found[0] for nodes in found):
        spec["node"] = next(iter(found[0]))


def subject(vm):
    return f"vm {vm['name']}"


def helpers(spec):
    """How many of its threads beside the vCPUs have CPUs of their own."""
    return (spec["emulator"] == "own") + (spec["iothread-cpus"] == "own") * spec["iothreads"]


def helper_pins(spec, vm):
    """Where these may run: the emulator, then I/O threads, each as a set."""
    pins = [vm["emulatorpin"]] if spec["emulator"] == "own" else []
    pins += vm["iothreadpin"] if spec["iothread-cpus"] == "own" else []
    return [cpulist.parse(pin) for pin in pins]


def cpus(spec, vm):
    """All CPUs that are the VM's alone: of its vCPUs, then of its helpers."""
    return vm["vcpupin"] + sorted(set().union(*helper_pins(spec, vm)))


def node_shares(host, pins):
    """Nodes of PINS in vCPU order and the vCPUs in each run: [(node, n)]."""
    runs = []
    for cpu in pins:
        if cpu not in host.core_of:
            continue  # others complain of it
        node = host.core_of[cpu].node
        if runs and runs[-1][0] == node:
            runs[-1][1] += 1
        else:
            runs.append([node, 1])
    return [tuple(run) for run in runs]


def version(text):
    """"4.18.0-348" → (4, 18); None stays None."""
    return tuple(int(p) for p in text.split("-")[0].split(".")[:2]) if text else None
