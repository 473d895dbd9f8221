#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Fleets: `planner fit` of many nodes against `planner fit` and `planner plan` of each, and --place
judged: every node that takes VMs by the judge of plans, every refusal by trying each node.

    PLANNER=build/bin/planner NODES=40 SEED=1 tests/fleet.t
"""

import csv
import io
import json
import os
import pty
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

import generator
import inventory as inventories
import topology
from judge import judge
from program import PLANNER
from tap import Tap

NODES = int(os.environ.get("NODES", "40"))
SEED = int(os.environ.get("SEED", "1"))
HOSTS = [os.path.join(HERE, "hosts", f"{name}.xml") for name in
         ("x6", "intel-2s20c2t-snc2", "epyc-2s24c2t-nps4", "hybrid-6p8e", "offline-4s2c2t")] + \
    ["numa:2(memory=17179869184) core:6 pu:2", "numa:4(memory=8589934592) l3:2 core:3 pu:2"]
SIZES = ["2", "4:4G", "8"]

tap = Tap()
folder = tempfile.TemporaryDirectory()  # gone with the test, however it ends
scratch = folder.name
parsed = {}


def run(*arguments, seconds=120, **more):
    return subprocess.run([PLANNER, *arguments], capture_output=True, timeout=seconds, **more)


def path(*names):
    return os.path.join(scratch, *names)


def write(name, data):
    os.makedirs(os.path.dirname(path(name)), exist_ok=True)
    with open(path(name), "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())
    return path(name)


def write_lines(name, objects):
    return write(name, "".join(json.dumps(o) + "\n" for o in objects))


def lines(result):
    return [json.loads(line) for line in result.stdout.decode().splitlines()]


def host_of(source):
    if source not in parsed:
        parsed[source] = topology.load(source)
    return parsed[source]


def plan(inventory, source):
    result = run("plan", "--json", "-i", inventory, "-t", source)
    return result.returncode, json.loads(result.stdout)


# -- a fleet of random nodes -------------------------------------------------------------------

def make_node(rng, number, source):
    """A random inventory, some of whose VMs run: the line of a list, and its text."""
    host = host_of(source)
    sections = generator.inventory(rng, host)
    sections[0] = ("node", {**dict(sections[0][1]), "name": f"n-{number}"})
    file = write(f"nodes/{number % 7}/node{number}.ini", generator.text(sections))
    chance = rng.choice([0, 0.5, 1])
    if chance:
        _, document = plan(file, source)
        sections = generator.pinned(sections, document, lambda name: rng.random() < chance)
        write(f"nodes/{number % 7}/node{number}.ini", generator.text(sections))
    return {"inventory": os.path.relpath(file, scratch), "topology": source}


rng = random.Random(SEED)
entries = [make_node(rng, n, rng.choice(HOSTS)) for n in range(NODES)]
fleet = write_lines("fleet.jsonl", entries)
vm_options = [word for size in SIZES for word in ("--vm", size)]
first = run("fit", "--fleet", fleet, "--json", *vm_options)
*nodes, totals = lines(first)
topology_of = {path(e["inventory"]): e["topology"] for e in entries}

tap.ok(len(nodes) == NODES and totals["format"] == "planner-fleet/1" and not first.stderr,
       "a line for each node, then the totals; no progress into a pipe", first.stderr)

for threads in 1, 2, 8:
    again = run("fit", "--fleet", fleet, "--json", *vm_options, "--threads", str(threads))
    tap.ok(again.stdout == first.stdout, f"the same bytes with {threads} threads")
shuffled = rng.sample(entries, len(entries))
again = run("fit", "--fleet", write_lines("shuffled.jsonl", shuffled + shuffled[:5]), "--json",
            *vm_options)
tap.ok(again.stdout == first.stdout, "the same bytes whatever the order, and lines said twice")


def single(node):
    """What is wrong with NODE, by `planner fit` and `planner plan` of it alone."""
    file = node["inventory"]
    source = topology_of[file]
    alone = json.loads(run("fit", "--json", "-i", file, "-t", source, *vm_options).stdout)
    status, document = plan(file, source)
    wrong = []
    if (node["state"] == "faulty") != (status == 1):
        wrong.append(f"{file}: {node['state']}, but plan exits {status}")
    if not all(vm["placed"] for vm in document["vms"]):
        if any(s["fit"] or s["bound"] for s in node["sizes"]):
            wrong.append(f"{file}: has room although its own VMs do not fit")
        return wrong
    for size in node["sizes"]:
        its = next(s for s in alone["sizes"] if s["size"] == size["size"])
        if not size["fit"] <= its["fit"] <= its["bound"] <= size["bound"]:
            wrong.append(f"{file}: {size}, alone {its['fit']} to {its['bound']}")
        if size["fit"] == size["bound"] and its["fit"] == its["bound"] and size["runs_out"] != its["runs_out"]:
            wrong.append(f"{file}: {size}, alone {its['runs_out']} runs out")
    if node["free_cores"] != sum(room["free"] for room in alone["rooms"]):
        wrong.append(f"{file}: {node['free_cores']} cores free, alone {alone['rooms']}")
    with_cores = {room["node"] for room in alone["rooms"]}
    memory = [row["free"] for row in alone["memory"] if row["node"] in with_cores]
    if node["free_memory"] != (None if None in memory else sum(memory)):
        wrong.append(f"{file}: {node['free_memory']} bytes free, alone {alone['memory']}")
    if node["cores"] != sum(room["cores"] for room in alone["rooms"]):
        wrong.append(f"{file}: {node['cores']} cores, alone {alone['rooms']}")
    stranded = sum(len(generator.cpulist.parse(s["cpus"])) for s in alone["stranded"])
    if node["stranded_cpus"] != stranded:
        wrong.append(f"{file}: {node['stranded_cpus']} stranded, alone {stranded}")
    return wrong


wrong = [line for node in nodes for line in single(node)]
tap.ok(not wrong, "each node is as planner fit and planner plan see it alone", *wrong)
exact = sum(s["fit"] == s["bound"] for n in nodes for s in n["sizes"])
tap.ok(exact > 0.9 * NODES * len(SIZES), f"most counts are proved ({exact} are)")
tap.ok({n["state"] for n in nodes} == {"fine", "faulty"}, "there are fine and faulty ones among them")
hard = write("hard.ini", """[host]\ncores-per-node = 1\nmemory-per-node = 1G
[vm v0]\nvcpus = 3\nmemory = 4G\n[vm v1]\nvcpus = 10\nmemory = 7G\n[vm v2]\nvcpus = 1\nmemory = 6G\n""")
found = lines(run("fit", "--json", "-t", os.path.join(HERE, "hosts", "epyc-2s24c2t-nps4.xml"), "--vm", "16",
                  "--fleet", write_lines("hard.jsonl", [{"inventory": "hard.ini"}])))[0]["sizes"][0]
tap.ok(found == {"size": "16", "fit": 4, "bound": 4, "runs_out": "cores"}, "what few steps leave open is asked again", found)
write("full.ini", "[host]\ncores-per-node = 1\n[vm a]\nvcpus = 2\n[vm large]\nvcpus = 99\n")
write("room.ini", "[host]\ncores-per-node = 1\n[vm a]\nvcpus = 2\n")
for order in ("full.ini", "room.ini"), ("room.ini", "full.ini"):
    found = {node["inventory"]: node["sizes"][0]["fit"] for node in lines(
        run("fit", "--json", "--threads", "1", "-t", "numa:2 core:6 pu:2", "--vm", "2", "--fleet",
            write_lines("alike.jsonl", [{"inventory": name} for name in order])))[:-1]}
    tap.ok(found == {path("full.ini"): 0, path("room.ini"): 9},
           "a node whose VMs do not fit takes no room from one that is like it but for them", found)
sums = {key: sum(n[key] for n in nodes) for key in ("vms", "cores", "free_cores", "stranded_cpus")}
sums["free_memory"] = sum(n["free_memory"] or 0 for n in nodes)
sums["kinds"] = [{"kind": kind, "nodes": len(of), **{key: sum(n[key] or 0 for n in of)
                                                      for key in ("cores", "free_cores", "free_memory")},
                  "sizes": [{"size": size, "fit": sum(n["sizes"][i]["fit"] for n in of)}
                            for i, size in enumerate(SIZES)]}
                 for kind, of in ((kind, [n for n in nodes if n["kind"] == kind])
                                  for kind in [k["kind"] for k in totals["kinds"]])]
sums["sizes"] = [{"size": size, **{key: sum(n["sizes"][i][key] for n in nodes)
                                   for key in ("fit", "bound")},
                  "runs_out": [{"limit": why, "nodes": n} for why in ("cores", "memory", "cores-together", "search", "nothing")
                               if (n := sum(n["sizes"][i]["runs_out"] == why and n["state"] == "fine" for n in nodes))]}
                 for i, size in enumerate(SIZES)]
sums["cpu_pm_on"] = sum(n["cpu_pm"]["verdict"] == "on" for n in nodes)
sums.update({state: sum(n["state"] == state for n in nodes) for state in ("fine", "faulty", "broken")})
tap.ok(all(totals[key] == value for key, value in sums.items()), "the totals are the sums",
       sums, totals)
tap.ok(first.returncode == 1, "faulty nodes are bad news: status 1")

# -- which files -------------------------------------------------------------------------------

INI = "[vm a]\nvcpus = 2\n"
TINY = "core:4 pu:2"
tree = path("tree")
for name in ("b.ini", "sub/a.ini", "sub/deep/c.ini", ".hidden/d.ini", "sub/.e.ini", "notes.txt"):
    write(f"tree/{name}", INI)
os.symlink(tree, path("tree", "sub", "loop"))
os.symlink(path("tree", "b.ini"), path("tree", "link.ini"))
found = run("fit", tree, "-t", TINY, "--json")
names = [line["node"] for line in lines(found)[:-1]]
tap.ok(names == [os.path.join(tree, n) for n in ("b", "link", "sub/a", "sub/deep/c")],
       "a folder's inventories, all the way down, no hidden ones, no folder twice", names)
found = run("fit", path("tree", "b.ini"), tree, path("tree", "sub"), "-t", TINY, "--json")
tap.ok(len(lines(found)) == 5, "files that are named twice count once", found.stdout)
write("beside/a.ini", INI)
shutil.copy(os.path.join(HERE, "hosts", "small-1s2c.xml"), path("beside", "a.xml"))
write("beside/b.ini", INI)
found = run("fit", path("beside"), "--json")
answers = {os.path.basename(line["node"]): line for line in lines(found)[:-1]}
tap.ok(answers["a"]["cores"] == 1 and "no topology" in answers["b"]["why"] and found.returncode == 2,
       "NAME.xml beside NAME.ini is its topology; none is an error of the node", found.stdout)
os.makedirs(path("empty"))
found = run("fit", path("empty"))
tap.ok(found.returncode == 2 and b"no inventory" in found.stderr, "an empty folder is an error")
found = run("fit", "--fleet", write("empty.jsonl", ""))
tap.ok(found.returncode == 2 and b"no node" in found.stderr, "an empty list is one", found.stderr)
os.symlink("knot", path("knot"))
found = run("fit", path("knot"))
tap.ok(found.returncode == 2 and b"Too many levels of symbolic links" in found.stderr,
       "a link to itself says so", found.stderr)
write("/".join(["many"] + ["d"] * 70 + ["a.ini"]), INI)
found = run("fit", path("many"), "-t", TINY)
tap.ok(found.returncode == 2 and b"more than 64 deep" in found.stderr, "folders end somewhere",
       found.stderr)
for what, words in {"a file that is not there": [path("nowhere.ini")],
                    "a list that is not there": ["--fleet", path("nowhere.jsonl")],
                    "-i": ["-i", path("tree", "b.ini"), tree], "--kind": ["--kind", "x", tree],
                    "--threads 0": ["--threads", "0", tree], "--threads many": ["--threads", "x", tree],
                    "--place without nodes": ["--place", fleet]}.items():
    found = run("fit", *words)
    tap.ok(found.returncode == 2 and found.stderr.startswith(b"planner: ")
           and found.stderr.count(b"\n") == 1 and not found.stdout, f"refused: {what}", found.stderr)

# -- broken nodes among good ones --------------------------------------------------------------

write("bad/fine.ini", "[node]\nname = fine\n" + INI)
write("bad/wrong.ini", "[vm a]\nvcpus = many\nvcups = 2\n[vm b]\nmemory = 1\n")
write("bad/binary.ini", b"\0\xff\xfe[vm")
write("bad/latin.ini", b"[node]\nname = caf\xe9\n")
write("bad/twin.ini", "[node]\nname = fine\n" + INI)
write("bad/huge.ini", b";" * (33 << 20))
write("bad/not.xml", "<html>")
os.makedirs(path("bad", "folder.ini"))
os.mkfifo(path("bad", "pipe.ini"))
bad_lines = [
    b'{"inventory":"fine.ini"}', b'{"inventory":"wrong.ini"}', b'{"inventory":"binary.ini"}',
    b'{"inventory":"latin.ini"}', b'{"inventory":"twin.ini"}', b'{"inventory":"huge.ini"}',
    b'{"inventory":"folder.ini"}', b'{"inventory":"pipe.ini"}', b'{"inventory":"missing.ini"}',
    b'{"inventory":"fine.ini","topology":"not.xml","name":"t1"}',
    b'{"inventory":"fine.ini","topology":"gone.xml","name":"t2"}',
    b'{"inventory":"fine.ini","topology":"core:0","name":"t3"}',
    b'{"inventory":"fine.ini","name":"../../etc"}', b'{"inventory":""}', b'{"inventory":7}', b"{}",
    b'{"inventory":"fine.ini","inventroy":"x"}', b'{"inventory":"a","inventory":"b"}', b"[]", b"",
    b"nonsense", b'{"inventory":"a\\u0000b"}', b'{"inventory":"\xff"}', b'{"inventory":"a"}\r',
    b'{"inventory":"fine.ini","name":"also fine"}', b'{"inventory":"' + b"x" * 70000 + b'"}',
    b'{"inventory":"' + b"x" * 60000 + b'"}']
hostile = run("fit", "--json", "-t", TINY, "--fleet", write("bad/list.jsonl", b"\n".join(bad_lines)))
*answers, end = lines(hostile)
good = sorted(a["node"] for a in answers if a["state"] != "broken")
tap.ok(good == ["also fine", "fine"] and hostile.returncode == 2 and not hostile.stderr,
       "broken nodes do not stop the others; status 2", good, hostile.stderr)
tap.ok(end["broken"] == len(bad_lines) - 2 and len(answers) == len(bad_lines)
       and all(a["why"] for a in answers if a["state"] == "broken"), "each says what is wrong",
       *answers)
whys = {os.path.basename(a["inventory"]): a["why"] for a in answers}
tap.ok("vcpus" in whys["wrong.ini"] and "vcups" in whys["wrong.ini"] and "[vm b]" in whys["wrong.ini"],
       "all that is wrong with an inventory", whys["wrong.ini"])
tap.ok("regular file" in whys["pipe.ini"] and "32 MiB" in whys["huge.ini"]
       and "same node name" in whys["twin.ini"] and 'did you mean "inventory"' in whys["list.jsonl:17"],
       "and why it is", whys)
people = run("fit", "-t", TINY, "--fleet", path("bad", "list.jsonl")).stdout.decode()
tap.ok("2 fine" in people and not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", people),
       "a table without control characters for people", people)


def terminal(*arguments):
    """Standard error of planner, as a terminal gets it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([PLANNER, *arguments], stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    out = process.communicate(timeout=120)[0]
    shown = b""
    while True:
        try:
            block = os.read(ours, 65536)
        except OSError:
            break
        shown += block
    os.close(ours)
    return out, shown


out, shown = terminal("fit", "--fleet", fleet, "--json", *vm_options)
tap.ok(out == first.stdout and shown.endswith(b"\r\033[K") and b"\n" not in shown,
       "on a terminal a progress bar, gone at the end", shown)



def folder_nobody_reads():
    """A fleet's folder with one below that its reader may not look into."""
    write("shut/a.ini", INI)
    write("shut/below/b.ini", INI)
    os.chmod(path("shut", "below"), 0)
    mortal = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    return subprocess.run([*mortal, PLANNER, "fit", "--json", "-t", TINY, path("shut")],
                          capture_output=True, timeout=120)


found = folder_nobody_reads()
states = {os.path.basename(n["inventory"]): (n["state"], n["why"]) for n in lines(found)[:-1]}
tap.ok(states == {"a.ini": ("fine", None), "below": ("broken", "Permission denied")}
       and found.returncode == 2, "a folder that may not be read does not stop the rest", states)
os.chmod(path("shut", "below"), 0o755)


def seconds_of(*arguments, **environment):
    """The CPU time of planner."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(*arguments, env={**os.environ, **environment})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime


many = write_lines("many.jsonl", [{"inventory": "tree/b.ini", "topology": TINY, "name": f"m{n}"}
                                  for n in range(10000)])
piped, folded = seconds_of("fit", "--fleet", many), seconds_of("fit", "--fleet", many, COLUMNS="80")
tap.ok(folded < 4 * piped + 0.2, "a long table is folded to the terminal in no time",
       f"{folded:.2f} s against {piped:.2f} s")

# -- which node takes which VM -----------------------------------------------------------------

SHAPES = [{"vcpus": 2}, {"vcpus": 4, "memory": "4G"}, {"vcpus": 8, "memory": "6G", "hugepages": "2M"},
          {"vcpus": 3, "threads": "isolate"}, {"vcpus": 16}, {"vcpus": 2, "node": 1}]


def request(number):
    extra = {"group": f"g{rng.randint(1, 4)}"} if rng.random() < 0.4 else {}
    extra.update({"cpu_pm": True} if rng.random() < 0.3 else {})
    return {"id": f"r{number}", **rng.choice(SHAPES), **extra}


requests = [request(n) for n in range(6 * NODES)] + [{"id": "db0", "vcpus": 1}]
asked = write_lines("requests.jsonl", requests)
placing = run("fit", "--fleet", fleet, "--place", asked, "--json", seconds=600)
*answers, end = lines(placing)
by_id = {r["id"]: r for r in requests}
file_of = {n["node"]: n["inventory"] for n in nodes}
taken = {}
for answer in answers:
    if answer["status"] == "placed":
        taken.setdefault(answer["node"], []).append(by_id[answer["id"]])
tap.ok([a["id"] for a in answers] == [r["id"] for r in requests] and not placing.stderr,
       "an answer to each request, in their order", placing.stderr)
tap.ok(0 < end["placed"] < len(requests) and placing.returncode == 1, "some are refused: status 1",
       end)


def with_vms(node, vms):
    """NODE's inventory with VMS added: its plan."""
    with open(file_of[node], encoding="utf-8") as file:
        text = file.read()
    for vm in vms:
        keys = "".join(f"{key} = {vm[key]}\n" for key in ("vcpus", "memory", "hugepages", "threads",
                                                          "node") if key in vm)
        text += f"\n[vm {vm['id']}]\n{keys}"
    file = write("with.ini", text)
    return file, *plan(file, topology_of[file_of[node]])


wrong = []
for node, vms in taken.items():
    file, status, document = with_vms(node, vms)
    found = {vm["name"]: vm for vm in document["vms"]}
    wrong += [f"{node}: {c}" for c in judge(host_of(topology_of[file_of[node]]),
                                            inventories.load(file), document, status)]
    wrong += [f"{node}: {vm['id']} has no place" for vm in vms if not found[vm["id"]]["placed"]]
    wrong += [f"{node}: {vm['id']} has no cpu-pm" for vm in vms if vm.get("cpu_pm")
              and found[vm["id"]]["cpu_pm"]["verdict"] != "on"]
    groups = [vm["group"] for vm in vms if "group" in vm]
    wrong += [f"{node}: two of a group"] if len(groups) != len(set(groups)) else []
    wrong += [f"{node}: status {status}"] if status else []
tap.ok(not wrong, "the judge finds nothing wrong with the plans of nodes that took VMs", *wrong)


def could_take(node, vm):
    its = taken.get(node["node"], [])
    if node["state"] != "fine" or any(vm.get("group") == v.get("group") != None for v in its):
        return False
    with open(node["inventory"], encoding="utf-8") as file:
        sections = file.read()  # that of several VMs has the name of none
    names = {spec["name"] for spec in inventories.load(node["inventory"])["vms"]}
    if vm["id"] in names or f"[vm {vm['id']}]" in sections or (vm.get("cpu_pm") and node["cpu_pm"]["verdict"] != "on"):
        return False
    return with_vms(node["node"], its + [vm])[1] == 0


refused, wrong = {}, []
for answer in answers:
    if answer["status"] == "rejected":
        vm = by_id[answer["id"]]
        key = json.dumps({k: v for k, v in vm.items() if k != "id"}, sort_keys=True)
        refused.setdefault(key, vm)
for vm in refused.values():
    wrong += [f"{vm} would fit on {node['node']}" for node in nodes if could_take(node, vm)]
tap.ok(refused and not wrong, "what was refused fits on no node", *wrong)

decided = {a["id"]: a.get("node") for a in answers}
for threads in 1, 8:
    again = run("fit", "--fleet", path("shuffled.jsonl"), "--place", asked, "--json", "--threads",
                str(threads), seconds=600)
    tap.ok(again.stdout == placing.stdout, f"the same with {threads} threads and another order")
mixed = write_lines("mixed.jsonl", rng.sample(requests, len(requests)))
again = lines(run("fit", "--fleet", fleet, "--place", mixed, "--json", seconds=600))[:-1]
tap.ok({a["id"]: a.get("node") for a in again} == decided, "whatever the order of the requests")

tap.ok(end["bound"] is None or end["vcpus"] <= end["bound"], "no more than the bound", end)
many = run("fit", "--fleet", fleet, "--place", asked, "--json", "--prefer", "vms", seconds=600)
most = lines(many)[-1]
tap.ok(most["placed"] > end["placed"] and most["placed"] <= most["bound"], "with --prefer vms more VMs, no more than the bound",
       end["placed"], most)
again = run("fit", "--fleet", path("shuffled.jsonl"), "--place", asked, "--json", "--prefer", "vms", seconds=600)
tap.ok(again.stdout == many.stdout, "the same with another order of nodes")

# A large room stays whole: "whole" has fewer cores free than "split", but all of them in one node.
TWO = "numa:2 core:4 pu:2"
rooms = [write("room/whole.ini", "[vm a]\nvcpus = 6\nnode = 0\n"),
         write("room/split.ini", "[vm a]\nvcpus = 2\nnode = 0\n[vm b]\nvcpus = 2\nnode = 1\n")]
asked = write_lines("room/ask.jsonl", [{"id": "tiny", "vcpus": 2}, {"id": "big", "vcpus": 6}])
answer = lines(run("fit", "--json", "--prefer", "order", "-t", TWO, "--place", asked, *rooms))
tap.ok([a.get("node", "-")[-5:] for a in answer[:2]] == ["split", "whole"],
       "large rooms stay whole", answer)
small = write("room/small.ini", "[vm a]\nvcpus = 4\n")
bad_lines = [b'{"id":"x"}', b'{"id":"x","vcpus":2,"policy":"shared"}', b'{"id":"x","vcpus":2,"group":""}',
             b'{"id":"x","vcpus":2,"cpu_pm":"yes"}', b'{"id":"x","vcpus":2,"grupo":"a"}', b"[]", b"",
             b'{"id":"../x","vcpus":2}', b'{"id":"ok","vcpus":2}', b'{"id":"ok","vcpus":2}',
             b'{"op":"place","id":"x","vcpus":2}', b'{"id":"x","vcpus":99999}']
found = run("fit", "--json", "-t", TINY, "--place", write("room/bad.jsonl", b"\n".join(bad_lines)), small)
errors = [a for a in lines(found) if "error" in a]
tap.ok(found.returncode == 2 and len(errors) == len(bad_lines) - 1 == lines(found)[-1]["errors"]
       and sum(a.get("status") == "placed" for a in lines(found)) == 1,
       "wrong requests are errors, the others are decided", *lines(found))
found = run("fit", "-t", TINY, "--place", path("room", "bad.jsonl"), small)
tap.ok(found.returncode == 2 and b"bad.jsonl:1: vcpus: missing" in found.stderr
       and b"1 of 1 VMs placed" in found.stdout, "for people too", found.stdout, found.stderr)


# -- lists in other forms ----------------------------------------------------------------------


def csv_of(objects, **more):
    """OBJECTS as a spreadsheet writes them."""
    names = list(dict.fromkeys(key for o in objects for key in o))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, **more)
    writer.writeheader()
    writer.writerows(objects)
    return out.getvalue()


def rows(result):
    return list(csv.DictReader(io.StringIO(result.stdout.decode())))


for what, text in (("an array", json.dumps(requests, indent=1)), ("CSV", csv_of(requests)),
                   ("CSV with semicolons, a mark and capitals", "\ufeff" + csv_of(requests, delimiter=";").replace("vcpus", "VCPUS", 1)),
                   ("quoted CSV with tabs", csv_of(requests, delimiter="\t", quoting=csv.QUOTE_ALL))):
    again = run("fit", "--fleet", fleet, "--json", "--place", write("requests.list", text), seconds=600)
    tap.ok(again.stdout == placing.stdout, f"requests as {what}", again.stderr)
again = run("fit", "--fleet", write("fleet.csv", csv_of(entries)), "--json", *vm_options)
tap.ok(again.stdout == first.stdout, "a list of nodes as CSV", again.stderr)
table = run("fit", "--fleet", fleet, "--format", "csv", *vm_options)
tap.ok([[r["node"], r["state"], r["why"], r["free_cores"], *(r[s] for s in SIZES)] for r in rows(table)]
       == [[n["node"], n["state"], n["why"] or "", str(n["free_cores"]), *(str(s["fit"]) for s in n["sizes"])] for n in nodes]
       and table.returncode == first.returncode, "nodes out as CSV", table.stderr)
table = run("fit", "--fleet", fleet, "--place", path("requests.jsonl"), "--format", "csv", seconds=600)
tap.ok([[r["id"], r["status"], r["node"], r["reason"]] for r in rows(table)]
       == [[a["id"], a["status"], a.get("node", ""), a.get("reason", "")] for a in answers], "VMs out as CSV", table.stderr)

# -- what was decided, written -----------------------------------------------------------------

after = {row["node"]: row for row in end["after"]}


def left_over(name, file, source):
    """How what --place says is left on the node NAME differs from what fit of its FILE says."""
    alone, row, rooms = json.loads(run("fit", "--json", "-i", file, "-t", source, "--vm", "1").stdout), after[name], {}
    for room in alone["rooms"]:
        key = room["node"], room["threads"]
        rooms[key] = rooms.get(key, 0) + room["free"]
    nodes_with_cores = {room["node"] for room in alone["rooms"]}
    memory = [row["free"] for row in alone["memory"] if row["node"] in nodes_with_cores]
    wanted = {"node": name, "took": len(taken.get(name, [])),
              "cores": sum(room["cores"] for room in alone["rooms"]), "free_cores": sum(rooms.values()),
              "largest_room": max(rooms.values(), default=0),
              "free_memory": None if None in memory else sum(memory)}
    return [f"{row}, not {wanted}"] if {**wanted, "vms": row["vms"]} != row else []


def written(folder):
    """What is wrong with the inventories that --place -d FOLDER wrote for the fleet."""
    wrong, placed = [], {n: [vm["id"] for vm in vms] for n, vms in taken.items()}
    with open(os.path.join(folder, "fleet.jsonl"), encoding="utf-8") as file:
        entries = [json.loads(line) for line in file]
    for node, entry in zip(nodes, entries):
        file, ids = os.path.join(folder, entry["inventory"]), placed.get(node["node"], [])
        status, document = plan(file, entry["topology"])
        found = {vm["name"]: vm["placed"] for vm in document["vms"]}
        old = len(inventories.load(node["inventory"])["vms"])
        if document["node"]["name"] != node["node"] or len(found) != old + len(ids):
            wrong.append(f"{file}: not {node['node']}, or not {old} and {ids}: {found}")
        wrong += [f"{file}: {i} is not placed" for i in ids if not found.get(i)]
        wrong += [f"{file}: status {status}"] if status and node["state"] == "fine" else []
        wrong += left_over(node["node"], file, entry["topology"]) if node["state"] == "fine" else []
    return wrong + ([f"{len(entries)} nodes"] if len(entries) != NODES else [])


again = run("fit", "--fleet", fleet, "--place", path("requests.jsonl"), "--json", "-d", path("out"), seconds=600)
tap.ok(again.stdout == placing.stdout and again.returncode == 1, "-d changes no answer", again.stderr)
wrong = written(path("out"))
tap.ok(not wrong, "-d writes the inventories that plan places", *wrong)
tap.ok(sorted(os.listdir(path("out")))[1:] == sorted(f"n-{n}.{kind}" for n in range(NODES) for kind in ("ini", "json")),
       "and nothing beside them but their plans and their list", os.listdir(path("out")))
write("odd/a.ini", "[vm a]\nvcpus = 2\n")
write("odd/b/a.ini", "[vm a]\nvcpus = 2\n")
one = write_lines("odd/one.jsonl", [{"id": "one", "vcpus": 2}])
for what, ids, words, message in (
        ("names that would be one file", "one", [path("odd", "a.ini"), path("odd", "b", "a.ini")], b"same file"),
        ("a VM's name that no inventory holds", "a ]", [path("odd", "a.ini")], b"has a ']'"),
        ("a broken node", "one", [path("odd", "a.ini"), path("bad", "wrong.ini")], b"nothing is written"),
        ("-d without --place", None, [path("odd", "a.ini")], b"--place")):
    place = ["--place", write_lines("odd/ask.jsonl", [{"id": ids, "vcpus": 2}])] if ids else []
    found = run("fit", "-t", TINY, *place, "-d", path("odd", "out"), *words)
    tap.ok(found.returncode == 2 and message in found.stderr and not os.path.exists(path("odd", "out")),
           f"nothing is written: {what}", found.stderr)
found = run("fit", "-t", TINY, "--place", one, "-d", path("odd"), path("odd", "a.ini"))
with open(path("odd", "a.ini"), encoding="utf-8") as file:
    text = file.read()
tap.ok(found.returncode == 0 and text.startswith("[vm a]\nvcpus = 2\n") and "[vm one]" in text,
       "inventories may be replaced where they are", found.stderr, text)

sys.exit(tap.done())
