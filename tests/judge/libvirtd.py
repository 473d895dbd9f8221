# SPDX-License-Identifier: MIT
"""A libvirtd of our own (tests/session-libvirtd.sh), gone with its guests afterwards, and virsh to speak to it."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import cpulist
from program import TESTS, UTF8

DAEMON = f"{TESTS}/session-libvirtd.sh"


def _signal(file, number):
    """To the process that a file names, where there is one."""
    with contextlib.suppress(OSError, ValueError):
        os.kill(int(file.read_text(encoding="utf-8")), number)


def _end(folder):
    for file in folder.glob("run/libvirt/qemu/run/*.pid"):
        if file.name != "driver.pid":
            _signal(file, signal.SIGKILL)
    _signal(folder / "pid", signal.SIGCONT)  # a test may have stopped it
    subprocess.run([DAEMON, "stop", folder], timeout=60, check=False)
    shutil.rmtree(folder, ignore_errors=True)


def _start(folder, host, etc):
    command = [DAEMON, "start", folder]
    if host:
        privilege = [] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
        inside = 'echo "$1" >/proc/sys/kernel/hostname; [ -z "$2" ] || mount --bind "$2" /etc/libvirt || exit; shift 2; "$@"'
        command = ["unshare", *privilege, "--uts", "--mount", "sh", "-c", inside, "sh", host, etc or "", *command]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@contextlib.contextmanager
def libvirtd(host=None, etc=None):
    """
    (folder, URI or None, what it complained of). HOST: it takes itself for a machine of that name,
    so that VMs can migrate between two of them. ETC, of such a one: what it finds in /etc/libvirt,
    where every libvirtd looks for its hooks.
    """
    # /tmp, not $TMPDIR: root hands the daemon to nobody, who must be able to walk there
    folder = tempfile.mkdtemp(prefix="planner-libvirt-", dir="/tmp")
    os.chmod(folder, 0o755)
    try:
        run = _start(folder, host, etc)
        yield folder, (run.stdout.strip() or None), run.stderr.strip()
    finally:
        _end(pathlib.Path(folder))


def restart(folder, host, etc):
    """The daemon of FOLDER ends and starts again; its guests run on."""
    subprocess.run([DAEMON, "stop", folder], timeout=60, check=False)
    return _start(folder, host, etc)


def virsh(uri, *words, timeout=60):
    """Its result; status 124 where it does not answer."""
    try:
        return subprocess.run(["virsh", "-c", uri, *words], capture_output=True, env=UTF8, encoding="utf-8",
                              errors="replace", timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(words, 124, "", f"no answer in {timeout} s")


def threads(folder, name):
    """thread's name → the CPUs of each of that name, of the QEMU whose monitor is below FOLDER."""
    found = {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes()
            if f"guest={name},".encode() not in line or str(folder).encode() not in line:
                continue
            for task in (process / "task").iterdir():
                allowed = re.search(r"Cpus_allowed_list:\t(.*)", (task / "status").read_text())[1]
                found.setdefault((task / "comm").read_text().strip(), []).append(frozenset(cpulist.parse(allowed)))
        except OSError:
            continue
    return found
