#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A made-up fleet: inventories of NODES hosts with 12 VMs each, and the list of them.

Usage: fleet.py DIR [NODES [SEED]]

Writes DIR/nodes/NNN/NAME.ini and DIR/fleet.jsonl, whose topologies are those of tests/hosts. The
same arguments write the same bytes. Seven in ten nodes run all their VMs (pinned with cpus =),
two some of them, one none yet. Sizes, roles, versions and memory vary as they do where
several teams order VMs; nothing is made so that nodes are alike.
"""

import json
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, "judge"))

import cpulist    # noqa: E402
import topology   # noqa: E402

HOSTS = ["x6", "x6", "host-2s18c2t-interleaved", "intel-2s20c2t-snc2", "epyc-2s24c2t-nps4"]
VERSIONS = [("4.18.0-348", "6.2.0", "8.0.0"), ("5.14.0-362", "7.2.0", "9.0.0"),
            ("6.1.0-18", "9.1.0", "10.0.0"), ("3.10.0-1160", "2.12.0", "4.5.0")]
SIZES = [(1, 2), (2, 4), (2, 8), (4, 8), (4, 16), (6, 12), (8, 16), (8, 32), (12, 24)]
WEIGHTS = [6, 24, 12, 26, 10, 4, 12, 4, 2]
VMS = 12


def roles(rng, host):
    """Host and SDK cores of each node, the lowest; and what is left, by node."""
    each, sdk = rng.choice([1, 1, 2, 3]), rng.choice([0, 0, 1, 2])
    mine, polling, left = [], [], {}
    for node in host.homes():
        cores = host.node_cores(node)
        keep = min(each, len(cores) - 3)
        mine += cores[:keep]
        polling += cores[keep:keep + (sdk if len(cores) > 8 else 0)]
        left[node] = [c for c in cores if c not in mine and c not in polling]
    return mine, polling, left


def cpus(cores):
    return cpulist.format({cpu for core in cores for cpu in core.cpus})


def assignment(rng, left, memory, vcpus, isolate, size):
    """The pins of a VM on cores and memory of one node, which it takes; None where there are none."""
    for node in rng.sample(sorted(left), len(left)):
        cores = left[node]
        need = vcpus if isolate else -(-vcpus // len(cores[0].cpus)) if cores else 1
        if len(cores) >= need and memory[node] >= size:
            at = rng.choice([0, 0, len(cores) - need])
            taken = cores[at:at + need]
            del cores[at:at + need]
            memory[node] -= size
            pins = [cpu for core in taken for cpu in (core.cpus[:1] if isolate else core.cpus)]
            return pins[:vcpus]
    return None


def order(rng, left, memory, full):
    """What the next VM is, and its pins: smaller ones where the host is full, then a shared one."""
    wanted = [rng.choices(SIZES, WEIGHTS)[0]]
    isolate = wanted[0][0] <= 4 and rng.random() < 0.08
    shared = not isolate and wanted[0][0] <= 4 and rng.random() < 0.08
    if full:
        return *wanted[0], isolate, None
    for vcpus, size in wanted + [s for s in reversed(SIZES) if s < wanted[0]] if not shared else []:
        pins = assignment(rng, left, memory, vcpus, isolate, size << 30)
        if pins:
            return vcpus, size, isolate, pins
    return 2, 1, False, None


def vm(rng, name, left, memory, kept, full):
    vcpus, size, isolate, pins = order(rng, left, memory, full)
    lines = [f"[vm {name}]", f"vcpus = {vcpus}", f"memory = {size}G",
             f"hugepages = {rng.choice(['2M', '2M', '1G'])}"]
    if not pins and not full:
        lines.append("policy = shared")
    if isolate:
        lines.append("threads = isolate")
    if rng.random() < 0.3:
        lines.append(f"iothreads = {rng.randint(1, 2)}")
    if rng.random() < 0.2:
        lines.append("cpu-mode = host-passthrough")
    if kept and pins:
        lines.append(f"cpus = {','.join(map(str, pins))}")
    return lines


def inventory(rng, name, host):
    kernel, qemu, libvirt = rng.choice(VERSIONS)
    mine, polling, left = roles(rng, host)
    each = rng.choice([4, 8, 16])
    memory = {n: host.nodes[n].memory - ((each + 1) << 30) for n in host.homes()}
    lines = ["[node]", f"name = {name}", f"kernel = {kernel}", f"qemu = {qemu}",
             f"libvirt = {libvirt}", f"mwait = {rng.choice(['yes', 'no'])}", "",
             "[host]", f"cpus = {cpus(mine)}", f"memory-per-node = {each}G", ""]
    if polling:
        lines += ["[sdk]", f"cpus = {cpus(polling)}", ""]
    chance = rng.choices([1.0, 0.5, 0.0], [70, 20, 10])[0]
    full = rng.random() < 0.02
    for n in range(VMS):
        lines += vm(rng, f"vm{rng.randint(100, 999)}-{n}", left, memory,
                    not full and rng.random() < chance, full) + [""]
    return "\n".join(lines)


def main():
    out, nodes, seed = (sys.argv[1:] + ["10000", "1"][len(sys.argv) - 2:])[:3]
    rng = random.Random(int(seed))
    paths = {n: os.path.join(HERE, os.pardir, "hosts", f"{n}.xml") for n in sorted(set(HOSTS))}
    hosts = {n: topology.load(path) for n, path in paths.items()}
    entries = []
    for number in range(int(nodes)):
        kind = rng.choice(HOSTS)
        path = f"nodes/{number // 100:03}/node-{number:05}.ini"
        os.makedirs(os.path.dirname(os.path.join(out, path)), exist_ok=True)
        with open(os.path.join(out, path), "w", encoding="utf-8") as file:
            file.write(inventory(rng, f"node-{number:05}", hosts[kind]))
        entries.append({"inventory": path,
                        "topology": os.path.relpath(paths[kind], out)})
    with open(os.path.join(out, "fleet.jsonl"), "w", encoding="utf-8") as file:
        file.writelines(json.dumps(entry) + "\n" for entry in entries)


main()
