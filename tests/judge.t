#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
The judge judged: silent on right plans, and it names the right rule when a plan is spoilt.

Each mutation spoils one thing in a right plan. To add one: a function of (plan, inventory) under
@mutation, with the plan it starts from and the rule that must speak.
"""

import copy
import json
import os
import sys
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

import complaint
import cpulist
import hosts
import inventory as inventories
import topology
from judge import judge
from tap import Tap

X6 = hosts.synthetic(2, 1, 1, 18, 2, 192 << 30, far=True)
TWO_NODES = hosts.synthetic(2, 1, 1, 4, 2, 16 << 30, far=True)
FOUR_NODES = hosts.synthetic(2, 2, 1, 4, 1, 16 << 30)
TWO_L3S = hosts.synthetic(1, 1, 2, 3, 2)


def read(*path):
    with open(os.path.join(HERE, *path), encoding="utf-8") as file:
        return file.read()


def assigned(name, pins, nodes, topology, host, memory=0, iothreads=0, verdict="unknown"):
    reasons = [] if verdict == "on" else [{"code": "qemu-unknown", "text": "no version"}]
    return {"name": name, "policy": "dedicated", "placed": True, "vcpus": len(pins),
            "vcpupin": pins, "emulatorpin": host, "iothreadpin": [host] * iothreads,
            "nodes": nodes, "memory": memory,
            "topology": dict(zip(("sockets", "cores", "threads"), topology)),
            "cpu_pm": {"verdict": verdict, "reasons": reasons}}


def document(cpus, vms, bound, findings=(), isolcpus="", irqaffinity=True):
    """A plan around CPUS (role → list) and VMS."""
    roles = ("host", "sdk", "dedicated", "shared", "free", "stranded", "offline", "isolated")
    isolated = cpus.get("isolated", "")
    parameters = [{"name": "isolcpus", "value": isolcpus + isolated},
                  {"name": "nohz_full", "value": isolated},
                  {"name": "rcu_nocbs", "value": isolated}]
    if irqaffinity:
        parameters.append({"name": "irqaffinity", "value": cpus["host"]})
    placed = sum(vm["placed"] for vm in vms)
    return {"format": "planner-plan/1",
            "node": {"name": None, "kernel": None, "qemu": None, "libvirt": None,
                     "topology": "sha256:" + "0" * 64},
            "cpus": {role: cpus.get(role, "") for role in roles},
            "kernel": {"cmdline": " ".join(f"{p['name']}={p['value']}" for p in parameters),
                       "parameters": parameters},
            "vms": vms,
            "placement": {"optimal": bound == placed, "placed": placed, "wanted": len(vms),
                          "bound": bound},
            "findings": list(findings)}


# -- right plans: name → (topology text, inventory text, plan, exit status) --------------------

def x6():
    """The published plan, typed from its table."""
    return X6, read("cases", "x6", "inventory.ini"), json.loads(read("judge", "x6.plan.json")), 0


def x6_chosen():
    """The same assignments, as if planner had chosen them."""
    text = "\n".join(line for line in read("cases", "x6", "inventory.ini").splitlines()
                     if not line.startswith("cpus      ="))
    return X6, text, x6()[2], 0


def span():
    """8 cores on two nodes: a VM over both, and one that no longer fits."""
    text = ("[host]\ncores-per-node = 1\n[vm big]\nvcpus = 12\nmemory = 8G\niothreads = 1\n"
            "[vm late]\nvcpus = 2\n")
    cpus = {"host": "0,4,8,12", "dedicated": "1-3,5-7,9-11,13-15", "isolated": "1-3,5-7,9-11,13-15"}
    big = assigned("big", [1, 9, 2, 10, 3, 11, 5, 13, 6, 14, 7, 15], [0, 1], (2, 3, 2), "0,4,8,12",
                 8 << 30, 1)
    late = {"name": "late", "policy": "dedicated", "placed": False, "vcpus": 2}
    finding = {"id": "place.refused", "severity": "error", "verdict": "fail", "subject": "vm late",
               "text": "no core is left", "fix": "take it away"}
    return TWO_NODES, text, document(cpus, [big, late], 1, [finding]), 1


def near():
    """Two sockets of two nodes: a VM over the nodes of the second."""
    text = "[host]\ncores-per-node = 1\n[vm a]\nvcpus = 2\n[vm big]\nvcpus = 6\nmemory = 8G\n"
    cpus = {"host": "0,4,8,12", "dedicated": "1-2,9-11,13-15", "free": "3,5-7",
            "isolated": "1-3,5-7,9-11,13-15"}
    vms = [assigned("a", [1, 2], [0], (1, 2, 1), "0"),
           assigned("big", [9, 10, 11, 13, 14, 15], [2, 3], (2, 3, 1), "8,12", 8 << 30)]
    return FOUR_NODES, text, document(cpus, vms, 2), 0


def room():
    """One node, two L3s: a VM in one L3; an isolating and an odd VM share the other."""
    text = ("[host]\ncores = 1\n[kernel]\nextra = skew_tick=1 nosoftlockup\n"
            "[vm odd]\nvcpus = 3\n[vm lone]\nvcpus = 1\nthreads = isolate\n"
            "[vm pair]\nvcpus = 2\ncpu-pm = off\n")
    cpus = {"host": "0-1", "dedicated": "2-9", "free": "10-11", "isolated": "2-11"}
    pair = assigned("pair", [8, 9], [0], (1, 1, 2), "0-1", verdict="off")
    lone = assigned("lone", [6], [0], (1, 1, 1), "0-1")
    plan = document(cpus, [assigned("odd", [2, 3, 4], [0], (1, 3, 1), "0-1"), lone, pair], 3)
    plan["kernel"]["parameters"] += [{"name": "skew_tick", "value": "1"},
                                     {"name": "nosoftlockup", "value": None}]
    plan["kernel"]["cmdline"] += " skew_tick=1 nosoftlockup"
    return TWO_L3S, text, plan, 0


def offline():
    """CPU 9 is offline: its sibling 1 is stranded, and a pool serves the shared VM."""
    host = hosts.take_offline(topology.spell_out(TWO_NODES), [9])
    text = ("[node]\nkernel = 6.1\nqemu = 9.1.0\n[host]\ncores-per-node = 1\n"
            "[shared]\ncores-per-node = 1\novercommit = 4\n[sdk]\ncores = 1\n"
            "[vm a]\nvcpus = 2\ncpu-mode = host-passthrough\n[vm s]\nvcpus = 4\npolicy = shared\n")
    cpus = {"host": "0,4,8,12", "shared": "2,5,10,13", "sdk": "3,11", "dedicated": "6,14",
            "free": "7,15", "stranded": "1", "offline": "9", "isolated": "1,3,6-7,11,14-15"}
    a = assigned("a", [6, 14], [1], (1, 1, 2), "4,12", verdict="on")
    s = {"name": "s", "policy": "shared", "placed": True, "vcpus": 4, "cpuset": "2,5,10,13",
         "cpu_pm": {"verdict": "ineligible", "reasons": [{"code": "overcommitted", "text": "so"}]}}
    plan = document(cpus, [a, s], 2, isolcpus="managed_irq,domain,")
    plan["node"].update(kernel="6.1", qemu="9.1.0")
    return host, text, plan, 0


def kinds():
    """Two kinds of cores, and an SDK core beside its device."""
    root = ElementTree.fromstring(topology.spell_out(TWO_NODES))
    socket = next(o for o in root.iter("object") if o.get("type") == "Package"
                  and o.get("os_index") == "1")
    card = ElementTree.SubElement(socket, "object", type="PCIDev", pci_busid="0000:3b:00.0")
    ElementTree.SubElement(card, "object", type="OSDev", name="eth9")
    for cpus in ("0x00003333", "0x0000cccc"):
        ElementTree.SubElement(root, "cpukind", cpuset=cpus)
    text = ("[host]\ncores-per-node = 1\n[sdk]\ncores = 1\nnear = eth9\n[vm k]\nvcpus = 4\n")
    cpus = {"host": "0,4,8,12", "sdk": "5,13", "dedicated": "2-3,10-11",
            "free": "1,6-7,9,14-15", "isolated": "1-3,5-7,9-11,13-15"}
    k = assigned("k", [2, 10, 3, 11], [0], (1, 2, 2), "0,8")
    return ElementTree.tostring(root, encoding="unicode"), text, document(cpus, [k], 1), 0


BASES = {f.__name__: f for f in (x6, x6_chosen, span, near, room, offline, kinds)}
MUTATIONS = []


def mutation(base, rule):
    def add(function):
        MUTATIONS.append((base, rule, function))
        return function
    return add


def vm(plan, name):
    return next(v for v in plan["vms"] if v["name"] == name)


def parameter(plan, name, value):
    """Change a kernel parameter, and the line with it."""
    for p in plan["kernel"]["parameters"]:
        if p["name"] == name:
            p["value"] = value
    plan["kernel"]["cmdline"] = " ".join(
        p["name"] if p["value"] is None else f"{p['name']}={p['value']}"
        for p in plan["kernel"]["parameters"])


def drop_parameter(plan, name):
    plan["kernel"]["parameters"] = [p for p in plan["kernel"]["parameters"] if p["name"] != name]
    parameter(plan, name, None)


# -- the document ------------------------------------------------------------------------------

@mutation("x6", "shape.document")
def list_not_shortest(plan, inventory):
    plan["cpus"]["host"] = "0,1-3,18-21,36-39,54-57"


@mutation("x6", "shape.document")
def keys_out_of_order(plan, inventory):
    plan["cpus"] = dict(reversed(plan["cpus"].items()))


@mutation("x6", "shape.document")
def key_missing(plan, inventory):
    del plan["placement"]["bound"]


@mutation("x6", "shape.document")
def number_as_text(plan, inventory):
    plan["placement"]["placed"] = "13"


@mutation("x6", "shape.vm")
def pins_as_text(plan, inventory):
    vm(plan, "vm1")["vcpupin"] = "10,46,11,47"


@mutation("x6", "shape.vm")
def hwloc_infinite_list(plan, inventory):
    vm(plan, "vm1")["emulatorpin"] = "0-3,36-"


@mutation("x6", "shape.word")
def unknown_verdict(plan, inventory):
    vm(plan, "vm1")["cpu_pm"]["verdict"] = "yes"


@mutation("x6", "shape.word")
def short_fingerprint(plan, inventory):
    plan["node"]["topology"] = "sha256:1234"


@mutation("span", "shape.finding")
def findings_best_first(plan, inventory):
    plan["findings"].insert(0, dict(plan["findings"][0], severity="info"))


@mutation("span", "shape.node")
def version_made_up(plan, inventory):
    plan["node"]["qemu"] = "7.2.0"


@mutation("x6", "shape.cmdline")
def line_is_not_its_parameters(plan, inventory):
    plan["kernel"]["cmdline"] = plan["kernel"]["cmdline"].replace("rcu_nocbs", "rcu_ncbs")


# -- roles -------------------------------------------------------------------------------------

@mutation("x6", "roles.disjoint")
def two_roles(plan, inventory):
    plan["cpus"]["free"] = "9"


@mutation("x6", "roles.complete")
def cpu_forgotten(plan, inventory):
    plan["cpus"]["host"] = "0-3,18-21,36-39,54-56"


@mutation("x6", "roles.complete")
def cpu_invented(plan, inventory):
    plan["cpus"]["host"] = "0-3,18-21,36-39,54-57,72"


@mutation("offline", "roles.offline")
def offline_cpu_stranded(plan, inventory):
    plan["cpus"].update(offline="", stranded="1,9")


@mutation("x6", "roles.whole-core")
def core_split(plan, inventory):
    plan["cpus"]["host"] = "0-4,18-21,36-39,54-57"
    plan["cpus"]["sdk"] = "9,22,35,40,45,58,71"


@mutation("x6", "roles.boot-core")
def boot_core_isolated(plan, inventory):
    plan["cpus"]["host"] = "1-3,18-21,37-39,54-57"
    plan["cpus"]["free"] = "0,36"


@mutation("span", "roles.node-host")
def node_without_host_core(plan, inventory):
    plan["cpus"].update(host="0,8", free="4,12")


@mutation("x6", "roles.isolated")
def isolated_lacks_a_core(plan, inventory):
    plan["cpus"]["isolated"] = "5-17,22-35,41-53,58-71"


@mutation("x6", "roles.isolated")
def host_isolated(plan, inventory):
    plan["cpus"]["isolated"] = "3-17,22-35,39-53,58-71"


@mutation("x6", "roles.dedicated")
def idle_core_called_dedicated(plan, inventory):
    plan["cpus"].update(dedicated="4-8,10-17,23-34,40-44,46-53,59-70",
                        sdk="9,22,35,45,58,71")


@mutation("offline", "roles.stranded")
def half_a_core_free(plan, inventory):
    plan["cpus"].update(stranded="", free="1,7,15")


@mutation("offline", "roles.stranded")
def whole_core_stranded(plan, inventory):
    plan["cpus"].update(stranded="1,7,15", free="")


@mutation("x6", "request.host")
def host_core_too_few(plan, inventory):
    plan["cpus"].update(host="0-2,18-21,36-38,54-57", free="3,39")


@mutation("x6", "request.sdk")
def sdk_not_where_asked(plan, inventory):
    plan["cpus"].update(sdk="4,9,22,40,45,58", free="35,71")


@mutation("offline", "request.sdk")
def sdk_core_too_many(plan, inventory):
    plan["cpus"].update(sdk="3,7,11,15", free="")


@mutation("offline", "request.shared")
def pool_too_small(plan, inventory):
    plan["cpus"].update(shared="2,10", host="0,4-5,8,12-13")


@mutation("kinds", "request.near")
def sdk_far_from_its_device(plan, inventory):
    plan["cpus"].update(sdk="1,9", free="5-7,13-15")


@mutation("offline", "request.overcommit")
def overcommitted_in_silence(plan, inventory):
    inventory["overcommit"] = 0.5


# -- the kernel line ---------------------------------------------------------------------------

@mutation("x6", "kernel.sets")
def nohz_full_differs(plan, inventory):
    parameter(plan, "nohz_full", "5-17,22-35,41-53,58-71")


@mutation("x6", "kernel.sets")
def rcu_nocbs_differs(plan, inventory):
    parameter(plan, "rcu_nocbs", "4-17,22-35")


@mutation("x6", "kernel.boot-cpu")
def boot_cpu_isolated(plan, inventory):
    for name in ("isolcpus", "nohz_full", "rcu_nocbs"):
        parameter(plan, name, "0,4-17,22-35,40-53,58-71")


@mutation("x6", "kernel.missing")
def rcu_nocbs_missing(plan, inventory):
    drop_parameter(plan, "rcu_nocbs")


@mutation("x6", "kernel.missing")
def isolcpus_beside_cpuset(plan, inventory):
    inventory["isolation"] = "cpuset"


@mutation("x6", "kernel.flags")
def flags_on_an_old_kernel(plan, inventory):
    parameter(plan, "isolcpus", "managed_irq,domain,4-17,22-35,40-53,58-71")


@mutation("offline", "kernel.flags")
def managed_irq_without_domain(plan, inventory):
    parameter(plan, "isolcpus", "managed_irq,1,3,6-7,11,14-15")


@mutation("offline", "kernel.flags")
def no_flags_on_a_new_kernel(plan, inventory):
    parameter(plan, "isolcpus", "1,3,6-7,11,14-15")


@mutation("x6", "kernel.irqaffinity")
def irqaffinity_unasked(plan, inventory):
    plan["kernel"]["parameters"].append({"name": "irqaffinity", "value": plan["cpus"]["host"]})
    parameter(plan, "irqaffinity", plan["cpus"]["host"])


@mutation("span", "kernel.irqaffinity")
def irqaffinity_on_isolated_cpus(plan, inventory):
    parameter(plan, "irqaffinity", "0-1,4,8-9,12")


@mutation("x6", "kernel.length")
def line_too_long(plan, inventory):
    inventory["extra"] = ["a" * 2048]
    plan["kernel"]["parameters"].append({"name": "a" * 2048, "value": None})
    parameter(plan, "a" * 2048, None)


@mutation("room", "kernel.extra")
def extra_lost(plan, inventory):
    drop_parameter(plan, "nosoftlockup")


@mutation("x6", "kernel.unasked")
def parameter_typo(plan, inventory):
    plan["kernel"]["parameters"][2]["name"] = "rcu_ncbs"
    parameter(plan, "rcu_ncbs", plan["cpus"]["isolated"])


@mutation("x6", "kernel.unasked")
def parameter_twice(plan, inventory):
    plan["kernel"]["parameters"].append(dict(plan["kernel"]["parameters"][0]))
    parameter(plan, "isolcpus", plan["cpus"]["isolated"])


# -- pins --------------------------------------------------------------------------------------

@mutation("x6", "vm.list")
def vm_forgotten(plan, inventory):
    plan["vms"].pop()


@mutation("x6", "vm.list")
def vcpus_changed(plan, inventory):
    vm(plan, "vm1").update(vcpus=2, vcpupin=[10, 46])


@mutation("x6", "vm.length")
def pin_lost(plan, inventory):
    vm(plan, "vm1")["vcpupin"] = [10, 46, 11]


@mutation("x6", "vm.distinct")
def two_vcpus_on_a_cpu(plan, inventory):
    vm(plan, "vm1")["vcpupin"] = [10, 46, 10, 46]


@mutation("offline", "vm.online")
def pinned_to_an_offline_cpu(plan, inventory):
    vm(plan, "a")["vcpupin"] = [1, 9]


@mutation("x6_chosen", "vm.exclusive")
def siblings_swapped_between_vms(plan, inventory):
    vm(plan, "vm1")["vcpupin"], vm(plan, "vm2")["vcpupin"] = [10, 46, 11, 48], [12, 47, 13, 49]


@mutation("x6_chosen", "vm.role")
def vm_on_a_host_cpu(plan, inventory):
    vm(plan, "vm1")["vcpupin"] = [3, 39, 11, 47]


@mutation("x6_chosen", "vm.role")
def vm_on_an_sdk_core(plan, inventory):
    vm(plan, "vm1")["vcpupin"] = [9, 45, 10, 46]


@mutation("offline", "vm.partial")
def vm_beside_an_offline_sibling(plan, inventory):
    vm(plan, "a")["vcpupin"] = [1, 6]


@mutation("x6", "vm.kept")
def kept_vm_moved(plan, inventory):
    vm(plan, "vm1")["vcpupin"], vm(plan, "vm2")["vcpupin"] = \
        vm(plan, "vm2")["vcpupin"], vm(plan, "vm1")["vcpupin"]


@mutation("x6_chosen", "vm.cores")
def vcpus_spread_over_cores(plan, inventory):
    vm(plan, "vm1")["vcpupin"] = [10, 11, 12, 13]


@mutation("room", "vm.cores")
def isolate_not_obeyed(plan, inventory):
    inventory["vms"][2]["isolate"] = True


@mutation("x6_chosen", "vm.walk")
def siblings_apart(plan, inventory):
    vm(plan, "vm1")["vcpupin"] = [10, 11, 46, 47]


@mutation("x6_chosen", "vm.allowed")
def another_socket_than_asked_for(plan, inventory):
    inventory["vms"][0]["socket"] = 1 - vm(plan, inventory["vms"][0]["name"])["nodes"][0]


@mutation("room", "vm.apart")
def vms_apart_on_one_node(plan, inventory):
    for spec in inventory["vms"][:2]:
        spec["apart"] = ("pair", "node")


@mutation("kinds", "vm.class")
def cores_of_two_kinds(plan, inventory):
    plan["cpus"].update(dedicated="1-2,9-10", free="3,6-7,11,14-15")
    vm(plan, "k")["vcpupin"] = [1, 9, 2, 10]


@mutation("room", "vm.walk")
def isolate_on_the_second_thread(plan, inventory):
    vm(plan, "lone")["vcpupin"] = [7]


@mutation("x6", "vm.nodes")
def wrong_node(plan, inventory):
    vm(plan, "vm1")["nodes"] = [1]


@mutation("x6_chosen", "vm.node-asked")
def node_not_honoured(plan, inventory):
    inventory["vms"][0]["node"] = 1


@mutation("span", "vm.level")
def unequal_shares(plan, inventory):
    plan["cpus"].update(host="0,7-8,15", dedicated="1-6,9-14", isolated="1-6,9-14")
    vm(plan, "big")["vcpupin"] = [1, 9, 2, 10, 5, 13, 3, 11, 6, 14, 4, 12]


@mutation("x6", "vm.emulatorpin")
def emulator_on_a_vm(plan, inventory):
    vm(plan, "vm1")["emulatorpin"] = "0-3,12,36-39"


@mutation("x6", "vm.mixed")
def a_vcpu_that_should_float(plan, inventory):
    inventory["vms"][0]["dedicated-vcpus"] = {1, 2, 3}


@mutation("x6", "vm.own")
def emulator_that_floats(plan, inventory):
    inventory["vms"][0]["emulator"] = "own"


@mutation("x6", "vm.emulatorpin")
def emulator_nowhere(plan, inventory):
    vm(plan, "vm1")["emulatorpin"] = ""


@mutation("span", "vm.iothreadpin")
def iothread_unpinned(plan, inventory):
    vm(plan, "big")["iothreadpin"] = []


@mutation("span", "vm.iothreadpin")
def iothread_on_its_own_vcpus(plan, inventory):
    vm(plan, "big")["iothreadpin"] = ["1,9"]


@mutation("x6", "vm.realtime")
def realtime_made_up(plan, inventory):
    vm(plan, "vm1")["realtime"] = "fifo:1"


@mutation("x6", "vm.memory")
def memory_changed(plan, inventory):
    vm(plan, "vm1")["memory"] = 4 << 30


@mutation("x6", "vm.topology")
def guest_has_other_cpus(plan, inventory):
    vm(plan, "vm1")["topology"] = {"sockets": 1, "cores": 4, "threads": 2}


@mutation("x6", "vm.topology")
def guest_not_told_of_siblings(plan, inventory):
    vm(plan, "vm1")["topology"] = {"sockets": 1, "cores": 4, "threads": 1}


@mutation("x6_chosen", "vm.topology")
def guest_has_other_sockets(plan, inventory):
    inventory["vms"][0]["sockets"] = 2


@mutation("span", "vm.topology")
def guest_socket_over_two_nodes(plan, inventory):
    vm(plan, "big")["topology"] = {"sockets": 3, "cores": 2, "threads": 2}


@mutation("x6", "vm.cpuset")
def shared_vm_on_isolated_cpus(plan, inventory):
    vm(plan, "vm13")["cpuset"] = "0-4,18-21,36-40,54-57"


@mutation("offline", "vm.cpuset")
def shared_vm_not_on_its_pool(plan, inventory):
    vm(plan, "s")["cpuset"] = "0,4,8,12"


@mutation("x6", "memory.node")
def memory_overflow(plan, inventory):
    inventory["host-memory"] = 160 << 30


@mutation("x6", "memory.machine")
def shared_memory_overflow(plan, inventory):
    inventory["vms"][-1]["memory"] = 300 << 30


@mutation("span", "vm.shares")
def shares_are_not_the_pins(plan, inventory):
    vm(plan, "big")["shares"] = [{"node": 0, "vcpus": 8, "memory": 4 << 30},
                                 {"node": 1, "vcpus": 4, "memory": 4 << 30}]


@mutation("span", "memory.node")
def span_share_overflow(plan, inventory):
    inventory["vms"][0]["memory"] = vm(plan, "big")["memory"] = 40 << 30


# -- cpu-pm ------------------------------------------------------------------------------------

@mutation("x6", "cpupm.verdict")
def on_for_shared(plan, inventory):
    vm(plan, "vm13")["cpu_pm"] = {"verdict": "on", "reasons": []}


@mutation("x6", "cpupm.verdict")
def off_without_being_asked(plan, inventory):
    vm(plan, "vm1")["cpu_pm"]["verdict"] = "off"


@mutation("room", "cpupm.verdict")
def on_although_off(plan, inventory):
    vm(plan, "pair")["cpu_pm"] = {"verdict": "on", "reasons": []}


@mutation("room", "cpupm.verdict")
def on_without_versions(plan, inventory):
    vm(plan, "odd")["cpu_pm"] = {"verdict": "on", "reasons": []}


@mutation("x6", "cpupm.verdict")
def on_with_qemu_2(plan, inventory):
    plan["node"]["qemu"] = inventory["node"]["qemu"] = "2.12.0"


@mutation("x6", "cpupm.verdict")
def on_with_kernel_3(plan, inventory):
    plan["node"]["kernel"] = inventory["node"]["kernel"] = "3.10.0-327"


@mutation("x6", "cpupm.verdict")
def on_for_passthrough_without_mwait(plan, inventory):
    inventory["vms"][0]["cpu-mode"] = "host-passthrough"


@mutation("x6_chosen", "cpupm.verdict")
def on_with_an_emulator_there(plan, inventory):
    vm(plan, "vm2")["emulatorpin"] = "10"


@mutation("x6_chosen", "cpupm.verdict")
def on_for_two_on_a_core(plan, inventory):
    siblings_swapped_between_vms(plan, inventory)


@mutation("x6_chosen", "cpupm.verdict")
def on_for_a_vm_on_host_cpus(plan, inventory):
    vm_on_a_host_cpu(plan, inventory)


@mutation("x6", "cpupm.reasons")
def refused_without_a_reason(plan, inventory):
    vm(plan, "vm13")["cpu_pm"]["reasons"] = []


@mutation("x6", "cpupm.reasons")
def refused_for_a_wrong_reason(plan, inventory):
    vm(plan, "vm13")["cpu_pm"]["reasons"][0]["code"] = "on-sdk"


@mutation("span", "cpupm.unplaced")
def on_for_a_refused_vm(plan, inventory):
    vm(plan, "late")["cpu_pm"] = {"verdict": "on", "reasons": []}


# -- the sum -----------------------------------------------------------------------------------

@mutation("x6", "placement.counts")
def miscounted(plan, inventory):
    plan["placement"]["placed"] = plan["placement"]["bound"] = 12


@mutation("x6", "placement.bound")
def optimal_below_the_bound(plan, inventory):
    plan["placement"]["bound"] = 14


@mutation("span", "placement.refused")
def refused_although_it_fits(plan, inventory):
    plan["cpus"].update(host="0,4,8,12", dedicated="1-3,9-11", free="5-7,13-15")
    vm(plan, "big").update(vcpus=6, vcpupin=[1, 9, 2, 10, 3, 11], nodes=[0],
                           topology={"sockets": 1, "cores": 3, "threads": 2})
    inventory["vms"][0]["vcpus"] = 6


@mutation("span", "placement.silent")
def refused_in_silence(plan, inventory):
    plan["findings"] = []


@mutation("room", "placement.left")
def across_l3s_without_need(plan, inventory):
    plan["cpus"].update(dedicated="2-3,6-11", free="4-5")
    vm(plan, "odd")["vcpupin"] = [2, 3, 10]


@mutation("near", "placement.near")
def on_two_sockets(plan, inventory):
    plan["cpus"].update(dedicated="1-2,5-7,9-11", free="3,13-15")
    vm(plan, "big").update(vcpupin=[5, 6, 7, 9, 10, 11], nodes=[1, 2], emulatorpin="4,8")


@mutation("x6", "placement.status")
def fine_although_refused(plan, inventory):
    vm(plan, "vm1")["placed"] = False


@mutation("span", "placement.status")
def bad_although_all_placed(plan, inventory):
    plan["vms"].pop()
    inventory["vms"].pop()
    plan["findings"] = []
    plan["placement"]["wanted"] = 1


def load_bases():
    """name → (host, inventory, plan, status)."""
    loaded = {}
    for name, build in BASES.items():
        host, text, plan, status = build()
        host = topology.parse(host if host.startswith("<") else topology.spell_out(host))
        loaded[name] = host, inventories.parse(text), plan, status
    return loaded


def check_right(tap, bases):
    for name, base in bases.items():
        found = judge(*base)
        tap.ok(not found, f"{name}: a right plan passes", *map(str, found))


def check_mutations(tap, bases):
    for base, rule, spoil in MUTATIONS:
        host, inventory, plan, status = bases[base]
        inventory, plan = copy.deepcopy(inventory), copy.deepcopy(plan)
        spoil(plan, inventory)
        found = judge(host, inventory, plan, status)
        tap.ok(rule in {c.rule for c in found},
               f"{base}: {spoil.__name__.replace('_', ' ')}: {rule}",
               "it said: " + ("; ".join(map(str, found)) or "nothing"))
    untested = {name for name, _ in complaint.RULES} - {rule for _, rule, _ in MUTATIONS}
    tap.ok(not untested, "every rule has a mutation", *sorted(untested))


def differences(host, oracle):
    """Where the judge's Host is not what the oracle beside the topology says."""
    if sorted(core.cpus for core in host.cores) != sorted(c["pus"] for c in oracle["cores"]):
        yield "other cores"
        return
    if cpulist.format(host.offline) != oracle["not_present"]:
        yield f"offline {cpulist.format(host.offline)}"
    l3s = {cpu: i for i, l3 in enumerate(oracle["l3"]) for cpu in cpulist.parse(l3["cpus"])}
    memory = {node["os"]: node["mem"] for node in oracle["numa"]}
    if {n.id: n.memory for n in host.nodes.values()} != memory:
        yield "other nodes or memory"
    for want in oracle["cores"]:
        core = host.core_of[want["pus"][0]]
        together = {c for c in host.online if host.core_of[c].l3 == core.l3}
        same = {c for c in host.online if l3s.get(c) == l3s.get(core.cpus[0])}
        if core.node not in want["numa"] or core.package != want["package"] or together != same:
            yield f"core {core.cpus}: node {core.node}, package {core.package}, or its L3"


def check_oracles(tap):
    """The judge's own reader of topologies, against hosts described without it."""
    folder = os.path.join(HERE, "hosts")
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".oracle.json"):
            continue
        host = topology.load(os.path.join(folder, name.replace(".oracle.json", ".xml")))
        wrong = list(differences(host, json.loads(read("hosts", name))))
        tap.ok(not wrong, f"reads {name.replace('.oracle.json', '')} as its oracle does", *wrong)


def main():
    tap = Tap()
    bases = load_bases()
    check_right(tap, bases)
    check_mutations(tap, bases)
    check_oracles(tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
