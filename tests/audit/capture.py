# SPDX-License-Identifier: MIT
"""Captures of nodes that never were, written from a few lines: what `planner check -r` reads.

A Host has cores, a kernel line and what follows from both; its VMs, tasks, interrupts and groups are
added one by one, and write() makes the directory. See tests/audit/situations for how it is used.
"""

import json
import os

KTHREAD, NO_AFFINITY, USER, USER_WORKER = 0x00200000, 0x04000000, 0x00400000, 0x00004000
LINE = "BOOT_IMAGE=/vmlinuz root=/dev/mapper/root ro "
CONFIG = {"NO_HZ_FULL": "y", "CPU_ISOLATION": "y", "RCU_NOCB_CPU": "y", "CPUSETS": "y"}
CPU = "sys/devices/system/cpu/"
NODE = "sys/devices/system/node/"


def parse(text):
    """A CPU list as a set."""
    cpus = set()
    for part in filter(None, str(text or "").split(",")):
        first, _, last = part.partition("-")
        cpus.update(range(int(first), int(last or first) + 1))
    return cpus


def show(cpus):
    """A set as the kernel prints it."""
    runs = []
    for cpu in sorted(cpus):
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


def smt(count, plus=None, package=0, node=0, l3=0, first=0, adjacent=False):
    """COUNT cores of two threads each: the second one PLUS after the first, or next to it."""
    def threads(i):
        if adjacent:
            return first + 2 * i, first + 2 * i + 1
        return first + i, first + i + (plus or count)
    return [(threads(i), package, node, l3) for i in range(count)]


def isolating(cpus, host, flags=""):
    """The line that isolates CPUS and leaves HOST."""
    return (f"{LINE}isolcpus={flags}{cpus} nohz_full={cpus} rcu_nocbs={cpus} "
            f"irqaffinity={host}")


class Host:
    """CORES: a list of (threads, package, NUMA node, L3). ISOLATED and NOHZ: what the kernel made of
    LINE. A capture lacks what a host of that kind would not show: set `files[path] = None`."""

    def __init__(self, cores, release, line, isolated="", nohz="", possible="", offline="",
                 memory=None, config=None, governor="performance", driver="intel_pstate",
                 vendor="intel", nohz_file=True, version=2, hostname="node1", smt_control=None,
                 idle=((0, 0), (2, 0), (10, 0))):
        self.cores, self.release, self.line = cores, release, line
        self.offline = parse(offline)
        self.present = set().union(*[set(core[0]) for core in cores])
        self.online = self.present - self.offline
        self.possible = parse(possible) or self.present
        self.isolated, self.nohz = parse(isolated), parse(nohz)
        self.memory = memory or {core[2]: 64 << 30 for core in cores}
        self.config = CONFIG if config is None else config
        self.governor, self.driver, self.idle = governor, driver, idle
        self.vendor, self.nohz_file, self.version = vendor, nohz_file, version
        self.hostname, self.smt_control = hostname, smt_control
        self.width = max(self.possible) + 1
        self.files, self.tasks, self.irqs, self.groups = {}, [], {}, {"/": ""}
        self.modes, self.fired = {}, {}  # path → permission bits; number → counts, chip
        self.pages = {}       # (node, bytes) → (total, free)
        self.exits = 15       # KVM_CAP_X86_DISABLE_EXITS
        self.domains = None   # None: no libvirt
        self.libvirt, self.qemu = "9.0.0", "7.2.22"
        self.workqueue = self.online - self.isolated - self.nohz or self.online
        self.irq_default = self.online - self.isolated if "irqaffinity=" in line else self.online
        self.system = self.online - self.isolated  # where systemd and all it starts may run
        self.kvm = {"kvm.halt_poll_ns": "200000"}
        if vendor == "intel":
            self.kvm |= {"kvm_intel.ple_gap": "128", "kvm_intel.ple_window": "4096",
                         "kvm_intel.nested": "N", "kvm_intel.enable_apicv": "Y"}
        else:
            self.kvm |= {"kvm_amd.nested": "1", "kvm_amd.avic": "N",
                         "kvm_amd.pause_filter_count": "3000",
                         "kvm_amd.pause_filter_thresh": "128"}
        self.base_tasks()
        self.irq(1, "i8042", self.irq_default)

    def put(self, path, text):
        self.files[path.lstrip("/")] = str(text)

    def task(self, pid, comm, cpus, flags=USER, ppid=1, tid=None,
             group="/system.slice/x.service", fifo=0):
        cpus = set(cpus) if isinstance(cpus, (set, frozenset)) else parse(cpus)
        self.tasks.append({"pid": pid, "tid": tid or pid, "comm": comm, "cpus": cpus,
                           "flags": flags, "ppid": ppid, "group": group, "fifo": fifo})

    def drop_task(self, *pids):
        self.tasks = [task for task in self.tasks if task["pid"] not in pids]

    def base_tasks(self):
        self.task(1, "systemd", self.system, ppid=0, group="/init.scope")
        self.task(2, "kthreadd", self.online - self.nohz, KTHREAD, 0, group="/")
        pid = 10
        for cpu in sorted(self.online):
            for name in ("ksoftirqd", "migration", "cpuhp"):
                self.task(pid, f"{name}/{cpu}", {cpu}, KTHREAD | NO_AFFINITY, 2, group="/")
                pid += 1
        self.task(pid, "kworker/u64:0", self.workqueue, KTHREAD | NO_AFFINITY, 2, group="/")
        self.task(pid + 1, "kswapd0", self.online, KTHREAD, 2, group="/")
        self.task(5000, "sshd", self.system, group="/system.slice/ssh.service")

    def irq(self, number, name, affinity, effective=None, mode=None, fired=None,
            chip="PCI-MSI 1-edge"):
        """MODE: of smp_affinity, None = a copy that lost it; FIRED: CPU → count."""
        cpus = set(affinity) if isinstance(affinity, set) else parse(affinity)
        self.irqs[number] = (name, cpus,
                             {min(cpus)} if effective is None else parse(effective))
        self.fired[number] = (fired, chip)
        if mode:
            self.modes[f"proc/irq/{number}/smp_affinity"] = mode
            self.modes[f"proc/irq/{number}/smp_affinity_list"] = mode

    def grub(self, line=None):
        """GRUB has an entry for the kernel that runs: the next boot has LINE, or the same one."""
        words = (line or self.line).removeprefix("BOOT_IMAGE=/vmlinuz ")
        self.put("boot/grub/grub.cfg", f"""set default="0"
menuentry 'Linux' --class gnu-linux $menuentry_id_option 'gnulinux-simple-0' {{
\tlinux\t/vmlinuz-{self.release} {words}
\tinitrd\t/initrd.img-{self.release}
}}
""")

    def vm(self, name, pid, vcpus, emulator, threads=(), group=None, comm="qemu-system-x86",
           argv=None, live=None, inactive=None, running=True, smp=None, memory="8192",
           nodes=None, names=True, log="", fifo=False):
        """VCPUS: where each thread may run; EMULATOR: where QEMU's main thread may. THREADS: (name,
        CPUs, flags) of further ones. FIFO: vCPUs have that scheduler. LIVE and INACTIVE are XML,
        where there is a libvirt."""
        of_libvirt = self.domains is not None
        group = group or f"/machine.slice/machine-qemu\\x2d{pid}\\x2d{name}.scope"
        uuid = f"00000000-0000-4000-8000-{pid:012d}"
        below = (lambda part: f"{group}/libvirt/{part}") if of_libvirt else (lambda _: group)
        if running:
            self.task(pid, comm, emulator, group=below("emulator"))
            for i, cpus in enumerate(vcpus):
                self.task(pid, f"CPU {i}/KVM" if names else comm, cpus, tid=pid + 1 + i,
                          group=below(f"vcpu{i}"), fifo=int(fifo))
            for i, (thread, cpus, flags) in enumerate(threads):
                self.task(pid, thread, cpus, flags, tid=pid + 500 + i, group=below("emulator"))
            argv = argv or ["/usr/bin/qemu-system-x86_64", "-name",
                            f"guest={name},debug-threads=on", "-machine", "pc-q35-7.2,accel=kvm",
                            "-cpu", "host", "-m", memory, "-overcommit", "mem-lock=off",
                            "-smp", smp or str(len(vcpus))]
            self.put(f"proc/{pid}/cmdline", "".join(f"{a}\0" for a in [*argv, "-uuid", uuid]))
            if nodes:
                sums = " ".join(f"N{node}={size >> 10}" for node, size in nodes.items())
                self.put(f"proc/{pid}/numa_maps", "7f0000000000 bind:0 file=/dev/hugepages/x huge "
                         f"dirty=1 {sums} kernelpagesize_kB=1\n")
        if not of_libvirt:
            return
        self.domains.append({"name": name, "uuid": uuid, "running": running, "persistent": True,
                             "live_source": "qemu:///system",
                             "inactive_source": "qemu:///system"})
        if inactive:
            self.put(f"planner/domains/{name}.xml", inactive)
        if running and live:
            self.put(f"planner/domains/live/{name}.xml", live)
        if running:
            self.put(f"var/log/libvirt/qemu/{name}.log",
                     log or "2026-01-01 00:00:00.000+0000: starting up libvirt version\n")

    def vcpu_descriptors(self, pid, vcpus, running=True):
        """What root sees of QEMU PID whose threads have no names: /proc/PID/fd and syscall."""
        self.files[f"proc/{pid}/fd/9"] = ("link", "anon_inode:kvm-vm")
        for i, tid in enumerate(vcpus):
            self.files[f"proc/{pid}/fd/{20 + i}"] = ("link", f"anon_inode:kvm-vcpu:{i}")
            self.put(f"proc/{pid}/task/{tid}/syscall",
                     f"16 {20 + i:#x} 0xae80 0x0 0x0 0x0 0x0 0x7ffc 0x7f00\n" if running
                     else "running\n")

    # What is written

    def write_kernel(self):
        put = self.put
        put("proc/cmdline", self.line + "\n")
        put("proc/sys/kernel/osrelease", self.release + "\n")
        put("proc/sys/kernel/hostname", self.hostname + "\n")
        self.files.setdefault("proc/1/environ", "HOME=/\0TERM=linux\0")
        if self.config:
            put(f"boot/config-{self.release}", "".join(
                f"# CONFIG_{key} is not set\n" if value == "n" else f"CONFIG_{key}={value}\n"
                for key, value in self.config.items()))
        for name, cpus in (("possible", self.possible), ("present", self.present),
                           ("online", self.online), ("offline", self.possible - self.online),
                           ("isolated", self.isolated)):
            put(CPU + name, show(cpus) + "\n")
        if self.nohz_file:
            put(CPU + "nohz_full", (show(self.nohz) or "(null)") + "\n")
        several = any(len(core[0]) > 1 for core in self.cores)
        put(CPU + "smt/control", (self.smt_control or ("on" if several else "notsupported")) + "\n")
        put("sys/devices/virtual/workqueue/cpumask", mask(self.workqueue, self.width) + "\n")
        put("proc/sys/kernel/watchdog_cpumask", show(self.online - self.nohz) + "\n")
        put("proc/sys/kernel/watchdog", "1\n")
        vendor, flag = {"intel": ("GenuineIntel", "vmx"),
                        "amd": ("AuthenticAMD", "svm")}[self.vendor]
        put("proc/cpuinfo", f"processor\t: 0\nvendor_id\t: {vendor}\n"
            f"flags\t\t: fpu {flag} monitor\n\n")

    def write_cpu(self, cpu, number, core, package, l3):
        at, put = f"{CPU}cpu{cpu}/", self.put
        siblings = set(core[0]) & self.online
        if cpu:
            put(at + "online", "1\n")
        for name, cpus in (("core_cpus", siblings), ("thread_siblings", siblings),
                           ("package_cpus", package), ("core_siblings", package)):
            put(at + "topology/" + name, mask(cpus, self.width) + "\n")
            put(at + f"topology/{name}_list", show(cpus) + "\n")
        put(at + "topology/core_id", f"{number}\n")
        put(at + "topology/physical_package_id", f"{core[1]}\n")
        if core[3] is not None:
            for name, text in (("shared_cpu_map", mask(l3, self.width)),
                               ("shared_cpu_list", show(l3)), ("level", "3"),
                               ("type", "Unified"), ("size", "32768K"),
                               ("coherency_line_size", "64"), ("number_of_sets", "32768"),
                               ("physical_line_partition", "1"),
                               ("ways_of_associativity", "16")):
                put(at + "cache/index3/" + name, text + "\n")
        if self.governor:
            put(at + "cpufreq/scaling_governor", self.governor + "\n")
            put(at + "cpufreq/scaling_driver", self.driver + "\n")
        put(at + "power/pm_qos_resume_latency_us", "0\n")
        for state, (latency, off) in enumerate(self.idle):
            put(at + f"cpuidle/state{state}/latency", f"{latency}\n")
            put(at + f"cpuidle/state{state}/disable", f"{off}\n")

    def write_cpus(self):
        packages, caches = {}, {}
        for core in self.cores:
            packages.setdefault(core[1], set()).update(set(core[0]) & self.online)
            caches.setdefault(core[3], set()).update(set(core[0]) & self.online)
        for number, core in enumerate(self.cores):
            for cpu in core[0]:
                if cpu in self.offline:
                    self.put(f"{CPU}cpu{cpu}/online", "0\n")
                else:
                    self.write_cpu(cpu, number, core, packages[core[1]], caches[core[3]])

    def write_nodes(self):
        put, nodes = self.put, sorted(self.memory)
        put(NODE + "online", show(nodes) + "\n")
        put(NODE + "possible", show(nodes) + "\n")
        for node in nodes:
            at = f"{NODE}node{node}/"
            cpus = set().union(*[set(core[0]) & self.online for core in self.cores
                                 if core[2] == node])
            put(at + "cpulist", show(cpus) + "\n")
            put(at + "cpumap", mask(cpus, self.width) + "\n")
            put(at + "distance", " ".join("10" if n == node else "21" for n in nodes) + "\n")
            put(at + "meminfo", f"Node {node} MemTotal: {self.memory[node] >> 10} kB\n")
            self.pages.setdefault((node, 2 << 20), (0, 0))
        for (node, size), (total, free) in self.pages.items():
            at = f"{NODE}node{node}/hugepages/hugepages-{size >> 10}kB/"
            put(at + "nr_hugepages", f"{total}\n")
            put(at + "free_hugepages", f"{free}\n")
            put(at + "surplus_hugepages", "0\n")

    def write_irqs(self):
        self.put("proc/irq/default_smp_affinity", mask(self.irq_default, self.width) + "\n")
        counted = any(fired for fired, _ in self.fired.values())
        columns = sorted(self.online) if counted else [0]
        lines = ["     " + "".join(f"{f'CPU{cpu}':>11}" for cpu in columns)]
        for number, (name, affinity, effective) in sorted(self.irqs.items()):
            self.put(f"proc/irq/{number}/smp_affinity", mask(affinity, self.width) + "\n")
            self.put(f"proc/irq/{number}/smp_affinity_list", show(affinity) + "\n")
            self.put(f"proc/irq/{number}/effective_affinity_list", show(effective) + "\n")
            fired, chip = self.fired[number]
            counts = "".join(f"{(fired or {}).get(cpu, 0):>11}" for cpu in columns)
            lines.append(f"{number:4d}:{counts}  {chip}      {name}")
        self.put("proc/interrupts", "\n".join([*lines, "NMI:  0  Non-maskable interrupts", ""]))

    def write_tasks(self):
        for task in self.tasks:
            at = f"proc/{task['pid']}/task/{task['tid']}/"
            memory = "" if task["flags"] & KTHREAD else "VmSize:\t    1000 kB\n"
            self.put(at + "status", f"Name:\t{task['comm']}\nState:\tS (sleeping)\n"
                     f"PPid:\t{task['ppid']}\n{memory}"
                     f"Cpus_allowed_list:\t{show(task['cpus'])}\n")
            fields = ["0"] * 50
            fields[0], fields[1] = "S", str(task["ppid"])
            fields[6], fields[36] = str(task["flags"]), str(min(task["cpus"]))
            fields[37], fields[38] = str(task["fifo"]), "1" if task["fifo"] else "0"
            self.put(at + "stat", f"{task['tid']} ({task['comm']}) {' '.join(fields)}\n")
            first = f"3:cpuset:{task['group']}\n" if self.version == 1 else ""
            self.put(at + "cgroup", f"{first}0::{task['group']}\n")

    def write_group(self, group, cpus, effective, partition):
        at = "sys/fs/cgroup" + ("/cpuset" if self.version == 1 else "") + group.rstrip("/")
        effective = effective or cpus or show(self.online)
        if self.version == 1:
            self.put(at + "/cpuset.cpus", (cpus or show(self.online)) + "\n")
            self.put(at + "/cpuset.effective_cpus", effective + "\n")
            self.put(at + "/cpuset.cpu_exclusive", "0\n")
            return
        if group != "/":
            self.put(at + "/cpuset.cpus", cpus + "\n")
            self.put(at + "/cpuset.cpus.partition", partition + "\n")
        self.put(at + "/cpuset.cpus.effective", effective + "\n")

    def write_groups(self):
        """self.groups: path → CPUs, or (cpuset.cpus, effective, partition)."""
        if self.version == 2:
            self.put("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n")
        for group, said in self.groups.items():
            self.write_group(group, *(said if isinstance(said, tuple) else (said, "", "member")))

    def write_kvm(self):
        for name, value in self.kvm.items():
            module, parameter = name.split(".")
            self.put(f"sys/module/{module}/parameters/{parameter}", value + "\n")
        if self.exits is not None:
            self.put("planner/kvm-disable-exits", f"{self.exits}\n")
        if self.domains is not None:
            self.put("planner/domains/list.json", json.dumps(
                {"format": "planner-domains/1", "source": "qemu:///system",
                 "domains": self.domains, "libvirt": self.libvirt, "qemu": self.qemu}, indent=1))

    def write(self, folder):
        gone = [path for path, text in self.files.items() if text is None]
        self.write_kernel()
        self.write_cpus()
        self.write_nodes()
        self.write_irqs()
        self.write_tasks()
        self.write_groups()
        self.write_kvm()
        for path, text in self.files.items():
            if path in gone:
                continue
            file = os.path.join(folder, path)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            if isinstance(text, tuple):
                os.symlink(text[1], file)
                continue
            with open(file, "w", encoding="utf-8", newline="") as out:
                out.write(text)
            if path in self.modes:
                os.chmod(file, self.modes[path])


# Domain XML

def pins_xml(pins, emulator, iothreads):
    text = "".join(f"<vcpupin vcpu='{i}' cpuset='{cpus}'/>" for i, cpus in enumerate(pins))
    if emulator:
        text += f"<emulatorpin cpuset='{emulator}'/>"
    return text + "".join(f"<iothreadpin iothread='{i}' cpuset='{cpus}'/>"
                          for i, cpus in (iothreads or {}).items())


def backing_xml(hugepages, locked):
    """HUGEPAGES: KiB, True = the node's default size, None = none."""
    size = "" if hugepages is True else f"<page size='{hugepages}' unit='KiB'/>"
    inner = (f"<hugepages>{size}</hugepages>" if hugepages else "") + ("<locked/>" * locked)
    return f"<memoryBacking>{inner}</memoryBacking>" if inner else ""


def xml(name, vcpus, pins=(), emulator="", iothreads=None, cpuset="", numatune=None,
        hugepages=None, memory=8, cpu="host-passthrough", topology=None, cputune="",
        features="<acpi/><apic eoi='on'/>", devices="", locked=False, current=None,
        machine="pc-q35-7.2", extra="", cells=""):
    """A domain. PINS by vCPU; TOPOLOGY: (sockets, cores, threads) or (sockets, dies, cores,
    threads); CURRENT: vCPUs that are there at start; EXTRA: elements of <domain>."""
    sockets, dies, cores, threads = topology if topology and len(topology) == 4 else (
        (topology[0], 1, *topology[1:]) if topology else (0, 0, 0, 0))
    shape = (f"<topology sockets='{sockets}' dies='{dies}' cores='{cores}' threads='{threads}'/>"
             if topology else "")
    nodes = (f"<numatune><memory mode='strict' nodeset='{numatune}'/></numatune>"
             if numatune is not None else "")
    return f"""<domain type='kvm'>
  <name>{name}</name>
  <memory unit='GiB'>{memory}</memory>
  <currentMemory unit='GiB'>{memory}</currentMemory>
  {backing_xml(hugepages, locked)}
  <vcpu placement='static'{f" cpuset='{cpuset}'" if cpuset else ""}\
{f" current='{current}'" if current else ""}>{vcpus}</vcpu>
  {f"<iothreads>{len(iothreads)}</iothreads>" if iothreads else ""}
  <cputune>{pins_xml(pins, emulator, iothreads)}{cputune}</cputune>
  {nodes}
  <os><type arch='x86_64' machine='{machine}'>hvm</type></os>
  <features>{features}</features>
  <cpu mode='{cpu}' check='none' migratable='on'>{shape}{cells}</cpu>
  <devices><emulator>/usr/bin/qemu-system-x86_64</emulator>{devices}</devices>
  {extra}
</domain>
"""
