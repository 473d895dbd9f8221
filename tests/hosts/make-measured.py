#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make-measured.py SCENE FOLDER [--traced]: the two moments of a scene in measured/ as captures, FOLDER/before and
FOLDER/after; with the histograms of the exits."""

import pathlib
import re
import sys

SCENES = pathlib.Path(__file__).resolve().parent / "measured"
CPUS = {"online": "0-5", "possible": "0-5", "present": "0-5", "isolated": "2-5", "nohz_full": "2-5"}
LINE = "isolcpus=managed_irq,domain,2-5 nohz_full=2-5 rcu_nocbs=2-5 irqaffinity=0-1"
THREAD = re.compile(r'(\S+) (\d+) "(.*)" schedstat (\d+ \d+ \d+) voluntary (\d+) nonvoluntary (\d+) allowed (\S+) .* cpu (\d+) ')


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def lines(path):
    """Of a file that a scene without VMs has not, none."""
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def thread(root, line, processes):
    vm, tid, comm, schedstat, voluntary, nonvoluntary, allowed, cpu = THREAD.match(line).groups()
    pid = processes.setdefault(vm, tid)
    stat = " ".join(["S", "1", *["0"] * 34, cpu, "0", "0"])
    status = (f"Name:\t{comm}\nState:\tS (sleeping)\nPPid:\t1\nVmSize:\t1 kB\nCpus_allowed_list:\t{allowed}\n"
              f"voluntary_ctxt_switches:\t{voluntary}\nnonvoluntary_ctxt_switches:\t{nonvoluntary}\n")
    folder = root / f"proc/{pid}/task/{tid}"
    for place in [folder, *([root / f"proc/{pid}"] if tid == pid else [])]:
        write(place / "comm", comm + "\n")
        write(place / "stat", f"{tid} ({comm}) {stat}\n")
        write(place / "status", status)
        write(place / "schedstat", schedstat + "\n")
    pm = " -overcommit cpu-pm=on" if vm.endswith("pm") else ""
    write(root / f"proc/{pid}/cmdline", f"qemu-system-x86_64 -name guest={vm},debug-threads=on -accel kvm{pm}".replace(" ", "\0") + "\0")


def topology(root):
    """Six cores without siblings, one NUMA node of 4 GiB."""
    for cpu in range(6):
        folder = root / f"sys/devices/system/cpu/cpu{cpu}/topology"
        for name, text in {"core_id": cpu, "physical_package_id": 0, "thread_siblings": f"{1 << cpu:x}",
                           "core_siblings": "3f", "thread_siblings_list": cpu, "core_siblings_list": "0-5"}.items():
            write(folder / name, f"{text}\n")
    for name, text in {"cpumap": "3f", "cpulist": "0-5", "meminfo": "Node 0 MemTotal:        4194304 kB"}.items():
        write(root / "sys/devices/system/node/node0" / name, text + "\n")


def moment(scene, root):
    processes = {}
    topology(root)
    for name in ("interrupts", "softirqs", "schedstat", "uptime"):
        write(root / "proc" / name, (scene / name).read_text(encoding="utf-8"))
    write(root / "proc/cmdline", LINE + "\n")
    write(root / "proc/sys/kernel/osrelease", (scene.parent.parent / "release").read_text(encoding="utf-8"))
    write(root / "sys/module/kvm_amd/parameters/avic", "N\n")
    write(root / "sys/module/kvm/parameters/pi_inject_timer", "1\n")
    for name, cpus in CPUS.items():
        write(root / "sys/devices/system/cpu" / name, cpus + "\n")
    for row in lines(scene / "interrupts"):
        if re.match(r" *\d+:", row):
            write(root / f"proc/irq/{row.split(':')[0].strip()}/smp_affinity_list", "0-5\n")
    for line in lines(scene / "threads"):
        thread(root, line, processes)
    for line in lines(scene / "debugfs-kvm"):
        name, value = line.split()
        write(root / "sys/kernel/debug/kvm" / name, value + "\n")


def histograms(scene, root):
    """Those were empty at `before`."""
    for path in sorted((scene / "hist").glob("*.hist")):
        group, event = path.name.removesuffix(".hist").split(".")
        # The scene's synthetic event has another name.
        event = "planner_exit" if event == "vm_out" else event
        write(root / f"sys/kernel/tracing/instances/planner-measure/events/{group}/{event}/hist", path.read_text(encoding="utf-8"))


if "--traced" in sys.argv:
    histograms(SCENES / sys.argv[1], pathlib.Path(sys.argv[2]) / "after")
for when in ("before", "after"):
    moment(SCENES / sys.argv[1] / when, pathlib.Path(sys.argv[2]) / when)
