#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Roll-outs of `planner diff`, walked step by step on random pairs of plans: a node that is in the
old plan's state does what each step says, one vCPU at a time, and after each of them nothing may
be where it must not. What the steps say is all that is done: in the end the node is in the new
plan's state, or a step is missing.

    PLANNER=build/bin/planner CASES=300 SEED=1 tests/rollout.t
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "judge"))

import cpulist
import generator
import trials
from program import planner
from tap import Tap
from trials import check

# What a VM is told when it is powered on, and keeps until it is powered off.
COLD = ("policy", "vcpus", "memory", "hugepages", "topology", "cpu_mode", "iothreads", "locked")

GROUPS = {
    "status": "0 without a difference, 1 with one",
    "cpu": "no two vCPUs are ever on one CPU",
    "role": "no pinned vCPU is ever on a CPU of the host, the pool or the SDK",
    "cpu-pm": "no VM has cpu-pm while anybody else may run on its cores",
    "memory": "the VMs of a node never have more memory than it has",
    "order": "steps come in an order that works",
    "end": "in the end all is as the new plan has it",
    "needless": "nobody is stopped, parked or rebooted without need",
    "cost": "what was said to be live is live",
    "commands": "the commands of a step are what it says, and a shell takes them",
    "fault": "a new plan that is not safe gets no roll-out, and only such a one",
}

STANDING = ("cpu", "role", "cpu-pm", "memory")  # what must hold after every step


def cores_of(plan):
    return [cpulist.parse_ordered(core["cpus"]) for core in plan["cores"]]


def cold_part(vm):
    # the cells of the guest: their nodes are the host's affair
    cells = [(s["vcpus"], s["memory"]) for s in vm.get("shares", [])]
    return {key: vm[key] for key in COLD} | {"cells": cells, "memory": paged(vm)}


def paged(vm):
    page = vm["hugepages"] or 4096
    return -(-vm["memory"] // page) * page


def memory_by_node(vm):
    """What a VM has on which node."""
    if vm["policy"] == "shared" or not vm["nodes"]:
        return {}
    if "shares" in vm:
        return {s["node"]: s["memory"] for s in vm["shares"]}
    return {vm["nodes"][0]: paged(vm)}


def helper_places(vm):
    """Where its emulator and I/O threads run."""
    return [cpulist.parse(cpus) for cpus in [vm["emulatorpin"], *vm["iothreadpin"]]]


def own_helpers(vm):
    """Which of them have CPUs of their own."""
    emulator, iothreads = vm.get("emulator") == "own", vm.get("iothread_cpus") == "own"
    return [emulator] + [iothreads] * len(vm["iothreadpin"])


class Machine:
    """A node on its way from one plan to another."""

    def __init__(self, old, new):
        self.old, self.new = old, new
        self.plans = {"old": {v["name"]: v for v in old["vms"]},
                      "new": {v["name"]: v for v in new["vms"]}}
        self.core = {cpu: cpus for cpus in cores_of(new) for cpu in cpus}
        self.isolated = cpulist.parse(old["cpus"]["isolated"])
        self.sdk = cpulist.parse(old["cpus"]["sdk"])
        self.host = cpulist.parse(new["cpus"]["host"])
        self.running = {}
        self.defined = self.written = self.checked = self.rebooted = False
        for vm in old["vms"]:
            if vm["placed"]:
                self.start(vm)

    def start(self, vm):
        self.running[vm["name"]] = {
            "pins": list(vm.get("vcpupin", [])),
            "pool": cpulist.parse(vm.get("cpuset", "")),
            "helpers": helper_places(vm), "own": own_helpers(vm),
            "cpu_pm": vm["cpu_pm"]["verdict"] == "on",
            "memory": memory_by_node(vm), "cold": cold_part(vm)}

    # What must hold at every moment

    def capacity(self):
        kept = self.new["node"].get("host_memory", 0)
        return {n["id"]: max(n["memory"] - kept, 0) for n in self.new["nodes"] if n["memory"]}

    def faults(self):
        """All that is wrong now: a set of (group, text)."""
        found, tenant = set(), {}
        for name, vm in self.running.items():
            for cpu in self.pins(vm):
                if cpu in tenant:
                    found.add(("cpu", f"CPU {cpu} has vCPUs of {tenant[cpu]} and {name}"))
                tenant[cpu] = name
                if cpu not in self.isolated or cpu in self.sdk:
                    found.add(("role", f"{name} is on CPU {cpu}"))
        for name, vm in self.running.items():
            for cpu in vm["pool"] & set(tenant):
                found.add(("cpu", f"{name} floats over CPU {cpu} of {tenant[cpu]}"))
            if vm["cpu_pm"]:
                found |= self.cpu_pm_faults(name, vm, tenant)
        return found | self.memory_faults()

    def pins(self, vm):
        """The CPUs that are its own: of vCPUs that do not float, and of helpers."""
        own = [cpu for helper, own in zip(vm["helpers"], vm["own"]) if own
               for cpu in helper - self.host]
        return [cpu for cpu in vm["pins"] if cpu is not None] + own

    def cpu_pm_faults(self, name, vm, tenant):
        mine = {cpu for pin in vm["pins"] for cpu in self.core[pin]}
        found = {("cpu-pm", f"{name} has cpu-pm and shares CPU {cpu} with {tenant[cpu]}")
                 for cpu in mine if tenant.get(cpu, name) != name}
        for other, o in self.running.items():
            if mine & o["pool"].union(*o["helpers"]):
                found.add(("cpu-pm", f"{name} has cpu-pm where {other}'s threads may run"))
        if mine - self.isolated:
            found.add(("cpu-pm", f"{name} has cpu-pm on CPUs that are not isolated"))
        return found

    def memory_faults(self):
        used = {}
        for vm in self.running.values():
            for node, memory in vm["memory"].items():
                used[node] = used.get(node, 0) + memory
        return {("memory", f"node {node} is {used[node] - most} bytes too full")
                for node, most in self.capacity().items() if used.get(node, 0) > most}

    def settle(self, before, step):
        """No step brings a fault that was not there."""
        had = {"memory"} & {group for group, _ in before}  # too full is too full, by whatever it is
        new = {group: text for group, text in self.faults() - before if group not in had}
        for group in STANDING:
            check(group not in new, group, f"{new.get(group)} after {json.dumps(step)}")

    # Steps

    def walk(self, steps):
        for step in steps:
            before = self.faults()
            getattr(self, "do_" + step["do"].replace("-", "_"))(step)
            self.settle(before, step)

    def do_define(self, _):
        self.defined = True

    def do_write(self, _):
        self.defined = self.written = True

    def do_stop(self, step):
        check(step["vm"] in self.running, "order", f"{step['vm']} does not run")
        del self.running[step["vm"]]

    def do_start(self, step):
        check(step["vm"] not in self.running, "order", f"{step['vm']} runs already")
        check(self.defined, "order", f"{step['vm']} starts before it is defined anew")
        check(self.checked or not self.rebooted, "order", "a VM starts before the check")
        self.start(self.plans["new"][step["vm"]])

    def do_restart(self, step):
        self.do_stop(step)
        self.do_start(step)

    def do_park(self, step):
        self.do_re_pin(step, parked=True)

    def do_re_pin(self, step, parked=False):
        check(step["vm"] in self.running, "order", f"{step['vm']} does not run")
        vm, goal = self.running[step["vm"]], self.plans["new"][step["vm"]]
        if step.get("aside"):
            vm["helpers"] = [self.host for _ in vm["helpers"]]
        for pin in step.get("pins", []):
            before = self.faults()
            vm["pins"][pin["vcpu"]] = pin["cpu"]
            self.settle(before, step)
        if parked:
            return
        if step.get("pool"):
            vm["pool"] = cpulist.parse(goal["cpuset"])
        if step.get("emulator"):
            vm["helpers"], vm["own"] = helper_places(goal), own_helpers(goal)
        if step.get("memory"):
            vm["memory"] = memory_by_node(goal)

    def do_reload(self, step):
        if step.get("sdk"):
            self.sdk = cpulist.parse(self.new["cpus"]["sdk"])

    def do_reboot(self, _):
        check(not self.running, "order", f"the host reboots with {sorted(self.running)} running")
        check(self.written, "order", "the host reboots without its new files")
        self.isolated = cpulist.parse(self.new["cpus"]["isolated"])
        self.sdk = cpulist.parse(self.new["cpus"]["sdk"])
        self.rebooted = True

    def do_check(self, _):
        self.checked = True

    # In the end

    def arrived(self):
        goal = Machine(self.new, self.new)
        check(self.sdk == goal.sdk, "end", "the SDK is not where it belongs")
        check(self.isolated == goal.isolated, "end", "other CPUs are isolated")
        check(set(self.running) == set(goal.running), "end",
              f"{sorted(self.running)} run, not {sorted(goal.running)}")
        for name, vm in goal.running.items():
            for key, value in vm.items():
                check(self.running[name][key] == value, "end",
                      f"{name}: {key} is {self.running[name][key]}, not {value}")


def safe(plan):
    """Is a plan one to arrive at: pins on CPUs of VMs alone, none twice, enough memory?"""
    dedicated, seen = cpulist.parse(plan["cpus"]["dedicated"]), set()
    for vm in plan["vms"]:
        own = [vm["emulatorpin"]] if vm.get("emulator") == "own" else []
        own += vm["iothreadpin"] if vm.get("iothread_cpus") == "own" else []
        pins = [cpu for cpu in vm.get("vcpupin", []) if cpu is not None]
        for cpu in pins + [int(cpu) for cpu in own] if vm["placed"] else []:
            if cpu not in dedicated or cpu in seen:
                return False
            seen.add(cpu)
    return not Machine(plan, plan).memory_faults()


def judge_needless(old, new, diff):
    """Nothing is done that has no cause; what the lists cost is what the steps do."""
    steps = diff["rollout"]
    reboots = any(step["do"] == "reboot" for step in steps)
    kernels = old["node"]["kernel"], new["node"]["kernel"]
    same_kernel = None in kernels or kernels[0] == kernels[1]
    must = old["kernel"] != new["kernel"] or not same_kernel or \
        old["cpus"]["isolated"] != new["cpus"]["isolated"]
    check(reboots == must, "needless", f"reboot: {reboots}, but should be {must}")
    if reboots:
        return
    costs = {vm["name"]: vm for vm in diff["vms"]}
    for step in steps:
        vm = costs.get(step.get("vm"))
        if vm is None:
            continue
        check(vm["kind"] != "same", "needless", f"{vm['name']} is as before, but: {step}")
        if step["do"] in ("stop", "restart"):
            check(vm["kind"] == "gone" or vm["cost"] == "restart", "cost",
                  f"{vm['name']} is {step['do']}ed, and costs {vm['cost']}")
    if sum(vm["kind"] == "changed" for vm in diff["vms"]) < 2:
        sdk = old["cpus"]["sdk"] != new["cpus"]["sdk"]
        alone = [s for s in steps if s["do"] == "park"]
        check(sdk or not alone, "needless", f"one VM alone is parked: {alone}")


def helper_commands(name, places):
    """To pin the emulator, then each I/O thread, to PLACES."""
    cpus = [f"--cpulist={place}" for place in places]
    return [["virsh", "emulatorpin", name, cpus[0], "--live"]] + \
        [["virsh", "iothreadpin", name, f"--iothread={i}", io, "--live"]
         for i, io in enumerate(cpus[1:], 1)]


def commands_of(step, goal, new):
    """What the commands of a step must be, but for those that write files: lists of words."""
    name = f"--domain={step.get('vm')}"
    words = []
    if step.get("aside"):
        words += helper_commands(name, [new["cpus"]["host"]] * (1 + len(goal["iothreadpin"])))
    words += [["virsh", "vcpupin", name, f"--vcpu={p['vcpu']}", f"--cpulist={p['cpu']}", "--live"]
              for p in step.get("pins", [])]
    if step.get("pool"):
        words += [["virsh", "vcpupin", name, f"--vcpu={v}", f"--cpulist={goal['cpuset']}", "--live"]
                  for v, pin in enumerate(goal.get("vcpupin", [None] * goal["vcpus"])) if pin is None]
    if step.get("emulator"):
        words += helper_commands(name, [goal["emulatorpin"], *goal["iothreadpin"]])
    if step.get("memory") and len(goal["nodes"]) == 1:
        words += [["virsh", "numatune", name, f"--nodeset={goal['nodes'][0]}", "--live"]]
    if step["do"] in ("stop", "restart"):
        words += [["virsh", "shutdown", name]]
    if step["do"] in ("start", "restart"):
        words += [["virsh", "start", name]]
    return words


def judge_commands(new, diff):
    goals = {vm["name"]: vm for vm in new["vms"]}
    wanted = {vm["name"] for vm in diff["vms"] if vm["kind"] in ("new", "changed")}
    for step in diff["rollout"]:
        lines = [c for c in step["commands"] if not c.startswith(("#", "until "))]
        words = [shlex.split(line) for line in lines]
        if step["do"] in ("define", "write"):
            defined = {w[2] for w in words if w[:2] == ["virsh", "define"]}
            check(defined == {f"--file=./{name}.xml" for name in wanted}, "commands",
                  f"defined are {defined}, not {wanted}")
        elif step["do"] not in ("reload", "reboot", "check"):
            check(words == commands_of(step, goals.get(step["vm"]), new), "commands",
                  f"{json.dumps(step)}")
    text = "\n".join(c for step in diff["rollout"] for c in step["commands"])
    shell = subprocess.run(["sh", "-n"], input=text.encode(), capture_output=True, timeout=60)
    check(shell.returncode == 0, "commands", shell.stderr.decode())


# Pairs

def changed_vms(rng, host, sections, plan):
    """The VMs of PLAN pinned where they are, and then some of them elsewhere, or other."""
    sections = [(name, dict(keys)) for name, keys in
                generator.pinned(sections, plan, lambda _: rng.random() < 0.95)]
    vms = [keys for name, keys in sections if name.startswith("vm ") and keys.get("cpus")]
    for _ in range(rng.choice([0, 1, 2, 3, 4])):
        kind = rng.choice(["swap", "turn", "inside", "sibling", "free", "key", "key"])
        if kind == "key":
            keys = rng.choice([k for n, k in sections if n.startswith("vm ")] or [{}])
            # as many CPUs as its cpus= names
            key = rng.choice(["memory", "cpu-pm", "cpu-mode", "locked"] +
                             ["iothreads"] * (keys.get("iothread-cpus") != "own"))
            keys[key] = {"memory": rng.choice(["1G", "3G"]), "cpu-pm": rng.choice(["auto", "off"]),
                         "cpu-mode": rng.choice(generator.MODES), "iothreads": rng.choice([1, 2]),
                         "locked": rng.choice(["yes", "no"])}[key]
        elif vms:
            shuffle_pins(rng, host, kind, vms)
    return sections


def shuffle_pins(rng, host, kind, vms):
    lists = [cpulist.parse_ordered(keys["cpus"]) for keys in vms]
    one = rng.randrange(len(vms))
    alike = [i for i in range(len(vms)) if len(lists[i]) == len(lists[one])]
    if kind == "inside":
        rng.shuffle(lists[one])
    elif kind == "sibling":  # who has half a core takes the other half
        taken = {cpu for cpus in lists for cpu in cpus}
        for cpus in lists:
            idle = sorted(host.siblings(cpus[-1]) - taken)
            cpus[-1:] = idle[:1] or cpus[-1:]
    elif kind == "free":
        taken = {cpu for cpus in lists for cpu in cpus}
        free = [c for c in host.cores if not taken & set(c.cpus) and 0 not in c.cpus]
        rng.shuffle(free)
        cpus = [cpu for core in free for cpu in core.cpus][:len(lists[one])]
        lists[one] = cpus if len(cpus) == len(lists[one]) else lists[one]
    else:
        ring = alike if kind == "turn" else rng.sample(alike, min(2, len(alike)))
        moved = [lists[i] for i in ring[1:] + ring[:1]]
        for i, cpus in zip(ring, moved):
            lists[i] = cpus
    for keys, cpus in zip(vms, lists):
        keys["cpus"] = ",".join(map(str, cpus))


def changed_node(rng, host, sections):
    """Another SDK, pool, host or version, now and then."""
    made = []
    for name, keys in sections:
        keys = dict(keys)
        if name == "sdk" and rng.random() < 0.4:
            cores = rng.sample(host.cores, min(len(host.cores), rng.randint(1, 2)))
            keys = {"cpus": cpulist.format({c for core in cores for c in core.cpus})}
        if name == "host" and rng.random() < 0.1:
            keys = {"cores": rng.choice([1, 2, 3])}
        if name == "node" and rng.random() < 0.2:
            keys["qemu"] = rng.choice(generator.QEMUS)
        if name.startswith("vm ") and rng.random() < 0.1:
            continue
        made.append((name, keys))
    if rng.random() < 0.3:
        made.append(("vm new", generator._vm(rng, host) | {"count": None}))
    return made


def one_case(trial, hosts):
    rng = trial.rng
    path, _, host = rng.choice(hosts)
    sections = generator.inventory(rng, host)
    for name, keys in sections:  # many small VMs that move are what there is to see
        if name.startswith("vm ") and rng.random() < 0.7:
            keys.update({"policy": None, "vcpus": rng.choice([1, 2, 2, 4]), "threads": None,
                         "sockets": None, "realtime-vcpus": None, "dedicated-vcpus": None})
    old_file, old = trial.saved("old", sections, path)
    after = changed_node(rng, host, changed_vms(rng, host, sections, old))
    new_file, new = trial.saved("new", after, path)
    status, output, errors = planner("diff", "--json", old_file, new_file)
    check(status in (0, 1), "status", f"status {status}: {errors}")
    diff = json.loads(output)
    check(diff["same"] == (status == 0), "status", f"same: {diff['same']}, status {status}")
    check((diff["fault"] is None) == safe(new), "fault", f"fault: {diff['fault']}")
    if diff["fault"]:
        check(not diff["rollout"], "fault", "a fault, and a roll-out")
        return diff
    machine = Machine(old, new)
    machine.walk(diff["rollout"])
    machine.arrived()
    if not diff["same"]:
        check(diff["rollout"][-1]["do"] == "check" or machine.rebooted, "order", "no check")
    judge_needless(old, new, diff)
    judge_commands(new, diff)
    back, _, errors = planner("diff", new_file, new_file)
    check(back == 0, "status", f"a plan differs from itself: {back}: {errors}")
    return diff


def main():
    tap, random_pairs, seen = Tap(), trials.Trials("rollout", 300, 60, enough=200), {}
    with tempfile.TemporaryDirectory() as scratch:
        hosts = trials.hosts(scratch, 25)

        def count(trial):
            for step in one_case(trial, hosts)["rollout"]:
                seen[step["do"]] = seen.get(step["do"], 0) + 1
        random_pairs.run(count, scratch)
    random_pairs.report(tap, GROUPS)
    random_pairs.came_up(tap, f"the cases have steps of each kind: {seen}",
                         sorted({"stop", "park", "re-pin", "restart", "start", "reload", "reboot"} - set(seen)))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
