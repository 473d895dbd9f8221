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
        self.vms = [(specs[vm["name"]], vm) for vm in self.plan["vms"] if vm["name"] in specs]
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


def _go_near(host, spec):
    """A VM near devices, all of them on one node, is as one that asks for the node."""
    found = [next((d.nodes for d in host.devices if name in d.names), set())
             for name in spec["near"]]
    if found and all(len(nodes) == 1 and nodes == found[0] for nodes in found):
        spec["node"] = next(iter(found[0]))


def subject(vm):
    return f"vm {vm['name']}"


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
