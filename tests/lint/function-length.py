#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No C function over 80 lines, and half of them under 15. Usage: function-length.py FILE…

A function is what the layout makes it: text at the left margin that ends in `)` and, alone at the
left margin, `{` … `}`. clang-format holds that layout.
"""

import statistics
import sys

LONGEST, MEDIAN = 80, 15


def functions(path):
    """(line of the name, name, lines from brace to brace) of every function in PATH."""
    head = name_line = start = None
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line == "{":
                start = number
            elif line.startswith("}"):
                if start and head and line == "}":
                    yield name_line, head.split("(")[0].split()[-1].lstrip("*"), number - start + 1
                head = start = None
            elif start is None and line[:1].isidentifier() and "(" in line:
                head, name_line = line, number


def main():
    lengths, status = [], 0
    for path in sys.argv[1:]:
        for line, name, length in functions(path):
            lengths.append(length)
            if length > LONGEST:
                print(f"{path}:{line}: {name} has {length} lines, more than {LONGEST}: split it")
                status = 1
    if lengths and statistics.median(lengths) >= MEDIAN:
        print(f"half of the {len(lengths)} functions have {statistics.median(lengths):g} lines or more,"
              f" not under {MEDIAN}")
        status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
