#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
What planner writes is whole: every call that changes files fails once, and kills the program once;
several write at once; signals come at any time. After each, what is there is the old, the new, or a
tree that the same command completes.

To add a command that writes a file: its line in SAVERS.
"""

import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

from program import PLANNER, UTF8, run
from tap import Tap

HOST = ["-t", "pack:2 [numa(memory=8589934592)] core:4 pu:2"]
INVENTORY = """[node]
name = {name}
[host]
cores-per-node = {cores}
[vm a]
vcpus = 2
memory = 1G
[vm b]
vcpus = 2
memory = 1G
"""
# A few kinds: two VMs in one folder, folders on several levels.
KINDS = {"grub", "domain", "plan", "undo", "index"}
FIRST = ["/etc/planner/undo.sh", "/etc/planner/INDEX"]
UNDO = "sh /etc/planner/undo.sh"
LIMIT = 400  # more calls than one run makes
# What is synced at each step is fast in memory.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
# command → how it makes a file of the plan or the node NAME.
SAVERS = {"plan": lambda work, name: ["plan", *work.inputs[name]],
          "diff": lambda work, name: ["diff", work.inis["old" if name == "new" else "new"], work.inis[name], *HOST],
          "adopt": lambda work, name: ["adopt", "-r", work.nodes[name]],
          "check": lambda work, name: ["check", "--format", "json", "-r", work.nodes[name], *work.inputs[name]],
          "snapshot": lambda work, name: ["snapshot", "-r", work.nodes[name]]}


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def read(path):
    with open(path, "rb") as file:
        return file.read()


def files_of(tree):
    """path on the node → (inode, bytes)."""
    found = {}
    for folder, _, names in os.walk(tree):
        for name in names:
            path = os.path.join(folder, name)
            found["/" + os.path.relpath(path, tree)] = (os.stat(path).st_ino, read(path))
    return found


def texts_of(tree):
    return {path: text for path, (_, text) in files_of(tree).items()}


def hidden(paths):
    return [path for path in paths if os.path.basename(path).startswith(".")]


class Work:
    """Two plans of one node, the command that writes the tree of each, and the library of faults."""

    def __init__(self, folder, scratch):
        self.folder, self.shim = folder, os.path.join(scratch, "faults.so")
        self.told = os.path.join(folder, "told")
        names = run(PLANNER, "emit", "--list-names").stdout.split()
        skip = ",".join(name for name in names if name not in KINDS)
        self.inis = {name: write(folder, f"{name}.ini", INVENTORY.format(name=name, cores=cores))
                     for name, cores in (("old", 1), ("new", 2))}
        self.inputs = {name: ["-i", ini, *HOST] for name, ini in self.inis.items()}
        self.nodes = {name: self.node(name) for name in self.inis}
        self.emits = {name: ["emit", "--all", "--skip", skip, *inputs] for name, inputs in self.inputs.items()}

    def node(self, name):
        """A captured node that has little."""
        root = os.path.join(self.folder, f"node-{name}")
        for path in ("planner", "proc"):
            os.makedirs(os.path.join(root, path))
        shutil.copy(os.path.join(HERE, "hosts", "small-1s2c.xml"), os.path.join(root, "planner/topology.xml"))
        write(root, "proc/cmdline", "quiet isolcpus=1\n" if name == "new" else "quiet\n")
        return root

    def build(self):
        """Why there is no library of faults; None where there is."""
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if not compiler:
            return "no C compiler"
        done = run(compiler, "-shared", "-fPIC", "-O1", "-o", self.shim, os.path.join(HERE, "faults", "faults.c"))
        return done.stderr or None

    def faulty(self, below, number, code, *words):
        """(the call that failed or None, the result of planner WORDS)."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.told)
        options = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0")))
        done = subprocess.run([PLANNER, *words], capture_output=True, encoding="utf-8", timeout=60, env=dict(
            UTF8, LD_PRELOAD=self.shim, FAULT_BELOW=below, FAULT_AT=str(number), FAULT_ERRNO=str(code),
            FAULT_TOLD=self.told, ASAN_OPTIONS=options))
        with contextlib.suppress(FileNotFoundError):
            return read(self.told).decode(), done
        return None, done


def judge_tree(before, after, done, want, killed):
    """Problems of a tree after a run in which one call failed."""
    shown = {path: text for path, (_, text) in after.items() if path not in hidden(after)}
    placed = [path for path in shown if path not in before or before[path][0] != after[path][0]]
    wrong = [path for path in shown if shown[path] != (want if path in placed else
                                                       {p: t for p, (_, t) in before.items()}).get(path)]
    problems = [f"{path} is neither old nor new" for path in wrong]
    problems += [f"{path} is gone" for path in before if path not in after]
    if placed and not set(FIRST) >= set(placed) and not set(placed) >= set(FIRST):
        problems.append(f"without undo.sh and INDEX: {placed}")
    if killed:
        return problems
    if done.returncode == 0 and shown != want:
        problems.append("success, and the tree is not the new one")
    if done.returncode == 2 and done.stderr.count("\n") != 1:
        problems.append(f"not one line: {done.stderr}")
    if done.returncode == 2 and placed:
        said = f"{len(placed)} of {len(want)} files are in place"
        if said not in done.stderr or "run this command again" not in done.stderr or UNDO not in done.stderr:
            problems.append(f"does not say '{said}': {done.stderr}")
    if done.returncode not in (0, 2):
        problems.append(f"status {done.returncode}: {done.stderr}")
    if done.returncode == 2:
        listed = [line for line in done.stdout.splitlines() if line]
        if sorted(placed) != sorted("/" + line.split("/tree/", 1)[1] for line in listed):
            problems.append(f"{placed} in place, {listed} printed")
    return problems


def check_faults(tap, work, start, code):
    """Each call fails, or kills, from the tree START (None: no tree)."""
    killed, tree = code == 0, os.path.join(work.folder, "tree")
    name = f"{'kill' if killed else errno.errorcode[code]} at each call, {'over a tree' if start else 'from none'}"
    want, problems, calls, outcomes = texts_of(os.path.join(work.folder, "new")), [], [], set()
    for number in range(1, LIMIT):
        shutil.rmtree(tree, ignore_errors=True)
        if start:
            shutil.copytree(start, tree)
        before = files_of(tree)
        call, done = work.faulty(tree, number, code, *work.emits["new"], "-d", tree)
        if not call:
            break
        calls.append(call)
        after = files_of(tree)
        problems += [f"{call} {number}: {why}" for why in judge_tree(before, after, done, want, killed)]
        new = sum(after.get(path, (0, b""))[1] == text for path, text in want.items())
        outcomes.add("new" if new == len(want) else "mixed" if new else "old")
        again = run(PLANNER, *work.emits["new"], "-d", tree)
        if again.returncode or texts_of(tree) != want:
            problems.append(f"{call} {number}: the same command does not complete it: {again.stderr}"
                            f"{sorted(set(texts_of(tree)) ^ set(want))}")
    tap.that(f"{name}: old, new, or completed by the same command ({len(calls)} calls)", problems[:20])
    reached = {"open", "mkdirat", "write", "fsync", "fchmod", "flock", "renameat", "unlinkat"}
    tap.ok(len(calls) < LIMIT - 1 and reached - {"mkdirat"} <= set(calls) and
           outcomes == {"old", "mixed", "new"}, f"{name}: all kinds of calls and outcomes came", calls, outcomes)
    return calls


def check_undo(tap, work, calls):
    """Killed in the middle, a tree is undone by its own script, with what was left aside."""
    tree, left = os.path.join(work.folder, "tree"), []
    tools = os.path.join(work.folder, "tools")  # the script finds nothing else of this machine
    os.mkdir(tools)
    os.symlink(shutil.which("rm"), os.path.join(tools, "rm"))
    moves = [number for number, call in enumerate(calls, 1) if call == "renameat"]
    for number in moves[1:]:
        shutil.rmtree(tree, ignore_errors=True)
        work.faulty(tree, number, 0, *work.emits["new"], "-d", tree)
        text = read(os.path.join(tree, "etc/planner/undo.sh")).decode().replace("'/etc/", f"'{tree}/etc/")
        script = write(work.folder, "undo.sh", text)
        done = subprocess.run(["/bin/sh", script], capture_output=True, text=True, env={"PATH": tools})
        left += [f"{number}: {path}" for path in files_of(tree)] + done.stderr.splitlines()
    tap.that(f"killed in the middle ({len(moves) - 1} times), undo.sh removes everything", left)


def check_writers(tap, work):
    """Some at once: each succeeds or says who is before it; the tree is whole."""
    tree, want = os.path.join(work.folder, "shared"), {n: texts_of(os.path.join(work.folder, n))
                                                       for n in ("old", "new")}
    problems, refused = [], 0
    for turn in range(10):
        names = ["old", "new", "new"]
        started = [subprocess.Popen([PLANNER, *work.emits[name], "-d", tree], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.PIPE, text=True, env=UTF8) for name in names]
        for one in started:
            words = one.communicate(timeout=60)[1]
            refused += one.returncode == 2
            if one.returncode and ("another planner writes this tree" not in words or "again" not in words):
                problems.append(f"{turn}: status {one.returncode}: {words}")
        if texts_of(tree) not in want.values():
            problems.append(f"{turn}: the tree is neither plan's")
        if all(one.returncode for one in started):
            problems.append(f"{turn}: none succeeded")
    tap.that(f"three writers at once, ten times ({refused} refused): the tree is one plan's", problems)
    lock = os.path.join(tree, "etc/planner/.lock")
    with subprocess.Popen(["flock", lock, "sh", "-c", "echo held; read end"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        before = files_of(tree)
        done = run(PLANNER, *work.emits["old"], "-d", tree, timeout=10)
        tap.ok(done.returncode == 2 and lock in done.stderr and "wait until" in done.stderr and
               not done.stdout and files_of(tree) == before, "a lock that is held is not waited for", done.stderr)
        holder.communicate()
    done = run(PLANNER, *work.emits["old"], "-d", tree)
    tap.ok(done.returncode == 0 and not hidden(files_of(tree)), "its file, left behind, is taken over and removed",
           done.stderr, files_of(tree))


def check_obstacle(tap, work):
    """What can be known before the first file is in place, is."""
    tree = os.path.join(work.folder, "obstacle")
    os.makedirs(os.path.join(tree, "etc/planner/plan.json"))
    done = run(PLANNER, *work.emits["new"], "-d", tree)
    tap.ok(done.returncode == 2 and "plan.json: Is a directory" in done.stderr and not files_of(tree),
           "a folder in a file's place: nothing is written", done.stderr, files_of(tree))


def check_signals(tap, work):
    """A signal leaves the old or the new tree, nothing between, and nothing aside."""
    tree, problems, ended = os.path.join(work.folder, "tree"), [], 0
    whole = [texts_of(os.path.join(work.folder, name)) for name in ("old", "new")]
    for turn in range(30):
        shutil.rmtree(tree, ignore_errors=True)
        shutil.copytree(os.path.join(work.folder, "old"), tree)
        number = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[turn % 3]
        with subprocess.Popen([PLANNER, *work.emits["new"], "-d", tree], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, env=UTF8) as one:
            deadline = time.monotonic() + 10
            while one.poll() is None and time.monotonic() < deadline and turn % 5 and \
                    not os.path.exists(os.path.join(tree, "etc/planner/.lock")):
                pass
            time.sleep(turn % 7 * 0.001)
            one.send_signal(number)
            ended += one.wait(timeout=10) == -number
        if texts_of(tree) not in whole:
            problems.append(f"{number.name}: {sorted(files_of(tree))}")
    tap.that("signals leave the old tree or the new one", problems)
    tap.ok(ended, "signals end the program", ended)


def check_fleet_signals(tap, work):
    """The same of a folder of nodes, each of which was planned in a thread that is still there."""
    out, nodes = os.path.join(work.folder, "out"), []
    for number in range(40):
        ini = write(work.folder, f"n{number}.ini", f"[node]\nname = n{number}\n[vm a]\nvcpus = 2\nmemory = 1G\n")
        nodes.append(json.dumps({"inventory": ini, "topology": HOST[1]}))
    fleet = write(work.folder, "fleet.jsonl", "\n".join(nodes))
    requests = write(work.folder, "requests", '{"id": "new", "vcpus": 2, "memory": "1G"}\n')
    words = [PLANNER, "fit", "--fleet", fleet, "--place", requests, "--threads", "2", "-d", out]
    done = run(*words)
    whole, problems = len(files_of(out)), []
    tap.ok(done.returncode == 0 and whole == 81, "fit --place -d writes a fleet", done.stderr, whole)
    for turn in range(12):
        shutil.rmtree(out, ignore_errors=True)
        number = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[turn % 3]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=UTF8) as one:
            while one.poll() is None and not (os.path.isdir(out) and len(os.listdir(out)) > turn * 3):
                pass
            for _ in range(2):
                one.send_signal(number)
            one.wait(timeout=10)
        left = files_of(out)
        if len(left) not in (0, whole) or hidden(left):
            problems.append(f"{number.name}: {len(left)} of {whole}")
    tap.that("signals leave all nodes of a fleet or none", problems)


def saved(work, command):
    """A folder of its own, and what COMMAND writes of each plan."""
    folder = os.path.join(work.folder, command)
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    texts = {}
    for name in ("new", "old"):
        run(PLANNER, *SAVERS[command](work, name), "-o", os.path.join(folder, "file"))
        texts[name] = read(os.path.join(folder, "file"))
    return folder, texts


def check_savers(tap, work, command):
    """Some writers of one file: all succeed, and it is one's."""
    folder, texts = saved(work, command)
    tap.ok(texts["old"] != texts["new"], f"{command} -o replaces a file", texts)
    problems = []
    for _ in range(3):
        names = ["old", "new"] * 2
        started = [subprocess.Popen([PLANNER, *SAVERS[command](work, name), "-o", os.path.join(folder, "file")],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=UTF8)
                   for name in names]
        for one in started:
            words = one.communicate(timeout=60)[1]
            problems += [words] if one.returncode not in (0, 1) else []
        if os.listdir(folder) != ["file"] or read(os.path.join(folder, "file")) not in texts.values():
            problems.append(f"{os.listdir(folder)}")
    tap.that(f"{command} -o: four writers at once", problems)


def check_saver(tap, work, command):
    """Each call fails, or kills: the file is the old or the new one."""
    folder, texts = saved(work, command)
    file, problems, calls = os.path.join(folder, "file"), [], []
    for code in (errno.ENOSPC, 0):
        for number in range(1, LIMIT):
            write(folder, "file", texts["old"].decode())
            call, done = work.faulty(folder, number, code, *SAVERS[command](work, "new"), "-o", file)
            if not call:
                break
            calls.append(call)
            bad = [path for path in os.listdir(folder) if path != "file"]
            state = next((name for name, text in texts.items() if text == read(file)), "neither")
            refused = done.returncode == 2 and "file: No space left" in done.stderr
            if state == "neither" or (code and (bad or refused != (state == "old"))):
                problems.append(f"{call} {number}: {state}, status {done.returncode}, {bad}, {done.stderr}")
            for path in bad:
                os.unlink(os.path.join(folder, path))
    tap.that(f"{command} -o: after a fault or a kill at each call the old or the new file", problems)
    tap.ok({"open", "write", "fsync", "rename"} <= set(calls), f"{command} -o: all kinds of calls came", calls)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        work = Work(folder, scratch)
        for name, words in work.emits.items():
            done = run(PLANNER, *words, "-d", os.path.join(folder, name))
            tap.ok(done.returncode == 0 and not hidden(files_of(os.path.join(folder, name))),
                   f"emit -d of the {name} plan", done.stderr)
        check_writers(tap, work)
        check_obstacle(tap, work)
        check_signals(tap, work)
        check_fleet_signals(tap, work)
        for command in SAVERS:
            check_savers(tap, work, command)
        reason = work.build()
        if reason:
            tap.skip("faults at each call", reason)
            return tap.done()
        old = os.path.join(folder, "old")
        check_faults(tap, work, old, errno.ENOSPC)
        check_faults(tap, work, old, 0)
        check_undo(tap, work, check_faults(tap, work, None, 0))
        for command in SAVERS:
            check_saver(tap, work, command)
    return tap.done()


sys.exit(main())
