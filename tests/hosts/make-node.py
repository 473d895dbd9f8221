#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Write the root directory of a node that obeys a plan: /proc, /sys and libvirt's files, as a capture
of a clean node would have them. With --fault, one that does not.

  tests/hosts/make-node.py PLAN.json DIRECTORY [--fault NAME[=ARGUMENT]]... [--cgroup 1|2] [--polls]
  tests/hosts/make-node.py --list-faults

PLAN.json is of `planner plan --json`. Domain XML is what `planner emit domain` says (PLANNER names
the program; build/bin/planner). Every VM that is placed runs.

To add a fault: a function below that changes the Node before it is written, with @fault.
"""

import argparse
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PLANNER = os.environ.get("PLANNER", os.path.join(HERE, "../../build/bin/planner"))
KTHREAD, NO_SETAFFINITY = 0x00200000, 0x04000000
USER = 0x00400000
FAULTS = {}


def parse(text):
    """A CPU list as a set."""
    cpus = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        cpus.update(range(int(first), int(last or first) + 1))
    return cpus


def show(cpus):
    """A set as the kernel prints it."""
    runs, cpus = [], sorted(cpus)
    for cpu in cpus:
        if runs and runs[-1][1] == cpu - 1:
            runs[-1][1] = cpu
        else:
            runs.append([cpu, cpu])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def mask(cpus, width):
    """A set as the kernel prints masks: words of 32 bits."""
    value = sum(1 << cpu for cpu in cpus)
    words = [f"{value >> shift & 0xffffffff:08x}" for shift in range(0, width, 32)]
    return ",".join(reversed(words))


class Task:
    """One thread."""

    def __init__(self, pid, comm, cpus, flags=USER, ppid=1, tid=None, group="/system.slice"):
        self.pid, self.tid, self.comm, self.cpus = pid, tid or pid, comm, set(cpus)
        self.flags, self.ppid, self.group = flags, ppid, group

    @property
    def kernel(self):
        return bool(self.flags & KTHREAD)


class Vm:
    """A running QEMU: its XML, now and next time, and its threads."""

    def __init__(self, node, spec, xml, pid):
        self.spec, self.pid, self.name = spec, pid, spec["name"]
        self.live = self.inactive = xml
        self.host = node.host
        self.group = f"/machine.slice/machine-qemu\\x2d{pid}.scope"
        self.memory = dict.fromkeys(spec.get("nodes") or [], 0)
        for cell in self.memory:
            self.memory[cell] = spec.get("memory", 0) // len(self.memory)
        self.log = "2026-01-01 00:00:00.000+0000: starting up libvirt version: 8.0.0\n"
        self.args = self._args()
        self.tasks = self._tasks()
        self.running = True
        self.uuid = f"00000000-0000-4000-8000-{pid:012d}"

    def _args(self):
        found = re.findall(r"<qemu:arg value='([^']*)'/>", self.live)
        lock = "on" if "<locked/>" in self.live else "off"
        cpu = re.search(r"<cpu mode='([^']*)'", self.live)
        model = {"host-passthrough": "host", "maximum": "max"}.get(cpu and cpu.group(1),
                                                                  "Cascadelake-Server")
        return ["/usr/bin/qemu-system-x86_64", "-name",
                f"guest={self.name.replace(',', ',,')},debug-threads=on", "-machine",
                "pc-q35-6.2,accel=kvm", "-cpu", model, "-m", "8192", "-overcommit",
                f"mem-lock={lock}", "-smp", str(self.spec["vcpus"]),
                "-object", "secret,id=masterKey0,data=hidden", *found]

    def _tasks(self):
        vm, pid = self.spec, self.pid
        emulator = parse(vm.get("emulatorpin") or "") or self.host
        pins = [{cpu} for cpu in vm.get("vcpupin") or []]
        pins = pins or [parse(vm["cpuset"]) if vm.get("cpuset") else self.host] * vm["vcpus"]
        here = {"pid": pid, "ppid": 1}
        tasks = [Task(comm="qemu-system-x86", cpus=emulator, group=self.group + "/libvirt/emulator",
                      **here)]
        for n, cpus in enumerate(pins):
            tasks.append(Task(comm=f"CPU {n}/KVM", cpus=cpus, tid=pid + 1 + n,
                              group=f"{self.group}/libvirt/vcpu{n}", **here))
        for n, cpus in enumerate(vm.get("iothreadpin") or [], 1):
            tasks.append(Task(comm=f"IO iothread{n}", cpus=parse(cpus), tid=pid + 500 + n,
                              group=f"{self.group}/libvirt/iothread{n}", **here))
        tasks.append(Task(comm="worker", cpus=emulator, tid=pid + 600,
                          group=self.group + "/libvirt/emulator", **here))
        return tasks

    def vhost(self):
        return Task(self.pid + 900, f"vhost-{self.pid}", self.tasks[0].cpus, KTHREAD, 2, group="/")


class Node:
    """What the plan predicts."""

    def __init__(self, plan, cgroup, xml_of):
        self.plan, self.cgroup = plan, cgroup
        sets = {name: parse(cpus) for name, cpus in plan["cpus"].items()}
        self.sets, self.isolated, self.offline = sets, sets["isolated"], sets["offline"]
        self.cores = [parse(core["cpus"]) for core in plan["cores"]]
        self.online = set().union(*self.cores)
        self.possible = self.online | self.offline
        self.host = self.online - self.isolated
        self.release = plan["node"].get("kernel") or "6.1.0"
        self.line = plan["kernel"]["cmdline"]
        self.parameters = {p["name"]: p["value"] for p in plan["kernel"]["parameters"]}
        self.nohz = parse(self.parameters.get("nohz_full", ""))
        self.domain_isolated = self._domain_isolated()
        self.environ = []
        self.boot_line = None
        self.smt = "on" if any(len(core) > 1 for core in self.cores) else "notsupported"
        self.workqueue = self.online - self.isolated
        self.irq_default = self.host
        self.irqs = self._irqs()
        self.files, self.absent = {}, set()
        self.governor, self.driver = "performance", "intel_cpufreq"
        self.idle = [(0, 0), (2, 0), (10, 0), (133, 0)]
        self.kvm = {"kvm.halt_poll_ns": "0", "kvm.pi_inject_timer": "1",
                    "kvm_intel.ple_gap": "128", "kvm_intel.ple_window": "4096",
                    "kvm_intel.nested": "N", "kvm_intel.enable_apicv": "Y"}
        self.exits = 15 if self._mwait() else 14
        self.config = {"NO_HZ_FULL": "y", "RCU_NOCB_CPU": "y", "CPU_ISOLATION": "y",
                       "CPUSETS": "y", "NR_CPUS": "8192"}
        self.vms = []
        for spec in plan["vms"]:
            if spec["placed"]:
                self.vms.append(Vm(self, spec, xml_of(spec["name"]), 20000 + 2000 * len(self.vms)))
        self.tasks = self._tasks()
        self.groups = self._groups()
        self.pages = self._pages()

    def _mwait(self):
        return self.plan["node"].get("mwait", False)

    def _domain_isolated(self):
        """What isolcpus= isolates: nothing where it has flags and no domain."""
        *flags, first = re.match(r"^((?:[a-z_]+,)*)(.*)$", self.parameters.get("isolcpus", "")).groups()
        words = "".join(flags).strip(",").split(",")
        return parse(first) if first and (words == [""] or "domain" in words) else set()

    def _irqs(self):
        host = sorted(self.host)
        irqs = {n: [f"eth0-TxRx-{n - 24}", {host[n % len(host)]}, {host[n % len(host)]}]
                for n in range(24, 32)}
        irqs[40] = ["nvme0q0", set(host), {host[0]}]
        return irqs

    def _tasks(self):
        host = self.host
        tasks = [Task(1, "systemd", host, ppid=0, group="/init.scope"),
                 Task(2, "kthreadd", self.online - self.nohz, KTHREAD, 0, group="/"),
                 Task(3, "rcu_gp", self.online, KTHREAD | NO_SETAFFINITY, 2, group="/")]
        pid = 10
        for cpu in sorted(self.online):
            for name in ("ksoftirqd", "migration", "cpuhp"):
                tasks.append(Task(pid, f"{name}/{cpu}", {cpu}, KTHREAD | NO_SETAFFINITY, 2, group="/"))
                pid += 1
        tasks += [Task(pid, "kworker/u144:0", self.workqueue, KTHREAD | NO_SETAFFINITY, 2, group="/"),
                  Task(pid + 1, "kswapd0", self.online, KTHREAD, 2, group="/"),
                  Task(5000, "sshd", host), Task(5001, "libvirtd", host)]
        for vm in self.vms:
            tasks += vm.tasks
        return tasks

    def _groups(self):
        groups = {"/": self.online, "/system.slice": set(), "/machine.slice": set()}
        for vm in self.vms:
            groups[vm.group] = set()
            groups[vm.group + "/libvirt"] = set()
            for task in vm.tasks:
                groups[task.group] = task.cpus
        return groups

    def _pages(self):
        """(node, size) → [total, free]: what the VMs hold and a little more."""
        pages = {}
        for node in self.plan["nodes"]:
            for size in (2 << 20, 1 << 30):
                pages[node["id"], size] = [64 if size < 1 << 30 else 0] * 2
        spread = [node["id"] for node in self.plan["nodes"] if node["cpus"]]
        for vm in self.vms:
            size, where = vm.spec.get("hugepages") or 0, vm.spec.get("nodes") or spread
            for node in where if size else []:
                pages[node, size][0] += -(-vm.spec["memory"] // size // len(where))
        return pages

    def poll(self):
        """The SDK at work: a thread that polls on each of its CPUs, one that waits on all."""
        sdk = self.sets["sdk"]
        self.tasks.append(Task(6000, "spdk_tgt", sdk))
        for cpu in sorted(sdk):
            self.tasks.append(Task(6000, f"reactor_{cpu}", {cpu}, tid=6001 + cpu))

    def vm(self, name):
        for vm in self.vms:
            if name in ("", vm.name):
                return vm
        sys.exit(f"no VM {name}")

    def dedicated(self):
        return next(vm for vm in self.vms if vm.spec.get("vcpupin"))

    def task(self, comm):
        return next(task for task in self.tasks if task.comm == comm)

    # writing

    def put(self, path, text):
        self.files[path] = text if isinstance(text, str) else str(text)

    def write(self, directory):
        for step in (self.write_kernel, self.write_cpus, self.write_nodes, self.write_irqs,
                     self.write_tasks, self.write_groups, self.write_kvm, self.write_vms):
            step()
        for path, text in self.files.items():
            if any(path == gone or path.startswith(gone + "/") for gone in self.absent):
                continue
            full = os.path.join(directory, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8", newline="") as file:
                file.write(text)

    def write_kernel(self):
        width, cpu = max(self.possible) + 1, "sys/devices/system/cpu/"
        self.put("proc/cmdline", f"BOOT_IMAGE=/vmlinuz-{self.release} root=/dev/sda1 ro {self.line}\n")
        self.put("proc/sys/kernel/osrelease", self.release + "\n")
        if self.plan["node"].get("name"):
            self.put("proc/sys/kernel/hostname", self.plan["node"]["name"] + "\n")
        self.put("proc/1/environ", "".join(v + "\0" for v in ["HOME=/", "TERM=linux", *self.environ]))
        self.put(f"boot/config-{self.release}",
                 "".join(f"CONFIG_{k}={v}\n" for k, v in self.config.items()))
        line = self.line if self.boot_line is None else self.boot_line
        self.put("boot/loader/entries/node.conf", f"title node\noptions root=/dev/sda1 ro {line}\n")
        for name, cpus in (("possible", self.possible), ("present", self.possible),
                           ("online", self.online), ("offline", self.offline),
                           ("isolated", self.domain_isolated)):
            self.put(cpu + name, show(cpus) + "\n")
        self.put(cpu + "nohz_full", (show(self.nohz) or "  (null)") + "\n")
        self.put(cpu + "smt/control", self.smt + "\n")
        self.put(cpu + "vulnerabilities/taa", "Not affected\n")
        self.put("sys/devices/virtual/workqueue/cpumask", mask(self.workqueue, width) + "\n")
        self.put("sys/devices/virtual/workqueue/writeback/cpumask", mask(self.host, width) + "\n")
        self.put("proc/sys/kernel/watchdog_cpumask", show(self.online - self.nohz) + "\n")
        self.put("proc/sys/kernel/timer_migration", "1\n")
        self.put("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vmx monitor\n\n")

    def write_cpus(self):
        width = max(self.possible) + 1
        packages, l3s = {}, {}
        for core, said in zip(self.cores, self.plan["cores"]):
            packages.setdefault(said.get("socket", 0), set()).update(core)
            if said.get("l3") is not None:
                l3s.setdefault(said["l3"], set()).update(core)
        for number, (core, said) in enumerate(zip(self.cores, self.plan["cores"])):
            for cpu in core:
                at, package = f"sys/devices/system/cpu/cpu{cpu}/", packages[said.get("socket", 0)]
                for name, cpus in (("core_cpus", core), ("thread_siblings", core),
                                   ("package_cpus", package), ("core_siblings", package)):
                    self.put(f"{at}topology/{name}", mask(cpus, width) + "\n")
                    self.put(f"{at}topology/{name}_list", show(cpus) + "\n")
                self.put(at + "topology/core_id", f"{number}\n")
                self.put(at + "topology/physical_package_id", f"{said.get('socket', 0)}\n")
                if said.get("l3") is not None:
                    self._cache(at + "cache/index3/", l3s[said["l3"]], width)
                self.put(at + "cpufreq/scaling_governor", self.governor + "\n")
                self.put(at + "cpufreq/scaling_driver", self.driver + "\n")
                self.put(at + "power/pm_qos_resume_latency_us", "0\n")
                for state, (latency, off) in enumerate(self.idle):
                    self.put(f"{at}cpuidle/state{state}/latency", f"{latency}\n")
                    self.put(f"{at}cpuidle/state{state}/disable", f"{off}\n")
        for cpu in self.offline:
            self.put(f"sys/devices/system/cpu/cpu{cpu}/online", "0\n")

    def _cache(self, at, cpus, width):
        self.put(at + "shared_cpu_map", mask(cpus, width) + "\n")
        self.put(at + "shared_cpu_list", show(cpus) + "\n")
        for name, text in (("level", "3"), ("type", "Unified"), ("size", "25344K"),
                           ("coherency_line_size", "64"), ("number_of_sets", "36864"),
                           ("physical_line_partition", "1"), ("ways_of_associativity", "11")):
            self.put(at + name, text + "\n")

    def write_nodes(self):
        width, ids = max(self.possible) + 1, [node["id"] for node in self.plan["nodes"]]
        self.put("sys/devices/system/node/online", show(ids) + "\n")
        self.put("sys/devices/system/node/possible", show(ids) + "\n")
        for node in self.plan["nodes"]:
            at, cpus = f"sys/devices/system/node/node{node['id']}/", parse(node["cpus"])
            self.put(at + "cpulist", show(cpus) + "\n")
            self.put(at + "cpumap", mask(cpus, width) + "\n")
            self.put(at + "distance", " ".join("10" if i == node["id"] else "21" for i in ids) + "\n")
            if node["memory"] is not None:
                self.put(at + "meminfo", f"Node {node['id']} MemTotal: {node['memory'] >> 10} kB\n")
        for (node, size), (total, free) in self.pages.items():
            at = f"sys/devices/system/node/node{node}/hugepages/hugepages-{size >> 10}kB/"
            self.put(at + "nr_hugepages", f"{total}\n")
            self.put(at + "free_hugepages", f"{free}\n")

    def write_irqs(self):
        width = max(self.possible) + 1
        self.put("proc/irq/default_smp_affinity", mask(self.irq_default, width) + "\n")
        lines = ["            CPU0"]
        for number, (name, affinity, effective) in self.irqs.items():
            self.put(f"proc/irq/{number}/smp_affinity_list", show(affinity) + "\n")
            self.put(f"proc/irq/{number}/effective_affinity_list", show(effective) + "\n")
            lines.append(f"{number:4d}:          0   PCI-MSI {number}-edge      {name}")
        self.put("proc/interrupts", "\n".join(lines) + "\nNMI:  0  Non-maskable interrupts\n")

    def write_tasks(self):
        for task in self.tasks:
            at = f"proc/{task.pid}/task/{task.tid}/"
            memory = "" if task.kernel else "VmSize:\t    1000 kB\n"
            self.put(at + "status", f"Name:\t{task.comm}\nState:\tS (sleeping)\nPPid:\t{task.ppid}\n"
                     f"{memory}Cpus_allowed_list:\t{show(task.cpus)}\n")
            fields = ["0"] * 52
            fields[2:4] = ["S", str(task.ppid)]
            fields[8], fields[38] = str(task.flags), str(min(task.cpus, default=0))
            self.put(at + "stat", f"{task.tid} ({task.comm}) {' '.join(fields[2:])}\n")
            group = f"3:cpuset:{task.group}\n" if self.cgroup == 1 else ""
            self.put(at + "cgroup", f"{group}0::{task.group}\n")

    def write_groups(self):
        if self.cgroup == 2:
            self.put("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n")
        for path, cpus in self.groups.items():
            at = ("sys/fs/cgroup/cpuset" if self.cgroup == 1 else "sys/fs/cgroup") + path.rstrip("/")
            if self.cgroup == 1:
                self.put(at + "/cpuset.cpus", show(cpus or self.online) + "\n")
                self.put(at + "/cpuset.effective_cpus", show(cpus or self.online) + "\n")
                self.put(at + "/cpuset.cpu_exclusive", "0\n")
                continue
            if path != "/":
                self.put(at + "/cpuset.cpus", show(cpus) + "\n")
                self.put(at + "/cpuset.cpus.partition", "member\n")
            self.put(at + "/cpuset.cpus.effective", show(cpus or self.online) + "\n")

    def write_kvm(self):
        for name, value in self.kvm.items():
            module, parameter = name.split(".")
            self.put(f"sys/module/{module}/parameters/{parameter}", value + "\n")
        if self.exits is not None:
            self.put("planner/kvm-disable-exits", f"{self.exits}\n")

    def write_vms(self):
        listed = []
        for vm in self.vms:
            record = {"name": vm.name, "uuid": vm.uuid, "running": vm.running,
                      "persistent": bool(vm.inactive), "live_source": "qemu:///system",
                      "inactive_source": "qemu:///system"}
            listed.append(record)
            name = re.sub(r"[^A-Za-z0-9._~-]", lambda m: "".join(f"%{b:02X}" for b in m[0].encode())
                          if m[0].isascii() and m[0] != " " else m[0], vm.name)
            if vm.inactive:
                self.put(f"planner/domains/{name}.xml", vm.inactive)
            if not vm.running:
                continue
            self.put(f"planner/domains/live/{name}.xml", vm.live)
            self.put(f"proc/{vm.pid}/cmdline", "".join(arg + "\0" for arg in [*vm.args, "-uuid", vm.uuid]))
            self.put(f"proc/{vm.pid}/numa_maps", "7f0000000000 bind:0 file=/dev/hugepages/x huge dirty=1 "
                     + " ".join(f"N{n}={size >> 10}" for n, size in vm.memory.items())
                     + " kernelpagesize_kB=1\n")
            self.put(f"var/log/libvirt/qemu/{vm.name}.log", vm.log)
        self.put("planner/domains/list.json", json.dumps(
            {"format": "planner-domains/1", "source": "qemu:///system", "domains": listed,
             "libvirt": self.plan["node"].get("libvirt") or "9.0.0",
             "qemu": self.plan["node"].get("qemu") or "7.2.22"}, indent=1))


def fault(function):
    FAULTS[function.__name__.replace("_", "-")] = function
    return function


# Kernel

@fault
def rcu_typo(node, _):
    """rcu_nocbs= spelt as published: rcu_ncbs=, which init got in its environment"""
    node.line = node.line.replace("rcu_nocbs=", "rcu_ncbs=")
    node.environ += [word for word in node.line.split() if word.startswith("rcu_ncbs=")]


@fault
def isolcpus_refused(node, _):
    """isolcpus= names a CPU beyond the possible ones: the kernel isolated nothing"""
    bad = f"isolcpus={show(node.isolated)},{max(node.possible) + 20}"
    node.line = re.sub(r"isolcpus=\S+", bad, node.line)
    node.environ.append(bad)
    node.domain_isolated = set()


@fault
def isolcpus_flag_only(node, _):
    """isolcpus=managed_irq,LIST without domain"""
    node.line = re.sub(r"isolcpus=\S+", f"isolcpus=managed_irq,{show(node.isolated)}", node.line)
    node.domain_isolated = set()


@fault
def isolcpus_twice(node, _):
    """isolcpus= given twice: the first counts"""
    node.line += " isolcpus=" + show(sorted(node.isolated)[:2])


@fault
def isolated_differs(node, _):
    """one CPU fewer isolated than planned, on the line and in sysfs"""
    left = node.isolated - {max(node.isolated)}
    for name in ("isolcpus", "nohz_full", "rcu_nocbs"):
        node.line = re.sub(rf"\b{name}=((?:[a-z_]+,)*)\S+", lambda m, n=name: f"{n}={m[1]}{show(left)}",
                           node.line)
    node.domain_isolated = node.nohz = left
    node.workqueue = node.online - left


@fault
def nohz_missing(node, _):
    """no nohz_full="""
    node.line = re.sub(r" ?nohz_full=\S+", "", node.line)
    node.nohz = set()


@fault
def no_nohz_config(node, _):
    """a kernel without CONFIG_NO_HZ_FULL"""
    node.config.pop("NO_HZ_FULL")
    node.nohz = set()
    node.absent.add("sys/devices/system/cpu/nohz_full")


@fault
def reboot_pending(node, _):
    """the boot loader has another line than the kernel that runs"""
    node.boot_line = node.line
    node.line = "quiet"


@fault
def smt_off(node, _):
    """SMT switched off: all siblings but the first are offline"""
    gone = {cpu for core in node.cores for cpu in core - {min(core)}}
    node.cores = [{min(core)} for core in node.cores]
    node.online -= gone
    node.offline |= gone
    node.smt = "off"


@fault
def sibling_offline(node, _):
    """one isolated CPU is offline"""
    gone = max(node.isolated)
    node.cores = [core - {gone} for core in node.cores]
    node.online -= {gone}
    node.offline |= {gone}


# Interrupts and tasks

@fault
def irq_on_isolated(node, _):
    """an interrupt's effective affinity is an isolated CPU"""
    node.irqs[24][1] = node.irqs[24][2] = {min(node.isolated)}


@fault
def irq_default_all(node, _):
    """default_smp_affinity is all CPUs"""
    node.irq_default = node.online


@fault
def irqbalance_ban(node, _):
    """irqbalance runs with a list of its own in place of the kernel's"""
    node.put("etc/default/irqbalance", f"IRQBALANCE_BANNED_CPULIST={min(node.isolated)}\n")
    node.tasks.append(Task(5100, "irqbalance", node.host))


@fault
def task_on_isolated(node, _):
    """a user task may run on an isolated CPU"""
    node.task("sshd").cpus |= {min(node.isolated)}


@fault
def kthread_on_isolated(node, _):
    """a movable kernel thread may run on isolated CPUs"""
    node.tasks.append(Task(900, "kauditd", node.online, KTHREAD, 2, group="/"))


@fault
def workqueue_on_isolated(node, _):
    """the workqueue mask is all CPUs"""
    node.workqueue = node.online


@fault
def vhost_on_isolated(node, _):
    """a vhost worker may run on all CPUs"""
    vhost = node.dedicated().vhost()
    vhost.cpus = node.online
    node.tasks.append(vhost)


@fault
def tuned(node, name):
    """tuned is active with a profile that isolates CPUs itself"""
    node.put("etc/tuned/active_profile", (name or "cpu-partitioning") + "\n")


@fault
def systemd_affinity(node, _):
    """systemd's CPUAffinity= names isolated CPUs"""
    node.put("etc/systemd/system.conf", f"[Manager]\nCPUAffinity={show(node.online)}\n")


@fault
def governor(node, name):
    """CPUs scale their frequency"""
    node.governor = name or "powersave"


@fault
def idle_limit(node, word):
    """the kernel line keeps the host out of deep C-states"""
    node.line += " " + (word or "intel_idle.max_cstate=1")


@fault
def idle_disabled(node, _):
    """deep C-states are switched off"""
    node.idle = [(latency, int(latency > 2)) for latency, _ in node.idle]


@fault
def partition(node, _):
    """a cgroup v2 isolated partition beside isolcpus"""
    node.put("sys/fs/cgroup/planner.slice/cpuset.cpus", show(node.isolated) + "\n")
    node.put("sys/fs/cgroup/planner.slice/cpuset.cpus.effective", show(node.isolated) + "\n")
    node.put("sys/fs/cgroup/planner.slice/cpuset.cpus.partition", "isolated\n")


# VMs

@fault
def pin_missing(node, _):
    """a vCPU without its vcpupin, which floats over the VM's cpuset"""
    vm = node.dedicated()
    for name in ("live", "inactive"):
        setattr(vm, name, re.sub(r"\s*<vcpupin vcpu='0'[^>]*/>", "", getattr(vm, name)))
    vm.tasks[1].cpus = vm.tasks[0].cpus


@fault
def pin_differs(node, _):
    """a vCPU pinned to another CPU than planned, everywhere"""
    vm, cpu = node.dedicated(), max(node.host)
    for name in ("live", "inactive"):
        setattr(vm, name, re.sub(r"(<vcpupin vcpu='0' cpuset=')\d+", rf"\g<1>{cpu}", getattr(vm, name)))
    vm.tasks[1].cpus = {cpu}


@fault
def live_differs(node, _):
    """a pin of the running domain is not that of its next start"""
    vm, cpu = node.dedicated(), min(node.host)
    vm.live = re.sub(r"(<vcpupin vcpu='0' cpuset=')\d+", rf"\g<1>{cpu}", vm.live)
    vm.tasks[1].cpus = {cpu}


@fault
def thread_moved(node, _):
    """a vCPU's thread may run elsewhere than its pin says (taskset)"""
    node.dedicated().tasks[1].cpus = {min(node.host)}


@fault
def emulator_on_isolated(node, _):
    """an emulator thread may run on all CPUs"""
    node.dedicated().tasks[-1].cpus = node.online


@fault
def shared_unpinned(node, _):
    """a VM without any cpuset floats over all CPUs"""
    vm = next((vm for vm in node.vms if not vm.spec.get("vcpupin")), node.vms[-1])
    for name in ("live", "inactive"):
        xml = re.sub(r"<vcpu [^>]*>", "<vcpu>", getattr(vm, name))
        setattr(vm, name, re.sub(r"\s*<(emulatorpin|vcpupin)[^>]*/>", "", xml))
    for task in vm.tasks:
        task.cpus = node.online


@fault
def core_shared(node, _):
    """a second VM is pinned to a dedicated VM's CPU"""
    first, second = [vm for vm in node.vms if vm.spec.get("vcpupin")][:2]
    cpu = first.spec["vcpupin"][0]
    for name in ("live", "inactive"):
        setattr(second, name, re.sub(r"(<vcpupin vcpu='0' cpuset=')\d+", rf"\g<1>{cpu}",
                                     getattr(second, name)))
    second.tasks[1].cpus = {cpu}


@fault
def memory_elsewhere(node, _):
    """a VM's memory is on another node than it is bound to"""
    vm = node.dedicated()
    other = [n["id"] for n in node.plan["nodes"] if n["id"] not in vm.memory]
    vm.memory = {other[0]: vm.spec["memory"]} if other else {}


@fault
def hugepages_short(node, _):
    """a node has fewer huge pages than its VMs need"""
    for pages in node.pages.values():
        pages[:] = [1, 0]


@fault
def unknown_vm(node, name):
    """a VM runs that the plan does not know"""
    vm = node.vms[-1]
    spec = dict(vm.spec, name=name or "stranger")
    xml = vm.live.replace(f"<name>{vm.name}</name>", f"<name>{spec['name']}</name>")
    node.vms.append(Vm(node, spec, xml, 20000 + 2000 * len(node.vms)))
    node.tasks += node.vms[-1].tasks


@fault
def vm_missing(node, name):
    """a VM of the plan is not there"""
    vm = node.vm(name)
    node.vms.remove(vm)
    node.tasks = [task for task in node.tasks if task.pid != vm.pid]


@fault
def slow_devices(node, _):
    """e1000 and IDE on a dedicated VM"""
    vm = node.dedicated()
    devices = ("<devices><disk type='file' device='disk'><target dev='hda' bus='ide'/></disk>"
               "<interface type='bridge'><model type='e1000'/></interface></devices></domain>")
    vm.live = vm.live.replace("</domain>", devices)
    vm.inactive = vm.inactive.replace("</domain>", devices)


@fault
def no_eoi(node, _):
    """no <apic eoi='on'/>"""
    vm = node.dedicated()
    vm.live, vm.inactive = (xml.replace(" eoi='on'", "") for xml in (vm.live, vm.inactive))


# cpu-pm

@fault
def cpupm_on_shared(node, _):
    """cpu-pm on a VM that shares its CPUs"""
    vm = next((vm for vm in node.vms if not vm.spec.get("vcpupin")), node.vms[-1])
    for name in ("live", "inactive"):
        xml = getattr(vm, name).replace("<domain type='kvm'>", "<domain type='kvm' xmlns:qemu="
                                        "'http://libvirt.org/schemas/domain/qemu/1.0'>")
        setattr(vm, name, xml.replace("</domain>", "<qemu:commandline><qemu:arg value='-overcommit'/>"
                                      "<qemu:arg value='cpu-pm=on'/></qemu:commandline></domain>"))
    vm.args += ["-overcommit", "cpu-pm=on"]


def _drop_cpupm(xml):
    return re.sub(r"\s*<qemu:commandline>.*?</qemu:commandline>", "", xml, flags=re.S)


@fault
def cpupm_missing(node, _):
    """an eligible VM without cpu-pm"""
    vm = node.dedicated()
    vm.live, vm.inactive = _drop_cpupm(vm.live), _drop_cpupm(vm.inactive)
    vm.args = [arg for at, arg in enumerate(vm.args) if "cpu-pm" not in arg
               and not (arg == "-overcommit" and "cpu-pm" in "".join(vm.args[at + 1:at + 2]))]


@fault
def cpupm_not_in_qemu(node, _):
    """cpu-pm in the XML, but the QEMU that runs was started without"""
    vm = node.dedicated()
    live, inactive = vm.live, vm.inactive
    cpupm_missing(node, None)
    vm.live, vm.inactive = live, inactive


@fault
def cpupm_refused(node, _):
    """the kernel refused cpu-pm: QEMU's log says so"""
    node.dedicated().log += "kvm: guest stopping CPU not supported: Invalid argument\n"


@fault
def namespace_missing(node, _):
    """qemu:commandline without its namespace"""
    vm = node.dedicated()
    vm.inactive = re.sub(r" xmlns:qemu='[^']*'", "", vm.inactive)


@fault
def lock_lost(node, _):
    """locked memory, and a second -overcommit that forgets it (QEMU before 9.1)"""
    vm = node.dedicated()
    for name in ("live", "inactive"):
        xml = getattr(vm, name).replace("<memoryBacking>", "<memoryBacking><locked/>")
        setattr(vm, name, xml.replace("mem-lock=on,cpu-pm", "cpu-pm"))
    vm.args = [arg.replace("mem-lock=off", "mem-lock=on") for arg in vm.args]


@fault
def ple_off(node, _):
    """kvm_intel.ple_gap=0"""
    node.kvm["kvm_intel.ple_gap"] = "0"


@fault
def no_exits(node, number):
    """KVM lets no exits be disabled, or only those of the number given"""
    node.exits = int(number or 0)


@fault
def unread(node, path):
    """a path the capture does not have"""
    node.absent.add(path or "proc/irq")


def emitter(plan):
    def xml_of(name):
        run = subprocess.run([PLANNER, "emit", "-p", plan, "domain", "--", name], check=False,
                             capture_output=True, text=True, encoding="utf-8")
        if not run.stdout:  # status 1: some VM of the plan is not placed
            sys.exit(run.stderr)
        return run.stdout
    return xml_of


def make(plan, directory, faults=(), cgroup=2, polls=False):
    """Write the node of the plan in the file PLAN; FAULTS are (name, argument)."""
    with open(plan, encoding="utf-8") as file:
        node = Node(json.load(file), cgroup, emitter(plan))
    if polls:
        node.poll()
    for name, argument in faults:
        FAULTS[name](node, argument)
    node.write(directory)


def main():
    options = argparse.ArgumentParser(description=__doc__,
                                      formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("plan", nargs="?")
    options.add_argument("directory", nargs="?")
    options.add_argument("--fault", action="append", default=[], metavar="NAME[=ARGUMENT]")
    options.add_argument("--cgroup", type=int, choices=(1, 2), default=2)
    options.add_argument("--polls", action="store_true", help="the SDK runs")
    options.add_argument("--list-faults", action="store_true")
    options = options.parse_args()
    if options.list_faults:
        for name, function in FAULTS.items():
            print(f"{name:24} {function.__doc__}")
        return 0
    if not options.directory:
        sys.exit("a plan and a directory, please; see --help")
    faults = [(name, argument) for name, _, argument in (f.partition("=") for f in options.fault)]
    for name, _ in faults:
        if name not in FAULTS:
            sys.exit(f"no fault {name}; see --list-faults")
    make(options.plan, options.directory, faults, options.cgroup, options.polls)
    return 0


if __name__ == "__main__":
    sys.exit(main())
