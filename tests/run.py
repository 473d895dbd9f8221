#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run every test and sum up.
Usage: tests/run.py [--all|--long] [--within S] [--build DIR] [--jobs N] [--without NAME]… [NAME…]

What is run, each of which writes TAP (the Test Anything Protocol, what prove(1) reads) on stdout:

    DIR/tests/test_*    unit tests, with --tap
    tests/cases.sh      golden cases
    tests/*.t           executables in any language; $PLANNER is the program, $B the build folder,
                        $TMPDIR a folder of its own that is removed afterwards
    tests/e2e/x6.py     the same, but only when it is named: it takes a quarter of an hour

To add a test, put it there. NAMEs run only these; 'tests/e2e*' stands for many. A producer that
dies, runs out of time (TEST_TIMEOUT, 300 seconds, or what a script's line `# timeout: N seconds`
says, if more), prints no plan or not what it planned counts as one failure more. Scripts with a line
`# alone` emulate whole machines, whose clocks suffer beside others: they run before the rest, one
after the other. Scripts with a line `# check-all: WHY` take long, or need what not every machine
has: they run with --all, or when they are named; with --long they alone. --within: tests that have
not begun after so many seconds are skipped.
The last line is `N passed, N failed`, with `, N skipped` where tests could not run here.
"""

import argparse
import collections
import concurrent.futures
import fnmatch
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIMEOUT = int(os.environ.get("TEST_TIMEOUT", "300"))
RESULT = re.compile(r"(?P<no>not )?ok\b(?: +(?P<number>\d+))?(?P<rest>[^#]*)(?:# *(?P<note>.*))?$")
LIMIT = re.compile(rb"^# timeout: (\d+) seconds$", re.M)
ALONE = re.compile(rb"^# alone$", re.M)
LATER = re.compile(rb"^# check-all: (.+)$", re.M)
ON_REQUEST = [("tests/e2e/x6.py", ["tests/e2e/x6.py"])]
PLAN = re.compile(r"1\.\.(\d+)(?: *# *(.*))?$")
# What changes the behaviour of planner's libraries does not reach the tests.
FOREIGN = re.compile(r"(HWLOC_|LIBVIRT_|VIR_|VIRSH_|G_|GIO_|XML_|LC_|LANG|NO_COLOR|COLUMNS|LINES|MAKE|MFLAGS|CDPATH)")

MEMORY_LEAST = 4 << 30

RUNNING = set()

Outcome = collections.namedtuple("Outcome", "name passed failed skipped problems reasons seconds", defaults=(0,))


def environment(build, scratch):
    kept = {key: value for key, value in os.environ.items() if not FOREIGN.match(key)}
    # A status of their own: 1 is planner's for bad news.
    sanitizers = "halt_on_error=1:print_stacktrace=1:exitcode=86"
    return kept | {
        "LC_ALL": "C.UTF-8", "TZ": "UTC", "TERM": "dumb", "TMPDIR": scratch,
        "PATH": f"{build / 'bin'}:{os.environ['PATH']}",
        "B": str(build), "PLANNER": str(build / "bin/planner"),
        "ASAN_OPTIONS": f"detect_leaks=1:{sanitizers}", "UBSAN_OPTIONS": sanitizers,
        "LSAN_OPTIONS": "exitcode=86",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def producers(build):
    """(name, command) of everything there is, unit tests first: what fails there fails elsewhere."""
    found = []
    for source in sorted((ROOT / "tests/unit").glob("test_*.c")):
        found.append((source.stem, [str(build / "tests" / source.stem), "--tap"]))
    for script in sorted((ROOT / "tests").glob("*.t")):
        found.append((f"tests/{script.name}", [str(script)]))
    found.append(("tests/cases.sh", ["tests/cases.sh"]))
    return found


def asked_for(command, what):
    """What a script says of itself in its first lines."""
    with open(ROOT / command[0], "rb") as file:
        return what.search(file.read(2000))


def meant(one, names):
    """Is the producer one of those?"""
    return any(fnmatch.fnmatchcase(one[0], name) for name in names)


def is_script(one):
    """Has the producer a source that can say something of it? Unit tests are programs."""
    return one[0].startswith("tests/")


def limit_of(command):
    """How many seconds a producer may take: a script may ask for more than all have."""
    own = asked_for(command, LIMIT)
    return max(TIMEOUT, int(own[1])) if own else TIMEOUT


def run(command, env, scratch):
    """Run to the end or to the limit: (stdout, stderr, what went wrong or None)."""
    with open(f"{scratch}/stdout", "w+b") as out, open(f"{scratch}/stderr", "w+b") as err:
        try:
            limit = limit_of(command)
            process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=err, start_new_session=True)
        except OSError as error:
            return "", "", f"cannot run: {error.strerror}"
        RUNNING.add(process)
        try:
            status = process.wait(limit)
            wrong = (None if status == 0 else f"exit status {status}" if status > 0
                     else f"killed by {signal.Signals(-status).name}")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            wrong = f"not done after {limit} seconds"
        finally:
            RUNNING.discard(process)
        out.seek(0)
        err.seek(0)
        return (out.read().decode(errors="replace"), err.read().decode(errors="replace"), wrong)


def judge(name, out, err, wrong):
    """Count TAP's assertions; keep a failing one with the comments around it."""
    passed = failed = skipped = 0
    plan, problems, reasons, pending = None, [], [], []
    collecting = False
    for line in out.splitlines():
        if match := PLAN.match(line):
            plan = int(match[1])
            if plan == 0:
                skipped += 1
                reasons.append(re.sub(r"(?i)^skip\S*\s*", "", match[2] or "") or "no reason given")
        elif line.startswith("Bail out!"):
            wrong = line
        elif match := RESULT.match(line):
            note = match["note"] or ""
            collecting = False
            if note.lower().startswith(("skip", "todo")):
                skipped += 1
                title = match["rest"].strip(" -")
                reasons.append(f"{title}: {note.split(' ', 1)[-1]}")
            elif match["no"]:
                failed += 1
                collecting = True
                problems += pending + [line]
            else:
                passed += 1
            pending = []
        elif collecting:
            problems.append(line)
        elif not line.startswith(("# Start of", "# End of", "TAP version", "# random seed")):
            pending = (pending + [line])[-20:]
    ran = passed + failed + skipped
    broken = []
    if plan is None:
        broken.append("# no plan (1..N): the test died or is not TAP")
    elif plan not in (0, ran) or (plan == 0 and ran > 1):
        broken.append(f"# planned {plan} assertions, ran {ran}")
    if wrong and (broken or not failed or not wrong.startswith("exit status")):
        broken.append(f"# {wrong}")
    if broken:
        failed += 1
        problems += pending + broken
    return Outcome(name, passed, failed, skipped, problems + (tail(err) if failed else []), reasons)


def tail(err):
    return [f"# stderr: {line}" for line in err.splitlines()[-60:]]


def scratch_folder():
    """In memory where there is room: captures are thousands of small files. $TMPDIR goes before."""
    shared = pathlib.Path("/dev/shm")
    if "TMPDIR" in os.environ or not os.access(shared, os.W_OK):
        return None
    return shared if shutil.disk_usage(shared).free > MEMORY_LEAST else None


def outcome_of(name, command, build):
    # The folder's name is short: sockets of libvirtd live below it, and theirs may have 107 bytes.
    scratch = tempfile.mkdtemp(prefix="pl-", dir=scratch_folder())
    start = time.monotonic()
    try:
        # Others may pass: a daemon that a root test starts as nobody has its folder below.
        os.chmod(scratch, 0o711)
        os.mkdir(f"{scratch}/t", 0o711)
        outcome = judge(name, *run(command, environment(build, f"{scratch}/t"), scratch))
        return outcome._replace(seconds=time.monotonic() - start)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def report(outcome):
    counts = f"{outcome.passed} passed, {outcome.failed} failed"
    if outcome.skipped:
        counts += f", {outcome.skipped} skipped"
    verdict = "FAIL" if outcome.failed else "ok" if outcome.passed else "skipped"
    # Not `N passed, N failed` alone on its line: that is the sum's.
    print(f"{verdict:8}{outcome.name:28}{outcome.seconds:5.0f} s  ({counts})")
    for reason in outcome.reasons:
        print(f"        skipped: {reason}")
    for line in outcome.problems:
        print(f"        {line}")
    sys.stdout.flush()


def ended(number, _):
    """Whoever ends the run ends its tests, and what they started."""
    for process in list(RUNNING):
        os.killpg(process.pid, signal.SIGKILL)
    sys.exit(128 + number)


def outcomes(wanted, jobs, build, within):
    """Each as soon as it is known, those that want to be alone first."""
    start = time.monotonic()

    def outcome_in_time(name, command):
        if within is not None and time.monotonic() - start >= within:
            return Outcome(name, 0, 0, 1, [], [f"no time left of {within} seconds"])
        return outcome_of(name, command, build)

    alone = [one for one in wanted if is_script(one) and asked_for(one[1], ALONE)]
    rest = [one for one in wanted if one not in alone]
    for some, at_once in (alone, 1), (rest, max(jobs, 1)):
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            running = [pool.submit(outcome_in_time, *one) for one in some]
            for done in concurrent.futures.as_completed(running):
                yield done.result()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--build", default="build", help="the build folder (build)")
    options.add_argument("--all", action="store_true", help="those of `make check-all` too")
    options.add_argument("--long", action="store_true", help="only those that `make check-all` has more")
    options.add_argument("--within", type=int, metavar="S", help="begin no test after S seconds")
    options.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 8), help="at the same time")
    options.add_argument("--without", action="append", default=[], metavar="NAME", help="leave this one out")
    options.add_argument("names", nargs="*", metavar="NAME", help="run only these")
    options = options.parse_args()
    build = (ROOT / options.build).resolve()

    wanted = producers(build)
    unknown = [name for name in options.names + options.without
               if not any(meant(one, [name]) for one in wanted + ON_REQUEST)]
    if unknown:
        sys.exit(f"no such test: {', '.join(sorted(unknown))}")
    if options.names:
        wanted = [one for one in wanted if meant(one, options.names)]
        wanted += [one for one in ON_REQUEST if one[0] in options.names]
    elif not options.all:
        wanted = [one for one in wanted
                  if options.long == bool(is_script(one) and asked_for(one[1], LATER))]
    wanted = [one for one in wanted if not meant(one, options.without)]

    if not os.access(build / "bin/planner", os.X_OK):
        print(f"{build / 'bin/planner'} is not there: build first\n0 passed, 1 failed")
        return 1
    total = collections.Counter()
    for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
        signal.signal(number, ended)
    for outcome in outcomes(wanted, options.jobs, build, options.within):
        report(outcome)
        total.update(passed=outcome.passed, failed=outcome.failed, skipped=outcome.skipped)
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"{total['passed']} passed, {total['failed']} failed{skipped}")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
