#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
emit domain --merge over many domains, and over each of them with odd things strewn into it: what is
not planner's is the same tree before and after, and merging twice is merging once.
"""

import glob
import os
import random
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

from program import PLANNER
from tap import Tap

QEMU = "http://libvirt.org/schemas/domain/qemu/1.0"
HOST = "pack:2 [numa(memory=68719476736)] core:12 pu:2"
INVENTORY = """[node]
kernel = 6.1.0
qemu = 7.2.22
libvirt = 9.0.0
mwait = yes
[host]
cores-per-node = 2
[vm one]
vcpus = 4
memory = 2G
hugepages = 2M
locked = yes
iothreads = 2
[vm wide]
vcpus = 24
memory = 8G
[vm floats]
vcpus = 2
policy = shared
memory = 1G
"""
STREWN = ["<!-- it's \"odd\" <vcpu>9</vcpu> -->", "<?odd <vcpu>9</vcpu> ?>", "<x:vcpu xmlns:x='urn:x' x:a=\"'\">7</x:vcpu>",
          "<vcpu xmlns='urn:y' cpuset='1'>7</vcpu>", "<odd a='&#10;&#9;&quot;&apos;&lt;' b=\"it's\"/>",
          "<odd><![CDATA[<vcpupin vcpu='0'/>&amp;]]></odd>", "<odd>a &amp; b &lt; c ]]&gt; &#13; é€</odd>",
          "\n\n", "\t", "<odd xml:space='preserve'>  </odd>", "<odd xml:lang=\"de\" title='Größe &#228;'/>"]

# planner's own, by path: attributes that it sets or takes, None = the element is its own as a whole.
OURS = {"vcpu": {"placement", "cpuset", "current"}, "vcpus": None, "iothreads": set(),
        "cputune": set(), "cputune/vcpupin": None, "cputune/emulatorpin": None,
        "cputune/iothreadpin": None, "cputune/vcpusched": None,
        "numatune": set(), "numatune/memory": {"mode", "nodeset", "placement"}, "numatune/memnode": None,
        "memoryBacking": set(), "memoryBacking/hugepages": None, "memoryBacking/nosharepages": None,
        "memoryBacking/locked": None, "features": set(), "features/apic": {"eoi"}, "features/kvm": set(),
        "features/kvm/hint-dedicated": None, "cpu": set(), "cpu/numa": None,
        "cpu/topology": {"sockets", "cores", "threads", "dies", "clusters", "modules"}}
# whose text is planner's
TEXTS = {"vcpu", "iothreads"}


def rest(element, path=""):
    """The tree without what is planner's: (tag, attributes, text, children); None = nothing is left."""
    if callable(element.tag):
        return ("!" if element.tag is ElementTree.Comment else "?", element.text)
    ours = OURS.get(path, set())
    if ours is None or element.tag == f"{{{QEMU}}}arg":
        return None
    attributes = {key: value for key, value in element.attrib.items() if key not in ours}
    texts = "" if path in TEXTS else " ".join(
        text.strip(" \t\n") for text in [element.text, *[child.tail for child in element]] if text and text.strip(" \t\n"))
    inner = f"{path}/" if path else ""
    children = [rest(child, inner + child.tag if isinstance(child.tag, str) else "") for child in element]
    children = [child for child in children if child]
    if (path in OURS or element.tag == f"{{{QEMU}}}commandline") and not (attributes or texts or children):
        return None
    return (element.tag, attributes, texts, children)


def tree(text):
    builder = ElementTree.TreeBuilder(insert_comments=True, insert_pis=True)
    return rest(ElementTree.fromstring(text.encode("utf-8"), ElementTree.XMLParser(target=builder)))


def strew(text, chance):
    """TEXT with odd things between its elements, where it is well-formed still and read alike."""
    places = [match.end() for match in re.finditer(r"<[^!?][^<>]*>(?=\s*<)", text)]
    inside = [at for at in places if text.find("</domain>") > at > text.find("<domain")]
    for at in sorted(chance.sample(inside, min(len(inside), 6)), reverse=True):
        text = text[:at] + chance.choice(STREWN) + text[at:]
    return text


def domains():
    """The text of every domain that these tests have."""
    found = {}
    for file in sorted(glob.glob(os.path.join(HERE, "**", "*.xml"), recursive=True)):
        with open(file, encoding="utf-8", errors="replace") as handle:
            text = handle.read(1 << 20)
        if re.match(r"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<domain\b", text, re.S):
            found[os.path.relpath(file, HERE)] = text
    with open(os.path.join(HERE, "emit-merge.t"), encoding="utf-8") as handle:
        source = handle.read()
    for n, text in enumerate(re.findall(r'"""(<domain.*?</domain>\n)"""', source, re.S)):
        text = text.replace("{QEMU}", QEMU).replace("{OS}", "<os><type arch='x86_64'>hvm</type></os>")
        if "{" not in text and "numa>" not in text:
            found[f"emit-merge.t {n}"] = text
    return found


def merge(work, vm, base):
    path = os.path.join(work, "base.xml")
    with open(path, "wb") as file:
        file.write(base.encode("utf-8"))
    run = subprocess.run([PLANNER, "emit", "-t", HOST, "-i", os.path.join(work, "i.ini"), "--merge", path,
                          "domain", vm], capture_output=True, timeout=30)
    return run.returncode, run.stdout.decode("utf-8"), run.stderr.decode("utf-8", "replace")


def check(tap, work, name, base):
    try:
        before = tree(base)
    except ElementTree.ParseError:
        before = None
    for vm in ("one", "wide", "floats"):
        status, xml, why = merge(work, vm, base)
        if not before or status:
            tap.ok(status == 2 and not xml and why.count("\n") == 1, f"refused: {name}, {vm}", status, why, base)
            continue
        tap.ok(tree(xml) == before, f"the rest is the same tree: {name}, {vm}", before, tree(xml), base, xml)
        tap.ok(merge(work, vm, xml)[1] == xml, f"twice is once: {name}, {vm}", xml, merge(work, vm, xml)[1])


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as work:
        with open(os.path.join(work, "i.ini"), "w", encoding="utf-8") as file:
            file.write(INVENTORY)
        found = domains()
        tap.ok(len(found) > 12, "there are domains", sorted(found))
        for name, base in found.items():
            check(tap, work, name, base)
            for seed in range(8):
                check(tap, work, f"{name}, strewn {seed}", strew(base, random.Random(f"{name} {seed}")))
    return tap.done()


sys.exit(main())
