# SPDX-License-Identifier: MIT
"""A VM of six vCPUs that may grow to twelve migrates: migrate and its own second step must agree,
and what is written must not drop the maximum without a word."""

import os
import re

SOURCE = "innogames/igvm#280 and #236; oVirt and KubeVirt give every VM a larger maximum"
TOPOLOGY = "pack:1 [numa(memory=68719476736)] l3:1 core:8 pu:2(indexes=2*8:8*1)"
NODE = """[node]
name    = {}
kernel  = 6.1.0
qemu    = 7.2.22
libvirt = 9.0.0
mwait   = yes

[host]
cpus = 0-1,8-9
"""
VM = """
[vm web]
vcpus    = 6
cpus     = 2,10,3,11,4,12
memory   = 8G
cpu-mode = custom
cpu-pm   = off
"""
PINS = "".join(f"<vcpupin vcpu='{i}' cpuset='{cpu}'/>" for i, cpu in enumerate((2, 10, 3, 11, 4, 12)))
LIVE = f"""<domain type='kvm' id='3'>
  <name>web</name>
  <memory unit='GiB'>8</memory>
  <vcpu placement='static' current='6'>12</vcpu>
  <cputune>{PINS}<emulatorpin cpuset='0-1,8-9'/></cputune>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <features><acpi/><apic eoi='on'/></features>
  <cpu mode='custom' match='exact'><model>Cascadelake-Server</model></cpu>
</domain>
"""


def further(planner, folder):
    os.makedirs(folder)
    for name, text in (("a.ini", NODE.format("a") + VM), ("b.ini", NODE.format("b")),
                       ("live.xml", LIVE)):
        with open(folder / name, "w", encoding="utf-8") as file:
            file.write(text)
    here, there, live = (str(folder / name) for name in ("a.ini", "b.ini", "live.xml"))
    command = ["migrate", "web", "--from", here, "--to", there, "-t", TOPOLOGY]
    status, said, error = planner(*command)
    merged, text, refused = planner(*command, "--xml", "--merge", live)
    kept = re.search(r"<vcpu\b[^>]*current='6'[^>]*>12</vcpu>", text)
    live_said = status == 0 and "can migrate live" in said
    yield ("migrate says of a VM with hot-plug what its second step does",
           [] if not live_said or (merged == 0 and kept) else [said, error, text, refused])
    _, text, error = planner("emit", "-i", here, "-t", TOPOLOGY, "domain", "web", "--merge", live)
    kept = re.search(r"<vcpu\b[^>]*current='6'[^>]*>12</vcpu>", text)
    yield ("emit --merge keeps the maximum, or says so",
           [] if kept or "12" in error or "maximum" in text else [text, error])
