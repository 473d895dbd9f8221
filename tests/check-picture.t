#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check --format svg: the picture of the plan with the trouble of the node marked, and no other.

What is marked is compared with the findings of check --json, CPU by CPU.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

import cpulist
from program import PLANNER
from tap import Tap

MAKE_NODE = os.path.join(HERE, "hosts", "make-node.py")
X6 = ["-i", os.path.join(HERE, "cases", "x6", "inventory.ini"),
      "-t", os.path.join(HERE, "hosts", "x6.xml")]
COLORS = {"error": "#d7191c", "warning": "#b35806", "info": "#2166ac"}
WORST = ["info", "warning", "error"]
FAULTS = ["irq-on-isolated", "governor=schedutil", "core-shared", "hugepages-short"]
HOSTILE = """[node]
name = <b>&"]]>
[vm <script>&]
vcpus = 2
cpus = 1,5
[vm "><x a='$(touch ran)]
vcpus = 2
cpus = 2,6
"""
HOST = "pack:1 [numa(memory=68719476736)] l3:1 core:4 pu:2(indexes=2*4:4*1)"


def run(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False,
                          env=dict(os.environ, LC_ALL="C.UTF-8"), **more)


def check(root, *words, inputs):
    return run(PLANNER, "check", "-r", root, *inputs, *words)


def expected(root, inputs):
    """CPU → severity of the worst finding there."""
    worst = {}
    for finding in json.loads(check(root, "--json", inputs=inputs).stdout)["findings"]:
        for cpu in cpulist.parse(finding.get("cpus") or ""):
            worst[cpu] = max(worst.get(cpu, "info"), finding["severity"], key=WORST.index)
    return worst


def rgb(color):
    return "rgb({},{},{})".format(*(int(color[i:i + 2], 16) for i in (1, 3, 5)))


def drawn(svg):
    """CPU → severity, as the boxes are coloured, or for info the letters; names of boxes are lstopo's."""
    severities = {rgb(color): name for name, color in COLORS.items()}
    number = dict(re.findall(r"id='(PU_\d+)_text'[^>]*>[^<]*P#(\d+)", svg))
    marks = {}
    for part, wanted in (("rect", ["error", "warning"]), ("text", ["info"])):
        for box, fill in re.findall(rf"id='(PU_\d+)_{part}'[^>]*? fill='([^']*)'", svg):
            if severities.get(fill) in wanted:
                marks[int(number[box])] = severities[fill]
    return marks


def legend(svg):
    """The lines below the picture that say what trouble there is."""
    return re.findall(r">((?:error|warning|info)\b[^<]*: CPUs [^<]*)<", svg)


def check_x6(tap, folder):
    plan, node, clean = (os.path.join(folder, name) for name in ("plan.json", "node", "clean"))
    with open(plan, "w", encoding="utf-8") as file:
        file.write(run(PLANNER, "plan", "--json", *X6).stdout)
    faults = [word for fault in FAULTS for word in ("--fault", fault)]
    for root, words in ((node, faults), (clean, [])):
        made = run(sys.executable, MAKE_NODE, plan, root, *words)
        tap.ok(made.returncode == 0, f"a node to draw: {os.path.basename(root)}", made.stderr)
    svg = check(node, "--format", "svg", inputs=X6)
    wanted = expected(node, X6)
    tap.ok(svg.returncode == 1 and len(set(wanted.values())) > 1, "a node with trouble is drawn",
           svg.stderr, wanted)
    tap.ok(drawn(svg.stdout) == wanted, "CPUs in trouble are marked, by the worst they are in, and no other",
           drawn(svg.stdout), wanted)
    tap.ok(re.search(r"error: CPUs [\d,-]+: [a-z.,  -]*vm\.pin-doubled", svg.stdout)
           and "check: " in svg.stdout, "the legend says what the trouble is")
    ranks = [WORST.index(re.match(r"\w+", line).group()) for line in legend(svg.stdout)]
    tap.ok(ranks == sorted(ranks, reverse=True) and len(set(ranks)) > 1, "the worst first", legend(svg.stdout))
    target = os.path.join(folder, "node.svg")
    done = check(node, "--format", "svg", "-o", target, inputs=["-p", plan])
    with open(target, encoding="utf-8") as file:
        same = file.read() == svg.stdout
    tap.ok(done.returncode == 1 and same, "-o writes it; a saved plan gives the same", done.stderr)
    svg = check(clean, "--format", "svg", inputs=X6)
    tap.ok(svg.returncode == 0 and not drawn(svg.stdout) and "check: no problem found" in svg.stdout,
           "a clean node has no mark", svg.stderr)
    done = run(PLANNER, "check", "-r", node, "--format", "svg")
    tap.ok(done.returncode == 2 and "-i or -p" in done.stderr, "without a plan there is no picture",
           done.stderr)


def check_templates(tap, folder):
    """The legend in a site's words; a wrong template is an error, whatever was found."""
    site, root = os.path.join(folder, "site"), os.path.join(folder, "clean")
    os.makedirs(site)
    for text, wanted in (("<text class='house' x='0' y='${y}'>${text}${base}${color}${second}</text>\n", 0),
                         ("${text} ${colour}\n", 2)):
        with open(os.path.join(site, "picture-row.svg"), "w", encoding="ascii") as file:
            file.write(text)
        done = check(root, "--format", "svg", "--templates", site, inputs=X6)
        tap.ok(done.returncode == wanted and ("class='house'" in done.stdout) == (not wanted),
               f"--templates: status {wanted}", done.stderr)
    tap.ok("${colour}" in done.stderr and not done.stdout, "and says what is wrong", done.stderr)
    done = check(root, "--templates", site, inputs=X6)
    tap.ok(done.returncode == 2 and "--format svg" in done.stderr, "--templates is of the picture alone",
           done.stderr)


def check_hostile(tap, folder):
    root, inventory = os.path.join(folder, "bare"), os.path.join(folder, "hostile.ini")
    os.makedirs(os.path.join(root, "proc/irq/24"))
    for path, text in (("proc/cmdline", "isolcpus=1-3,5-7"), ("proc/irq/24/effective_affinity_list", "1"),
                       ("proc/irq/24/smp_affinity_list", "1")):
        with open(os.path.join(root, path), "w", encoding="ascii") as file:
            file.write(text + "\n")
    with open(inventory, "w", encoding="utf-8") as file:
        file.write(HOSTILE)
    inputs = ["-i", inventory, "-t", HOST]
    svg = check(root, "--format", "svg", inputs=inputs).stdout
    try:
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()}
    except ElementTree.ParseError as error:
        tags = {str(error)}
    tap.ok(tags == {"svg", "rect", "text", "line"} or tags == {"svg", "rect", "text"},
           "hostile names stay text", tags)
    tap.ok(drawn(svg).get(1) == "error", "and their trouble is marked", drawn(svg))


def main():
    tap = Tap()
    if run("sh", "-c", "command -v lstopo-no-graphics").returncode:
        tap.skip("pictures of checks", "lstopo-no-graphics is not installed (hwloc-nox)")
    else:
        with tempfile.TemporaryDirectory() as folder:
            check_x6(tap, folder)
            check_templates(tap, folder)
            check_hostile(tap, folder)
    return tap.done()


sys.exit(main())
