# SPDX-License-Identifier: MIT
"""A kernel that is older than the flag drops isolcpus=, though nobody can tell from its version: what follows
from that is not found again. And a build of RHEL 9.0 has one mask: nohz_full= that differs is dropped.
"""

import json

from capture import LINE, Host, isolating, parse, smt
from find import Find

SOURCE = "early builds of RHEL 8: 'isolcpus: Error, unknown flag'; 5.14.0-70.13.1.el9_0"
FINDS = [Find("kernel.not-honoured", "kernel", "error", text="isolcpus of CPUs 4-7,12-15, the kernel shows none", fix="dmesg")]
NEVER = ["kernel.sets-differ", "task", "irq", "topology"]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    release = "4.18.0-553.el8_10.x86_64" if sound else "4.18.0-80.el8.x86_64"
    host = Host(smt(8), release, isolating(ISOLATED, HOST, "managed_irq,domain,"), isolated=ISOLATED * sound,
                nohz=ISOLATED)
    host.grub()
    host.irq_default = parse(HOST)
    host.domains = []
    return host


def further(program, folder):
    other = folder.parent / "mask"
    Host(smt(8), "5.14.0-70.13.1.el9_0.x86_64", f"{LINE}isolcpus={ISOLATED} nohz_full=4-7 rcu_nocbs={ISOLATED} "
         f"irqaffinity={HOST}", isolated=ISOLATED).write(other)
    found = [f for f in json.loads(program("check", "--json", "-r", str(other))[1])["findings"]
             if f["verdict"] == "fail" and f["severity"] != "info"]
    good = [f["id"] for f in found] == ["kernel.sets-differ"] and "the kernel dropped nohz_full" in found[0]["text"]
    yield "one mask, and one finding", [] if good else [f"{f['id']}: {f['text']}" for f in found]
