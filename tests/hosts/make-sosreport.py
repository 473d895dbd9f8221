#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Cut a node's root directory, as make-node.py writes it, down to what a sosreport of it would hold:
NUMA nodes with lists and no masks, no /proc/sys but what `sysctl -a` printed, main threads only,
domain XML as virsh printed it; and, from sos 4.12 on, no more than 64 CPU directories.

  tests/hosts/make-sosreport.py NODE DIRECTORY [--cpu-dirs N] [--tar FILE]

DIRECTORY/ gets sosreport-node/; --tar packs that, as it is handed over.
"""

import argparse
import os
import re
import shutil
import tarfile

# What sos collects of such a node, as far as it is there.
KEPT = re.compile(r"""(
    boot/(config-.*|loader/.*) | var/log/libvirt/qemu/.* |
    proc/(cmdline|cpuinfo|interrupts|irq/.*) | proc/\d+/(status|cgroup|environ|cmdline|comm|stat) |
    sys/(module|kernel/mm|fs/cgroup)/.* | sys/devices/system/cpu/.* |
    sys/devices/system/node/node\d+/(cpulist|meminfo|distance|hugepages/.*)
)""", re.X)


def files(root):
    for folder, _, names in os.walk(root):
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root)


def cpu_of(path):
    match = re.match(r"sys/devices/system/cpu/(cpu\d+)/", path)
    return match and match[1]


def put(root, path, text):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def commands(node, report, paths):
    """What was printed instead of what was copied."""
    values = [(path[len("proc/sys/"):].replace("/", "."), read(node, path).strip())
              for path in paths if path.startswith("proc/sys/")]
    put(report, "sos_commands/kernel/sysctl_-a", "".join(f"{k} = {v}\n" for k, v in sorted(values)))
    for path in paths:
        match = re.fullmatch(r"planner/domains/([^/]+)\.xml", path)
        if match:
            put(report, f"sos_commands/virsh/virsh_-r_dumpxml_{match[1]}", read(node, path))


def main_threads(node, report, paths):
    for path in paths:
        match = re.fullmatch(r"(proc/(\d+))/task/\2/(status|stat|cgroup)", path)
        if match:
            put(report, f"{match[1]}/{match[3]}", read(node, path))


def make(node, directory, cpu_dirs=None):
    """The report's root."""
    report = os.path.join(directory, "sosreport-node")
    paths = sorted(files(node))
    cpus = sorted({cpu_of(path) for path in paths} - {None})[:cpu_dirs]  # as text: cpu10 before cpu2
    for path in paths:
        if KEPT.fullmatch(path) and (cpu_of(path) or cpus[0]) in cpus:
            target = os.path.join(report, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(os.path.join(node, path), target)
    commands(node, report, paths)
    main_threads(node, report, paths)
    return report


def main():
    parser = argparse.ArgumentParser(description="Make a sosreport of a made node.")
    parser.add_argument("node")
    parser.add_argument("directory")
    parser.add_argument("--cpu-dirs", type=int)
    parser.add_argument("--tar")
    args = parser.parse_args()
    report = make(args.node, args.directory, args.cpu_dirs)
    if args.tar:
        with tarfile.open(args.tar, "w", format=tarfile.USTAR_FORMAT) as tar:
            tar.add(report, os.path.basename(report))


if __name__ == "__main__":
    main()
