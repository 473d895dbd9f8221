#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Facts as they really come: a constructed node and its snapshot, a libvirtd of our own with real QEMU
guests, threads that are moved, a guest, a daemon that hangs, one that is gone, a user without
rights. What planner saw is read from the snapshots it writes.
"""

import contextlib
import io
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

from libvirtd import libvirtd, restart, virsh
from program import PLANNER, UTF8
from tap import Tap

MAKE_NODE = os.path.join(HERE, "hosts", "make-node.py")
X6 = [os.path.join(HERE, "cases", "x6", "inventory.ini"), os.path.join(HERE, "hosts", "x6.xml")]
DOMAIN = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory>
<vcpu cpuset='0'>2</vcpu><iothreads>1</iothreads><cputune><vcpupin vcpu='0' cpuset='0'/>
<vcpupin vcpu='1' cpuset='0'/><emulatorpin cpuset='0'/></cputune>
<metadata><a xmlns='x'>hidden-secret</a></metadata><os><type arch='x86_64'>hvm</type></os></domain>"""
# Threads that sleep: the first argument says how many, the second on which CPU, the third on which the
# first 100 of them are.
SLEEPERS = """
import _thread, os, sys
count, home, isolated = map(int, sys.argv[1:])
_thread.stack_size(65536)
gate = _thread.allocate_lock()
gate.acquire()
for _ in range(count):
    _thread.start_new_thread(gate.acquire, ())
for number, tid in enumerate(sorted(map(int, os.listdir("/proc/self/task")))):
    os.sched_setaffinity(tid, {isolated if 1 <= number <= 100 else home})
print("ready", flush=True)
sys.stdin.read()
os._exit(0)
"""
NAMES = ["plain", "a&b ünï☃ --x"]


class Snapshot:
    """A snapshot file: its members and what planner said of what is not in it."""

    def __init__(self, *words, prefix=(), folder=None):
        self.file = os.path.join(folder, "node.tar")
        start = time.monotonic()
        run = subprocess.run([*prefix, PLANNER, "snapshot", "-o", self.file, *words],
                             capture_output=True, env=UTF8, encoding="utf-8", timeout=60)
        self.seconds, self.status, self.errors = time.monotonic() - start, run.returncode, run.stderr
        self.bytes, self.files = b"", {}
        if self.status == 0:
            with open(self.file, "rb") as file:
                self.bytes = file.read()
            with tarfile.open(fileobj=io.BytesIO(self.bytes)) as tar:
                for member in tar.getmembers():
                    if member.isfile():
                        self.files[member.name] = tar.extractfile(member).read().decode("utf-8", "replace")

    def domains(self):
        text = self.files.get("planner/domains/list.json", "{}")
        return {domain["name"]: domain for domain in json.loads(text).get("domains", [])}

    def allowed(self, pid, tid):
        status = self.files.get(f"proc/{pid}/task/{tid}/status", "")
        return status.partition("Cpus_allowed_list:\t")[2].partition("\n")[0]


def check_measured(tap, folder):
    """This machine, measured for a second: taken along, kept by a snapshot of the snapshot, judged by check."""
    first = Snapshot("--for", "1s", folder=folder)
    taken = json.loads(first.files.get("planner/measured.json", "{}"))
    tap.ok(taken.get("format") == "planner-measure/1" and taken.get("milliseconds", 0) >= 1000, "a measurement is taken along",
           first.errors)
    copy = os.path.join(folder, "measured.tar")
    os.rename(first.file, copy)
    tap.ok(Snapshot("-r", copy, folder=folder).bytes == first.bytes, "and kept by the snapshot of that")
    run = subprocess.run([PLANNER, "check", "-r", copy, "--json"], capture_output=True, env=UTF8, timeout=60)
    tap.ok("measured.interrupted" in json.dumps(json.loads(run.stdout or "{}").get("rules")), "and check judges it", run.stdout[-500:])


def check_node(tap, folder):
    """A constructed node, its snapshot, the snapshot of that: the same bytes."""
    plan, node = os.path.join(folder, "plan.json"), os.path.join(folder, "node")
    run = subprocess.run([PLANNER, "plan", "--json", "-i", X6[0], "-t", X6[1]], capture_output=True,
                         env=UTF8, timeout=60)
    with open(plan, "wb") as file:
        file.write(run.stdout)
    run = subprocess.run([MAKE_NODE, plan, node], capture_output=True, text=True, env=UTF8, timeout=60)
    if not tap.ok(run.returncode == 0, "a node made of the x6 plan", run.stderr):
        return
    first = Snapshot("-r", node, folder=folder)
    tap.ok(first.status == 0 and not first.errors, "a snapshot of it lacks nothing", first.errors)
    tap.ok(len(first.domains()) == 13, "it has the 13 domains")
    tap.ok(b"hidden" not in first.bytes, "it has no secret object of QEMU's")
    copy, out = os.path.join(folder, "copy.tar"), os.path.join(folder, "out")
    os.rename(first.file, copy)
    tap.ok(Snapshot("-r", copy, folder=folder).bytes == first.bytes, "its snapshot's snapshot is the same")
    with tarfile.open(copy) as tar:
        tar.extractall(out)
    tap.ok(Snapshot("-r", out, folder=folder).bytes == first.bytes, "and that of the extracted one")


def check_target(tap, folder):
    """What is no file is not replaced by one: whoever is root would lose /dev/null."""
    fifo = os.path.join(folder, "fifo")
    os.mkfifo(fifo)
    for target in (folder, fifo, "/dev/null"):
        run = subprocess.run([PLANNER, "snapshot", "-r", os.path.join(folder, "node"), "-o", target],
                             capture_output=True, env=UTF8, encoding="utf-8", timeout=60)
        tap.ok(run.returncode == 2 and "is not a regular file" in run.stderr,
               f"not written over: {os.path.basename(target)}", run.stderr)
    tap.ok(stat.S_ISCHR(os.stat("/dev/null").st_mode) and stat.S_ISFIFO(os.stat(fifo).st_mode),
           "and all is what it was")


def check_hostile(tap, folder):
    """Captures by somebody who means harm end in one line or in facts, soon."""
    with open(os.path.join(folder, "copy.tar"), "rb") as file:
        whole = file.read()
    broken = os.path.join(folder, "broken.tar")
    for what, data in (("cut short", whole[:len(whole) // 3]), ("empty", b""),
                       ("noise", os.urandom(4096)), ("text", b"hello\n" * 1000)):
        with open(broken, "wb") as file:
            file.write(data)
        shot = Snapshot("-r", broken, folder=folder)
        tap.ok(shot.status == 2 and shot.errors.count("\n") == 1, f"refused: a snapshot that is {what}",
               shot.errors)
    root = os.path.join(folder, "hostile")
    os.makedirs(os.path.join(root, "proc"))
    os.symlink("/etc/hostname", os.path.join(root, "proc", "cmdline"))
    os.symlink("/proc", os.path.join(root, "sys"))
    os.mkfifo(os.path.join(root, "proc", "interrupts"))
    shot = Snapshot("-r", root, folder=folder)
    tap.ok(shot.status == 0 and shot.seconds < 5 and "proc/cmdline" not in shot.files,
           "links out of the root lead nowhere, a FIFO holds nobody", shot.errors)


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def pid_of(folder, name):
    return int(read(os.path.join(folder, f"run/libvirt/qemu/run/{name}.pid")))


def start_guests(tap, uri, work):
    for name in NAMES:
        xml = os.path.join(work, "domain.xml")
        with open(xml, "w", encoding="utf-8") as file:
            file.write(DOMAIN.format(name=name.replace("&", "&amp;")))
        define = virsh(uri, "define", xml)
        start = virsh(uri, "start", "--", name)
        if not tap.ok(define.returncode == 0 == start.returncode, f"a guest: {name}", define.stderr,
                      start.stderr):
            return False
    return True


def vcpu_thread(pid, number):
    for tid in os.listdir(f"/proc/{pid}/task"):
        if read(f"/proc/{pid}/task/{tid}/comm").startswith(f"CPU {number}/"):
            return int(tid)
    return 0


def check_guests(tap, folder, uri, work):
    pid = pid_of(folder, "plain")
    tid = vcpu_thread(pid, 1)
    shot = Snapshot("-c", uri, folder=work)
    tap.ok(set(shot.domains()) == set(NAMES), "libvirt's domains are there", shot.errors)
    tap.ok(shot.domains().get("plain", {}).get("real") == ["0", "0"], "their real affinity, by libvirt")
    tap.ok("hidden-secret" not in "".join(shot.files.values()), "no metadata in a snapshot")
    tap.ok(shot.allowed(pid, tid) == "0", "their real affinity, by the kernel")
    if os.cpu_count() > 1:
        os.sched_setaffinity(tid, {1})
        shot = Snapshot("-c", uri, folder=work)
        tap.ok(shot.allowed(pid, tid) == "1" and shot.domains()["plain"]["real"] == ["0", "1"],
               "a thread that was moved is seen", shot.allowed(pid, tid), str(shot.domains()))
    else:
        tap.skip("a thread that was moved is seen", "one CPU")


def check_counters(tap, uri, work):
    """libvirt is asked for halt_exits only where that is wished; TCG has none to tell."""
    log = {}
    for words in ([], ["--counters"]):
        shot = Snapshot(*words, "-c", uri, folder=work)
        log[bool(words)] = shot
        tap.ok(shot.status == 0 and set(shot.domains()) == set(NAMES), f"counters: {words or 'not asked'}",
               shot.errors)
    asked = virsh(uri, "domstats", "--vcpu", "plain").stdout
    offered = re.findall(r"vcpu\.\d+\.halt_exits\.sum=(\d+)", asked)
    told = log[True].domains()["plain"].get("halt_exits")
    tap.ok((told is not None) == bool(offered), "counters: told where libvirt offers them", asked, told)
    tap.ok("halt_exits" not in log[False].domains()["plain"], "counters: not told where nobody asked")


def check_hangs(tap, folder, uri, work):
    pid, daemon = pid_of(folder, "plain"), int(read(os.path.join(folder, "pid")))
    os.kill(pid, signal.SIGSTOP)
    shot = Snapshot("-c", uri, folder=work)
    tap.ok(shot.seconds < 5 and set(shot.domains()) == set(NAMES), "a guest that hangs holds nobody",
           f"{shot.seconds:.1f} s", shot.errors)
    shot = Snapshot("--counters", "-c", uri, folder=work)
    os.kill(pid, signal.SIGCONT)
    tap.ok(shot.seconds < 15 and set(shot.domains()) == set(NAMES),
           "asked for counters it holds them, for the deadline at most", f"{shot.seconds:.1f} s", shot.errors)
    os.kill(daemon, signal.SIGSTOP)
    shot = Snapshot("-c", uri, folder=work)
    os.kill(daemon, signal.SIGCONT)
    tap.ok(9 < shot.seconds < 15 and "did not answer within 10 s" in shot.errors,
           "a daemon that hangs is given up", f"{shot.seconds:.1f} s", shot.errors)
    tap.ok("guest=plain" in shot.files.get(f"proc/{pid}/cmdline", ""),
           "its guests are known by their processes")
    check_moments(tap, folder, uri, work, signal.SIGSTOP)
    check_moments(tap, folder, uri, work, signal.SIGKILL)
    time.sleep(0.2)
    shot = Snapshot("-c", uri, folder=work)
    tap.ok(shot.status == 0 and shot.seconds < 5 and f"libvirt {uri}" in shot.errors,
           "a daemon that is gone is said to be", shot.errors)


def check_moments(tap, folder, uri, work, number):
    """The daemon is frozen, or killed, when each of these runs is at another message of its own."""
    daemon, start = int(read(os.path.join(folder, "pid"))), time.monotonic()
    words = [PLANNER, "check", "-c", uri, "-t", "core:2 pu:1"]
    runs = []
    for _ in range(12):
        runs.append(subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"))
        time.sleep(0.02)
    os.kill(daemon, number)
    answers = [(*one.communicate(timeout=60), one.returncode) for one in runs]
    seconds = time.monotonic() - start
    if number == signal.SIGSTOP:
        os.kill(daemon, signal.SIGCONT)
    tap.ok(seconds < 30 and all(status in (0, 1) and "rules passed" in out for out, _, status in answers),
           f"{signal.Signals(number).name} at 12 moments: each has its answer", f"{seconds:.1f} s",
           *[str(answer)[-300:] for answer in answers])


def check_restarts(tap, folder, uri, work):
    """The daemon ends and starts again, and again, under commands that speak to it."""
    commands = (["check", "-t", "core:2 pu:1"], ["adopt"], ["snapshot", "-o", os.path.join(work, "restarted.tar")],
                ["measure", "--for", "1s", "--json"])
    runs, began = [], True
    for _ in range(3):
        for command in commands:
            runs.append((time.monotonic(), command[0], subprocess.Popen(
                [PLANNER, *command, "-c", uri], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=UTF8, encoding="utf-8")))
            time.sleep(0.02)
        began = restart(folder, None, None).returncode == 0 and began
    wrong, late = [], 0
    for start, name, run in runs:
        out, errors = run.communicate(timeout=60)
        late = max(late, time.monotonic() - start)
        if run.returncode not in (0, 1) and not (run.returncode == 2 and errors.count("\n") == 1 and not out):
            wrong.append(f"{name}: {run.returncode} {errors[-200:]} {out[-200:]}")
    tap.ok(began and not wrong and late < 30, f"libvirtd is restarted three times under {len(runs)} commands: each has its answer",
           began, f"{late:.1f} s", *wrong)
    shot = Snapshot("-c", uri, folder=work)
    tap.ok(shot.status == 0 and set(shot.domains()) == set(NAMES), "and the next one sees its guests as before", shot.errors)


def check_libvirt(tap, work):
    if not (shutil.which("virsh") and shutil.which("qemu-system-x86_64")):
        tap.skip("real guests", "no virsh or no qemu-system-x86_64")
        return
    with libvirtd() as (folder, uri, _):
        if not uri:
            tap.skip("real guests", "no libvirtd of our own")
        elif start_guests(tap, uri, work):
            check_guests(tap, folder, uri, work)
            check_counters(tap, uri, work)
            check_restarts(tap, folder, uri, work)
            check_hangs(tap, folder, uri, work)


def check_user(tap, work):
    """Without rights it reads what it may, and says once what it may not."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        tap.skip("a user without rights", "not root, or no setpriv")
        return
    os.chmod(work, 0o777)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if subprocess.run([*nobody, PLANNER, "--version"], capture_output=True).returncode:
        tap.skip("a user without rights", "may not even run planner here")
        return
    with contextlib.suppress(OSError):
        os.remove(os.path.join(work, "node.tar"))
    shot = Snapshot("-c", "test:///default", prefix=nobody, folder=work)
    tap.ok(shot.status == 0 and "/proc/1/environ: Permission denied; run as root" in shot.errors,
           "a user without rights gets a snapshot, and is told what is not in it", shot.errors)
    tap.ok(shot.errors.count("\n") < 30, "once for each source", shot.errors)


def own_cpus(work):
    """(inventory, host's CPU, VM's CPU) of a plan for this machine; None where it has no room for one."""
    inventory = os.path.join(work, "own.ini")
    with open(inventory, "w", encoding="utf-8") as file:
        file.write("[host]\ncores-per-socket = 1\n[vm one]\nvcpus = 1\n")
    run = subprocess.run([PLANNER, "plan", "--json", "-i", inventory], capture_output=True, env=UTF8,
                         timeout=60)
    with contextlib.suppress(ValueError, KeyError, IndexError):
        plan = json.loads(run.stdout)
        return inventory, int(re.match(r"\d+", plan["cpus"]["host"])[0]), plan["vms"][0]["vcpupin"][0]
    return None


@contextlib.contextmanager
def sleepers(*words):
    """Their process once all of them sleep, None where limits forbid them."""
    with subprocess.Popen([sys.executable, "-c", SLEEPERS, *map(str, words)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process if process.stdout.readline() == "ready\n" else None
        finally:
            process.kill()


def judge_tasks(*words):
    """What is said of user tasks on isolated CPUs, and the seconds of CPU that it took."""
    before = os.times()
    run = subprocess.run([PLANNER, "check", "--json", "--rule", "task.user-on-isolated", *words],
                         capture_output=True, env=UTF8, encoding="utf-8", timeout=120)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    texts = [found["text"] for found in json.loads(run.stdout)["findings"]
             if found["id"] == "task.user-on-isolated"]
    return "; ".join(texts) or run.stderr, spent


def check_many_tasks(tap, work):
    """10,000 tasks, 100 of them on a CPU that is a VM's: found live, and counted in a snapshot."""
    own = own_cpus(work)
    if not own or not {own[1], own[2]} <= os.sched_getaffinity(0):
        tap.skip("10,000 tasks", "no second core for a VM here")
        return
    with sleepers(10000, *own[1:]) as process:
        if not process:
            tap.skip("10,000 tasks", "limits forbid them here")
            return
        text, spent = judge_tasks("-i", own[0])
        live = re.match(r"(\d+) user tasks", text)
        tap.ok(live and int(live[1]) >= 100, "10,000 tasks: those on an isolated CPU are found", text)
        tap.ok(spent < 5, "10,000 tasks: in good time", f"{spent:.1f} s of CPU")
        shot = Snapshot("-c", "test:///default", folder=work)
    alone = os.path.join(work, "sleepers.tar")
    other = re.compile(rf"proc/(?!{process.pid}\b)\d")  # tasks of this machine come and go
    with tarfile.open(fileobj=io.BytesIO(shot.bytes)) as tar, \
            tarfile.open(alone, "w", format=tarfile.USTAR_FORMAT) as kept:
        for member in tar:
            if not other.match(member.name):
                kept.addfile(member, tar.extractfile(member) if member.isfile() else None)
    tap.ok(sum(name.startswith(f"proc/{process.pid}/task/") and name.endswith("/status")
               for name in shot.files) == 10001, "all of them are in a snapshot")
    text, _ = judge_tasks("-i", own[0], "-r", alone)
    tap.ok(text.startswith("100 user tasks may run on isolated CPUs: "), "exactly the 100 are named in it", text)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as work:
        check_measured(tap, work)
        check_node(tap, work)
        check_target(tap, work)
        check_hostile(tap, work)
        check_user(tap, work)
        check_many_tasks(tap, work)
        check_libvirt(tap, work)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
