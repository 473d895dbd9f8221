#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rules as users meet them: planner-rules(7) is the table of the program, word for word; explain,
--rule, --skip, --fail-on, --strict and the output forms do what they say.

UPDATE=1 writes the rules' part of man/planner-rules.7 anew: then read `git diff`.
"""

import json
import os
import pathlib
import re
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/judge"))

from program import planner
from tap import Tap

MANUAL = ROOT / "man/planner-rules.7"
BEGIN, END = '.\\" Rules: written by UPDATE=1 tests/rules.t\n', '.\\" End of rules\n'
AREAS = {"kernel": "The kernel and its line", "node": "The node and its plan",
         "plan": "The plan itself",
         "cgroup": "Cgroups", "topology": "Topology", "irq": "Interrupts", "task": "Tasks",
         "vm": "VMs", "memory": "Memory", "cpu-pm": "cpu-pm", "kvm": "KVM",
         "service": "Services", "measured": "What was measured", "power": "Power"}

tap = Tap()
that = tap.that


def run(*args, status=None):
    """stdout, stderr; the exit status must be STATUS, one of the three where none is given."""
    got, out, error = planner(*args, timeout=120)
    if got not in ((0, 1, 2) if status is None else (status,)):
        raise AssertionError(f"{args}: exit {got}, not {status}: {error}")
    return out, error


def ends(wanted, *args):
    """Problems: a check that does not end with the status WANTED."""
    got, out, error = planner("check", *args)
    return [] if got == wanted else [f"exit {got}, not {wanted}: {out}{error}"]


def listed():
    """id → (severity, title), in the table's order."""
    rows = [line.split(maxsplit=2) for line in run("explain", "rules", status=0)[0].splitlines()]
    return {row[0]: (row[1], row[2]) for row in rows}


def explained(name):
    """What explain says of a rule: {looks at, why, fix, source}, each one line."""
    texts, current = {}, None
    for line in run("explain", name, status=0)[0].splitlines()[1:]:
        if line[2] != " ":
            current = line[2:13].strip()
            texts[current] = line[13:].strip()
        else:
            # Folded after a blank, or after a comma where there was none.
            glue = "" if texts[current].endswith(",") and len(texts[current].split()) == 1 else " "
            texts[current] += glue + line.strip()
    return texts


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return ("\\&" + text) if text[:1] in ".'" else text


def fold(text, width=76):
    """Lines for roff; none may begin with a dot or an apostrophe."""
    lines = [""]
    for word in text.split():
        # A sentence begins a line, as mandoc asks.
        if lines[-1] and (len(lines[-1]) + len(word) >= width or re.search(r"[.!?]\)?$", lines[-1])):
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return "".join(roff(line) + "\n" for line in lines)


def manual_rules(rules):
    out, area = "", None
    for area, title in AREAS.items():
        ids = [name for name in rules if name.split(".")[0] == area]
        out += f".Ss {title}\n.Bl -tag -width Ds\n"
        for name in ids:
            severity, head = rules[name]
            texts = explained(name)
            out += f".It Sy {roff(name)}\n" + fold(f"{severity}: {head}.")
            for key, label in (("looks at", "Looks at:"), ("why", "Why:"), ("fix", "Fix:"),
                               ("source", "Source:")):
                end = "" if texts[key].endswith((".", ")")) else "."
                out += ".Pp\n.Em " + label + "\n" + fold(texts[key] + end)
        out += ".El\n"
    return out


def remedy_tests(rules):
    """What remedies tell to run is there."""
    commands = re.findall(r"^  ([a-z]+) ", run("--help", status=0)[0], re.M)
    artifacts = run("emit", "--list-names", status=0)[0].split()
    wrong = []
    for name in rules:
        text = " ".join(explained(name).values())
        for command, what in re.findall(r"'planner ([a-z]+) ?([a-z-]*)", text):
            if command not in commands or (command == "emit" and what not in artifacts):
                wrong.append(f"{name}: planner {command} {what}")
    that("remedies name commands and artifacts there are", wrong)


# What finds out that an artifact is not in force: rules, or why there is none.
ARTIFACTS = {
    "cmdline": "kernel.isolcpus-differs", "grub": "kernel.reboot-pending",
    "grubby": "kernel.reboot-pending", "kernel-install": "kernel.reboot-pending",
    "extlinux": "kernel.reboot-pending", "zipl": "kernel.line-elsewhere",
    "bootc": "kernel.reboot-pending", "systemd-affinity": "service.systemd-affinity",
    "system-slice": "task.user-on-isolated", "user-slice": "task.user-on-isolated",
    "machine-slice": "vm.free-on-isolated", "sdk-slice": "task.user-on-isolated",
    "sdk-partition": "cgroup.partition-missing", "irqbalance": "irq.irqbalance-list",
    "irqbalance-rhel": "irq.irqbalance-list", "tuned": "service.tuned-profile",
    "tuned-realtime": "service.tuned-profile", "modprobe": "kvm.ple-gap kvm.halt-polling "
    "kvm.exitless-timer", "sysctl": "kernel.sysctl-differs memory.numa-balancing "
    "kernel.watchdog-on-isolated", "hugepages": "memory.hugepages-short",
    "domain": "vm.pin-differs vm.memory-nodes vm.hugepages-missing", "virsh": "vm.live-differs",
    "cpu-pm": "cpu-pm.off-eligible",
    "cgconfig": "task.user-on-isolated",
    "hugetlbfs": None,            # a mount: without it QEMU does not start, and says so
    "dpdk": None, "spdk": None, "ovs": None,  # arguments of programs that are not the host's
    "nova": "vm.pin-on-host", "flavors": "vm.vcpus-differ",
    "performance-profile": "kernel.flags-without-domain",
    "kubelet": "vm.vcpu-floats", "kubevirt": "vm.emulator-on-isolated",
    "proxmox": "vm.vcpu-floats", "starlingx": "kernel.isolcpus-differs",
    "ansible": None,              # writes other artifacts, which have theirs
    "hwloc-xml": None, "svg": None, "plan": None, "index": None,  # are read by people alone
    "check-service": None, "check-timer": None,  # run check itself
    "libvirt-hook": None,         # judges by rules of check itself
    "undo": None, "apply": None,  # are run by hand, if ever
}


def artifact_gaps(artifacts, rules):
    """Artifacts without a row, rows without an artifact, rows with a rule that is not there."""
    named = {rule for text in ARTIFACTS.values() for rule in (text or "").split()}
    return sorted(set(artifacts) ^ set(ARTIFACTS)), sorted(named - set(rules))


def artifact_tests(rules):
    artifacts = run("emit", "--list-names", status=0)[0].split()
    unjudged, unknown = artifact_gaps(artifacts, rules)
    that("every artifact has a rule, or a reason why it has none", unjudged)
    that("and these rules are there", unknown)
    planted = artifact_gaps(artifacts[1:] + ["planted"], set(rules) - {"service.tuned-profile"})
    that("an artifact that is new or gone, and a rule that is gone, would be found",
         [] if planted == (sorted([artifacts[0], "planted"]), ["service.tuned-profile"]) else [planted])


def table_tests():
    rules = listed()
    remedy_tests(rules)
    artifact_tests(rules)
    that("there are rules", [] if len(rules) > 60 else [f"only {len(rules)}"])
    that("every area of rules has a heading",
         sorted({name.split(".")[0] for name in rules} ^ set(AREAS)))
    written = manual_rules(rules)
    page = MANUAL.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    between, after = rest.split(END)
    if os.environ.get("UPDATE"):
        MANUAL.write_text(before + BEGIN + written + END + after, encoding="utf-8")
        between = written
    that("man/planner-rules.7 is the program's table (UPDATE=1 writes it)",
         [line for line in set(written.splitlines()) ^ set(between.splitlines())][:10]
         or ([] if written == between else ["the order differs"]))
    _, error = run("explain", "irq.on-isolatd", status=2)
    that("a misspelt rule is met with the nearest one",
         [] if "did you mean irq.on-isolated" in error else [error])


def capture(folder):
    """A bare directory of captured files: two host CPUs, two isolated ones, one interrupt astray."""
    files = {
        "proc/cmdline": "isolcpus=2-3 nohz_full=2-3 rcu_ncbs=2-3\n",
        "proc/sys/kernel/osrelease": "6.1.0\n",
        "proc/irq/default_smp_affinity": "3\n",
        "proc/irq/24/smp_affinity_list": "0-3\n",
        "proc/irq/24/effective_affinity_list": "2\n",
    }
    cpu = "sys/devices/system/cpu/"
    for name, text in {"possible": "0-3", "present": "0-3", "online": "0-3", "offline": "",
                       "isolated": "2-3", "nohz_full": "2-3"}.items():
        files[cpu + name] = text + "\n"
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")


def ids(*args, status):
    document = json.loads(run("check", "--json", *args, status=status)[0])
    return {finding["id"] for finding in document["findings"] if finding["verdict"] == "fail"}


def check_tests(folder):
    root = ["-r", str(folder)]
    everything = ids(*root, status=1)
    that("a bare directory is judged as far as it goes",
         [f"{name} is missing" for name in ("irq.on-isolated", "kernel.parameter-misspelt")
          if name not in everything])
    document = json.loads(run("check", "--json", *root)[0])
    that("what it lacks is unknown, not passed", [] if document["summary"]["unknown"] > 10
         else [str(document["summary"])])
    that("findings of a check have evidence and why",
         [finding["id"] for finding in document["findings"]
          if not finding.get("evidence") or not finding.get("why")])
    that("--rule takes rules and areas",
         sorted(ids("--rule", "irq,kernel.sets-differ", *root, status=1) ^ {"irq.on-isolated"}))
    that("--skip takes them away", sorted(ids("--rule", "irq", "--skip", "irq.on-isolated", *root,
                                              status=0)))
    that("--strict makes the unknown fail", ends(0, "--rule", "task", *root)
         + ends(1, "--rule", "task", "--strict", *root))
    (folder / "proc/irq/default_smp_affinity").write_text("f\n", encoding="ascii")
    that("--fail-on warning makes warnings fail", ends(0, "--rule", "irq.default-affinity", *root)
         + ends(1, "--rule", "irq.default-affinity", "--fail-on", "warning", *root))
    out, _ = run("check", "--rule", "irq.irqbalance-list", *root, status=0)
    that("nothing to say is one line", [] if out.count("\n") == 1 else [out])
    for wrong in (["--fail-on", "info"], ["--rule", "nonsense"], ["--format", "pdf"],
                  ["--format", "junit", "--json"], ["argument"], ["-o", "x"]):
        out, error = run("check", *wrong, *root, status=2)
        that(f"check {' '.join(wrong)} is refused in one line",
             [] if error.count("\n") == 1 and not out else [out + error])


def form_tests(folder):
    root = ["-r", str(folder)]
    target = folder / "planner.prom"
    run("check", *root, "--format", "prometheus", "-o", str(target), status=1)
    text = target.read_text(encoding="utf-8")
    line = re.compile(r'# (HELP|TYPE) planner_\w+ .+|planner_\w+(\{(\w+="[^"\\]*",?)+\})? \d+')
    that("prometheus is well-formed", [each for each in text.splitlines()
                                       if not line.fullmatch(each)])
    that("prometheus counts", [] if 'rule="irq.on-isolated",severity="error",verdict="fail"} 1'
         in text else [text])
    that("the collector may read it", [] if target.stat().st_mode & 0o777 == 0o644 & ~umask()
         else [oct(target.stat().st_mode)])
    suite = ElementTree.fromstring(run("check", *root, "--format", "junit", status=1)[0])
    cases = suite.findall("testcase")
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    that("junit counts its cases", [] if int(suite.get("tests")) == len(cases)
         and int(suite.get("failures")) == len(failed) else [str(suite.attrib)])
    that("junit has the failures", [] if "irq.on-isolated" in failed else failed)


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def main():
    table_tests()
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        capture(folder)
        check_tests(folder)
        form_tests(folder)
    # Wherever this runs: it finishes, says something, and its status is one of the three.
    out, error = run("check", "-c", "test:///default")
    that("check of this very machine says something", [] if out else [error])
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
