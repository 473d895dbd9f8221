#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every JSON document that planner writes obeys its schema in man/schemas, and nothing else is in the schemas.

Documents come from the golden cases, run once more with a `planner` that keeps what it writes, and from
COMMANDS. A key without a schema, a property that no document has (but UNSEEN), a format without a
schema and a property that planner-json(5) does not name are errors.
"""
# timeout: 900 seconds

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/judge"))

import program
from tap import Tap

# Formats of texts that are not JSON.
TEXTS = {"planner-snapshot/1": "a line that marks a tar file", "planner-topology/1": "what is hashed for a fingerprint"}
# Properties that no test here can show.
UNSEEN = {f"domains {name}": "needs a libvirt" for name in ("libvirt", "qemu", "elsewhere")} \
    | {f"domains domains {name}": "needs a libvirt and a running VM" for name in ("halt_exits", "pid", "real")} \
    | {"fit single cpus": "needs two changes, the second of which takes CPUs of a role",
       "domains domains affinities": "needs a sosreport of a running VM"} \
    | {f"measure noise cpus {name}": "needs an isolated CPU" for name in
       ("cpu", "looked_ns", "least_ns", "gaps", "lost_ns", "longest_ns", "causes")} \
    | {f"measure noise cpus causes {name}": "needs an isolated CPU" for name in ("name", "count", "nanoseconds")}
CASES, HOSTS = ROOT / "tests/cases", ROOT / "tests/hosts"
X6 = ["-t", str(HOSTS / "x6.xml")]
NODE = "[node]\nkernel = 6.1.0\nqemu = 7.2.0\nlibvirt = 9.0.0\n[host]\ncores-per-node = 1\n"
WEB = "[vm web]\nvcpus = 2\npolicy = shared\nmemory = 1G\n[vm db]\nvcpus = 2\n"
FILES = {
    "one.ini": NODE.replace("cores-per-node = 1", "cpus = 0,8") + "[kernel]\nirqaffinity = no\n[sdk]\ncpus = 4\n[shared]\ncpus = 2\n" + WEB,
    "two.ini": NODE.replace("cores-per-node = 1", "cpus = 0,2,8") + "[kernel]\nirqaffinity = no\n[sdk]\ncpus = 6\n" + WEB,
    "empty.ini": NODE,
    "full.ini": NODE + "[vm a]\nvcpus = 4\nmemory = 3G\ncount = 3\n",
    "tight.ini": NODE.replace("cores-per-node = 1", "cores-per-node = 3\nmemory-per-node = 4G"),
    "kept.ini": NODE.replace("[node]\n", "[node]\ngroup = rack-1\n") + "[vm a]\nvcpus = 2\nmaximum = 4\nsockets = 2\nnear = eth9\nsocket = 0\nkind = efficient\napart = g\nrealtime = fifo:1\nrealtime-vcpus = 1\ncpus = 1,99\n[vm b]\nvcpus = 2\ndedicated-vcpus = 1\nemulator = own\niothreads = 1\niothread-cpus = own\nl3 = 1\n[vm c]\nvcpus = 2\ndie = 1\n[audit]\ninterruptions = 3\nlongest-gap = 50\n",
    "hbm.ini": NODE + "[vm a]\nvcpus = 2\nmemory = 1G\nmemory-node = 4\n",
    "own.ini": NODE + "[vm a]\nvcpus = 2\nemulator = own\ncpus = 2,3,4\n",
    "moved.ini": NODE + "[vm a]\nvcpus = 2\nemulator = own\ncpus = 4,5,2\n",
    "here.ini": NODE + "[vm m]\nvcpus = 2\nmemory = 1G\ncpus = 2,3\n",
    "there.ini": NODE + "[vm m]\nvcpus = 2\nmemory = 1G\ncpus = 10,11\n",
    "broken.ini": "vcpus = 2\n",
    "requests.jsonl": '{"id": "a", "vcpus": 2}\n{"id": "b", "vcpus": 4096}\n{"id": "c"}\n',
}
SMALL = ["-t", "numa:2(memory=8589934592) core:4 pu:2"]
COMMANDS = [
    *(["show", "-t", str(HOSTS / f"{host}.xml"), "--json"] for host in
      ("x6", "host-2s18c2t", "hbm-1s16c4t", "hybrid-6p8e", "offline-4s2c2t",
       "intel-2s20c2t-snc2")),
    ["show", "-t", "pack:2 [numa(memory=8589934592)] die:2 core:4 pu:2", "--json"],
    *(["plan", "-i", "empty.ini", "-t", str(HOSTS / f"{host}.xml"), "--json"] for host in
      ("hbm-1s16c4t", "hybrid-6p8e", "offline-4s2c2t", "intel-2s20c2t-snc2")),
    *(["plan", "-i", str(CASES / case / "inventory.ini"), *X6, "--json"] for case in
      ("x6", "x6-13", "fit-room", "across-nodes")),
    *([*command, "-t", "pack:1 [numa] group:2 core:4 pu:2", "--json"] for command in (["show"], ["plan", "-i", "empty.ini"])),
    ["plan", "-i", "kept.ini", *SMALL, "--json"],
    *([command, "-i", "hbm.ini", "-t", str(HOSTS / "hbm-1s16c4t.xml"), "--json"] for command in ("plan", "fit")),
    ["emit", "plan", "-i", str(CASES / "x6/inventory.ini"), *X6],
    ["check", "-r", ".", "-i", "one.ini", *SMALL, "--json"],
    ["diff", "one.ini", "two.ini", *SMALL, "--json"],
    ["diff", "one.ini", "empty.ini", *SMALL, "--json"],
    ["diff", str(CASES / "diff-swap/old.ini"), str(CASES / "diff-swap/new.ini"), "-t", "numa:1 core:8 pu:2", "--json"],
    ["diff", "own.ini", "moved.ini", *SMALL, "--json"],
    ["diff", "here.ini", "there.ini", *SMALL, "--json"],
    ["migrate", "web", "--from", "one.ini", "--to", "empty.ini", *SMALL, "--json"],
    ["fit", "-i", "kept.ini", *SMALL, "--json"],
    ["fit", "-i", "full.ini", *SMALL, "--vm", "4:3G", "--vm", "8:8G", "--json"],
    ["fit", "-i", "tight.ini", *SMALL, "--vm", "4:6G", "--json"],
    ["fit", "one.ini", "broken.ini", *SMALL, "--json"],
    ["measure", "--noise", "--for", "1s", "--json"],
    ["fit", "one.ini", "broken.ini", *SMALL, "--place", "requests.jsonl", "--json"],
]
# Keeps what each planner of a case prints and saves.
KEEPER = """#!/bin/sh
kept=$(mktemp "$KEPT/XXXXXXXXXX")
"$PLANNER" "$@" >"$kept"
status=$?
for word; do printf '%s\\n' "$word"; done >"$kept.words"
cat "$kept"
file=
for word; do
    [ "$file" != -o ] || [ ! -f "$word" ] || cp "$word" "$kept.file"
    file=$word
done
exit $status
"""

tap = Tap()
that = tap.that
schemas = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "man/schemas").glob("*.json"))}
TYPES = {"object": lambda v: isinstance(v, dict), "array": lambda v: isinstance(v, list),
         "string": lambda v: isinstance(v, str), "boolean": lambda v: isinstance(v, bool),
         "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
         "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool), "null": lambda v: v is None}
KEYWORDS = {"$schema", "$defs", "title", "description", "$ref", "type", "enum", "const", "pattern", "minimum", "maximum",
            "items", "properties", "required", "additionalProperties", "oneOf"}


def resolve(schema, root, path):
    """SCHEMA without its reference, and the path of its properties: of what is defined once, they are one."""
    if "$ref" not in schema:
        return schema, path
    name = schema["$ref"].rsplit("/", 1)[1]
    return root["$defs"][name] | {key: value for key, value in schema.items() if key != "$ref"}, f"{path.split()[0]} {name}"


def judge_object(value, schema, root, path, seen):
    wrong = [f"{path}: {key} is missing" for key in schema.get("required", []) if key not in value]
    for key, part in value.items():
        rest = schema.get("additionalProperties", True)
        if key in schema.get("properties", {}):
            seen.add(f"{path} {key}")
            wrong += judge(part, schema["properties"][key], root, f"{path} {key}", seen)
        elif isinstance(rest, dict):
            wrong += judge(part, rest, root, f"{path} *", seen)
        elif not rest:
            wrong.append(f"{path}: {key} is not in the schema")
    return wrong


def judge_kinds(value, schema, root, path, seen):
    """One of the kinds of a line must do, and only one."""
    tries = []
    for kind in schema["oneOf"]:
        found = set()
        tries.append((judge(value, kind, root, path, found), found))
    good = [found for wrong, found in tries if not wrong]
    if len(good) == 1:
        seen |= good[0]
        return []
    return min((wrong for wrong, _ in tries), key=len) or [f"{path}: {len(good)} kinds of line fit"]


def judge(value, schema, root, path, seen):
    """What is wrong with VALUE; what properties it has is added to SEEN."""
    schema, path = resolve(schema, root, path)
    if "oneOf" in schema:
        return judge_kinds(value, schema, root, path, seen)
    types = schema.get("type", [])
    types = types if isinstance(types, list) else [types]
    if types and not any(TYPES[kind](value) for kind in types):
        return [f"{path}: {value!r} is no {' or '.join(types)}"]
    wrong = []
    if "enum" in schema and value not in schema["enum"]:
        wrong.append(f"{path}: {value!r} is not in {schema['enum']}")
    if "const" in schema and value != schema["const"]:
        wrong.append(f"{path}: {value!r} is not {schema['const']!r}")
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        wrong.append(f"{path}: {value!r} does not match {schema['pattern']}")
    if TYPES["number"](value) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        wrong.append(f"{path}: {value} is out of range")
    if isinstance(value, list):
        for part in value:
            wrong += judge(part, schema.get("items", {}), root, path, seen)
    if isinstance(value, dict):
        wrong += judge_object(value, schema, root, path, seen)
    return wrong


def every(schema, root, path):
    """Each property of SCHEMA as judge() names it, and each object that does not forbid others."""
    schema, path = resolve(schema, root, path)
    found, open_ = set(), [f"{path}: unknown keyword {key}" for key in sorted(set(schema) - KEYWORDS)]
    parts = [(path, kind) for kind in schema.get("oneOf", [])]
    parts += [(path, schema["items"])] if "items" in schema else []
    for key, part in schema.get("properties", {}).items():
        found.add(f"{path} {key}")
        parts.append((f"{path} {key}", part))
    if schema.get("type") == "object" and schema.get("additionalProperties", True) is True:
        open_.append(f"{path} allows any property")
    for name, part in parts:
        more, more_open = every(part, root, name)
        found |= more
        open_ += more_open
    return found, open_


def kept_by(case, work):
    """Run a golden case; its documents and lines are in its folder below WORK."""
    place, kept = work / "tests/cases" / case, work / "kept" / case
    kept.mkdir(parents=True)
    environment = program.UTF8 | {"KEPT": str(kept), "HOSTS": "../../hosts", "TZ": "UTC",
                                  "PATH": f"{work / 'bin'}:{os.environ['PATH']}"}
    environment.pop("COLUMNS", None)
    subprocess.run(["timeout", "200", "sh", "./cmd"], cwd=place, env=environment, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return kept


def documents(words, text):
    """(schema, document) of all JSON in what `planner WORDS` wrote."""
    if not text.lstrip().startswith("{"):
        return []
    try:
        document = json.loads(text)
        return [(name_of(document, words), document)]
    except ValueError:
        lines = [json.loads(line) for line in text.splitlines()]
        name = name_of(lines[-1], words)
        return [(name, line) for line in lines]


def name_of(document, words):
    if words[:1] == ["replay"]:
        return "replay"
    return re.fullmatch(r"planner-(\w+)/1|.*", str(document.get("format")))[1] or f"{' '.join(words)}: no format"


def collect(work):
    """Every (where, schema, document) of the cases and of COMMANDS."""
    (work / "bin").mkdir()
    (work / "bin/planner").write_text(KEEPER)
    (work / "bin/planner").chmod(0o755)
    shutil.copytree(CASES, work / "tests/cases")
    (work / "tests/hosts").symlink_to(ROOT / "tests/hosts")
    (work / "tests/e2e").symlink_to(ROOT / "tests/e2e")
    found = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        cases = sorted(path.parent.name for path in CASES.glob("*/cmd")
                       if re.search(r"--json|replay| -o ", path.read_text(encoding="utf-8")))
        folders = list(pool.map(lambda case: kept_by(case, work), cases))
    for folder in folders:
        for path in sorted(folder.glob("*.words")):
            words = path.read_bytes().decode("utf-8", "replace").splitlines()
            for file in (path.with_suffix(""), path.with_suffix(".file")):
                text = file.read_bytes().decode("utf-8", "replace") if file.exists() else ""
                found += [(f"{folder.name}: {' '.join(words)}", *each) for each in documents(words, text)]
    (work / "files/proc").mkdir(parents=True)
    for name, text in FILES.items():
        (work / "files" / name).write_text(text)
    for words in COMMANDS:
        text = program.run(program.PLANNER, *words, cwd=work / "files").stdout
        found += [(" ".join(words), *each) for each in documents(words, text) or [("nothing", {})]]
    return found + snapshot(work)


def snapshot(work):
    """The list of VMs that a snapshot holds."""
    (work / "domains/live").mkdir(parents=True)
    for folder in ("", "live"):
        (work / "domains" / folder / "vm1.xml").write_text(
            "<domain type='kvm'><name>vm1</name><uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>"
            "<memory>1048576</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>")
    target = work / "snapshot.tar"
    (work / "node/proc").mkdir(parents=True)
    program.planner("snapshot", "-r", str(work / "node"), "--domains", str(work / "domains"), "-o", str(target))
    with tarfile.open(target) as tar:
        name = next(name for name in tar.getnames() if name.endswith("planner/domains/list.json"))
        return [("snapshot", "domains", json.load(tar.extractfile(name)))]


with tempfile.TemporaryDirectory() as folder:
    found = collect(pathlib.Path(folder))
that("there are documents", [] if len(found) > 100 else [f"only {len(found)}"])
seen, wrong = set(), {}
for where, name, document in found:
    bad = judge(document, schemas[name], schemas[name], name, seen) if name in schemas else ["no schema"]
    wrong.setdefault(name, []).extend(f"{where}: {what}" for what in bad)
for name, problems in sorted(wrong.items()):
    that(f"{name} obeys its schema", problems[:20])

properties = {name: every(schema, schema, name) for name, schema in schemas.items()}
that("every object of a schema is closed", [what for _, open_ in properties.values() for what in open_])
known = {each for names, _ in properties.values() for each in names}
that("every property shows in a document", sorted(known - seen - set(UNSEEN)))
that("what is said not to show does not", sorted(set(UNSEEN) & seen) + sorted(set(UNSEEN) - known))

formats = {word for pattern in ("topology/*/*.[ch]", "planner/*/*.[ch]", "cmd/*.[ch]") for path in ROOT.glob(pattern)
           for word in re.findall(r'"(planner-\w+/\d+)', path.read_text(encoding="utf-8"))}
that("every format has a schema", sorted(formats - set(TEXTS) - {f"planner-{name}/1" for name in schemas}))
manual = (ROOT / "man/planner-json.5").read_text(encoding="utf-8")
chapters = {title.split()[0].strip("."): text for title, text in re.findall(r"^\.Sh (?:THE )?(.*?)\n(.*?)(?=^\.Sh|\Z)", manual, re.M | re.S)}
for name, (names, _) in sorted(properties.items()):
    chapter = re.sub(r"\\&", "", chapters.get(name.upper(), "") + chapters.get("COMMON", ""))
    missing = {each.rsplit(" ", 1)[1] for each in names}
    missing -= {word for line in re.findall(r"^\.(?:It )?(?:Ql|Pq Ql|Pf|Po Ql|No|Li) .*", chapter, re.M) for word in re.findall(r"\w+", line)}
    that(f"planner-json(5) names every property of {name}", sorted(missing))

sys.exit(tap.done())
