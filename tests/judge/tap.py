# SPDX-License-Identifier: MIT
"""Test results in the Test Anything Protocol, as prove(1) reads it."""

import sys


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def ok(self, good, name, *why):
        """One assertion; WHY is shown where it fails."""
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}")
        for line in [] if good else why:
            self.note(line)
        sys.stdout.flush()
        return good

    def that(self, name, problems):
        """One assertion: there are no PROBLEMS; they are shown where there are."""
        return self.ok(not problems, name, *problems)

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}", flush=True)

    def todo(self, name, reason, problems):
        """What is known not to be right yet does not fail."""
        self.count += 1
        print(f"{'not ok' if problems else 'ok'} {self.count} - {name} # TODO {reason}")
        for line in problems:
            self.note(line)
        sys.stdout.flush()

    def note(self, text):
        for line in str(text).splitlines():
            print(f"# {line}")

    def done(self):
        print(f"1..{self.count}", flush=True)
        return 1 if self.failed else 0


def skip_all(reason):
    """The whole file cannot run here."""
    print(f"1..0 # SKIP {reason}", flush=True)
    sys.exit(0)
