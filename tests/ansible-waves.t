#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# check-all: runs Ansible many times
# timeout: 900 seconds
"""
A fleet changed wave by wave, by the real ansible-playbook and the role: nodes are captured ones, empty as they
are when it is their turn, and virsh is a script that keeps account of who has which VM. What stops the waves is
tried: a bad audit, a node that is not reached, one that is lost in the middle of its wave. Nothing of this
machine is changed.
"""

import collections
import json
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

from playbook import Controller, tree_of
from program import PLANNER, run
from tap import Tap, skip_all
from topology import spell_out

NODES = ["n1", "n2", "n3", "n4"]
SETTINGS = "[node]\nname = {}\nkernel = 4.18.0-348\nqemu = 6.2.0\nlibvirt = 8.0.0\nmwait = no\n[host]\ncores-per-node = 1\nmemory-per-node = 1G\n"
NEW = "[sdk]\ncores-per-node = 1\n"
TOPOLOGY = "numa:2(memory=17179869184) core:6 pu:2"
VM = "[vm {}]\nvcpus = 4\nmemory = 2G\ncpu-pm = off\n"

# A folder for each node, with a file for each VM.
VIRSH = '''#!/usr/bin/python3
import os, re, sys
top, words = os.path.dirname(os.path.abspath(__file__)) + "/vms/", sys.argv[1:]
if "list" in words:
    print("\\n".join(os.listdir(top + words[words.index("-c") + 1][len("test:///"):])))
    sys.exit()
node = re.match("--connect=qemu.ssh://(.*)/system", words[0])[1]
said = dict(word[2:].split("=", 1) for word in words if word.startswith("--") and "=" in word)
if words[1] == "dumpxml":
    print(open(top + "../domain.xml").read().replace("NAME", said["domain"]))
elif words[1] == "migrate":
    to = re.match("qemu.ssh://(.*)/system", said["desturi"])[1]
    os.rename(top + node + "/" + said["domain"], top + to + "/" + said["domain"])
else:
    sys.exit("what is " + words[1])
'''
# A connection that is lost when the files are about to be written.
LOST = '''from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import local
DOCUMENTATION = local.DOCUMENTATION.replace("name: local", "name: lost")
class Connection(local.Connection):
    transport = "lost"
    def exec_command(self, cmd, in_data=None, sudoable=True):
        if b"--diff" in (in_data or b""):
            raise AnsibleConnectionFailure("lost")
        return super().exec_command(cmd, in_data, sudoable)
'''


class Fleet:
    """A controller, its nodes, and their VMs."""

    def __init__(self, top, faults=()):
        self.top = top
        os.mkdir(top)
        self.controller = Controller(os.path.join(top, "controller"), PLANNER)
        plan, ini = os.path.join(top, "plan.json"), os.path.join(top, "plan.ini")
        self.write(ini, SETTINGS.format("node") + NEW)
        run(PLANNER, "plan", "-i", ini, "-t", TOPOLOGY, "-o", plan, check=True)
        self.write(os.path.join(top, "domain.xml"), "<domain type='kvm'><name>NAME</name><memory unit='GiB'>2</memory><vcpu>4</vcpu>"
                   "<os><type machine='q35'>hvm</type></os></domain>")
        self.write(os.path.join(top, "virsh"), VIRSH)
        os.chmod(os.path.join(top, "virsh"), 0o755)
        os.makedirs(os.path.join(self.controller.folder, "fleet"))
        os.makedirs(os.path.join(self.controller.folder, "connection_plugins"))
        self.controller.write("connection_plugins/lost.py", LOST)
        for name in NODES:
            self.node(name, plan, faults)
        self.controller.write("fleet/host.xml", spell_out(TOPOLOGY))
        self.controller.write("fleet/fleet.jsonl", "".join(
            json.dumps({"inventory": f"{name}.ini", "topology": "host.xml"}) + "\n" for name in NODES))
        self.controller.variables |= {"ansible_connection": "local", "planner_install": "none"}

    @staticmethod
    def write(path, text):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def node(self, name, plan, faults):
        root = os.path.join(self.top, "root of", name)
        run(sys.executable, os.path.join(HERE, "hosts", "make-node.py"), plan, root, *faults, check=True)
        os.makedirs(os.path.join(root, "usr/local/bin"), exist_ok=True)
        os.symlink(PLANNER, os.path.join(root, "usr/local/bin/planner"))
        vms = [f"{name}-{letter}" for letter in "ab"]
        text = SETTINGS.format(name) + "".join(VM.format(vm) for vm in vms)
        self.controller.write(f"fleet/{name}.ini", text)
        self.controller.node(name, text + NEW, planner_root=root, planner_connect=f"test:///{name}")
        os.makedirs(os.path.join(self.top, "vms", name))
        for vm in vms:
            self.write(os.path.join(self.top, "vms", name, vm), "")

    def waves(self, canary=1):
        """The nodes of each wave, which are in waves.json from then on."""
        done = run(PLANNER, "fleet", "waves", "--fleet", "fleet/fleet.jsonl", "--to", "nodes", "--at-once", "2", "--canary",
                   str(canary), "--json", cwd=self.controller.folder)
        self.controller.write("waves.json", done.stdout)
        return [line["nodes"] for line in map(json.loads, done.stdout.splitlines()) if "wave" in line]

    def play(self, *words, **variables):
        path, os.environ["PATH"] = os.environ["PATH"], self.top + ":" + os.environ["PATH"]
        try:
            return self.controller.play("waves.yml", *words, **variables)
        finally:
            os.environ["PATH"] = path

    def changed(self, name):
        return os.path.exists(os.path.join(self.controller.hosts[name]["planner_root"], "etc/planner/plan.json"))

    def vms(self):
        return {name: sorted(os.listdir(os.path.join(self.top, "vms", name))) for name in NODES}

    def planned_vms(self):
        """Where the folder of the fleet as it is has them."""
        found = {}
        for name in NODES:
            with open(os.path.join(self.controller.folder, "fleet", f"{name}.ini"), encoding="utf-8") as file:
                found[name] = sorted(line[4:].rstrip("]\n") for line in file if line.startswith("[vm "))
        return found


def check_stopped(tap, fleet, done, changed, what):
    """The waves ended there, and the rest is as it was."""
    tap.ok(done.status != 0 and {name for name in NODES if fleet.changed(name)} == set(changed), what, done.output[-3000:])
    tap.ok(fleet.vms() == fleet.planned_vms(), "and the fleet's folder has each VM where it is", fleet.vms(), fleet.planned_vms())


def check_refused(tap, fleet):
    """What is no answer of planner's, or not for these hosts, is refused before a node is touched."""
    waves = fleet.waves()
    before = {name: tree_of(fleet.controller.hosts[name]["planner_root"]) for name in NODES}
    with open(os.path.join(fleet.controller.folder, "waves.json"), encoding="utf-8") as file:
        good = file.read()
    for what, text in (("no waves", "{}\n"), ("a node that Ansible does not know", good.replace('"n4"', '"n5"')),
                       ("a wave twice", good.splitlines(True)[0] + good), ("waves of a broken fleet", good.replace('"broken":0', '"broken":1'))):
        fleet.controller.write("waves.json", text)
        done = fleet.play()
        tap.ok(done.status != 0 and done.of("localhost", "failed") == 1, f"{what}: refused", done.output[-2000:])
    fleet.controller.write("waves.json", good)
    done = fleet.play("--limit", f"localhost,{waves[1][0]}")
    tap.ok(done.status != 0 and "no --limit" in done.output, "a part of a wave: refused", done.output[-2000:])
    done = fleet.play("--check")
    tap.ok(done.status == 0, "check mode goes through all waves", done.output[-2000:])
    tap.ok({name: tree_of(fleet.controller.hosts[name]["planner_root"]) for name in NODES} == before, "and nothing is changed")


def check_all(tap, fleet):
    waves = fleet.waves()
    tap.ok(len(waves) == 3 and max(map(len, waves)) == 2, "three waves", waves)
    done = fleet.play(planner_wave_gate=["sh", "-c", f"ls '{fleet.top}/vms' >>'{fleet.top}/gate'"])
    tap.ok(done.status == 0 and all(fleet.changed(name) for name in NODES), "all nodes are changed", done.output[-3000:])
    recap = [line for line in done.output.splitlines() if line.startswith("PLAY [Wave by wave]")]
    with open(os.path.join(fleet.top, "gate"), encoding="utf-8") as file:
        gates = file.read().splitlines().count("n1")
    tap.ok(len(recap) == gates == 3, "wave by wave, with a look between them", recap, gates)
    tap.ok(fleet.vms() == fleet.planned_vms() and sum(map(len, fleet.vms().values())) == 2 * len(NODES), "no VM is lost",
           fleet.vms(), fleet.planned_vms())
    tap.ok(fleet.waves() == [], "nothing is left to change")
    done = fleet.play()
    tap.ok(done.status == 0, "and that is no error", done.output[-2000:])


def check_audit(tap, fleet):
    """The first node is not as planned after its change."""
    waves = fleet.waves()
    done = fleet.play(planner_fail_on="never")
    check_stopped(tap, fleet, done, waves[0], "a bad audit ends the waves")
    tap.ok(waves[0][0] in sum(fleet.waves(), []), "and the node is still to change")


def check_unreachable(tap, fleet):
    """A node of a wave does not answer: nobody of it is touched."""
    waves = fleet.waves(canary=2)
    fleet.controller.hosts[waves[0][1]] |= {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    done = fleet.play()
    check_stopped(tap, fleet, done, [], "a node that is not reached ends the waves before its own is touched")


def check_lost(tap, fleet):
    """A node of the first wave is lost in its middle: the second does not begin."""
    waves = fleet.waves(canary=2)
    fleet.controller.hosts[waves[0][0]] |= {"ansible_connection": "lost"}
    done = fleet.play()
    tap.ok(done.of(waves[0][0], "unreachable") == 1, "a node is lost", done.counts)
    check_stopped(tap, fleet, done, waves[0][1:], "a node that is lost in its wave ends the waves")
    tap.ok(f"not done: {waves[0][0]}" in done.output, "and is named", done.output[-2000:])


def check_stranger(tap, fleet):
    """One VM that no inventory has still runs."""
    waves = fleet.waves()
    fleet.write(os.path.join(fleet.top, "vms", waves[0][0], "stranger"), "")
    done = fleet.play()
    tap.ok(done.status != 0 and "stranger" in done.output and not any(fleet.changed(name) for name in NODES), "a node that a VM runs on is not changed", done.output[-2000:])


def main():
    if not shutil.which("ansible-playbook"):
        skip_all("no ansible-playbook (ansible-core)")
    tap = Tap()
    with tempfile.TemporaryDirectory() as top:
        fleets = collections.OrderedDict(all=check_all, refused=check_refused, audit=check_audit, unreachable=check_unreachable,
                                         lost=check_lost, stranger=check_stranger)
        for name, check in [(name, check) for name, check in fleets.items() if name in sys.argv[1:] or not sys.argv[1:]]:
            check(tap, Fleet(os.path.join(top, f"the {name}"), ["--fault", "irq-on-isolated"] if name == "audit" else ()))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
