#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# check-all: starts sshd
# timeout: 900 seconds
"""
The Ansible role against machines that it reaches by ssh: namespaces with an address, an sshd and
files of their own, made by tests/ansible-host.sh. There the role works on /, so what it puts in
force, in which order, is seen. All of it is in namespaces that end with this test.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

from playbook import FIRST, HOSTILE, INVENTORY, X6, Controller, tree_of
from program import PLANNER, UTF8, run
from tap import Tap, skip_all

INSIDE = "PLANNER_TEST_NAMESPACE"
DOMAIN = """<domain type='test'><name>{}</name><memory>1024</memory><vcpu>2</vcpu>
<os><type>hvm</type></os><cputune><vcpupin vcpu='0' cpuset='0'/><vcpupin vcpu='1' cpuset='1'/></cputune>
</domain>"""
# What nobody notices first: the order of the role.
IN_FORCE = ["systemctl daemon-reexec", "systemctl daemon-reload", "sysctl -p /etc/sysctl.d/90-planner.conf",
            "cgconfigparser -l /etc/cgconfig.d/planner.conf", "systemctl restart planner-check.timer",
            "systemctl try-restart irqbalance", "systemctl try-restart irqbalance", "update-grub "]
NOT_KEPT = ("tmp", "node", "etc/ssh", "lib/node")


class Host:
    """A machine in namespaces."""

    def __init__(self, number, top, plan, faults=()):
        self.folder = os.path.join(top, f"host {number}")
        self.address = f"10.77.{number}.2"
        os.mkdir(self.folder)
        make = [sys.executable, os.path.join(HERE, "hosts", "make-node.py"), plan]
        run(*make, os.path.join(self.folder, "node"), *faults, check=True)
        if faults:
            run(*make, os.path.join(self.folder, "booted"), check=True)
        shutil.copy(os.path.join(top, "key.pub"), self.folder)
        with open(os.path.join(self.folder, "test.xml"), "w", encoding="utf-8") as file:
            file.write(f"<node>{DOMAIN.format('second')}{DOMAIN.format(HOSTILE)}</node>")
        self.log = os.path.join(self.folder, "sshd.log")
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["unshare", "--net", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
                 "--mount-proc",
                 os.path.join(HERE, "ansible-host.sh"), self.folder, self.address],
                stdin=subprocess.PIPE, stdout=log, stderr=log, env=UTF8)
        self.connect(number)

    def connect(self, number):
        pid, ours = self.process.pid, os.readlink("/proc/self/ns/net")
        for _ in range(100):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/ns/net") != ours:
                    break
            time.sleep(0.05)
        link = f"host{number}"
        run("ip", "link", "add", "name", link, "type", "veth", "peer", "name", "eth0", "netns", str(pid), check=True)
        run("ip", "address", "add", f"10.77.{number}.1/24", "dev", link, check=True)
        run("ip", "link", "set", link, "up", check=True)
        self.process.stdin.write(b"go\n")
        self.process.stdin.close()

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def said(self):
        """How the stubs were called since the last time."""
        path = self.path("lib/log")
        lines = []
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                lines = file.read().splitlines()
            os.remove(path)
        return lines

    def files(self):
        return {path: held for path, held in tree_of(self.folder).items()
                if not path.startswith(NOT_KEPT) and path != "sshd.log"}

    def sshd_said(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def end(self):
        self.process.kill()
        self.process.wait()


def listens(host):
    import socket

    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection((host.address, 22), 1):
            return True
        if host.process.poll() is not None:
            return False
        time.sleep(0.1)
    return False


def check_dry(tap, controller, hosts):
    before = [host.files() for host in hosts]
    done = controller.play("site.yml", "--check", "--limit", "one,localhost")
    tap.ok([host.files() for host in hosts] == before and not hosts[0].said(), "check mode changes nothing",
           [path for host, old in zip(hosts, before) for path in set(host.files()) ^ set(old)])
    tap.ok(done.of("one", "changed") and done.of("one", "failed") == 0, "and says what it would change",
           done.output[-3000:])


def check_real(tap, controller, hosts):
    with open(hosts[1].path("lib/fail-update-grub"), "w", encoding="utf-8"):
        pass
    done = controller.play("site.yml")
    tap.ok(done.of("one", "failed") == 0, "a machine gets its plan", done.output[-3000:], hosts[0].sshd_said())
    said = hosts[0].said()
    tap.ok(said == IN_FORCE, "it is put in force in order, and no VM and no boot is touched", said)
    tap.ok(not os.path.exists(hosts[0].path("lib/planner/pending")), "nothing is pending")
    tree, etc = hosts[0].path("tmp/expected"), hosts[0].path("etc")
    run(PLANNER, "emit", "--all", "--skip", "bootc", "-d", tree, "-p", os.path.join(etc, "planner/plan.json"))
    emitted = {path: held for path, held in tree_of(os.path.join(tree, "etc")).items()
               if not os.path.isdir(os.path.join(tree, "etc", path))}
    there = tree_of(etc)
    wrong = [path for path, held in emitted.items() if there.get(path) != held]
    tap.ok(emitted and not wrong, "every file is there as emitted", wrong)
    tap.ok(done.of("two", "failed") == 1 and hosts[1].said() == IN_FORCE
           and os.path.exists(hosts[1].path("lib/planner/pending")), "what fails on a machine stays pending there")
    tap.ok(done.of("three", "unreachable") == 1 and controller.report("one") is not None,
           "one that is not reached does not stop the others", done.counts)
    summary = controller.report("summary") or {}
    tap.ok(list(summary.get("nodes", [])) == ["one"] and summary["missing"] == ["three", "two"],
           "the summary says who is missing", summary)


def check_again(tap, controller, hosts):
    """One has nothing left to do, one has what failed, and waits for its reboot."""
    os.remove(hosts[1].path("lib/fail-update-grub"))
    done = controller.play("site.yml", "--limit", "one,two,localhost", planner_reboot=True, planner_reboot_timeout=90)
    tap.ok(done.of("one", "changed") == 0 and not hosts[0].said(), "the second run changes nothing",
           done.output[-3000:])
    said = hosts[1].said()
    tap.ok(said[:-1] == IN_FORCE and not os.path.exists(hosts[1].path("lib/planner/pending")),
           "what was pending is done", said)
    tap.ok(said and said[-1].startswith("shutdown -r"), "who waits for a reboot is rebooted", said,
           done.output[-3000:])
    tap.ok(done.of("two", "failed") == 0 and controller.report("two")["findings"] == [],
           "and is as planned afterwards", controller.report("two"))


def check_repin(tap, controller, host, other):
    """A VM goes; the others are re-pinned where they run, because a variable asks for it."""
    controller.node("one", INVENTORY.replace(FIRST, ""), **controller.hosts["one"])
    done = controller.play("site.yml", "--limit", "one,two,localhost", planner_repin=True, planner_reboot=True,
                           planner_connect="test:///var/lib/test.xml", planner_restart=[])
    said = host.said()
    with open(host.path("etc/planner/plan.json"), encoding="utf-8") as file:
        pins = {vm["name"]: vm.get("vcpupin") for vm in json.load(file)["vms"]}
    commands = [line for line in said if line.startswith("virsh vcpupin")]
    wanted = [f"virsh vcpupin --domain=second --live --config --vcpu={v} --cpulist={cpu}"
              for v, cpu in enumerate(pins["second"])]
    tap.ok(done.of("one", "failed") == 0 and set(wanted) <= set(commands)
           and not any("first" in line or "stranger" in line for line in said), "running VMs are re-pinned",
           wanted, said, done.output[-3000:])
    tap.ok(f"virsh emulatorpin --domain={HOSTILE} --live --config --cpulist=0-3,18-21,36-39,54-57" in said,
           "whatever their names", said)
    tap.ok(done.of("two", "changed") == 0 and not other.said(), "a machine is rebooted once", done.output[-3000:])
    tap.ok(not any("irqbalance" in line for line in said), "services that are not named are not restarted", said)


def check_waves(tap, controller, hosts):
    """Three is not reached: the wave before it is done, the one after it does not begin."""
    lines = [{"wave": i + 1, "nodes": [name]} for i, name in enumerate(("one", "three", "two"))]
    controller.write("waves.json", "".join(json.dumps(line) + "\n" for line in [
        *lines, {"format": "planner-waves/1", "broken": 0, "waves": 3, "left": []}]))
    before = hosts[1].files()
    done = controller.play("waves.yml", planner_wave_fleet="", planner_wave_empty=False, planner_reboot=False,
                           planner_check_options=["-r", "/var/lib/node", "--rule", "kernel"])
    with open(hosts[0].path("etc/planner/inventory.ini"), encoding="utf-8") as file:
        inventory = file.read()
    tap.ok(done.of("one", "failed") == 0 and "[sdk]" in inventory and "[vm" not in inventory, "a wave is done, without VMs",
           done.output[-3000:])
    tap.ok(done.status != 0 and done.of("three", "failed") == 1 and done.of("two", "ok") is None and hosts[1].files() == before,
           "a machine that is not reached ends the waves", done.output[-3000:])


def make_controller(work, key):
    controller = Controller(os.path.join(work, "controller"), PLANNER)
    known = os.path.join(work, "known_hosts")
    controller.variables |= {
        "ansible_user": "root", "ansible_ssh_private_key_file": key,
        "ansible_ssh_common_args": f"-F none -o UserKnownHostsFile='{known}' -o StrictHostKeyChecking=no "
                                   "-o ConnectTimeout=5 -o ControlMaster=auto -o ControlPersist=20 "
                                   f"-o ControlPath='{work}/%C'",
        "planner_topology": "/var/lib/node", "planner_check_options": ["-r", "/var/lib/node"],
        # The machine's /usr is not to be written.
        "planner_skip": ["bootc"],
    }
    for number, name in enumerate(("one", "two", "three"), 1):
        controller.node(name, INVENTORY, ansible_host=f"10.77.{number}.2")
    return controller


def check_machines(tap, work):
    key, plan = os.path.join(work, "key"), os.path.join(work, "plan.json")
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key, check=True)
    with open(os.path.join(work, "node.ini"), "w", encoding="utf-8") as file:
        file.write(INVENTORY)
    run(PLANNER, "plan", "-i", os.path.join(work, "node.ini"), "-t", X6, "-o", plan, check=True)
    hosts = []
    try:
        hosts.append(Host(1, work, plan))
        hosts.append(Host(2, work, plan, ["--fault", "nohz-missing", "--fault", "reboot-pending"]))
        if not all([tap.ok(listens(host), f"a machine at {host.address}", host.sshd_said()) for host in hosts]):
            return
        controller = make_controller(work, key)
        check_dry(tap, controller, hosts)
        check_real(tap, controller, hosts)
        check_again(tap, controller, hosts)
        check_repin(tap, controller, *hosts)
        check_waves(tap, controller, hosts)
    finally:
        for host in hosts:
            host.end()


def inside():
    tap = Tap()
    run("ip", "link", "set", "lo", "up", check=True)
    with tempfile.TemporaryDirectory() as work:
        check_machines(tap, work)
    return tap.done()


def main():
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    lack = [name for name in ("ansible-playbook", "ssh", "ssh-keygen", "sshd", "ip", "unshare", "setpriv")
            if not shutil.which(name, path=path)]
    if lack:
        skip_all(f"no {lack[0]} (ansible-core, openssh-server, iproute2, util-linux)")
    if INSIDE in os.environ:
        return inside()
    words = ["unshare", "--net", "--mount", "--propagation", "private"]
    if os.geteuid() != 0 or run(*words, "ip", "link", "add", "name", "left", "type", "veth", "peer", "name", "right").returncode:
        skip_all("not root, or no namespaces with networks of their own here")
    os.execvpe("unshare", [*words, sys.executable, *sys.argv], os.environ | {INSIDE: "1"})


if __name__ == "__main__":
    sys.exit(main())
