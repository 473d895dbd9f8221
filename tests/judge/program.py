# SPDX-License-Identifier: MIT
"""The program that is tested: $PLANNER, or what is built in $B. No test runs without it."""

import os
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(TESTS)
BUILD = os.path.abspath(os.environ.get("B", os.path.join(ROOT, "build")))
PLANNER = os.path.abspath(os.environ.get("PLANNER", os.path.join(BUILD, "bin", "planner")))
UTF8 = dict(os.environ, LC_ALL="C.UTF-8", PLANNER=PLANNER)

if not os.access(PLANNER, os.X_OK):
    print(f"Bail out! no {PLANNER}: build first", flush=True)
    sys.exit(1)


def run(*words, timeout=60, **options):
    """A program's result, as text."""
    return subprocess.run(words, capture_output=True, encoding="utf-8", env=UTF8, timeout=timeout, **options)


def planner(*words, timeout=60):
    """(status, output, errors); the status is -1 where there is no answer."""
    try:
        done = subprocess.run([PLANNER, *words], capture_output=True, timeout=timeout, env=UTF8)
    except subprocess.TimeoutExpired:
        return -1, "", f"no answer in {timeout} s"
    return done.returncode, done.stdout.decode(), done.stderr.decode("utf-8", "replace")
