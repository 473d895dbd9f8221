#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# check-all: boots emulated hosts
# timeout: 1200 seconds
# alone
"""
Kernel lines, most of them wrong, each booted on an emulated host of 8 CPUs: what the kernel makes of
them is what tests/e2e/lines.json says, and so are the findings of planner check on a capture from
inside. The unit test of the kernel line (test_cmdline) holds planner's own model against that file.

A boot takes ten seconds, so one line in three is booted; ALL=1 boots all. test_cmdline and test_rules
hold all lines of the file without a boot. E2E_SUITE=trixie boots the kernel of Debian 13; where it does
otherwise, `on` of a line says so. UPDATE=1 writes the file anew: then read `git diff`. Names
of lines (parts of them) boot only those.
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE / "e2e"), str(HERE / "judge")]

import emulated
from host import emulated_host
from program import PLANNER
from tap import Tap

RECORD = HERE / "e2e/lines.json"
SCRIPT = (HERE / "e2e/guest/line.sh").read_text(encoding="utf-8")
SHAPE = emulated.Shape(sockets=2, cores=2, threads=2, memory=640)
MASKS = ("workqueue", "irq")


def cpus(mask):
    """A hexadecimal mask of this small machine as the list it is."""
    found = [cpu for cpu in range(64) if int(mask.replace(",", ""), 16) >> cpu & 1]
    starts = [cpu for cpu in found if cpu - 1 not in found]
    ends = [cpu for cpu in found if cpu + 1 not in found]
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends))


def findings(capture):
    """The ids of what check finds about the kernel in the capture."""
    ran = subprocess.run([PLANNER, "check", "--json", "--rule", "kernel", "--skip", "kernel.vulnerable",
                          "-r", capture], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if ran.returncode == 2:
        return [ran.stderr.decode()]
    found = json.loads(ran.stdout)["findings"]
    return sorted({one["id"] for one in found if one["verdict"] == "fail"})


def row(line, ran):
    """What the guest said, as a row of the file."""
    made = {"line": line, "said": []}
    for name, _, value in (one.partition(" ") for one in ran.lines()):
        if name == "said":
            made["said"].append(value.strip())
        else:
            made[name] = cpus(value) if name in MASKS else value.strip().replace("(null)", "").replace("(none)", "")
    made["findings"] = findings(ran.files / "node.tar")
    return made


def boot(host, line):
    # Quotes reach the kernel as they are; a line that holds `--` ends with init's words.
    ran = host.boot(SHAPE, line, SCRIPT, seconds=240)
    return ran if ran.wrong else row(line, ran)


def expected(row, release):
    """What ROW says of the kernel RELEASE: another than the file's may differ, by its first two numbers."""
    later = row.get("on", {}).get(".".join(release.split(".")[:2]), {})
    return {key: value for key, value in {**row, **later}.items() if key != "on"}


def compare(tap, wanted, got):
    if isinstance(got, emulated.Ran):
        tap.ok(False, wanted["line"], got.wrong, got.out, got.console[-1500:])
        return
    differ = [f"{key}: the kernel {got.get(key)!r}, the file {wanted.get(key)!r}"
              for key in sorted({*got, *wanted}) if got.get(key) != wanted.get(key)]
    tap.ok(not differ, wanted["line"], *differ)


def write(host, rows):
    with open(RECORD, "w", encoding="utf-8") as file:
        json.dump({"kernel": host.kernel.release, "lines": rows}, file, indent=1)
        file.write("\n")


def main():
    tap = Tap()
    wanted = [one for one in json.loads(RECORD.read_text(encoding="utf-8"))["lines"]
              if not sys.argv[1:] or any(name in one["line"] for name in sys.argv[1:])]
    if not (sys.argv[1:] or os.environ.get("ALL") or os.environ.get("UPDATE")):
        tap.note(f"every third of {len(wanted)} lines; ALL=1 boots all")
        wanted = wanted[2::3]
    with emulated_host() as host:
        tap.note(f"Linux {host.kernel.release}")
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            rows = list(pool.map(lambda one: boot(host, one["line"]), wanted))
        if os.environ.get("UPDATE") and not sys.argv[1:]:
            write(host, [{**one, **{key: wanted[i][key] for key in ("on",) if key in wanted[i]}}
                         if isinstance(one, dict) else wanted[i] for i, one in enumerate(rows)])
        for one, got in zip(wanted, rows):
            compare(tap, expected(one, host.kernel.release), got)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
