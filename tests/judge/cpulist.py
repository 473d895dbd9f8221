# SPDX-License-Identifier: MIT
"""CPU lists as text, in the kernel's grammar: "0-3,18-21", "0-7:1/2"."""

import re

REGION = re.compile(r"^(\d+)(?:-(\d+)(?::(\d+)/(\d+))?)?$")


def parse_ordered(text):
    """The CPUs of TEXT in the order they are written; ValueError when it is no list."""
    cpus = []
    for region in text.split(",") if text else []:
        match = REGION.match(region)
        if not match:
            raise ValueError(f"'{region}' is no region of a CPU list")
        first, last, used, group = (int(g) if g else None for g in match.groups())
        last = first if last is None else last
        used, group = used or 1, group or 1
        if last < first or used > group:
            raise ValueError(f"'{region}' runs backwards")
        cpus += [c for c in range(first, last + 1) if (c - first) % group < used]
    if len(set(cpus)) != len(cpus):
        raise ValueError(f"'{text}' names a CPU twice")
    return cpus


def parse(text):
    return set(parse_ordered(text))


def format(cpus):
    """The shortest ascending form: neighbours joined, no strides (older kernels lack them)."""
    runs = []
    for cpu in sorted(cpus):
        if runs and runs[-1][1] == cpu - 1:
            runs[-1][1] = cpu
        else:
            runs.append([cpu, cpu])
    return ",".join(f"{a}-{b}" if b > a else str(a) for a, b in runs)
