#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# timeout: 600 seconds
"""Situations that people reported, rebuilt: check finds what is wrong and nothing else.

Each file of tests/audit/situations is one of them. It is written by tests/audit/capture.py, and so
is its sound twin, from which the fault is taken out. A wrong "fine" and a false alarm are the same
defect: the first node must show what FINDS says, the twin must show nothing at all.

To add one, put a file there. Names in it:

    the docstring   what is wrong, in a sentence or two
    SOURCE          where it was reported
    node(sound)     the Host; without the fault where SOUND. None: there is no twin. A situation may
                    have none at all
    FINDS           what must be found: Find(rule, subject, severity, text, fix, …), see below
    NEVER           rules of which neither node may have a finding; a word such as "vm" stands for all
    KNOWN           rules that must be judged, not "not known", in both nodes
    STATUS          exit status of check for the faulty node: 1, or 0 where nothing is an error
    ALLOWED         rules that may speak of the twin
    STRICT          True: check --strict passes on the twin
    ADOPTS, NOT_ADOPTED    what adopt prints, and does not print, of the faulty node
    UNPLANNED       what is wrong of the faulty node is wrong of a plan as well: errors of the plan of
                    what adopt writes. Of others it has none
    further(program, folder)   more: yields (what, problems) of the faulty node's capture
    TODO            {part: why}: parts ("faulty", "sound", "plan", "snapshot", "adopt", "further") that are not right yet;
                    take them out when they are

A name as argument (tests/audit.t NAME…) runs only that; KEEP=DIR leaves the captures there.
"""

import importlib
import json
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "judge"), str(HERE / "audit")]

from program import planner
from tap import Tap

# What is no fault, but could be better.
ADVICE = ("cpu-pm.off-eligible",)

tap = Tap()


def matches(rule, words):
    return any(rule == word or rule.startswith(word + ".") for word in words)


def shown(finding):
    return (f"{finding['severity']} {finding['id']} ({finding['subject']}): {finding['text']} | "
            f"fix: {finding.get('fix')}")


def check(folder, *options):
    """Findings that hold, findings that are not known, exit status."""
    status, out, error = planner("check", "--json", "-r", str(folder), *options)
    if status not in (0, 1):
        raise AssertionError(f"check ends with {status}: {error}")
    findings = json.loads(out)["findings"]
    return ([f for f in findings if f["verdict"] == "fail"],
            [f for f in findings if f["verdict"] != "fail"], status)


def unjudged(findings):
    """A line for each reason."""
    reasons = {}
    for finding in findings:
        reasons.setdefault(finding["text"], []).append(finding["id"])
    return [f"not judged: {', '.join(ids)}: {text}" for text, ids in reasons.items()]


def common_problems(situation, failed, unknown):
    never = [f"never: {shown(f)}" for f in failed
             if matches(f["id"], getattr(situation, "NEVER", ()))]
    return never + unjudged(f for f in unknown
                            if matches(f["id"], getattr(situation, "KNOWN", ())))


def faulty_problems(situation, folder):
    failed, unknown, status = check(folder)
    problems = common_problems(situation, failed, unknown)
    for find in situation.FINDS:
        if not any(find.is_met(f) for f in failed):
            problems.append(f"not found: {find}")
            problems += [f"  there is: {shown(f)}" for f in failed]
    if status != getattr(situation, "STATUS", 1):
        problems.append(f"exit status {status}")
    return problems


def sound_problems(situation, folder):
    failed, unknown, status = check(folder)
    problems = common_problems(situation, failed, unknown)
    problems += [f"false alarm: {shown(f)}" for f in failed
                 if not matches(f["id"], getattr(situation, "ALLOWED", ()))
                 and not (f["severity"] == "info" and matches(f["id"], ADVICE))]
    if status:
        problems.append(f"exit status {status}")
    if getattr(situation, "STRICT", False) and check(folder, "--strict")[2]:
        problems += ["--strict does not pass", *unjudged(unknown)]
    return problems


def adopt_problems(situation, folder):
    status, out, error = planner("adopt", "-r", str(folder))
    flat = " ".join(out.replace("\n; ", " ").replace("\n#", " ").split())
    problems = [] if status in (0, 1) else [f"exit status {status}: {error}"]
    problems += [f"lacks: {text}" for text in getattr(situation, "ADOPTS", ()) if text not in flat]
    problems += [f"has: {text}" for text in getattr(situation, "NOT_ADOPTED", ()) if text in flat]
    return problems + ([out] if problems else [])


def plan_problems(folder, expected=()):
    """What adopt writes plans; its status says where it does not."""
    status, out, error = planner("adopt", "-r", str(folder))
    inventory = folder.parent / f"{folder.name}.ini"
    inventory.write_text(out, encoding="utf-8")
    document = planner("plan", "--json", "-i", str(inventory), "-t", str(folder))[1]
    errors = [f for f in json.loads(document)["findings"] if f["severity"] == "error"
              and f["verdict"] == "fail"] if document else [{"id": "no plan"}]
    problems = [str(f) for f in errors if f["id"] not in expected]
    if expected and not errors:
        problems.append(f"it has no error: take UNPLANNED out ({expected})")
    if errors and status == 0:
        problems.append(f"adopt says nothing of errors: {error}")
    return problems


def snapshot_problems(folder):
    """A snapshot of the capture is judged as the capture is."""
    file = folder.parent / f"{folder.name}.tar"
    planner("snapshot", "-r", str(folder), "-o", str(file))
    one, other = ([(f["id"], f["subject"], f["text"], f["fix"]) for f in check(which)[0]]
                  for which in (folder, file))
    return [f"not of the snapshot: {f}" for f in one if f not in other] + \
        [f"of the snapshot alone: {f}" for f in other if f not in one]


def that(situation, part, name, problems):
    todo = getattr(situation, "TODO", {}).get(part)
    title = f"{situation.__name__.removeprefix('situations.')}: {name}"
    if not todo:
        tap.that(title, problems)
        return
    tap.todo(title, todo if problems else f"it passes: take it out ({todo})", problems)


def write(situation, sound, folder):
    host = situation.node(sound) if hasattr(situation, "node") else None
    if host:
        host.write(folder)
    return host


def judge(situation, scratch):
    name = situation.__name__.removeprefix("situations.")
    faulty, sound = scratch / name / "node", scratch / name / "sound"
    if write(situation, False, faulty):
        that(situation, "faulty", "check says what is wrong" if situation.FINDS
             else "check finds nothing wrong", faulty_problems(situation, faulty))
        if (faulty / "sys").exists():
            that(situation, "plan", "what adopt writes plans",
                 plan_problems(faulty, getattr(situation, "UNPLANNED", ())))
            that(situation, "snapshot", "its snapshot is judged alike", snapshot_problems(faulty))
    if write(situation, True, sound):
        that(situation, "sound", "its sound twin is silent", sound_problems(situation, sound))
        that(situation, "plan", "what adopt writes of the twin plans", plan_problems(sound))
    if hasattr(situation, "ADOPTS") or hasattr(situation, "NOT_ADOPTED"):
        that(situation, "adopt", "adopt", adopt_problems(situation, faulty))
    for what, problems in getattr(situation, "further", lambda *_: ())(planner, faulty):
        that(situation, "further", what, problems)


def main():
    names = sys.argv[1:] or sorted(file.stem for file in (HERE / "audit/situations").glob("*.py"))
    with tempfile.TemporaryDirectory() as scratch:
        for name in names:
            judge(importlib.import_module(f"situations.{name}"),
                  pathlib.Path(os.environ.get("KEEP", scratch)))
    return tap.done()


sys.exit(main())
