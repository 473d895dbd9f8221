# SPDX-License-Identifier: MIT
"""Random cases: a host and an inventory that asks things of it. The same seed, the same cases."""

import random
import re

import cpulist
import hosts
import seats
import topology

KERNELS = [None, "3.10.0-327", "4.16.3", "4.17", "4.18.0-348", "5.4.0", "5.6.0", "6.1.0-18-amd64",
           "6.12.1"]
QEMUS = [None, "2.12.0", "3.0.0", "6.2.0", "7.2.22", "9.0.4", "9.1.0", "10.0.2"]
MODES = ["host-model", "host-passthrough", "maximum", "custom"]


def synthetic_hosts(rng, count):
    """COUNT topologies as text: (name, synthetic description, XML)."""
    made = []
    for i in range(count):
        shape = dict(packages=rng.choice([1, 1, 2, 2, 4]), nodes=rng.choice([1, 1, 2]),
                     l3s=rng.choice([1, 1, 2, 3]), cores=rng.choice([1, 2, 3, 4, 6, 8]),
                     threads=rng.choice([1, 2, 2, 2, 4, 8]), far=rng.random() < 0.5,
                     memory=rng.choice([0, 0, 3 << 30, 16 << 30, 192 << 30]))
        text = hosts.synthetic(**shape)
        xml = topology.spell_out(text)
        if not shape["memory"]:  # hwloc makes one up for some
            xml = re.sub(r' local_memory="\d+"', "", xml)
        name = "-".join(f"{k[0]}{int(v)}" for k, v in shape.items())
        if rng.random() < 0.2:
            name, text, xml = _some_offline(rng, name, xml)
        elif shape["packages"] * shape["nodes"] > 2 and i % 2:
            name, text, xml = f"{name}-d", None, hosts.set_distances(random.Random(name), xml)
        made.append((f"{i}-{name}", text, xml))
    return made


def uneven_hosts(rng, count):
    """COUNT more, of kinds that a synthetic description alone cannot say: (name, XML)."""
    made = []
    for i in range(count):
        memory = rng.choice([0, 3 << 30, 16 << 30, 64 << 30])
        shape = dict(packages=rng.choice([1, 2, 4]), nodes=rng.choice([1, 2, 2]), dies=rng.choice([1, 2, 2]),
                     l3s=rng.choice([1, 1, 2]), cores=rng.choice([1, 2, 3, 4]), threads=rng.choice([1, 2, 2, 4]),
                     far=rng.random() < 0.5, memory=memory,
                     near_memory=rng.choice([0, 0, 8 << 30]) if memory else 0, clusters=rng.choice([1, 1, 2, 3]))
        xml = topology.spell_out(hosts.synthetic(**shape))
        if not memory:
            xml = re.sub(r' local_memory="\d+"', "", xml)
        if shape["near_memory"]:
            xml = hosts.name_memory(xml, rng.choice(["HBM", "MCDRAM", "NVM"]))
        elif memory and rng.random() < 0.5:
            xml = hosts.take_memory(rng, xml)
        if rng.random() < 0.3:
            xml = hosts.add_kinds(rng, xml)
        if rng.random() < 0.6:
            xml = hosts.set_distances(rng, xml)
        made.append((f"{i}-" + "-".join(f"{k[:2]}{int(v)}" for k, v in shape.items()), xml))
    return made


def _some_offline(rng, name, xml):
    """CPUs gone, but of each L3 the first core: caches and sockets do not vanish whole."""
    first = {}
    host = topology.parse(xml)
    for core in host.cores:
        first.setdefault(core.l3, set(core.cpus))
    online = sorted(host.online - set().union(*first.values()))
    gone = rng.sample(online, min(len(online), rng.randint(1, 3)))
    return f"{name}-off{'.'.join(map(str, gone))}", None, hosts.take_offline(xml, gone)


def _ini(sections):
    """[(name, {key: value})] as text; None is a key left out."""
    lines = []
    for name, keys in sections:
        lines.append(f"[{name}]")
        lines += [f"{key} = {value}" for key, value in keys.items() if value is not None]
        lines.append("")
    return "\n".join(lines)


def text(sections):
    return _ini(sections)


def _lists(cores):
    return cpulist.format(set().union(*(core.cpus for core in cores)))


def _places(rng, host, by, least, most):
    """A number of cores; sometimes with one of its own for some of the sockets or nodes."""
    each = rng.randint(least, most)
    if by == "cores" or rng.random() < 0.6:
        return each
    here = sorted({core.node if by == "cores-per-node" else core.package for core in host.cores})
    named = [f"{n}:{rng.randint(least, most)}" for n in rng.sample(here, rng.randint(1, len(here)))]
    return ", ".join([str(each)] * rng.choice([0, 1]) + named)


def _host(rng, host, cores):
    """[host], and the cores that are left when it names CPUs."""
    boot = host.core_of.get(0, host.cores[0])
    memory = rng.choice([None, None, "512M", "1G", "8G"])
    by = rng.choice([None, "cores-per-socket", "cores-per-node", "cores", "cpus"])
    if by is None:
        return {"memory-per-node": memory}, cores
    if by != "cpus":
        return {by: _places(rng, host, by, 1, rng.choice([1, 3])), "memory-per-node": memory}, cores
    mine = [boot] + [c for c in cores if c is not boot and rng.random() < 0.25]
    return {"cpus": _lists(mine), "memory-per-node": memory}, [c for c in cores if c not in mine]


def _role(rng, host, cores, most):
    """[sdk] or [shared], or None, and the cores left."""
    by = rng.choice([None, None, "cores-per-socket", "cores-per-node", "cores", "cpus"])
    if by is None:
        return None, cores
    if by != "cpus":
        return {by: _places(rng, host, by, 1, most)}, cores
    whole = [c for c in cores if not c.partial]
    mine = rng.sample(whole, min(len(whole), rng.randint(1, most)))
    return ({"cpus": _lists(mine)} if mine else None), [c for c in cores if c not in mine]


def _wishes(rng, host, keys):
    """Where else it shall be, and from whom apart."""
    if keys["node"] is None and rng.random() < 0.15:
        keys["socket"] = rng.choice(sorted({core.package for core in host.cores}))
    elif keys["node"] is None and rng.random() < 0.15:
        dies = sorted({seats.die_number(host, core) or 0 for core in host.cores} - {0})
        if dies and rng.random() < 0.5:
            keys["die"] = rng.choice(dies)
        else:
            keys["l3"] = rng.randrange(len({core.cache for core in host.cores}) + 1)
    if rng.random() < 0.15:
        keys["kind"] = rng.choice(["any", "performance", "efficient"])
    if rng.random() < 0.25:
        keys["apart"] = rng.choice(["g:socket", "g:node", "g", "h:node", "h:l3"])


def _vm(rng, host):
    page = rng.choice([None, None, "2M", "1G"])
    keys = {
        "vcpus": rng.choice([1, 1, 2, 2, 3, 4, 4, 4, 5, 6, 8, 12, 16]),
        "policy": rng.choice([None, "dedicated", "dedicated", "dedicated", "shared"]),
        "node": rng.choice(host.homes()) if rng.random() < 0.15 else None,
        "memory": rng.choice([None, "1M", "700M", "1G", "3G", "8G"]),
        "hugepages": page,
        "threads": rng.choice([None, None, None, "siblings", "isolate"]),
        "cpu-mode": rng.choice([None, None] + MODES),
        "cpu-pm": rng.choice([None, None, None, "auto", "off"]),
        "iothreads": rng.choice([None, None, 1, 2]),
        "locked": rng.choice([None, None, "no", "yes"]),
        "count": rng.choice([None, None, None, 1, 2, 3]),
    }
    if rng.random() < 0.2:
        keys["sockets"] = rng.choice([n for n in (1, 2, 3, 4) if keys["vcpus"] % n == 0])
    if keys["policy"] != "shared" and rng.random() < 0.2:
        keys["realtime"] = f"{rng.choice(['fifo', 'rr'])}:{rng.randint(1, 99)}"
        keys["realtime-vcpus"] = rng.choice([None, "0", str(keys["vcpus"] - 1)])
    if keys["policy"] != "shared":
        _wishes(rng, host, keys)
    devices = sorted({n for d in host.devices if d.nodes for n in d.names})
    if devices and keys["node"] is None and rng.random() < 0.3:
        keys["near"] = ", ".join(rng.sample(devices, rng.choice([1, 1, 2])))
    if page and not keys["memory"]:
        keys["memory"] = "2G"
    if keys["policy"] != "shared" and keys["vcpus"] > 1 and rng.random() < 0.15:
        keys["dedicated-vcpus"] = cpulist.format(
            set(rng.sample(range(keys["vcpus"]), rng.randint(1, keys["vcpus"] - 1))))
        if "realtime" in keys:  # those that float cannot be
            keys["realtime-vcpus"] = str(min(cpulist.parse(keys["dedicated-vcpus"])))
    if keys["policy"] != "shared":
        keys["emulator"] = rng.choice([None, None, None, "host", "own"])
        keys["iothread-cpus"] = rng.choice([None, "own"]) if keys["iothreads"] else None
    if keys["policy"] == "shared":
        keys["threads"] = None  # it has no cores of its own
    return keys


def inventory(rng, host):
    """The sections of a legal inventory for HOST."""
    cores = [c for c in host.cores if 0 not in c.cpus]
    host_keys, cores = _host(rng, host, cores)
    sdk, cores = _role(rng, host, cores, 2)
    shared, cores = _role(rng, host, cores, 2)
    if shared and rng.random() < 0.6:
        shared["overcommit"] = rng.choice([1, 2, 4])
    names = sorted({n for d in host.devices if d.nodes for n in d.names})
    if sdk and "cpus" not in sdk and names and rng.random() < 0.5:
        sdk["near"] = ", ".join(rng.sample(names, rng.randint(1, 2)))
    sections = [("node", {"name": rng.choice([None, "n-1"]), "kernel": rng.choice(KERNELS),
                          "qemu": rng.choice(QEMUS), "libvirt": rng.choice([None, "9.0.0"]),
                          "mwait": rng.choice([None, "yes", "no"])}),
                ("host", host_keys)]
    sections += [("sdk", sdk)] if sdk else []
    sections += [("shared", shared)] if shared else []
    if rng.random() < 0.5:
        sections.append(("kernel", {
            "isolation": rng.choice([None, "isolcpus", "cpuset"]),
            "flags": rng.choice([None, None, "managed_irq,domain", "domain"]),
            "irqaffinity": rng.choice([None, "yes", "no"]),
            "extra": rng.choice([None, "skew_tick=1 nosoftlockup"])}))
    if sections[-1][1].get("isolation") == "cpuset":
        sections[-1][1]["flags"] = None
    for i in range(rng.choice([0, 1, 1, 2, 3, 4, 6, 9])):
        sections.append((f"vm {rng.choice(['db', 'web', 'Ünï'])}{i}", _vm(rng, host)))
    return sections


def _helpers(keys, vm):
    """The CPUs of a VM's emulator and I/O threads that are its own."""
    own = [vm["emulatorpin"]] if keys.get("emulator") == "own" else []
    return [int(cpu) for cpu in own + (vm["iothreadpin"] if keys.get("iothread-cpus") else [])]


def pinned(sections, plan, keep):
    """SECTIONS with the VMs of PLAN that KEEP says pinned where they are, counts spelled out."""
    placed = {vm["name"]: vm for vm in plan["vms"] if vm["placed"] and vm["policy"] == "dedicated"}
    made = []
    for name, keys in sections:
        count = keys.get("count") or 1
        if not name.startswith("vm "):
            made.append((name, keys))
            continue
        for own in [name] if count == 1 else [f"{name}-{i + 1}" for i in range(count)]:
            own_keys = dict(keys, count=None)
            vm = placed.get(own[3:])
            if vm and keep(own[3:]):
                pins = [c for c in vm["vcpupin"] if c is not None] + _helpers(keys, vm)
                own_keys["cpus"] = ",".join(map(str, pins))
            made.append((own, own_keys))
    return made


def _other_core(host, cpu):
    return next((c for c in host.cores if cpu not in c.cpus), None)


def spoil(rng, host, sections):
    """(what is bad, sections): an inventory that names CPUs it must not."""
    first = host.cores[0].cpus[0]
    other = _other_core(host, 0) or host.cores[0]
    last = max(host.cpus)
    bad = [
        ("a VM on a host CPU", "vm bad", {"vcpus": 1, "cpus": first}),
        ("a CPU beyond the host", "vm bad", {"vcpus": 1, "cpus": last + 1}),
        ("CPU 4096", "vm bad", {"vcpus": 1, "cpus": 4096}),
        ("an SDK CPU beyond the host", "sdk", {"cpus": 4096}),
        ("the SDK on the boot CPU", "sdk", {"cpus": first}),
        ("a pool on the boot CPU", "shared", {"cpus": first}),
        ("a host without the boot CPU", "host", {"cpus": _lists([other])}),
        ("a VM on a node that is not there", "vm bad", {"vcpus": 1, "node": 77}),
    ]
    if host.offline:
        bad.append(("an offline CPU", "vm bad", {"vcpus": 1, "cpus": min(host.offline)}))
        bad.append(("an offline SDK CPU", "sdk", {"cpus": min(host.offline)}))
    if len(other.cpus) > 1:
        bad.append(("half a core for the SDK", "sdk", {"cpus": other.cpus[0]}))
        bad.append(("half a core for the pool", "shared", {"cpus": other.cpus[0]}))
        bad.append(("two VMs on one core", "vm bad", {"vcpus": 1, "cpus": other.cpus[0]}))
    what, name, keys = rng.choice(bad)
    kept = [s for s in sections if s[0] != name]
    if what == "two VMs on one core":
        kept.append(("vm worse", {"vcpus": 1, "cpus": other.cpus[-1]}))
    return what, kept + [(name, keys)]
