#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Comments, manual pages and READMEs name files and functions that there are.

Of C and of scripts the comments are read, of man pages both. A path below a folder of ours must exist
('*' stands for many, NAME for any), and so must a bare NAME.c or NAME.h; a NAME() must be called or defined in a C file
of ours, or be FOREIGN.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/judge"))

from tap import Tap

# Functions of the kernel, QEMU, libvirt, hwloc and C that are cited, not called.
FOREIGN = set("""
    bitmap_check_region bitmap_getnum bitmap_parse_region bitmap_parselist bitmap_set_region
    cgroup_get_cgroup cgroup_unload_cgroups devm_platform_get_irqs_affinity handle_fastpath_set_msr_irqoff host_cpu_enable_cpu_pm
    housekeeping_isolcpus_setup
    housekeeping_setup hugepages_setup hwloc_bitmap_sscanf inflateInit2 irq_affinity_setup
    irq_do_set_affinity kstrtobool kthread kvm_arch_init kvm_can_post_timer_interrupt
    kvm_can_use_hv_timer
    kvm_vm_ioctl_check_extension lockup_detector_init obsolete_checksetup openat2
    qemuProcessGetAllCpuAffinity rcu_init_nohz rcu_nocb_setup request_irq scols_table_get_line set_init_arg
    setup_banned_cpus setup_tick_nohz
    svm_hardware_setup svm_vm_init tick_nohz_init tick_nohz_switch_to_nohz unknown_bootoption update_tasks_cpumask
    vhost_worker_create virBitmapParse virDomainGetVcpuPinInfo virGetVersion virProcessSetAffinity
    vmx_init vmx_vm_init workqueue_init_early
""".split())
# Files of theirs that are cited by their bare name.
FOREIGN_FILES = {"cpu.c", "cpufreq.c", "cputree.c", "hwloc.h", "proc.c", "svm.h", "zlib.h"}
# Paths inside a snapshot, inside tracefs, and in hwloc's own source.
ELSEWHERE = ("planner/domains", "planner/failures", "planner/kvm-disable-exits", "planner/measured.json", "planner/remarks", "planner/snapshot",
             "planner/topology.xml", "tests/hwloc/")
FOLDERS = ("topology", "planner", "cmd", "templates", "tests", "man")
TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.S)

tap = Tap()


def files(*patterns):
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file())


def comments(path):
    """(comments, code) of a file."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix in (".c", ".h"):
        found = [token for token in TOKEN.findall(text) if token.startswith("/")]
        return "\n".join(found), TOKEN.sub(lambda match: " " if match[0].startswith("/") else '""', text)
    if path.suffix == ".md":
        return text, ""
    if re.fullmatch(r"\.[1-8]", path.suffix):
        return text.replace(r"\-", "-").replace(r"\&", ""), ""
    return "\n".join(line for line in text.splitlines() if re.match(r"\s*#", line)), ""


c_files = files("topology/**/*.[ch]", "planner/**/*.[ch]", "cmd/*.[ch]", "tests/unit/*.[ch]", "tests/fuzz/*.[ch]")
read = {path: comments(path) for path in [*c_files, *files("man/*.[1-8]", "*.md", "tests/**/*.md", "templates/**/*.md",
        "templates/README", "tests/*.t", "tests/*.sh", "tests/**/*.py", "tests/lint/*", "Makefile")]}
names = {name for _, code in read.values() for name in re.findall(r"\b([A-Za-z_]\w*)\s*\(", code)}
names |= {name for path in files("tests/**/*.py", "tests/*.t", "tests/*.sh", "tests/hosts/*", "cmd/completion/*")
          for name in re.findall(r"\b(?:def )?(\w+)\s?\(", path.read_text(encoding="utf-8", errors="replace"))}
known_files = {path.name for path in files("topology/**/*", "planner/**/*", "cmd/**/*", "tests/**/*", "templates/**/*")}


def stale(text):
    for path in re.findall(rf"(?<![\w./$}}-])((?:{'|'.join(FOLDERS)})/[\w./*-]*\w)", text):
        if "NAME" not in path and not path.startswith(ELSEWHERE) and not any(ROOT.glob(path)):
            yield path
    for path in re.findall(r"(?<![\w/.*-])(\w+\.[ch])\b", text):
        if path not in known_files | FOREIGN_FILES:
            yield path
    for name in re.findall(r"\b([A-Za-z_]\w*)\(\)", text):
        if name not in names | FOREIGN:
            yield f"{name}()"


found = {path.relative_to(ROOT): sorted(set(stale(text))) for path, (text, _) in read.items()}
tap.that("comments, manual and READMEs name what there is", [f"{path}: {what}" for path, wrong in found.items() for what in wrong])
cited = "\n".join(text for text, _ in read.values())
tap.that("FOREIGN is cited", sorted(name for name in FOREIGN if f"{name}()" not in cited)
         + sorted(name for name in {*FOREIGN_FILES, *ELSEWHERE} if name not in cited))


def template_rows(text):
    """Name of a template → its row in templates/README, with the lines that go on with it."""
    rows, names = {}, []
    for line in text.splitlines():
        named = re.match(r" {0,2}((?:[a-z0-9-]+\.[a-z]+ ?)+)", line)
        if named or not line.startswith(" " * 6):
            names = named[1].split() if named else []
        for name in names:
            rows[name] = f"{rows.get(name, '')} {line}"
    return rows


def template_gaps(rows, templates):
    """What users who write templates of their own would not learn."""
    for path in templates:
        text = path.read_text(encoding="utf-8")
        for name in dict.fromkeys(re.findall(r"\$\{([a-z_-]+)\}", text)) if path.name in rows else [None]:
            if name is None or not re.search(rf"\s{name}(\s|$)", rows[path.name]):
                yield f"{path.relative_to(ROOT)}: {name or 'has no row'}"


rows = template_rows((ROOT / "templates/README").read_text(encoding="utf-8"))
# capture.sh has names of its shell, which are none of a template.
templates = [path for path in files("templates/*", "templates/*/*")
             if path.name not in ("README", "capture.sh") and path.parent.name != "ansible"]
tap.that("templates/README has each template with its names", list(template_gaps(rows, templates)))
ONE = "flavor-pages.sh"
tap.that("a name that is not in the row, and a template without one, would be found",
         [rows for rows in ({**rows, ONE: ONE}, {name: row for name, row in rows.items() if name != ONE})
          if len(list(template_gaps(rows, templates))) != 1])
sys.exit(tap.done())
