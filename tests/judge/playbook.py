# SPDX-License-Identifier: MIT
"""A controller of Ansible's in a folder of its own: nothing of the user's or the machine's is read."""

import json
import os
import re
import shutil
import subprocess

from program import ROOT, TESTS

SHIPPED = os.path.join(ROOT, "templates", "ansible")
COUNTS = re.compile(r"(\w+)=(\d+)")
X6 = os.path.join(TESTS, "hosts", "x6.xml")
HOSTILE = "{{ 7 * 7 }}"
FIRST = "[vm first]\nvcpus = 4\nmemory = 8G\n"
INVENTORY = f"""[node]
name = x6 'with' "quotes"
kernel = 4.18.0-348
qemu = 6.2.0
libvirt = 8.0.0
mwait = no
[host]
cores-per-socket = 4
[sdk]
cores-per-node = 2
{FIRST}[vm second]
vcpus = 2
memory = 8G
[vm {HOSTILE}]
vcpus = 2
memory = 1G
policy = shared
"""
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Result:
    """What a run did: its status, its output, and the recap's counts by host."""

    def __init__(self, done):
        self.status, self.output = done.returncode, ANSI.sub("", done.stdout + done.stderr)
        self.counts = {}
        for line in self.output.partition("PLAY RECAP")[2].splitlines():
            host, colon, counts = line.partition(" : ")
            if colon:
                self.counts[host.strip()] = {name: int(n) for name, n in COUNTS.findall(counts)}

    def of(self, host, name):
        return self.counts.get(host, {}).get(name)


class Controller:
    """FOLDER holds the shipped playbooks, nodes/NAME.ini and the inventory."""

    def __init__(self, folder, planner):
        self.folder, self.home = folder, folder + "-home"
        os.makedirs(os.path.join(folder, "nodes"))
        os.makedirs(self.home)
        for name in os.listdir(SHIPPED):
            if name.endswith(".yml") and name != "hosts.yml":
                shutil.copy(os.path.join(SHIPPED, name), folder)
        self.hosts = {}
        self.variables = {"ansible_python_interpreter": "/usr/bin/python3", "planner_binary": planner,
                          "planner_manual": [os.path.join(ROOT, "man", "planner.1")]}

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def node(self, name, inventory, **variables):
        self.write(f"nodes/{name}.ini", inventory)
        self.hosts[name] = variables

    def environment(self):
        config = os.path.join(self.home, "ansible.cfg")
        with open(config, "w", encoding="utf-8") as file:
            file.write("[defaults]\n")
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        return kept | {
            "ANSIBLE_CONFIG": config, "ANSIBLE_HOME": self.home, "HOME": self.home,
            "ANSIBLE_LOCAL_TEMP": os.path.join(self.home, "local"),
            "ANSIBLE_REMOTE_TEMP": os.path.join(self.home, "remote"),
            "ANSIBLE_ROLES_PATH": os.path.join(SHIPPED, "roles"), "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_NOCOLOR": "1", "ANSIBLE_NOCOWS": "1", "ANSIBLE_RETRY_FILES_ENABLED": "0",
            "LC_ALL": "C.UTF-8",
        }

    def command(self, program, *words, timeout=600):
        # JSON is YAML.
        self.write("hosts.json", json.dumps({"kvm_hosts": {"hosts": self.hosts, "vars": self.variables}}))
        os.replace(os.path.join(self.folder, "hosts.json"), os.path.join(self.folder, "hosts.yml"))
        return subprocess.run([program, "-i", "hosts.yml", *words], cwd=self.folder, encoding="utf-8",
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout,
                              env=self.environment())

    def play(self, playbook, *words, **variables):
        extra = ["-e", json.dumps(variables)] if variables else []
        return Result(self.command("ansible-playbook", playbook, *words, *extra))

    def report(self, name):
        try:
            with open(os.path.join(self.folder, "reports", f"{name}.json"), encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return None


def tree_of(top):
    """Every file, folder and link below TOP, with what it holds and its mode."""
    found = {}
    for folder, folders, names in os.walk(top):
        for name in folders + names:
            path = os.path.join(folder, name)
            held = b""
            if os.path.islink(path):
                held = os.readlink(path).encode()
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    held = file.read()
            found[os.path.relpath(path, top)] = (os.lstat(path).st_mode, held)
    return found
