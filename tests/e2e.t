#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# check-all: boots emulated hosts
# timeout: 900 seconds
# alone
"""
Hosts that are emulated whole, with a real kernel (tests/e2e/): what planner says of a node is held
against what the kernel does.
"""

import contextlib
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE / "e2e"), str(HERE / "judge")]

import emulated
from host import emulated_host
from program import BUILD
from tap import Tap


LOOK = """
cd /sys/devices/system/cpu
echo "siblings $(cat cpu1/topology/thread_siblings_list)"
echo "node1 $(cat /sys/devices/system/node/node1/cpulist)"
echo "isolated $(cat isolated)"
"""
LOOKED = ["siblings 1,5", "node1 2-3,6-7", "isolated 3,7"]


def stat_of(pid):
    """The fields of a process after its name: state, parent …; or None."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    except OSError:
        return None


def alive(pid):
    return (stat_of(pid) or "X")[0] not in "ZX"


def emulators(parent):
    """The QEMUs that PARENT started."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (stat_of(folder.name) or "--")[1] == str(parent) and \
                    emulated.QEMU.encode() in (folder / "cmdline").read_bytes().split(b"\0")[0]:
                found.append(int(folder.name))
    return found


def until(what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.1)
    return None


def shape(tap, host):
    ran = host.boot(emulated.Shape(sockets=2, cores=2, threads=2), "isolcpus=3,7", LOOK)
    tap.ok(not ran.wrong and ran.lines() == LOOKED, "a host of the shape and with the kernel line that were asked for",
           ran.wrong, ran.out, ran.console[-2000:])
    tap.note(f"8 CPUs, looked at: {ran.cost()}")


def limits(tap, host):
    ran = host.boot(emulated.Shape(), "", "sleep 300", seconds=2)
    tap.ok(ran.wrong == "not done after 2 seconds", "a host that does not end is ended", ran.wrong)
    ran = host.boot(emulated.Shape(), "init=/nowhere rdinit=/nowhere", "", seconds=120)
    tap.ok((ran.wrong or "").startswith("the guest did not come to its end"), "a host that panics is no success",
           ran.wrong)


def killed(tap, scratch):
    """Whoever boots a host is killed: QEMU goes with it."""
    script = scratch / "sleep.sh"
    script.write_text("sleep 300\n", encoding="ascii")
    with subprocess.Popen([HERE / "e2e/boot.py", "--build", BUILD, script], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, env=dict(os.environ, TMPDIR=scratch)) as boot:
        try:
            started = until(lambda: emulators(boot.pid))
        finally:
            boot.kill()
    tap.ok(started and until(lambda: not any(map(alive, started)), 10), "no QEMU is left behind by a killed test", started)


def main():
    tap = Tap()
    with emulated_host() as host:
        tap.note(f"Linux {host.kernel.release}")
        shape(tap, host)
        limits(tap, host)
        killed(tap, host.scratch)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
