#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual lists what the program can say, no more and no less.

Findings and codes of cpu-pm are found as strings in planner/*/*.c and cmd/*.c and compared with the
lists of man/planner-plan.1 and planner-cpu-pm.7, those of planner/check/rule*.c with man/planner-rules.7; sections and keys of the inventory are those that the
program names, compared with man/planner-inventory.5. Nothing is listed here.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/judge"))

from program import PLANNER, UTF8
from tap import Tap

RULES = sorted(ROOT.glob("planner/check/rule*.c"))
SOURCES = sorted({*ROOT.glob("planner/*/*.c"), *ROOT.glob("cmd/*.c")} - {*RULES})
ID = r"[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*"
TEMPLATES = {path.name for path in (ROOT / "templates").rglob("*") if path.is_file()}
# Names of files and one kernel parameter look like ids of findings, as does the test suite's name in JUnit reports.
FILES = re.compile(r"planner\.check|cpuidle\.off|.*\.(bash|cfg|conf|env|html|ini|json|md|rst|service|slice|sh|svg|toml|txt|xml|yaml)$")

tap = Tap()
that = tap.that


def same(name, said, documented, where):
    that(name, [f"{what} is not in {where}" for what in sorted(said - documented)]
         + [f"{what} is in {where}, but the program cannot say it"
            for what in sorted(documented - said)])


def code_of(path):
    """The C text of PATH without its comments."""
    text = path.read_text(encoding="utf-8")
    token = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.S)
    return token.sub(lambda match: " " if match[0].startswith("/") else match[0], text)


def unescaped(roff):
    return roff.replace(r"\-", "-").replace(r"\&", "")


def page(name):
    """The sections of a manual page: title → its lines."""
    sections, lines = {}, []
    for line in (ROOT / "man" / name).read_text(encoding="utf-8").splitlines():
        if line.startswith(".Sh "):
            lines = sections.setdefault(unescaped(line[4:]).strip('"'), [])
        elif not line.startswith('.\\"'):
            lines.append(line)
    return sections


def items(lines, macro):
    """First words of the `.It MACRO` lines."""
    return [unescaped(line.split()[2]) for line in lines if line.startswith(f".It {macro} ")]


def findings(sources):
    ids = set()
    for path in sources:
        for word in re.findall(rf'"({ID})"', code_of(path)):
            if word not in TEMPLATES and not FILES.fullmatch(word):
                ids.add(word)
    return ids


def codes():
    call = re.compile(r"\b(?:reason_add|find_cpus|add_with_cpus|cpupm_add_reason|cpupm_add_note)"
                      r'\(\s*[A-Za-z_>\-.&*\[\]]+,\s*"([^"]+)"')
    return {code for path in SOURCES for code in call.findall(code_of(path))}


def complaints(text):
    """What planner says of the inventory TEXT."""
    with tempfile.NamedTemporaryFile("w", suffix=".ini") as file:
        file.write(text)
        file.flush()
        return subprocess.run([PLANNER, "plan", "-t", "core:1 pu:1", "-i", file.name], check=False,
                              capture_output=True, text=True, env=UTF8, timeout=60).stderr


def inventory():
    """Section → its keys, as the program lists them to those who write another."""
    known = re.search(r"unknown section; known: (.*)", complaints("[qqqqqqqq]\n"))[1].split(", ")
    text = "".join(f"[{section}]\nqqqqqqqq = 1\n" for section in known)
    keys = re.findall(r"^.*?\[([^]]+)\] qqqqqqqq: unknown key; known: (.*)$", complaints(text), re.M)
    return {f"[{section}]": names.split(", ") for section, names in keys}


def entries(lines):
    """Key → its text; keys that stand together share one."""
    texts, names = {}, []
    for line in lines:
        if line.startswith(".It Ic "):
            name = unescaped(line.split()[2])
            names = [*names, name] if names and not texts[names[-1]] else [name]
            texts[name] = ""
        elif line.startswith((".Bl", ".El")):
            names = []
        else:
            for name in names:
                texts[name] += line + "\n"
    return texts


rules = findings(RULES)
lines = "\n".join(line for section in page("planner-rules.7").values() for line in section)
listed = re.findall(rf"^\.(?:It [A-Z][a-z]|Ss) ({ID})$", unescaped(lines), re.M)
MEASURE = sorted(ROOT.glob("planner/measure/*.c"))  # takes the fixes of rules, by their ids
said = findings({*SOURCES} - {*MEASURE}) | findings(MEASURE) - rules
that("the sources have findings", [] if len(said) > 30 else [f"only {len(said)} were found"])
described = items(page("planner-plan.1")["FINDINGS"], "Sy")
same("man/planner-plan.1 FINDINGS has every finding", said, set(described), "planner-plan.1")
that("planner/check/rule*.c has rules", [] if len(rules) > 60 else [f"only {len(rules)} were found"])
same("man/planner-rules.7 has every finding of planner/check/rule*.c", rules - said, set(listed) - said,
     "planner-rules.7")
seen = "".join(path.read_text(encoding="utf-8", errors="replace")
               for pattern in ("cases/*/expect", "unit/*.c", "*.t", "e2e/*")
               for path in (ROOT / "tests").glob(pattern) if path.is_file())
shows = lambda word: re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", seen)
that("every finding shows in a test", [f"{word} shows in none" for word in
                                       sorted(said | rules) if not shows(word)])
said = codes()
that("every code of cpu-pm shows in a test", [f"{word} shows in none" for word in sorted(said)
                                              if not shows(word)])
that("the sources have codes of cpu-pm", [] if len(said) > 15 else [f"only {len(said)} were found"])
verdicts = set(re.findall(r'"([a-z]+)"', re.search(r"cpupm_names\[\] = \{(.*?)\}",
                                                   code_of(ROOT / "planner/cpupm/cpupm.c"), re.S)[1]))
cpupm = page("planner-cpu-pm.7")
listed = items(cpupm["REASONS"], "Sy")
same("man/planner-cpu-pm.7 has every reason and note", said, set(listed), "its REASONS")
same("man/planner-cpu-pm.7 has every verdict", verdicts, set(items(cpupm["VERDICTS"], "Sy")), "its VERDICTS")
for title, names in (("planner-plan.1 FINDINGS", described), ("planner-cpu-pm.7 REASONS", listed)):
    that(f"man/{title} is sorted, each once",
         [f"{b} comes after {a}" for a, b in zip(names, names[1:]) if a >= b])

manual = page("planner-inventory.5")
tables = inventory()
documented = {title: entries(lines) for title, lines in manual.items() if title.startswith("[")}
same("man/planner-inventory.5 has every section", set(tables), set(documented),
     "planner-inventory.5")
for section, keys in tables.items():
    texts = documented.get(section, {})
    same(f"man/planner-inventory.5 {section} has every key", set(keys), set(texts),
         "planner-inventory.5")
    for key, text in texts.items():
        that(f"{section} {key} has a default and an example",
             [] if re.search(r"^(Default|No default)\b", text, re.M)
             and re.search(rf"^Example:\n\.Li [a-z0-9-]+ = ", text, re.M) else [repr(text)])
known = findings(SOURCES)
mentioned = {word for line in manual["FINDINGS"] if line.startswith(".Sy ")
             for word in line.split()[1:] if "." in word}
that("man/planner-inventory.5 FINDINGS names findings that there are",
     [f"{word} is none" for word in sorted(mentioned - known)])

sys.exit(tap.done())
