# SPDX-License-Identifier: MIT
"""
An inventory, read simply: this reader serves valid files only and refuses next to nothing.
"""

import re

import cpulist

UNITS = {"K": 10, "M": 20, "G": 30, "T": 40}
SPLITS = ("cores-per-socket", "cores-per-node", "cores", "cpus")


def size(text):
    number, unit = re.match(r"^(\d+)([KMGT]?)$", text).groups()
    return int(number) << UNITS.get(unit, 0)


def sections(text):
    """[(name, {key: value})] in the file's order."""
    found = []
    for line in text.splitlines():
        line = re.sub(r"(^|\s);.*$", "", line).strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            found.append((line[1:line.rindex("]")], {}))
        else:
            key, value = re.split(r"\s*[=:]\s*", line, maxsplit=1)
            found[-1][1][key] = value
    return found


def request(keys):
    """
    How many cores a role gets: {"by": …, "cores": n, "places": {socket or node: n}}, or
    {"by": "cpus", "cpus": set}.
    """
    by = next((s for s in SPLITS if s in keys), None)
    if by is None:
        return None
    if by == "cpus":
        return {"by": by, "cpus": cpulist.parse(keys[by])}
    each, places = 0, {}
    for item in keys[by].split(","):
        place, colon, cores = item.strip().rpartition(":")
        if colon:
            places.update({n: int(cores) for n in cpulist.parse(place)})
        else:
            each = int(cores)
    return {"by": by, "cores": each, "places": places}


def _vm(name, keys):
    cpus = keys.get("cpus")
    vcpus = int(keys.get("vcpus", 1))
    dedicated = cpulist.parse(keys["dedicated-vcpus"]) if "dedicated-vcpus" in keys else None
    return {
        "name": name,
        "vcpus": vcpus if dedicated is None else len(dedicated),  # those that do not float
        "all-vcpus": vcpus,
        "dedicated-vcpus": dedicated,
        "policy": keys.get("policy", "dedicated"),
        "cpus": cpulist.parse_ordered(cpus) if cpus else None,
        "node": int(keys["node"]) if "node" in keys else None,
        "socket": int(keys["socket"]) if "socket" in keys else None,
        "die": int(keys["die"]) if "die" in keys else None,
        "l3": int(keys["l3"]) if "l3" in keys else None,
        "kind": keys.get("kind", "any"),
        "apart": tuple((keys["apart"] + ":node").split(":")[:2]) if "apart" in keys else None,
        "near": [d.strip() for d in keys.get("near", "").split(",") if d.strip()],
        "memory": size(keys.get("memory", "0")),
        "memory-node": int(keys["memory-node"]) if "memory-node" in keys else None,
        "page": size(keys["hugepages"]) if keys.get("hugepages", "none") != "none" else 0,
        "isolate": keys.get("threads", "siblings") == "isolate",
        "cpu-mode": keys.get("cpu-mode", "host-model"),
        "cpu-pm": keys.get("cpu-pm", "auto"),
        "iothreads": int(keys.get("iothreads", 0)),
        "emulator": keys.get("emulator", "host"),
        "iothread-cpus": keys.get("iothread-cpus", "host"),
        "locked": keys.get("locked", "no") == "yes",
        "sockets": int(keys["sockets"]) if "sockets" in keys else None,
        "realtime": keys.get("realtime"),
        "realtime-vcpus": keys.get("realtime-vcpus"),
    }


def _vms(name, keys):
    count = int(keys.get("count", 1))
    names = [name] if count == 1 else [f"{name}-{i + 1}" for i in range(count)]
    return [_vm(n, keys) for n in names]


def parse(text):
    found = sections(text)
    get = {name: keys for name, keys in found if not name.startswith("vm ")}
    node, host, shared, kernel = (get.get(s, {}) for s in ("node", "host", "shared", "kernel"))
    near = get.get("sdk", {}).get("near", "")
    return {
        "node": {k: node.get(k) for k in ("name", "kernel", "qemu", "libvirt", "mwait")},
        "host": request(host),
        "host-memory": size(host.get("memory-per-node", "0")),
        "sdk": request(get.get("sdk", {})),
        "near": [d.strip() for d in near.split(",") if d.strip()],
        "shared": request(shared),
        "overcommit": float(shared["overcommit"]) if "overcommit" in shared else None,
        "isolation": kernel.get("isolation", "isolcpus"),
        "flags": kernel.get("flags"),
        "irqaffinity": kernel.get("irqaffinity", "yes") == "yes",
        "extra": kernel.get("extra", "").split(),
        "vms": [vm for name, keys in found if name.startswith("vm ")
                for vm in _vms(name[3:].strip(), keys)],
    }


def load(path):
    with open(path, encoding="utf-8") as file:
        return parse(file.read())
