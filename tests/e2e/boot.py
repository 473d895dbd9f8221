#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Boot an emulated host by hand and run a script in it: what the tests do, to look at.

    tests/e2e/boot.py -s 2 -c 18 -t 2 -m 2048 --vms -k 'isolcpus=4-17' [-f FILE=NAME]… SCRIPT

The script's words go to stdout, the kernel's to stderr; what it left in /out is copied to --keep DIR.
"""

import argparse
import pathlib
import shutil
import sys
import tempfile

import emulated
import madt
from unavailable import Unavailable

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def arguments():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("-s", "--sockets", type=int, default=1)
    options.add_argument("-c", "--cores", type=int, default=4, help="a socket (4)")
    options.add_argument("-t", "--threads", type=int, default=2, help="a core (2)")
    options.add_argument("-m", "--memory", type=int, default=1024, help="MiB (1024)")
    options.add_argument("-k", "--line", default="", help="the kernel line")
    options.add_argument("--order", choices=madt.ORDERS, default="far", help="how CPUs are numbered (far)")
    options.add_argument("--frequencies", action="store_true", help="processors with frequencies: try --module acpi_cpufreq")
    options.add_argument("--model", default=emulated.Shape.model, help="QEMU's CPU model")
    options.add_argument("--seconds", type=int, default=300, help="the limit (300)")
    options.add_argument("--vms", action="store_true", help="with libvirtd and QEMU inside")
    options.add_argument("--module", action="append", default=[], help="load this kernel module")
    options.add_argument("-f", "--file", action="append", default=[], metavar="FILE=NAME", help="put FILE there as NAME")
    options.add_argument("--qemu", action="append", default=[], metavar="WORD", help="one more argument of QEMU's")
    options.add_argument("--keep", metavar="DIR", help="where to copy what the script left in /out")
    options.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    options.add_argument("script", type=pathlib.Path)
    return options.parse_args()


def main():
    told = arguments()
    shape = emulated.Shape(told.sockets, told.cores, told.threads, told.order, told.memory, told.model,
                           told.frequencies)
    files = {name: pathlib.Path(file) for file, _, name in (one.partition("=") for one in told.file)}
    with tempfile.TemporaryDirectory(prefix="pl-") as scratch:
        try:
            host = emulated.Emulated(told.build / "e2e", scratch, told.build / "bin/planner", told.vms, told.module)
        except Unavailable as reason:
            sys.exit(f"{reason}")
        ran = host.boot(shape, told.line, told.script.read_text(), files, told.seconds, told.qemu)
        if told.keep:
            shutil.copytree(ran.files, told.keep, dirs_exist_ok=True)
    sys.stderr.write(ran.console)
    sys.stdout.write(ran.out)
    print(f"{ran.wrong or 'done'}: {ran.cost()}", file=sys.stderr)
    return 1 if ran.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
