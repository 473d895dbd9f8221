# SPDX-License-Identifier: MIT
"""
What the judge says, and the list of rules it goes by.

A rule is a function of a Case that yields (subject, text) for all it dislikes. To add one: write
it in the file of its noun under @rule("noun.what") and give tests/judge.t a mutation that it, and
only a rule like it, catches.
"""

from typing import NamedTuple


class Complaint(NamedTuple):
    rule: str
    subject: str
    text: str

    def __str__(self):
        return f"{self.rule}: {self.subject}: {self.text}"


RULES = []


def rule(name):
    def add(function):
        RULES.append((name, function))
        return function
    return add


def complaints(case, prefix=""):
    return [Complaint(name, subject, text)
            for name, function in RULES if name.startswith(prefix)
            for subject, text in function(case)]
