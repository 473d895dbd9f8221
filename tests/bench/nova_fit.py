#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The same history through OpenStack Nova's own placement of pinned VMs on one host.

Usage: nova_fit.py PLAN.json EVENTS.jsonl      (the system's Python, with Debian's python3-nova)

The host is that of PLAN.json, a document of `planner plan`: its free CPUs, their siblings, and the
memory of its nodes. Each arrival is a call of nova.virt.hardware.numa_fit_instance_to_host, which
alone is timed, with limits as its NUMATopologyFilter passes them; numa_usage_from_instance_numa
then accounts. The flavor is the usual one of pinned VMs: hw:cpu_policy=dedicated, memory in pages
of 2 MiB, one NUMA cell. Prints what online_bench does.
"""

import json
import statistics
import sys
import time

from nova import objects
from nova.objects import fields
from nova.virt import hardware

objects.register_all()

HUGE_KIB = 2048


def cpus(text):
    found = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def host_topology(plan):
    """Nova's picture of the host."""
    free = cpus(plan["cpus"]["free"])
    cells = []
    for node in plan["nodes"]:
        mine = [cpus(core["cpus"]) for core in plan["cores"] if core["node"] == node["id"]]
        mine = [core for core in mine if core <= free]
        if not mine:
            continue
        mib = node["memory"] >> 20
        pages = [objects.NUMAPagesTopology(size_kb=size, total=total, used=0, reserved=0)
                 for size, total in ((4, 0), (HUGE_KIB, mib * 1024 // HUGE_KIB))]
        cells.append(objects.NUMACell(
            id=node["id"], cpuset=set(), pcpuset=set().union(*mine), memory=mib, cpu_usage=0,
            memory_usage=0, pinned_cpus=set(), siblings=mine, mempages=pages, socket=node["id"],
            network_metadata=objects.NetworkMetadata(physnets=set(), tunneled=False)))
    return objects.NUMATopology(cells=cells)


def instance_topology(event):
    mib = int(event["memory"][:-1]) << 10
    cell = objects.InstanceNUMACell(
        id=0, cpuset=set(), pcpuset=set(range(event["vcpus"])), memory=mib, pagesize=HUGE_KIB,
        cpu_policy=fields.CPUAllocationPolicy.DEDICATED)
    return objects.InstanceNUMATopology(cells=[cell])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        host = host_topology(json.load(file))
    with open(sys.argv[2], encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    limits = objects.NUMATopologyLimits(cpu_allocation_ratio=1.0, ram_allocation_ratio=1.0)
    running, times = {}, []
    rejected = rejected_vcpus = peak = vcpus = 0
    for event in events:
        if event["op"] == "remove":
            if event["id"] in running:
                instance, size = running.pop(event["id"])
                vcpus -= size
                host = hardware.numa_usage_from_instance_numa(host, instance, free=True)
            continue
        wanted = instance_topology(event)
        begin = time.perf_counter_ns()
        fitted = hardware.numa_fit_instance_to_host(host, wanted, limits)
        times.append(time.perf_counter_ns() - begin)
        if fitted:
            host = hardware.numa_usage_from_instance_numa(host, fitted)
            running[event["id"]] = fitted, event["vcpus"]
            vcpus += event["vcpus"]
            peak = max(peak, vcpus)
        else:
            rejected += 1
            rejected_vcpus += event["vcpus"]
    print(json.dumps({"decisions": len(times), "median_ns": int(statistics.median(times)),
                      "rejected": rejected, "rejected_vcpus": rejected_vcpus, "peak_vcpus": peak}))


main()
