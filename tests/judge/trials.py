# SPDX-License-Identifier: MIT
"""
Random cases, one after the other, each of SEED and its own number alone: to try one again, give the
same SEED and enough CASES. Assertions come in groups, which cases break or not.
"""

import collections
import json
import os
import random
import shutil
import time

import generator
import topology
from program import BUILD, TESTS, planner

SEED = os.environ.get("SEED", "1")
ASKED = collections.Counter()  # group → how often it was asked


class Wrong(Exception):
    """Ends a case: the group it breaks, and how."""

    def __init__(self, group, text):
        super().__init__(text)
        self.group = group


def check(good, group, text):
    ASKED[group] += 1
    if not good:
        raise Wrong(group, text)


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def hosts(folder, count, names=("x6",), uneven=0):
    """
    [(topology file, synthetic description or None, Host)]: NAMES of tests/hosts, COUNT random ones, and
    UNEVEN ones, with dies, kinds of cores, distances, and nodes without memory or without CPUs.
    """
    files = [os.path.join(TESTS, "hosts", f"{name}.xml") for name in names]
    found = [(path, None, topology.load(path)) for path in files]
    for name, text, xml in generator.synthetic_hosts(random.Random(f"hosts {SEED}"), count):
        found.append((write(folder, f"{name}.xml", xml), text, topology.parse(xml)))
    for name, xml in generator.uneven_hosts(random.Random(f"uneven {SEED}"), uneven):
        found.append((write(folder, f"u{name}.xml", xml), None, topology.parse(xml)))
    return found


class Trial:
    """One case, with a folder of its own."""

    def __init__(self, number, scratch):
        self.number, self.rng = number, random.Random(f"{SEED}/{number}")
        self.dir = os.path.join(scratch, str(number))
        self.failures = []  # (group, text)
        self.known = set()  # groups that were asked, but for those of check()
        os.mkdir(self.dir)

    def fail(self, group, text):
        self.failures.append((group, text))

    def write(self, name, text):
        return write(self.dir, name, text)

    def saved(self, name, sections, source):
        """The plan of SECTIONS on a host: (file, document), with NAME.ini beside it."""
        path, plan = self.write(f"{name}.ini", generator.text(sections)), os.path.join(self.dir, f"{name}.json")
        status, _, errors = planner("plan", "-i", path, "-t", source, "-o", plan)
        if status not in (0, 1):
            raise RuntimeError(f"{path}: {errors}")
        with open(plan, encoding="utf-8") as file:
            return plan, json.load(file)


class Trials:
    """
    CASES cases (or as many as the environment says), none begun after SECONDS. ENOUGH of them ask every
    group. Those that fail are kept in build/NAME/SEED/.
    """

    def __init__(self, name, cases, seconds, enough, kind=Trial):
        self.kept = os.path.join(BUILD, name, SEED)
        self.cases, self.seconds = int(os.environ.get("CASES", cases)), seconds
        self.enough, self.kind = enough, kind
        self.failed, self.count = [], 0

    def run(self, one_case, scratch):
        """ONE_CASE(trial) of each."""
        shutil.rmtree(self.kept, ignore_errors=True)
        end = time.monotonic() + self.seconds
        while self.count < self.cases and time.monotonic() < end:
            trial = self.kind(self.count, scratch)
            try:
                one_case(trial)
            except Wrong as wrong:
                trial.fail(wrong.group, str(wrong))
            except BaseException:
                self.keep(trial)
                raise
            ASKED.update(trial.known)
            self.count += 1
            if trial.failures:
                self.failed.append(trial)
                self.keep(trial)
            shutil.rmtree(trial.dir)

    def keep(self, trial):
        trial.write("wrong.txt", "".join(f"{group}: {text}\n" for group, text in trial.failures))
        shutil.copytree(trial.dir, os.path.join(self.kept, str(trial.number)))

    def came_up(self, tap, name, missing):
        """An assertion that nothing is MISSING in what came up, when there were cases enough."""
        if self.count < self.enough:
            tap.skip(name, f"{self.count} cases are too few")
        else:
            tap.ok(not missing, name, f"missing: {missing}")

    def report(self, tap, groups):
        tap.note(f"{self.count} cases of seed {SEED}; how often each was asked: {dict(ASKED)}")
        for group, name in groups.items():
            broken = [(trial, text) for trial in self.failed for of, text in trial.failures if of == group]
            tap.ok(not broken, name, *[f"case {trial.number}: {text}" for trial, text in broken[:8]])
        self.came_up(tap, "every group was asked", sorted(set(groups) - set(ASKED)))
        for trial in self.failed[:1]:
            tap.note(f"try it again: SEED={SEED} CASES={trial.number + 1}; its files: {self.kept}/{trial.number}")
