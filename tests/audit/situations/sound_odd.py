# SPDX-License-Identifier: MIT
"""What looks odd and is in order: more CPUs possible than there are, SMT off and planned so, a VM of Proxmox
whose vCPUs were plugged in.
"""

import json

from capture import Host, isolating, smt, xml

SOURCE = "firmware with hot-plug slots; nosmt; Proxmox' hotplug: cpu"
FINDS = []
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def of(pins, emulator, line, release="6.1.0-28-amd64", **more):
    host = Host(smt(8), release, line, **more)
    host.put("planner/snapshot", "planner-snapshot/1\n")
    host.grub()
    host.domains = []
    domain = xml("a", len(pins), pins, emulator, topology=(1, len(pins), 1))
    host.vm("a", 21000, pins, emulator, live=domain, inactive=domain)
    return host


def possible():
    return of(["4", "12"], HOST, isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED, possible="0-255")


def smt_off():
    return of(["4", "5"], "0-3", isolating("4-7", "0-3") + " nosmt", isolated="4-7", nohz="4-7",
              offline="8-15", smt_control="off")


def plugged():
    host = Host(smt(8), "6.8.12-4-pve", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    host.put("planner/snapshot", "planner-snapshot/1\n")
    host.grub()
    devices = [f"host-x86_64-cpu,id=cpu{n},socket-id=0,core-id={n - 1},thread-id=0" for n in (2, 3)]
    host.vm("win", 3001, ["4", "12", "5"], HOST, group="/qemu.slice/100.scope", comm="kvm", argv=[
        "/usr/bin/kvm", "-id", "100", "-name", "win,debug-threads=on", "-smp", "1,sockets=1,cores=4,maxcpus=4",
        "-cpu", "host", "-m", "8192", *[word for device in devices for word in ("-device", device)]])
    return host


def further(program, folder):
    for make in (possible, smt_off, plugged):
        other = folder.parent / make.__name__
        make().write(other)
        status, out, _ = program("check", "--json", "--strict", "-r", str(other))
        found = [f"{f['verdict']} {f['id']}: {f['text']}" for f in json.loads(out)["findings"]
                 if f["severity"] != "info"]
        yield f"sound: {make.__name__}", found + [f"exit status {status}"] * bool(status)
    adopted = program("adopt", "-r", str(folder.parent / "plugged"))[1]
    yield "vCPUs that were plugged in are adopted", [adopted] * (
        "vcpus    = 3" not in adopted or "maximum  = 4" not in adopted)
