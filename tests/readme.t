#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""README.md tells the truth: its commands print what it shows, its paths and targets exist.

Blocks fenced as ```console hold commands after `$ ` and what they print, run from the top folder.
Those fenced as ```sh that begin with a comment are the paths of users, run in a fresh folder.
UPDATE=1 writes their output anew: then read `git diff`.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/judge"))

import program
from tap import Tap

README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
PLANNER = pathlib.Path(program.PLANNER)
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)

tap = Tap()
that = tap.that


def run(command):
    """What COMMAND prints, as a terminal's user sees it but for width and colour."""
    env = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    env |= {"LC_ALL": "C.UTF-8", "PATH": f"{PLANNER.parent}:{os.environ['PATH']}"}
    text = command.replace("build/", f"{shlex.quote(str(PLANNER.parent.parent))}/")
    done = subprocess.run(["sh", "-c", text], cwd=ROOT, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=60)
    shown = done.stdout.replace(f"{PLANNER.parent.parent}/", "build/")
    # The number of rules changes with each new rule.
    return re.sub(r"\b\d+ rules passed", "90 rules passed", shown)


def parts(block):
    """[command, what the block shows] of each command in BLOCK."""
    found = []
    for line in block.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append([line[2:].rstrip("\n"), ""])
        else:
            found[-1][1] += line
    return found


def renew(match):
    return "```console\n" + "\n".join(f"$ {command}\n{run(command)}" for command, _ in
                                      parts(match[1])) + "```"


text = README.read_text(encoding="utf-8")
if os.environ.get("UPDATE"):
    text = BLOCK.sub(renew, text)
    README.write_text(text, encoding="utf-8")

shown = [part for block in BLOCK.findall(text) for part in parts(block)]
that("it has a worked example", [] if shown else ["no ```console block"])
for command, output in shown:
    actual, wanted = run(command).splitlines(), output.rstrip("\n").splitlines()
    that(f"it shows what `{command}` prints",
         [f"line {n}: shown '{a}', printed '{b}'" for n, (a, b) in
          enumerate(zip(wanted, actual), 1) if a != b]
         + ([f"{len(wanted)} lines shown, {len(actual)} printed"]
            if len(wanted) != len(actual) else []))


# The paths: blocks of commands without output, each run in a folder of its own that has what a user would have.

def fresh(folder):
    """A host's topology, a capture of it, a list of nodes and of VMs, in FOLDER."""
    cases = ROOT / "tests/cases/fleet"
    shutil.copy(ROOT / "tests/hosts/x6.xml", folder)
    node = (cases / "half.ini").read_text(encoding="utf-8").replace("[node]\n", "[node]\nname = x6-0043\n")
    (folder / "x6-0043.ini").write_text(node, encoding="utf-8")
    (folder / "rack.jsonl").write_text('{"inventory": "x6-0043.ini", "topology": "x6.xml"}\n', encoding="utf-8")
    (folder / "vms.csv").write_text("VM;vCPUs;Memory\r\nbatch;16;32G\r\nedge;4;8G\r\n", encoding="utf-8")
    with tarfile.open(ROOT / "tests/hosts/captured-x6.tar.xz") as captures:
        (folder / "node.tar").write_bytes(captures.extractfile("clean.tar").read())


def walk(block, folder):
    """What is wrong with the commands of BLOCK, run one after the other in FOLDER."""
    env = {**os.environ, "LC_ALL": "C.UTF-8", "PATH": f"{PLANNER.parent}:{os.environ['PATH']}"}
    for line in block.splitlines()[1:]:
        command, _, comment = line.partition("#")
        if comment.startswith(" on the host:"):
            words = command.split()
            if words[0] == "sh" and not (folder / words[1]).exists():
                return [f"{words[1]} is not there"]
            continue
        done = subprocess.run(["sh", "-c", command], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False)
        if done.returncode not in (0, 1) or (done.returncode and not re.search("check|diff", command)):
            return [f"{command}: status {done.returncode}", done.stderr]
    return []


walks = [block for block in re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S) if block.startswith("# ")]
that("it has the three paths", [] if len(walks) == 3 else [f"{len(walks)} blocks"])
for block in walks:
    with tempfile.TemporaryDirectory() as folder:
        fresh(pathlib.Path(folder))
        that(f"its path can be walked: {block.splitlines()[0][2:]}", walk(block, pathlib.Path(folder)))
links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
paths = re.findall(r"^\| `([\w./-]+)` \|", text, re.M)
that("its paths exist", [path for path in links + paths if not (ROOT / path).exists()])
folders = {f"{path.name}/" for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "."
           and not path.name.startswith("build")}
that("its map has every folder", sorted(folders - set(paths)))
text += CONTRIBUTING.read_text(encoding="utf-8")
targets = set(re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text(), re.M))
that("its make targets exist, and those of CONTRIBUTING.md", sorted(set(re.findall(r"^make ([a-z][a-z0-9-]*)", text, re.M)) - targets))

sys.exit(tap.done())
