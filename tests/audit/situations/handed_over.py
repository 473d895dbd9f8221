# SPDX-License-Identifier: MIT
"""A capture is checked as it is handed over: as a tar, compressed, in the folder that it was saved to,
inside a must-gather. What leads out of an archive, or is no file, is refused.
"""

import io
import os
import shutil
import subprocess
import tarfile

from capture import Host, isolating, smt

SOURCE = "sosreports and must-gathers"
ISOLATED, HOST = "2-7,10-15", "0-1,8-9"


def pack(path, mode, folder, name):
    os.makedirs(path.parent, exist_ok=True)
    with tarfile.open(path, mode) as tar:
        tar.add(folder, name)
    return path


def hostile(path, entry, text=b"x"):
    with tarfile.open(path, "w:gz") as tar:
        tar.add(path.parent / "node/proc/cmdline", "node/proc/cmdline")
        entry.size = len(text) if entry.isreg() else 0
        tar.addfile(entry, io.BytesIO(text))
    return path


def judged(program, path, whole):
    status, out, error = program("check", "--json", "-r", str(path))
    return [] if (status, out) == whole else [f"exit status {status}", error]


def refused(program, path, why):
    status, out, error = program("check", "-r", str(path))
    return [] if status == 2 and why in error else [f"exit status {status}", out[:200], error]


def entry(name, kind=tarfile.REGTYPE):
    made = tarfile.TarInfo(name)
    made.type = kind
    return made


def further(program, folder):
    node, above = folder / "node", folder / "above"
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated="", nohz=ISOLATED)
    host.write(node)
    os.symlink("cmdline", node / "proc/again")
    whole = program("check", "--json", "-r", str(node))[:2]
    for name, mode in (("plain.tar", "w"), ("node.tar.gz", "w:gz"), ("node.tar.xz", "w:xz")):
        made = pack(folder / name, mode, node, "sosreport-node1-2026")
        yield name, judged(program, made, whole)
    if shutil.which("zstd"):
        subprocess.run(["zstd", "-q", str(folder / "plain.tar")], check=True)
        yield "node.tar.zst", judged(program, folder / "plain.tar.zst", whole)
        above_zst = folder / "above-zst"
        os.makedirs(above_zst)
        shutil.copy(folder / "plain.tar.zst", above_zst / "sosreport-node1.tar.zst")
        yield "the folder of a tar.zst", judged(program, above_zst, whole)
    yield "a tar of what is in the folder", judged(
        program, pack(folder / "flat.tgz", "w:gz", node, "."), whole)
    made = pack(above / "sosreport-node1.tar.xz", "w:xz", node, "sosreport-node1")
    (above / "sosreport-node1.tar.xz.sha256").write_text("0\n")
    yield "the folder that it was saved to", judged(program, above, whole)
    gather = folder / "must-gather"
    pack(gather / "image/nodes/node1/sysinfo.tgz", "w:gz", node, ".")
    yield "a must-gather", judged(program, gather, whole)
    yield "a must-gather's tar", judged(
        program, pack(folder / "gather.tar.gz", "w:gz", gather, "must-gather"), whole)
    shutil.copy(made, above / "other.tar.xz")
    yield "two of them", refused(program, above, "with 'planner check FOLDER': other.tar.xz")
    os.makedirs(folder / "empty/usr")
    yield "none", refused(program, folder / "empty", "not a capture of a node")
    for what, one in (("an absolute path", entry("/etc/x")), ("a path that leads out", entry("../x")),
                      ("a device", entry("dev/null", tarfile.CHRTYPE)),
                      ("a file below a file", entry("node/proc/cmdline/x"))):
        yield what, refused(program, hostile(folder / "hostile.tar.gz", one), "is refused")
    data = (folder / "node.tar.gz").read_bytes()
    (folder / "cut.tar.gz").write_bytes(data[:len(data) // 2])
    yield "cut short", refused(program, folder / "cut.tar.gz", "cut.tar.gz")
