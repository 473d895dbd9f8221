#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
An independent judge of plans.

Reads the same topology and inventory as planner does, with none of its code and none of its
libraries, and says what is wrong with the plan made of them. Rules are in the files named after
what they look at; complaint.py says how to add one.

    tests/judge/judge.py -t host.xml -i inventory.ini plan.json
"""

import argparse
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import complaint
import inventory as inventories
import topology as topologies
from case import Case

# in the order the rules are asked
import shape      # noqa: F401
import roles      # noqa: F401
import kernel_line  # noqa: F401
import pins       # noqa: F401
import memory     # noqa: F401
import cpupm      # noqa: F401
import placement  # noqa: F401


def judge(topology, inventory, plan, status=None):
    """
    The complaints about PLAN, made for a topology.Host and an inventory dict; none means right.
    STATUS is planner's exit status where it is known.
    """
    case = Case(topology, inventory, plan, status)
    found = complaint.complaints(case, "shape.")
    if any(c.rule in ("shape.document", "shape.vm") for c in found):
        return found  # nothing below can be read safely
    case.open()
    return found + [c for prefix in ("roles.", "request.", "kernel.", "vm.", "memory.", "cpupm.",
                                     "placement.")
                    for c in complaint.complaints(case, prefix)]


def main():
    parser = argparse.ArgumentParser(description="Judge a plan.")
    parser.add_argument("-t", "--topology", required=True, help="hwloc XML file or synthetic")
    parser.add_argument("-i", "--inventory", required=True)
    parser.add_argument("-s", "--status", type=int, help="planner's exit status")
    parser.add_argument("plan", help="plan.json, - for standard input")
    args = parser.parse_args()
    with (sys.stdin if args.plan == "-" else open(args.plan, encoding="utf-8")) as file:
        plan = json.load(file)
    found = judge(topologies.load(args.topology), inventories.load(args.inventory), plan,
                  args.status)
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
