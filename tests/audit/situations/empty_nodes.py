# SPDX-License-Identifier: MIT
"""Nodes without a VM: whose they are is told by the agents that run there and the files that set them
up, and fixes are in that platform's words. What such files hold is not read.
"""

import json
import pathlib

from capture import LINE, Host, smt
from find import Find

SOURCE = "the platforms' packages: nova-compute, vdsm, virt-handler, opennebula-node-kvm, lxd"
FINDS = [Find("kernel.parameter-misspelt", "kernel", "error", text="rcu_ncbs",
              fix=["Edit Host, Kernel, in the engine"], not_fix=["grub"])]
AGENTS = {"OpenStack": ("nova-compute", ""), "oVirt": ("vdsmd", ""), "KubeVirt": ("virt-handler", ""),
          "LXD, Incus": ("incusd", ""), "OpenNebula": ("", "var/tmp/one/VERSION"),
          "CloudStack": ("", "etc/cloudstack/agent/agent.properties"), "Harvester": ("harvester-node-", "")}
SECRET = "[DEFAULT]\ntransport_url = rabbit://nova:hunter2@10.0.0.1\n"


def empty(line, comm, file=""):
    host = Host(smt(8), "5.14.0-427.50.1.el9_4.x86_64", line)
    host.grub()
    host.domains = []
    if comm:
        host.task(1200, comm, "0-15", group="/system.slice/agent.service")
    if file:
        host.put(file, "6.10.0\n")
    return host


def node(sound):
    return empty(LINE + f"{'rcu_nocbs' if sound else 'rcu_ncbs'}=4-7", "vdsmd")


ALLOWED = ["kernel.sets-differ", "irq.default-affinity", "kernel.watchdog-on-isolated"]


def platform(program, folder):
    return json.loads(program("check", "--json", "-r", str(folder))[1])["node"]["platform"]


def kept(program, folder):
    """A snapshot knows it too, and has nothing of what the file says."""
    host = empty(LINE, "")
    host.put("etc/nova/nova.conf", SECRET)
    host.write(folder)
    snapshot = folder.parent / "nova.tar"
    program("snapshot", "-r", str(folder), "-o", str(snapshot))
    found = platform(program, snapshot)
    return [f"{found}"] * (found != "OpenStack") + \
        ["the file's text is kept"] * (b"hunter2" in pathlib.Path(snapshot).read_bytes())


def further(program, folder):
    for number, (name, agent) in enumerate(AGENTS.items()):
        other = folder.parent / f"agent{number}"
        empty(LINE, *agent).write(other)
        found = platform(program, other)
        yield f"an empty node of {name}", [f"it is {found}"] * (found != name)
    yield "a snapshot of one", kept(program, folder.parent / "nova")
