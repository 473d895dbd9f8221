# SPDX-License-Identifier: MIT
"""The emulated host of a test, which is skipped as a whole where there can be none."""

import contextlib
import pathlib
import tempfile

import emulated
import userland
from program import BUILD, PLANNER
from tap import skip_all
from unavailable import Unavailable


@contextlib.contextmanager
def emulated_host(programs=(), **what):
    """An Emulated with WHAT it takes and PROGRAMS inside; its scratch folder goes with it."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            host = emulated.Emulated(pathlib.Path(BUILD, "e2e"), scratch, pathlib.Path(PLANNER), **what)
            if programs:
                host.archives.append(host.scratch / "programs.cpio")
                with userland.Userland(host.archives[-1]) as archive:
                    archive.programs(programs)
        except Unavailable as reason:
            skip_all(f"no emulated host: {reason}")
        yield host
