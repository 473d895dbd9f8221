#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
emit domain --merge: planner's elements change in a domain XML, and nothing else. Held against
libvirt's schema and a libvirtd of our own, which must take the result and keep every word.

To add a shape: an entry of BASES.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

import domainxml
from libvirtd import libvirtd, virsh
from program import PLANNER
from tap import Tap

SCHEMA = "/usr/share/libvirt/schemas/domain.rng"
QEMU = "http://libvirt.org/schemas/domain/qemu/1.0"
HOST = "pack:2 [numa(memory=68719476736)] l3:1 core:12 pu:2"
NODE = "[node]\nname = n\nkernel = 6.1.0\nqemu = 7.2.22\nlibvirt = 9.0.0\nmwait = yes\n" \
       "[host]\ncores-per-node = 2\n"
VMS = NODE + """
[vm one]
vcpus = 4
memory = 2G
hugepages = 2M
iothreads = 1

[vm wide]
vcpus = 24
memory = 8G

[vm floats]
vcpus = 2
policy = shared
memory = 1G

[vm off]
vcpus = 2
memory = 1G
cpu-pm = off
"""
OS = "<os><type arch='x86_64'>hvm</type></os>"

GIB = {"one": 2, "wide": 8, "floats": 1, "off": 1}


def domain(name="one", start="", vcpu="<vcpu>4</vcpu>", more="", end="", kind="kvm", arch="x86_64"):
    return f"""<domain type='{kind}'>
  <name>{name}</name>
  <memory unit='GiB'>{GIB[name]}</memory>
  {start}{vcpu}
  {more}<os>
    <type arch='{arch}'>hvm</type>
  </os>
{end}</domain>
"""


def cells(*cpus, gib):
    """A guest of NUMA cells with CPUS, which share the memory."""
    lines = "".join(f"      <cell id='{i}' cpus='{own}' memory='{gib * 1024 // len(cpus)}' unit='MiB'/>\n"
                    for i, own in enumerate(cpus))
    return f"  <cpu mode='host-model'>\n    <numa>\n{lines}    </numa>\n  </cpu>\n"


# Domains as people have them. Each must come through with all that is not planner's.
BASES = {
    "a minimum": f"<domain type='kvm'><name>one</name><memory>1048576</memory>{OS}</domain>\n",
    "as libvirt writes it": f"""<domain type='kvm'>
  <name>one</name>
  <uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>
  <metadata>
    <app:x xmlns:app='http://example.org/app' a="1 &gt; 2"><!-- kept --></app:x>
  </metadata>
  <memory unit='KiB'>2097152</memory>
  <currentMemory unit='KiB'>2097152</currentMemory>
  <vcpu placement='static'>2</vcpu>
  {OS}
  <features>
    <acpi/>
    <apic/>
  </features>
  <cpu mode='host-model' check='partial'>
    <feature policy='require' name='tsc-deadline'/>
  </cpu>
  <clock offset='utc'>
    <timer name='rtc' tickpolicy='catchup'/>
  </clock>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <memballoon model='none'/>
  </devices>
</domain>
""",
    "pins of before, and what stays between them": f"""<domain type="kvm">
    <name>one</name>
    <memory unit="GiB">2</memory>
    <vcpu placement="static" cpuset="1-3" current="2">8</vcpu>
    <cputune>
        <shares>2048</shares>
        <vcpupin vcpu="0" cpuset="1"/> <!-- why -->
        <vcpupin vcpu="1" cpuset="2"/>
        <vcpupin vcpu="7" cpuset="3"/>
        <emulatorpin cpuset="1"/>
    </cputune>
    <numatune>
        <memory mode="preferred" nodeset="1"/>
    </numatune>
    {OS}
    <cpu mode="host-model">
        <topology sockets="8" dies="1" cores="1" threads="1"/>
    </cpu>
</domain>
""",
    "tabs, odd quotes, no line ends where one would look for them":
        f"<?xml version='1.0' encoding='UTF-8'?>\n<!-- a --><domain\n\ttype = \"kvm\" ><name>one</name>"
        f"<memory>1048576</memory><vcpu\n\tplacement = 'static'>4</vcpu>{OS}<features><acpi/></features>"
        "<cpu mode='host-model'\n/><devices><!-- <vcpu> --></devices></domain><!-- z -->",
    "I/O threads with numbers of their own": f"""<domain type='kvm'>
  <name>one</name>
  <memory>1048576</memory>
  <iothreads>3</iothreads>
  <iothreadids>
    <iothread id='5'/>
    <iothread id='2'/>
  </iothreadids>
  {OS}
</domain>
""",
    "locked memory": f"""<domain type='kvm'>
  <name>one</name>
  <memory>1048576</memory>
  <memoryBacking>
    <locked/>
    <source type='memfd'/>
  </memoryBacking>
  {OS}
</domain>
""",
    "an -overcommit of its own": f"""<domain type='kvm' xmlns:qemu='{QEMU}'>
  <name>one</name>
  <memory>1048576</memory>
  {OS}
  <qemu:commandline>
    <qemu:arg value='-set'/>
    <qemu:arg value='device.x.y=z'/>
    <qemu:arg value='-overcommit'/>
    <qemu:arg value='mem-lock=on'/>
    <!-- between -->
    <qemu:arg value='-overcommit'/>
    <qemu:arg value='cpu-pm=off'/>
    <qemu:env name='A' value='b'/>
  </qemu:commandline>
</domain>
""",
    "cpu-pm already, by another prefix": f"""<domain type='kvm' xmlns:q='{QEMU}'>
  <name>one</name>
  <memory>1048576</memory>
  {OS}
  <q:commandline>
    <q:arg value='-overcommit'/>
    <q:arg value='cpu-pm=on'/>
  </q:commandline>
</domain>
""",
    "guest NUMA of two cells": f"""<domain type='kvm'>
  <name>wide</name>
  <memory unit='GiB'>8</memory>
  <vcpu>24</vcpu>
  {OS}
  <cpu mode='host-model'>
    <numa>
      <cell id='0' cpus='0-3' memory='4' unit='GiB'>
        <distances><sibling id='0' value='10'/><sibling id='1' value='21'/></distances>
      </cell>
      <cell id='1' cpus='4-23' memory='4' unit='GiB'/>
    </numa>
  </cpu>
</domain>
""",
    "Windows line ends": f"<domain type='kvm'>\r\n  <name>one</name>\r\n  <memory>1048576</memory>\r\n"
                         f"  {OS}\r\n</domain>\r\n",
}

HOSTILE = {
    "entities": "<!DOCTYPE d [<!ENTITY a 'b'>]><domain><name>&a;</name></domain>",
    "a billion laughs": "<!DOCTYPE d [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><domain>&b;</domain>",
    "a file from outside": "<!DOCTYPE d SYSTEM 'file:///etc/passwd'><domain/>",
    "depth": "<domain>" + "<a>" * 5000 + "</a>" * 5000 + "</domain>",
    "not closed": "<domain><name>x</name>",
    "closed twice": "<domain></domain></domain>",
    "crossed": "<domain><a><b></a></b></domain>",
    "no XML": "hello", "nothing": "", "a NUL": "<domain>\0</domain>",
    "another root": "<network/>", "Latin-1": "<?xml version='1.0' encoding='ISO-8859-1'?><domain/>",
    "a prefix nobody declared": "<domain><qemu:commandline/></domain>",
    "qemu that is not QEMU": "<domain xmlns:qemu='http://example.org/'><name>one</name></domain>",
    "an -overcommit without value": f"<domain xmlns:qemu='{QEMU}'><qemu:commandline>"
                                    "<qemu:arg value='-overcommit'/></qemu:commandline></domain>",
    "an attribute cut off": "<domain type='", "a comment cut off": "<domain><!--", "a lone <": "<",
}

# What planner may change: the test's own list, by path, not the program's.
OURS = {"vcpu", "iothreads", "vcpupin", "emulatorpin", "iothreadpin", "memnode", "topology", "cell",
        "hugepages", "page", "nosharepages", "locked", "apic", "hint-dedicated", "kvm", "numa",
        "cputune", "numatune", "memoryBacking", "features", "cpu", f"{{{QEMU}}}arg",
        f"{{{QEMU}}}commandline"}


def write(folder, text, name="base.xml"):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(text.encode("utf-8"))
    return path


def merge(work, vm, base, inventory=VMS, options=()):
    run = subprocess.run([PLANNER, "emit", "-t", HOST, "-i", write(work, inventory, "i.ini"), *options,
                          "--merge", write(work, base), "domain", vm],
                         capture_output=True, timeout=30)
    return run.returncode, run.stdout.decode("utf-8"), run.stderr.decode("utf-8", "replace")


def foreign(xml):
    """What is not planner's, in order: tags, attributes, texts and comments."""
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    found = []
    for element in ElementTree.fromstring(xml.encode("utf-8"), parser).iter():
        if callable(element.tag):
            found.append(("comment", element.text))
        elif element.tag not in OURS and not (element.tag == "memory" and "mode" in element.attrib):
            found.append((element.tag, dict(element.attrib), (element.text or "").strip()))
    return found


def lines_lost(base, merged):
    """Lines of BASE that hold nothing of planner's and are not in MERGED, but for the quotes."""
    ours = {name.split("}")[-1] for name in OURS} | {"memory", "domain"}
    there = merged.replace('"', "'").split("\n")
    return [line for line in base.replace('"', "'").split("\n")
            if line.strip() and not any(re.search(rf"</?(\w+:)?{name}\b", line) for name in ours)
            and line not in there]


def overcommits(xml):
    words = [arg.get("value") for arg in ElementTree.fromstring(xml).iter(f"{{{QEMU}}}arg")]
    return [words[i + 1] for i, word in enumerate(words) if word == "-overcommit"]


def check_bases(tap, work):
    merged = {}
    for name, base in BASES.items():
        vm = ElementTree.fromstring(base).findtext("name")
        status, xml, why = merge(work, vm, base)
        if not tap.ok(status == 0 and xml, f"merged: {name}", why):
            continue
        merged[name] = xml
        tap.ok(foreign(base) == foreign(xml), f"the rest is as it was: {name}", foreign(base),
               foreign(xml), xml)
        lost = lines_lost(base, xml)
        tap.ok(not lost, f"line for line: {name}", *lost)
        tap.ok(merge(work, vm, xml)[1] == xml, f"twice is once: {name}", xml)
        own = subprocess.run([PLANNER, "emit", "-t", HOST, "-i", os.path.join(work, "i.ini"), "domain",
                              vm], capture_output=True, text=True, timeout=30).stdout
        pins, wanted = domainxml.pins(xml), domainxml.pins(own)
        wrong = [thread for thread in wanted if thread in pins and pins[thread] != wanted[thread]]
        tap.ok(not wrong and {p for p in pins if p.startswith("vcpu")} ==
               {p for p in wanted if p.startswith("vcpu")}, f"pins as planned: {name}", pins, wanted)
        tap.ok(len(overcommits(xml)) == 1 and "cpu-pm=on" in overcommits(xml)[0],
               f"one -overcommit: {name}", overcommits(xml))
    return merged


def check_details(tap, merged):
    for name, wanted, why in (
            ("locked memory", "mem-lock=on,cpu-pm=on", "locked memory stays locked"),
            ("an -overcommit of its own", "value='mem-lock=on,cpu-pm=on'", "options are joined"),
            ("I/O threads with numbers of their own", "<iothreadpin iothread='5'", "its own numbers"),
            ("I/O threads with numbers of their own", "<iothreads>3<", "disks keep their threads"),
            ("guest NUMA of two cells", "<distances>", "distances of cells stay"),
            ("guest NUMA of two cells", "cpus='0-11'", "cells as planned"),
            ("a minimum", f"xmlns:qemu='{QEMU}'", "the namespace is declared"),
            ("cpu-pm already, by another prefix", "<q:commandline>", "the prefix stays"),
            ("pins of before, and what stays between them", "<!-- why -->", "comments stay")):
        tap.ok(wanted in merged.get(name, ""), f"{name}: {why}", merged.get(name))
    tap.ok("acpi" not in merged.get("a minimum", "acpi"), "no hardware is added")
    tap.ok("\n" not in merged.get("Windows line ends", "\n").replace("\r\n", ""), "line ends stay")


def check_removal(tap, work):
    """Taking cpu-pm from a VM that must not have it is a merge, too."""
    for vm in ("floats", "off"):
        for base in ("cpu-pm already, by another prefix", "an -overcommit of its own"):
            text = BASES[base].replace("<name>one<", f"<name>{vm}<").replace("=off'", "=on'")
            status, xml, why = merge(work, vm, text)
            tap.ok(status == 0 and "cpu-pm" not in xml, f"{vm}: cpu-pm is taken away: {base}", why, xml)
            tap.ok(merge(work, vm, xml)[1] == xml, f"{vm}: twice is once: {base}")
    status, xml, why = merge(work, "floats", BASES["pins of before, and what stays between them"])
    tap.ok("vcpupin" not in xml and "is the domain 'one'" in why, "pins are taken from a shared VM, "
           "and another name is said", xml, why)
    hinted = BASES["a minimum"].replace(
        OS, OS + "<features><kvm><hint-dedicated state='on'/><hidden state='on'/></kvm></features>")
    xml = merge(work, "floats", hinted)[1]
    tap.ok("hint-dedicated" not in xml and "hidden" in xml, "hint-dedicated is taken from a shared VM")


# What the plan takes away from under an element goes with it: name → (VM, base, what must be there,
# what must not). libvirt refuses each base whose leftovers stay.
CONFLICTS = {
    "pages for some cells only": ("one", f"""<domain type='kvm'>
  <name>one</name>
  <memory unit='GiB'>2</memory>
  <memoryBacking>
    <hugepages>
      <page size='1048576' unit='KiB' nodeset='0'/>
      <page size='2048' unit='KiB' nodeset='1'/>
    </hugepages>
  </memoryBacking>
  <vcpu>4</vcpu>
  <numatune>
    <memory mode='strict' nodeset='1'/>
    <memnode cellid='1' mode='preferred' nodeset='0'/>
  </numatune>
  {OS}
  <cpu mode='host-model'>
    <numa>
      <cell id='0' cpus='0-1' memory='1' unit='GiB'/>
      <cell id='1' cpus='2-3' memory='1' unit='GiB'/>
    </numa>
  </cpu>
</domain>
""", ["<page size='2048' unit='KiB'/>", "<cell id='1'"], ["1048576' unit", "memnode"]),
    "schedulers of vCPUs that go": ("one", f"""<domain type='kvm'>
  <name>one</name>
  <memory unit='GiB'>2</memory>
  <vcpu>8</vcpu>
  <cputune>
    <emulatorsched scheduler='fifo' priority='1'/>
    <vcpusched vcpus='0-2' scheduler='fifo' priority='1'/>
    <vcpusched vcpus='3-5' scheduler='rr' priority='2'/>
    <vcpusched vcpus='6,7' scheduler='rr' priority='3'/>
  </cputune>
  {OS}
</domain>
""", ["<vcpusched vcpus='0-2' scheduler='fifo' priority='1'/>", "<vcpusched vcpus='3' scheduler='rr'",
      "<emulatorsched"], ["priority='3'"]),
    "distances to cells that go": ("wide", f"""<domain type='kvm'>
  <name>wide</name>
  <memory unit='GiB'>8</memory>
  <vcpu>24</vcpu>
  {OS}
  <cpu mode='host-model'>
    <numa>
      <cell id='0' cpus='0-7' memory='2' unit='GiB'>
        <distances>
          <sibling id='0' value='10'/>
          <sibling id='1' value='21'/>
          <sibling id='2' value='31'/>
        </distances>
      </cell>
      <cell id='1' cpus='8-15' memory='2' unit='GiB'/>
      <cell id='2' cpus='16-23' memory='4' unit='GiB'>
        <distances>
          <sibling id='2' value='10'/>
        </distances>
      </cell>
    </numa>
  </cpu>
</domain>
""", ["<sibling id='1' value='21'/>"], ["sibling id='2'", "cell id='2'"]),
    "bound cells of a VM that floats": (
        "floats", domain("floats", more="<numatune>\n    <memory mode='strict' nodeset='0'/>\n"
                                        "    <memnode cellid='0' mode='strict' nodeset='0'/>\n  </numatune>\n  ",
                         end=cells("0-3", gib=1)),
        ["<memory mode='strict' nodeset='0'/>", "<memnode cellid='0'", "<cell id='0' cpus='0-1' "], ["cpus='0-3'"]),
    "the one cell that memory is plugged into": (
        "one", domain(start="<maxMemory slots='4' unit='GiB'>8</maxMemory>\n  ", vcpu="<vcpu>2</vcpu>",
                      end=cells("0-1", gib=2)),
        ["<cell id='0' cpus='0-3' memory='2048' unit='MiB'/>"], ["cpus='0-1'"]),
    "pages of cells that go": (
        "off", domain("off", start="<memoryBacking>\n    <hugepages>\n"
                                   "      <page size='2048' unit='KiB' nodeset='1'/>\n"
                                   "      <page size='1048576' unit='KiB' nodeset='0'/>\n"
                                   "    </hugepages>\n  </memoryBacking>\n  ",
                      end=cells("0-1", "2-3", gib=1)),
        ["<page size='2048' unit='KiB'/>"], ["1048576", "<numa>"]),
}


def check_conflicts(tap, work, merged):
    for name, (vm, base, there, gone) in CONFLICTS.items():
        status, xml, why = merge(work, vm, base)
        tap.ok(status == 0 and all(word in xml for word in there) and not any(word in xml for word in gone),
               f"goes, and nothing else: {name}", why, xml)
        tap.ok(merge(work, vm, xml)[1] == xml, f"twice is once: {name}", xml)
        merged[name] = xml
    pages = CONFLICTS["pages for some cells only"][1].replace("<name>one<", "<name>off<")
    why = merge(work, "off", pages)[2]
    tap.ok("huge pages and keeps them" in why, "huge pages that the plan does not count are said", why)


def check_site(tap, work):
    """A site's template may have no <os>, and devices of the site's own."""
    with open(os.path.join(HERE, "../templates/domain.xml"), encoding="utf-8") as file:
        text = re.sub(r"<os>.*</os>", "<!-- ${arch}${machine} -->", file.read(), flags=re.DOTALL)
    folder = os.path.join(work, "site")
    os.makedirs(folder)
    write(folder, text.replace("${devices}", "${devices}<devices><rng/></devices>"), "domain.xml")
    base = domain("floats", vcpu="<vcpu>2</vcpu>").replace("arch='x86_64'", "arch='x86_64' machine='pc'")
    status, xml, why = merge(work, "floats", base, options=["--templates", folder])
    tap.ok(status == 0 and not why and "<emulatorpin" in xml and "machine='pc'" in xml, "a site's template", why, xml)


def check_hostile(tap, work):
    for name, text in HOSTILE.items():
        status, xml, why = merge(work, "one", text)
        tap.ok(status == 2 and not xml and why.count("\n") == 1, f"refused: {name}", status, why, xml)
    for size, refused in ((7 << 20, False), (8 << 20, True)):
        text = "<domain><name>one</name><description>" + "x" * size + "</description></domain>"
        status, xml, why = merge(work, "one", text)
        tap.ok((status == 2 and "larger than 8 MiB" in why) if refused else (status == 0 and len(xml) > size),
               f"{size >> 20} MiB of description {'are refused' if refused else 'pass'}", status, why)


def pinned(threads):
    return f"<iothreads>1</iothreads>\n  <cputune>\n    {threads}\n  </cputune>\n  "


ONDEMAND = "<memoryBacking>\n    <allocation mode='ondemand'/>\n  </memoryBacking>\n  "

# What is not planner's to decide: name → (VM, base, what must be there, what must not, what is said).
ALONE = {
    "no CPU model without <cpu>": (
        "one", domain(), ["  <cpu>\n    <topology sockets='1' cores='2' threads='2'/>\n  </cpu>\n"],
        ["mode='host", "<model"], None),
    "nor with cells": (
        "wide", domain("wide", vcpu="<vcpu>24</vcpu>"), ["  <cpu>\n    <topology", "<cell id='1'"], ["mode='host"],
        None),
    "vCPUs that are plugged in later": (
        "one", domain(vcpu="<vcpu placement='static' current='2'>4</vcpu>",
                      more="<vcpus>\n    <vcpu id='0' enabled='yes' hotpluggable='no' order='1'/>\n"
                           "    <vcpu id='1' enabled='yes' hotpluggable='no' order='2'/>\n"
                           "    <vcpu id='2' enabled='no' hotpluggable='yes'/>\n"
                           "    <vcpu id='3' enabled='no' hotpluggable='yes'/>\n  </vcpus>\n  "),
        ["current='2'", "<vcpu id='2' enabled='no' hotpluggable='yes'/>"], [], None),
    "of another number of vCPUs": (
        "one", domain(vcpu="<vcpu current='2'>8</vcpu>", more=pinned("<vcpupin vcpu='7' cpuset='7'/>")),
        ["<vcpu current='4' placement", ">8</vcpu>", "<topology sockets='1' cores='4' threads='2'/>"], ["vcpu='7'"],
        "pins 1 vCPUs that may be plugged in later"),
    "vCPUs placed by numad": (
        "one", domain(vcpu="<vcpu placement='auto'>4</vcpu>",
                      more="<numatune>\n    <memory mode='strict' placement='auto'/>\n  </numatune>\n  "),
        ["<vcpu placement='static' cpuset=", "<memory mode='strict' nodeset='0'/>"], ["auto"],
        "<memory placement='auto'>"),
    "memory placed by numad, of a VM that floats": (
        "floats", domain("floats", vcpu="<vcpu>2</vcpu>",
                         more="<numatune>\n    <memory mode='strict' placement='auto'/>\n  </numatune>\n  "),
        ["<memory mode='strict' placement='auto'/>"], [], None),
    "and that went where its vCPUs went": (
        "floats", domain("floats", vcpu="<vcpu placement='auto'>2</vcpu>",
                         more="<numatune>\n    <memory mode='preferred'/>\n  </numatune>\n  "),
        ["<vcpu placement='static' cpuset=", "<memory mode='preferred' placement='auto'/>"], [],
        "<vcpu placement='auto'>"),
    "nor memory of no file": (
        "one", domain(start="<memoryBacking>\n    <source type='anonymous'/>\n  </memoryBacking>\n  "),
        ["<hugepages>"], ["anonymous"], "<source type='anonymous'>, which libvirt refuses"),
    "memory that comes when it is touched": (
        "off", domain("off", start=ONDEMAND, vcpu="<vcpu>2</vcpu>"), ["<allocation mode='ondemand'/>"], [], None),
    "huge pages cannot": (
        "one", domain(start=ONDEMAND), ["<hugepages>", "<nosharepages/>"], ["allocation"],
        "<allocation mode='ondemand'>, which libvirt refuses"),
    "threads on CPUs that nobody has": (
        "one", domain(more=pinned("<emulatorpin cpuset='20'/><iothreadpin iothread='1' cpuset='21'/>")),
        ["<emulatorpin cpuset='20'/>", "<iothreadpin iothread='1' cpuset='21'/>"], [],
        "I/O thread 1 keeps CPUs 21"),
    "threads on CPUs that somebody has": (
        "one", domain(more=pinned("<emulatorpin cpuset='4'/><iothreadpin iothread='1' cpuset='99'/>")),
        ["<iothreadpin iothread='1' cpuset='0-"], ["<emulatorpin cpuset='4'", "'99'"],
        "the emulator goes from CPUs 4 to "),
    "emulation without KVM": (
        "one", domain(kind="qemu"), ["<vcpupin"], ["eoi", "hint-dedicated", "cpu-pm", "<features"],
        "of type qemu and arch x86_64"),
    "another architecture": (
        "one", domain(kind="qemu", arch="aarch64"), ["<vcpupin"], ["eoi", "hint", "cpu-pm"],
        "of type qemu and arch aarch64"),
    "KVM of another architecture": (
        "one", domain(arch="s390x", end="  <features>\n    <acpi/>\n  </features>\n"), ["<vcpupin"],
        ["<apic", "hint", "cpu-pm"], "of type kvm and arch s390x"),
}


def check_alone(tap, work, merged):
    for name, (vm, base, there, gone, said) in ALONE.items():
        free = "nobody" in name
        inventory = VMS[:VMS.index("[vm wide]")] if free else VMS
        status, xml, why = merge(work, vm, base, inventory)
        tap.ok(status == 0 and all(word in xml for word in there) and not any(word in xml for word in gone),
               f"left alone: {name}", why, xml)
        tap.ok((said in why) if said else not why, f"said: {name}", said, why)
        tap.ok(merge(work, vm, xml, inventory)[1] == xml, f"twice is once: {name}", xml)
        if "architecture" not in name and not free:  # there may be no emulator of it
            merged[name] = xml


def check_model(tap, uri, work, merged):
    """A <cpu> of topology alone is the CPU that a domain without <cpu> has."""
    models = []
    for xml in (domain(), merged["no CPU model without <cpu>"]):
        virsh(uri, "define", write(work, domainxml.retyped(xml), "m.xml"))
        cpu = ElementTree.fromstring(virsh(uri, "dumpxml", "--inactive", "one").stdout).find("cpu")
        models.append((cpu.get("mode"), cpu.findtext("model")) if cpu is not None else (None, None))
        virsh(uri, "undefine", "one")
    tap.ok(models[0] == models[1], "libvirtd: the CPU model stays", models)


def check_schema(tap, work, merged):
    if not (os.path.exists(SCHEMA) and shutil.which("xmllint")):
        tap.skip("libvirt's schema", f"no xmllint or no {SCHEMA}")
        return
    for name, xml in merged.items():
        run = subprocess.run(["xmllint", "--noout", "--relaxng", SCHEMA, write(work, xml, "m.xml")],
                             capture_output=True, text=True, timeout=30)
        tap.ok(run.returncode == 0, f"schema: {name}", run.stderr, xml)


def check_libvirt(tap, work, merged):
    """libvirtd takes it with validation, gives all of it back, and emit -c merges into that."""
    with libvirtd() as (_, uri, why):
        if not uri:
            tap.skip("libvirtd takes what is merged", why.split("\n")[-1] or "none")
            return
        check_model(tap, uri, work, merged)
        for name, xml in merged.items():
            sent = re.sub(r"""type\s*=\s*["']kvm["']""", "type='qemu'", domainxml.retyped(xml))
            run = virsh(uri, "define", "--validate", write(work, sent, "m.xml"))
            if not tap.ok(run.returncode == 0, f"define: {name}", run.stderr, sent):
                continue
            vm = ElementTree.fromstring(xml).findtext("name")
            back = virsh(uri, "dumpxml", "--inactive", vm).stdout
            tap.ok(domainxml.pins(back) == domainxml.pins(xml) and overcommits(back) == overcommits(xml),
                   f"kept: {name}", back)
            asked = subprocess.run([PLANNER, "emit", "-t", HOST, "-i", os.path.join(work, "i.ini"), "-c",
                                    uri, "domain", vm], capture_output=True, text=True, timeout=30)
            # virsh prints a line more than the document has
            tap.ok(asked.stdout.strip() == back.strip(), f"emit -c: nothing left to do: {name}",
                   asked.stderr, asked.stdout, back)
            virsh(uri, "undefine", vm)
        asked = subprocess.run([PLANNER, "emit", "-t", HOST, "-i", os.path.join(work, "i.ini"), "-c", uri,
                                "domain", "one"], capture_output=True, text=True, timeout=30)
        tap.ok(asked.returncode == 2 and not asked.stdout, "emit -c: a domain that is not there",
               asked.stderr)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as work:
        merged = check_bases(tap, work)
        check_details(tap, merged)
        check_removal(tap, work)
        check_conflicts(tap, work, merged)
        check_alone(tap, work, merged)
        check_site(tap, work)
        check_hostile(tap, work)
        check_schema(tap, work, merged)
        check_libvirt(tap, work, merged)
    return tap.done()


sys.exit(main())
