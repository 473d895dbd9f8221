#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A function is found by its name: no two .c files define the same one, and each name carries its
module. Usage: names.py FILE…

One word alone (`say`, `take`) says neither where it lives nor what it is about; the few public
functions that are their module's only one (`bestfit`) are named as the module's file is.
"""

import collections
import pathlib
import re
import sys

DEFINITION = re.compile(r"^(?:static |extern )?[A-Za-z_][\w \t*]*?[ *](\w+)\([^;{}]*\)\n\{", re.M)


def main():
    where, status = collections.defaultdict(set), 0
    for path in sys.argv[1:]:
        for name in DEFINITION.findall(pathlib.Path(path).read_text(encoding="utf-8")):
            where[name].add(path)
    for name, paths in sorted(where.items()):
        if len(paths) > 1:
            print(f"{name}() is defined in {', '.join(sorted(paths))}: name each after its module")
            status = 1
        elif "_" not in name and name != "main" and not any(
                name in pathlib.Path(path).stem.split("_") for path in paths):
            print(f"{name}() in {min(paths)}: begin its name with its module's")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
