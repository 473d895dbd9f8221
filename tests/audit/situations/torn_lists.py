# SPDX-License-Identifier: MIT
"""A blank in a list of CPUs, a sign that is the wrong one, a name in capitals: the kernel reads the rest as
arguments of init. That is one cause, and nothing of what follows from it is found again.
"""

import json

from capture import LINE, Host, parse, smt, xml
from find import Find

SOURCE = "questions about isolcpus= 'not working' on forums; lib/cmdline.c next_arg()"
FINDS = [Find("kernel.list-malformed", "kernel", "error",
              text=["isolcpus=4-7, ends at the blank: '12-15'", "likewise in nohz_full (12-15), rcu_nocbs (12-15)"],
              fix="isolcpus=4-7,12-15")]
NEVER = ["kernel.sets-differ", "topology", "task", "irq", "vm"]
ADOPTS = ["cpus = 0-3,8-11"]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
REST = f"nohz_full={ISOLATED} rcu_nocbs={ISOLATED} irqaffinity={HOST}"
# The line, what the kernel isolates, what is without ticks; the one finding, and what it says.
LINES = [
    (f"isolcpus=4-7, 12-15 {REST}", "4-7", ISOLATED, "kernel.list-malformed", "'12-15'"),
    (f"isolcpus=4-7 ,12-15 {REST}", "4-7", ISOLATED, "kernel.list-malformed", "',12-15'"),
    (f"isolcpus=4 - 7,12-15 {REST}", "4", ISOLATED, "kernel.list-malformed", "'- 7,12-15'"),
    (f"isolcpus = {ISOLATED} {REST}", "", ISOLATED, "kernel.list-malformed", f"'= {ISOLATED}'"),
    (f"isolcpus ={ISOLATED} {REST}", "", ISOLATED, "kernel.list-malformed", f"'={ISOLATED}'"),
    (f"isolcpus= {ISOLATED} {REST}", "", ISOLATED, "kernel.list-malformed", f"'{ISOLATED}'"),
    (f"isolcpus=managed_irq, domain,{ISOLATED} {REST}", "", ISOLATED, "kernel.list-malformed", f"'domain,{ISOLATED}'"),
    (f"isolcpus {REST}", "", ISOLATED, "kernel.list-malformed", "isolcpus has no list"),
    (f"isolcpus=4-7;12-15 {REST}", "", ISOLATED, "kernel.list-malformed", "4-7;12-15"),
    (f"isolcpus:{ISOLATED} {REST}", "", ISOLATED, "kernel.parameter-misspelt", "did you mean isolcpus"),
    (f"ISOLCPUS={ISOLATED} {REST}", "", ISOLATED, "kernel.parameter-misspelt", "did you mean isolcpus"),
    (f"{REST} -- isolcpus={ISOLATED}", "", ISOLATED, "kernel.parameter-for-init", "isolcpus="),
    (f"isolcpus={ISOLATED} nohz_full=4-7 12-15 rcu_nocbs={ISOLATED} irqaffinity={HOST}", ISOLATED, "4-7",
     "kernel.list-malformed", "nohz_full=4-7 ends at the blank: '12-15'"),
    (f"isolcpus={ISOLATED} nohz_full={ISOLATED} rcu_nocbs={ISOLATED} irqaffinity=0-3, 8-11", ISOLATED, ISOLATED,
     "kernel.list-malformed", "'8-11'"),
    # Nothing is wrong with quotes, nor with a runlevel or a mere word behind a list.
    (f'isolcpus="{ISOLATED}" {REST}', ISOLATED, ISOLATED, None, None),
    (f'isolcpus="4-7, 12-15" {REST}', ISOLATED, ISOLATED, None, None),
    (f"{REST} isolcpus={ISOLATED} 3", ISOLATED, ISOLATED, None, None),
    (f"{REST} isolcpus={ISOLATED} rescue", ISOLATED, ISOLATED, None, None),
    (f"isolcpus={ISOLATED} nohz_full={ISOLATED} rcu_nocbs irqaffinity={HOST}", ISOLATED, ISOLATED, None, None),
]


def made(words, isolated, nohz):
    host = Host(smt(8), "6.1.0-28-amd64", LINE + words, isolated=isolated, nohz=nohz)
    host.grub()
    host.irq_default = parse(HOST)
    host.domains = []
    domain = xml("a", 4, ["4", "12", "5", "13"], HOST, topology=(1, 2, 2))
    host.vm("a", 21000, ["4", "12", "5", "13"], HOST, live=domain, inactive=domain)
    return host


def node(sound):
    if sound:
        return made(f"isolcpus={ISOLATED} {REST}", ISOLATED, ISOLATED)
    return made("isolcpus=4-7, 12-15 nohz_full=4-7, 12-15 rcu_nocbs=4-7, 12-15 irqaffinity=0-3,8-11", "4-7", "4-7")


def further(program, folder):
    for number, (words, isolated, nohz, rule, says) in enumerate(LINES):
        other = folder.parent / f"line{number}"
        made(words, isolated, nohz).write(other)
        status, out, _ = program("check", "--json", "-r", str(other))
        found = [f for f in json.loads(out)["findings"] if f["verdict"] == "fail" and f["severity"] != "info"]
        good = status == bool(rule) and len(found) == bool(rule) and all(
            f["id"] == rule and says in f["text"] for f in found)
        yield f"'{words[:60]}': {rule or 'nothing'}, and nothing else", \
            [] if good else [f"{f['id']}: {f['text']}" for f in found] + [f"exit status {status}"]
