#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The next step that a command names on a terminal: it runs as it is said, and pipes see none of it."""

import os
import pty
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

from program import PLANNER
from tap import Tap

X6 = os.path.join(HERE, "hosts", "x6.xml")
INI = os.path.join(HERE, "cases", "x6", "inventory.ini")
MAKE_NODE = os.path.join(HERE, "hosts", "make-node.py")
FULL = "[vm a]\nvcpus = 2\n[vm b c]\nvcpus = 400\n"

tap = Tap()


def on_terminal(words, folder):
    """What stderr shows if it is a terminal, and the exit status."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([PLANNER, *words], stdout=subprocess.DEVNULL, stderr=theirs, stdin=subprocess.DEVNULL,
                          cwd=folder) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # the other side is closed
            pass
        status = process.wait(60)
    os.close(ours)
    return shown.decode().replace("\r\n", "\n"), status


def follow(what, words, folder, wanted):
    shown, _ = on_terminal(words, folder)
    last = shown.splitlines()[-1].rpartition("\x1b[K")[2] if shown.strip() else ""  # a bar cleared itself
    tap.ok(last.startswith("planner: next: ") and wanted in last, f"{what}: its last line says what is next", shown)
    piped = subprocess.run([PLANNER, *words], capture_output=True, cwd=folder, check=False)
    tap.ok(b"next: " not in piped.stderr + piped.stdout, f"{what}: a pipe sees nothing of it", piped.stderr)
    command = last.removeprefix("planner: next: ")
    if not command.startswith("planner "):
        return
    command = command.replace("HOST", "debian").replace("DIR", "tree")
    done = subprocess.run(["sh", "-c", re.sub("^planner", '"$0"', command), PLANNER], capture_output=True, text=True,
                          cwd=folder, check=False)
    tap.ok(done.returncode in (0, 1), f"{what}: and that runs: {command}", done.stderr)


with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "full one.ini"), "w", encoding="ascii") as file:
        file.write(FULL)
    follow("plan", ["plan", "-i", INI, "-t", X6], folder, "planner emit -i ")
    follow("plan -o", ["plan", "-i", INI, "-t", X6, "-o", "plan.json"], folder, "planner emit -p 'plan.json' ")
    follow("plan, a VM without a place", ["plan", "-i", "full one.ini", "-t", X6], folder, "planner explain vm 'b c' -i 'full one.ini'")
    follow("plan --prefer", ["plan", "-i", "full one.ini", "-t", X6, "--prefer", "order"], folder, "-t '" + X6 + "' --prefer 'order'")
    follow("plan --keep --moves", ["plan", "-i", INI, "-t", X6, "--keep", "plan.json", "--moves", "1", "--effort", "2"], folder,
           "--effort '2' --moves '1' --keep 'plan.json' --for")
    for root, faults in (("node", ["--fault", "irq-on-isolated"]), ("clean", [])):
        subprocess.run([sys.executable, MAKE_NODE, os.path.join(folder, "plan.json"), os.path.join(folder, root), *faults],
                       check=True)
    follow("check", ["check", "-r", "node", "-p", "plan.json"], folder, "planner explain irq.on-isolated")
    follow("check of a clean node", ["check", "-r", "clean", "-p", "plan.json"], folder, "--since then.json")
    follow("check of several nodes", ["check", "clean", "node"], folder, "--since then.json")
    with open(os.path.join(folder, "vms.jsonl"), "w", encoding="ascii") as file:
        file.write('{"id": "db", "vcpus": 2}\n')
    follow("fit of a fleet", ["fit", INI, "-t", X6], folder, "--place VMS")
    follow("fleet survive, not all losses", ["fleet", "survive", INI, "-t", X6], folder, "planner fit")
    for name in "ab":
        with open(os.path.join(folder, name + ".ini"), "w", encoding="ascii") as file:
            file.write(f"[node]\nname = {name}\n[vm v{name}]\nvcpus = 2\n")
    follow("fleet survive", ["fleet", "survive", "a.ini", "b.ini", "-t", X6], folder, "planner fleet waves")
    follow("fit --place", ["fit", INI, "-t", X6, "--place", "vms.jsonl"], folder, "-d DIR")
    follow("snapshot", ["snapshot", "-r", "node", "-o", "node.tar"], folder, "planner check -r 'node.tar'")
    follow("adopt", ["adopt", "-r", "node", "-o", "node.ini"], folder, "planner plan -i 'node.ini' -t 'node'")
    follow("diff", ["diff", "plan.json", "node.ini"], folder, "--commands")
    follow("emit --diff", ["emit", "--for", "debian", "-p", "plan.json", "--diff", folder], folder, "-d DIR")
sys.exit(tap.done())
