#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A machine that has no more: many runs at once, little of each resource, an allocation that fails.

The answer is the one of a quiet machine, or exit 2 with a word why; nothing is left behind. (A
libvirtd that hangs or goes: tests/facts.t.)
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

from program import PLANNER, UTF8, run
from tap import Tap

INVENTORY = os.path.join(HERE, "cases", "check-faults", "inventory.ini")
TOPOLOGY = "pack:2 [numa(memory=68719476736)] l3:1 core:6 pu:2(indexes=2*12:12*1)"
LIMITS = (("NOFILE", 5), ("NOFILE", 8), ("NOFILE", 16), ("NPROC", 1), ("STACK", 1 << 16), ("FSIZE", 0),
          ("MEMLOCK", 0), ("AS", 400 << 20))
LARGE = 8192  # bytes


def copies():
    """Private copies of captures, planner-copy-PID-…, whose process has ended: others run beside this test."""
    return {name for place in ("/dev/shm", tempfile.gettempdir()) if os.path.isdir(place)
            for name in os.listdir(place) if name.startswith("planner-copy-") and
            not os.path.exists(f"/proc/{name.split('-')[2]}")}


def check_at_once(tap, number, words):
    quiet = run(PLANNER, *words)
    runs = [subprocess.Popen([PLANNER, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=UTF8,
                             encoding="utf-8") for _ in range(number)]
    answers = {(*one.communicate(timeout=120), one.returncode) for one in runs}
    tap.ok(answers == {(quiet.stdout, quiet.stderr, quiet.returncode)},
           f"{number} runs at once say what one says", len(answers), *list(answers)[:2])


def sanitized():
    with open(PLANNER, "rb") as file:
        return b"__asan_init" in file.read()


def check_limits(tap, words, quiet):
    for name, value in LIMITS:
        if name == "AS" and sanitized():
            tap.skip(f"{name} {value}", "a sanitizer's shadow is larger")
            continue
        number = getattr(resource, f"RLIMIT_{name}")
        done = run(PLANNER, *words, preexec_fn=lambda: resource.setrlimit(number, (value, value)))
        same = (done.stdout, done.returncode) == (quiet.stdout, quiet.returncode)
        told = done.returncode in (0, 1, 2) and any(
            word in done.stdout + done.stderr for word in ("Too many open files", "File too large"))
        tap.ok(same or told, f"{name} {value}: the answer, or what is missing", done.returncode,
               done.stdout[-300:], done.stderr[-300:])


class Memory:
    """Runs in which one allocation fails."""

    def __init__(self, folder):
        self.shim, self.told = os.path.join(folder, "memory.so"), os.path.join(folder, "told")
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        self.built = compiler and not sanitized() and run(compiler, "-shared", "-fPIC", "-O1", "-o", self.shim, os.path.join(
            HERE, "faults", "memory.c")).returncode == 0

    def failed(self, words, number, least):
        """Of the NUMBERth allocation of LEAST bytes or more; None where there are less."""
        done = subprocess.run([PLANNER, *words], capture_output=True, encoding="utf-8", timeout=60, env=dict(
            UTF8, LD_PRELOAD=self.shim, FAULT_AT=str(number), FAULT_LEAST=str(least), FAULT_TOLD=self.told))
        if not os.path.exists(self.told):
            return None
        os.unlink(self.told)
        return done


def told_only(done):
    """It could not run, and says so in one line."""
    return done.returncode == 2 and done.stderr.count("\n") == 1 and not done.stdout


def check_memory(tap, memory, words, quiet):
    """Each large allocation fails once."""
    if not memory.built:
        tap.skip("allocations fail", "no library of faults")
        return
    wrong, failed = [], 0
    for number in range(1, 30):
        done = memory.failed(words, number, LARGE)
        if not done:
            break
        if "process:" in done.stderr:  # GLib's own, before the program begins
            continue
        failed += done.returncode == 2
        if not ((done.stdout, done.returncode) == (quiet.stdout, quiet.returncode) or
                "could not be judged" in done.stdout or  # a source is missing, and that is said
                told_only(done)):
            wrong.append(f"allocation {number}: {done.returncode} {done.stderr[-200:]!r} {done.stdout[-200:]!r}")
    tap.ok(failed and not wrong, f"{' '.join(words[:1])}: {number} times an allocation fails", failed, *wrong)


def check_small(tap, memory, words, quiet):
    """Some of the small ones fail. hwloc takes them for granted, and crashes; but nobody prints what is not so."""
    if not memory.built:
        return
    wrong, told = [], 0
    for number in range(200, 100000, 61):  # GLib's own come first, before the program begins
        done = memory.failed(words, number, 1)
        if not done:
            break
        told += told_only(done)
        crashed = done.returncode < 0 and not done.stdout
        if not (crashed or told_only(done) or (done.stdout, done.returncode) == (quiet.stdout, quiet.returncode)):
            wrong.append(f"allocation {number}: {done.returncode} {done.stderr[-200:]!r} {done.stdout[-200:]!r}")
    tap.ok(told > 10 and not wrong, f"{' '.join(words[:1])}: small allocations fail, and nothing false is printed", told, *wrong)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        plan, root = os.path.join(folder, "plan.json"), os.path.join(folder, "node")
        snapshot = os.path.join(folder, "node.tar")
        run(PLANNER, "plan", "-i", INVENTORY, "-t", TOPOLOGY, "-o", plan)
        run(sys.executable, os.path.join(HERE, "hosts", "make-node.py"), plan, root)
        run(PLANNER, "snapshot", "-r", root, "-o", snapshot)
        before = copies()
        words = ["check", "-r", root, "-p", plan, "-v"]
        quiet = run(PLANNER, *words)
        tap.ok(quiet.returncode in (0, 1) and "rules passed" in quiet.stdout, "a quiet machine", quiet.stdout[-300:])
        check_at_once(tap, 20, words)
        check_at_once(tap, 80, ["check", "-r", snapshot, "-p", plan])
        check_limits(tap, words, quiet)
        memory = Memory(folder)
        for words in (["check", "-r", snapshot, "-p", plan], ["plan", "--json", "-i", INVENTORY, "-t", TOPOLOGY]):
            check_memory(tap, memory, words, run(PLANNER, *words))
        check_small(tap, memory, words, run(PLANNER, *words))
        tap.ok(copies() <= before, "and no copy of a capture is left", copies() - before)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
