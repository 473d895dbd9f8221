#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# timeout: 900 seconds
"""What of a node could not be read, or is damaged, is never passed over by check, nor made up.

One file at a time of constructed nodes and of a real capture is emptied, filled with garbage, cut
in the middle, made a directory, a FIFO, a link out of the root, or unreadable. check must end in
time and without a crash; and where the file is one that shows a fault, the finding must stay or
become an unknown: less is never found in silence. Nor is more found: of a node without a fault one
file of each kind is taken away, emptied, cut and garbled, and nothing is wrong with it, whatever is
not known. ALL=1 takes every file, otherwise some are.
"""

import collections
import filecmp
import json
import os
import re
import signal
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

from tap import Tap

PLANNER = os.environ.get("PLANNER", os.path.join(HERE, "..", "build", "bin", "planner"))
MAKE_NODE = os.path.join(HERE, "hosts", "make-node.py")
INVENTORY = os.path.join(HERE, "cases", "check-faults", "inventory.ini")
TOPOLOGY = "pack:2 [numa(memory=68719476736)] l3:1 core:6 pu:2(indexes=2*12:12*1)"
SMALL = os.path.join(HERE, "e2e", "small", "inventory.ini")
SMALL_TOPOLOGY = "pack:2 [numa(memory=536870912)] l3:1 core:2 pu:2(indexes=0,4,1,5,2,6,3,7)"
CAPTURE = os.path.join(HERE, "hosts", "booted", "clean.tar.xz")
ALL = "ALL" in os.environ
NOBODY = 65534
GARBAGE = bytes(range(255, 127, -1)) + b"\0\n" + bytes(range(0, 128))


def gone(path, _):
    os.remove(path)


def emptied(path, _):
    open(path, "wb").close()


def filled(path, _):
    with open(path, "wb") as file:
        file.write(GARBAGE)


def cut(path, content):
    with open(path, "wb") as file:
        file.write(content[:len(content) // 2])


def directory(path, _):
    os.remove(path)
    os.mkdir(path)


def fifo(path, _):
    os.remove(path)
    os.mkfifo(path)


def link(path, _):
    os.remove(path)
    os.symlink("../" * 40 + "etc/hostname", path)


def refused(path, _):
    os.chmod(path, 0)


MODES = [emptied, filled, cut, directory, fifo, link, refused]
# Nobody can tell these from what may stand there: files of administrators that are empty, or end early, and a log's.
FINE = {("etc/default/irqbalance", emptied), ("etc/tuned/active_profile", emptied), ("etc/tuned/active_profile", cut),
        ("etc/systemd/system.conf", emptied), ("etc/systemd/system.conf", cut), ("etc/default/irqbalance", cut),
        ("var/log/libvirt/qemu/dN.log", emptied), ("var/log/libvirt/qemu/dN.log", cut)}
# What no rule may read as a thread or an interrupt of another kind.
MISTAKEN = ["proc/102/task/102/stat", "proc/irq/25/effective_affinity_list"]
# Of what a machine cannot lack, by the fault that is lost with it.
NEEDED = [("live-differs", "planner/domains/d1.xml"), ("pin-differs", "planner/domains/live/d1.xml"),
          ("pin-differs", "planner/domains/list.json"), ("irq-on-isolated", "proc/interrupts"),
          ("idle-limit", "proc/cmdline"), ("isolcpus-refused", "proc/1/environ")]


def restore(path, content):
    if os.path.isdir(path) and not os.path.islink(path):
        os.rmdir(path)
    elif os.path.lexists(path):
        os.remove(path)
    with open(path, "wb") as file:
        file.write(content)


def run(*words, env=None, **more):
    return subprocess.run(words, capture_output=True, timeout=60, check=False,
                          env=dict(env or os.environ, LC_ALL="C.UTF-8"), **more)


class Outcome:
    """Findings by rule and subject, and the unknown ones. PLAN: None = none."""

    program = None  # a copy where everybody may go

    def __init__(self, root, plan):
        who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        of = ["-p", plan] if plan else []
        done = run(self.program, "check", "-r", root, *of, "--json", **who)
        self.status, self.stderr = done.returncode, done.stderr.decode("utf-8", "replace")
        said = json.loads(done.stdout)["findings"] if self.status in (0, 1) else []
        self.found, self.unknown = set(), set()
        for finding in said:
            where = self.unknown if finding["verdict"] == "unknown" else self.found
            where.add((finding["id"], finding["subject"], finding["text"]))

    def holds(self):
        """Are the findings by rule and subject."""
        return {finding[:2] for finding in self.found}


def trouble(before, after):
    """What is wrong with AFTER, one file of BEFORE being damaged."""
    if after.status not in (0, 1):
        one_line = after.stderr.count("\n") == 1
        return "" if after.status == 2 and one_line else f"status {after.status}: {after.stderr}"
    lost = before.holds() - after.holds()
    if lost and not after.unknown - before.unknown:
        return f"lost in silence: {sorted(lost)}"
    # Of what has a fault it may be found elsewhere, as a thread that no XML speaks of any more.
    had = {subject for _, subject in before.holds()}
    made_up = [found for found in after.holds() - before.holds() if found[1] not in had]
    return f"made up: {sorted(made_up)}" if made_up else ""


def files_of(root):
    for folder, _, names in os.walk(root):
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root)


def kind(path):
    return re.sub(r"\d+", "N", path)


def sample(paths, most):
    """Some of each kind: the first, and so on."""
    kinds = collections.defaultdict(list)
    for path in sorted(paths):
        kinds[kind(path)].append(path)
    return [path for some in kinds.values() for path in (some if ALL else some[:most])]


def damage(root, plan, before, path, mode):
    full = os.path.join(root, path)
    with open(full, "rb") as file:
        content = file.read()
    mode(full, content)
    try:
        why = trouble(before, Outcome(root, plan))
    except subprocess.TimeoutExpired:
        why = "hangs"
    restore(full, content)
    return f"{path} {mode.__name__}: {why}" if why and (kind(path), mode) not in FINE else ""


def made(folder, plan, name):
    root = os.path.join(folder, name or "clean")
    faults = ["--fault", name] if name else []
    done = run(sys.executable, MAKE_NODE, plan, root, *faults)
    assert done.returncode == 0, done.stderr
    return root


def shows(clean, root):
    """The files that a fault is in."""
    for path in files_of(root):
        other = os.path.join(clean, path)
        if not os.path.exists(other) or not filecmp.cmp(other, os.path.join(root, path), shallow=False):
            yield path


def check_faults(tap, folder, plan):
    clean = made(folder, plan, "")
    names = [line.split()[0] for line in run(sys.executable, MAKE_NODE, "--list-faults").stdout.decode().splitlines()]
    step = 0
    for name in names:
        if name == "unread":
            continue
        root = made(folder, plan, name)
        before = Outcome(root, plan)
        wrong = []
        for path in sample(shows(clean, root), 1)[:None if ALL else 2]:
            step += 1
            modes = MODES if ALL else [MODES[step % len(MODES)]]
            wrong += filter(None, (damage(root, plan, before, path, mode) for mode in modes))
        tap.ok(not wrong, f"{name}: damaged, what shows it is not passed over", *wrong)


def check_needed(tap, folder, plan):
    for name, path in NEEDED:
        root = os.path.join(folder, name)
        before = Outcome(root, plan)
        os.rename(os.path.join(root, path), os.path.join(root, "kept"))
        after = Outcome(root, plan)
        os.rename(os.path.join(root, "kept"), os.path.join(root, path))
        tap.ok(after.unknown - before.unknown and not trouble(before, after), f"{path} is not there: not known",
               after.unknown)


def archived(root):
    archive = root + ".tar"
    done = run("tar", "-cf", archive, "-C", root, ".")
    assert done.returncode == 0, done.stderr
    return archive


def check_link(tap, folder, plan):
    """What is behind a link out of a capture is not known, be it the file's or one of a folder above it; what is
    behind one in it is read. It is so of an archive of it, too."""
    root, path = os.path.join(folder, "cpupm-refused"), "var/log/libvirt/qemu/d1.log"
    before = Outcome(root, plan)
    for which in (path, os.path.dirname(path), "var/log/libvirt"):
        full, kept = os.path.join(root, which), os.path.join(root, "kept")
        os.rename(full, kept)
        os.symlink("/srv/elsewhere", full)
        for name in (root, archived(root)):
            after = Outcome(name, plan)
            found = {rule for rule, _, _ in after.unknown - before.unknown}
            tap.ok("cpu-pm.not-effective" in found and not trouble(before, after),
                   f"{os.path.basename(name)}: what {which} leads out of it with is not judged", found, after.stderr)
        os.remove(full)
        os.symlink("/kept", full)
        for name in (root, archived(root)):
            after = Outcome(name, plan)
            tap.ok(after.found == before.found and after.unknown == before.unknown,
                   f"{os.path.basename(name)}: a link in it to {which} is followed", after.found ^ before.found,
                   after.unknown ^ before.unknown, after.stderr)
        os.remove(full)
        os.rename(kept, full)


def check_all(tap, name, root, plan):
    before = Outcome(root, plan)
    tap.ok(before.status in (0, 1), f"{name}: is checked", before.stderr)
    wrong, n = [], 0
    for step, path in enumerate(sample(files_of(root), 1)[::1 if ALL else 4]):
        for mode in MODES if ALL else [MODES[step % len(MODES)]]:
            n += 1
            wrong.append(damage(root, plan, before, path, mode))
    for path in MISTAKEN:
        for mode in (emptied, link) if os.path.exists(os.path.join(root, path)) else ():
            n += 1
            wrong.append(damage(root, plan, before, path, mode))
    wrong = [why for why in wrong if why]
    tap.ok(not wrong, f"{name}: {n} times a file is damaged, and never is less said", *wrong)


def check_made_up(tap, folder, plan):
    """A snapshot has the topology as one file, which is read at once."""
    root = os.path.join(folder, "snapshot")
    os.mkdir(root)
    run(PLANNER, "snapshot", "-r", os.path.join(folder, "clean"), "-o", root + ".tar")
    run("tar", "-xf", root + ".tar", "-C", root)
    for intent, name in ((plan, "against its plan"), (None, "by itself")):
        before = Outcome(root, intent)
        wrong, n = [], 0
        for path in sample(files_of(root), 1):
            for mode in (gone, emptied, cut, filled):
                n += 1
                wrong.append(damage(root, intent, before, path, mode))
        wrong = [why for why in wrong if why]
        tap.ok(n > 200 and not before.found and not wrong,
               f"{name}: {n} times a source is taken away, and nothing is made up", *wrong)


def check_left(tap, folder, plan):
    """What is copied for hwloc goes again, whatever ends the program."""
    root, scratch = os.path.join(folder, "clean"), os.path.join(folder, "scratch")
    words = [PLANNER, "check", "-r", root, "-p", plan]
    os.mkdir(scratch)

    def copies(pid):
        return [name for place in ("/dev/shm", scratch) if os.path.isdir(place)
                for name in os.listdir(place) if name.startswith(f"planner-copy-{pid}-")]

    left, seen = [], 0
    for step, number in enumerate((signal.SIGINT, signal.SIGTERM, signal.SIGHUP) * 5):
        with subprocess.Popen(words, env=dict(os.environ, TMPDIR=scratch), stdout=subprocess.DEVNULL) as child:
            deadline = time.monotonic() + 5
            while not copies(child.pid) and child.poll() is None and time.monotonic() < deadline:
                pass
            seen += bool(copies(child.pid))
            time.sleep(step * 0.001)
            child.send_signal(number)
        left += copies(child.pid)
    tap.ok(seen and not left, "15 times it is interrupted, and no copy is left", seen, left)
    nowhere = dict(os.environ, TMPDIR=os.path.join(folder, "nowhere"))
    tap.ok(run(*words, env=nowhere).stdout == run(*words).stdout or not os.path.isdir("/dev/shm"),
           "a TMPDIR that is not there is not needed")
    done = run("sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *words, "-v")
    tap.ok(done.returncode in (0, 1) and b"TMPDIR" in done.stdout, "where nothing can be written, that is named",
           done.stdout, done.stderr)


def planned(path, inventory, topology):
    with open(path, "wb") as file:
        file.write(run(PLANNER, "plan", "--json", "-i", inventory, "-t", topology).stdout)
    return path


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        Outcome.program = shutil.copy(PLANNER, folder)
        plan = planned(os.path.join(folder, "plan.json"), INVENTORY, TOPOLOGY)
        check_faults(tap, folder, plan)
        check_needed(tap, folder, plan)
        check_link(tap, folder, plan)
        check_made_up(tap, folder, plan)
        check_left(tap, folder, plan)
        check_all(tap, "a constructed node", os.path.join(folder, "clean"), plan)
        real = os.path.join(folder, "real")
        os.mkdir(real)
        run("tar", "-xJf", CAPTURE, "-C", real)
        check_all(tap, "a real one", real, planned(os.path.join(folder, "real.json"), SMALL, SMALL_TOPOLOGY))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
