#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Nothing that may be a secret leaves a node.

A constructed node has a marker wherever a secret may stand: in the kernel line and its copies, in
the environment of init and of services, in QEMU's arguments, in libvirt's URIs, in domain XML, in
logs and in what a sosreport printed. No output of any command has it, nor has a snapshot; and what
is left out changes no finding: check says of the snapshot what it says of the node. Nor does any
output hold what a terminal obeys, be it from the node or from the command line.
"""

import glob
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

from scripted import Script, shells
from tap import Tap

PLANNER = os.environ.get("PLANNER", os.path.join(HERE, "..", "build", "bin", "planner"))
MAKE_NODE = os.path.join(HERE, "hosts", "make-node.py")
INVENTORY = os.path.join(HERE, "cases", "check-faults", "inventory.ini")
TOPOLOGY = "pack:2 [numa(memory=68719476736)] l3:1 core:6 pu:2(indexes=2*12:12*1)"
MARK = "S3CRETM4RK"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
ODD = "ev\u009b31m\u202eil"
LINE = (f" rd.iscsi.password={MARK} netroot=iscsi:u:{MARK}@10.0.0.1::: ip=1.2.3.4:{MARK} {MARK}"
        f" systemd.set_credential=root.pw:{MARK} inst.ks=https://u:{MARK}@h/ \"tok=a {MARK}\""
        f" \"panic=1 {MARK}\" console=\"ttyS0 {MARK}\"")
ANYWHERE = ("<metadata><x>%s</x></metadata><description>%s</description><title>%s</title>"
            "<!-- %s --><sysinfo type='smbios'><entry name='serial'>%s</entry></sysinfo>"
            "<launchSecurity type='sev'><session>%s</session></launchSecurity>"
            "<unknown secret='%s'>%s</unknown>").replace("%s", MARK)
DEVICES = ("<disk type='network' device='disk' x='%s'><auth username='%s'><secret uuid='%s'/></auth>"
           "<source protocol='rbd' name='%s'/><target dev='vda' bus='virtio' y='%s'/><serial>%s</serial></disk>"
           "<graphics type='vnc' passwd='%s'/><interface type='user'><mac address='%s'/>"
           "<driver name='vhost' z='%s'><host>%s</host></driver><model type='virtio'/></interface>"
           "<tpm><backend><encryption secret='%s'/></backend></tpm>").replace("%s", MARK)


def run(*words):
    return subprocess.run(words, capture_output=True, timeout=120, check=False,
                          env=dict(os.environ, LC_ALL="C.UTF-8"))


def put(root, path, text, add=False):
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "a" if add else "w", encoding="utf-8") as file:
        file.write(text)


def get(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def plant(root):
    """Markers in everything of ROOT."""
    line = get(os.path.join(root, "proc/cmdline")).rstrip("\n")
    put(root, "proc/cmdline", line + LINE + f" -- {MARK}\n")
    put(root, "proc/1/environ", f"rd.iscsi.password={MARK}\0TOKEN={MARK}\0ip=1.2.3.4:{MARK}\0", True)
    entry = os.path.join(root, "boot/loader/entries/node.conf")
    text = re.sub(r"(?m)^(options .*)$", lambda m: m.group(1) + LINE + f" -- {MARK}", get(entry))
    put(root, "boot/loader/entries/node.conf", f"# {MARK}\ntitle {MARK}\n" + text)
    put(root, "boot/grub2/grubenv", f"# GRUB\nkernelopts=ro{LINE}\ntuned_params=nosmt {MARK}\nother={MARK}\n")
    put(root, "boot/grub2/grub.cfg", f"set superusers={MARK}\npassword root {MARK}\nset default=\"0\"\n"
        f"menuentry 'Linux' {{\n linux /vmlinuz ro{LINE}\n initrd /x{MARK}\n}}\n")
    for path in ("etc/default/irqbalance", "etc/sysconfig/irqbalance"):
        put(root, path, f"IRQBALANCE_ARGS=\"--token {MARK}\"\nexport PASSWORD={MARK}\n#{MARK}\n")
    for path in ("etc/systemd/system.conf", "etc/systemd/system.conf.d/50-env.conf"):
        put(root, path, f"[Manager]\nDefaultEnvironment=TOKEN={MARK}\nManagerEnvironment={MARK}\n[{MARK}]\nx=y\n", True)
    put(root, "sos_commands/kernel/sysctl_-a", f"net.ipv4.tcp_fastopen_key = {MARK}\nkernel.watchdog = 1\n")
    for path in glob.glob(os.path.join(root, "proc/*/cmdline")):
        words = ["-object", f"secret,id=memory-backend-x,data={MARK}", "-vnc", f":0,password={MARK}",
                 "-object", f'{{"qom-type":"secret","id":"memory-backend-1","data":"{MARK}"}}',
                 "-device", f"virtio-blk,serial={MARK}-cpu", "-append", f"pw={MARK}",
                 "-fw_cfg", f"name=opt/x,string={MARK}"]
        put(root, os.path.relpath(path, root), "".join(word + "\0" for word in words), True)
    for path in glob.glob(os.path.join(root, "proc/*/task/*/status")):
        put(root, os.path.relpath(path, root), f"Groups:\t{MARK}\nVmPeak:\t{MARK}\n", True)
    for path in glob.glob(os.path.join(root, "proc/*/task/*/stat")):
        head, _, fields = get(path).rpartition(") ")
        words = fields.split()
        words[22:27] = [MARK] * 5
        put(root, os.path.relpath(path, root), f"{head}) {' '.join(words)}\n")
    for path in glob.glob(os.path.join(root, "planner/domains/**/*.xml"), recursive=True):
        text = get(path).replace("</domain>", ANYWHERE + "</domain>").replace("</devices>", DEVICES + "</devices>")
        text = text.replace("<domain ", f"<domain a='{MARK}' ", 1).replace("<vcpu ", f"<vcpu b='{MARK}' ", 1)
        text = text.replace("<type ", f"<type c='{MARK}' ", 1).replace("<os>", f"<os d='{MARK}'>{MARK}", 1)
        put(root, os.path.relpath(path, root), text.replace("</cputune>", f"<x>{MARK}</x>{MARK}</cputune>"))
    listed = os.path.join(root, "planner/domains/list.json")
    put(root, "planner/domains/list.json", get(listed).replace(
        "qemu:///system", f"qemu+ssh://user:{MARK}@localhost/system?keyfile={MARK}&socket=/run/x"))
    for path in glob.glob(os.path.join(root, "var/log/libvirt/qemu/*.log")):
        put(root, os.path.relpath(path, root), f"2026-01-01: -object secret,data={MARK}\n{MARK}\n", True)


def findings(root, *intent):
    done = run(PLANNER, "check", "-r", root, "--json", *intent)
    return json.loads(done.stdout)["findings"] if done.returncode in (0, 1) else done.stderr


def commands(root, plan, folder):
    """What shows anything of a node, and how."""
    for intent in (["-p", plan], ["-i", INVENTORY], []):
        for form in ([], ["--json"], ["--format", "prometheus"], ["--format", "junit"]):
            yield ["check", "-r", root, *intent, *form]
    yield ["adopt", "-r", root]
    yield ["adopt", "-r", root, "--json"]
    yield ["show", "-t", root]
    yield ["show", "-t", root, "--json"]
    yield ["plan", "-i", INVENTORY, "-t", root, "--json"]
    yield ["fit", "-i", INVENTORY, "-t", root]
    yield ["explain", "-r", root, "-p", plan, "d1"]
    yield ["diff", "-r", root, plan, plan]
    yield ["migrate", "-r", root, "-p", plan, "d1"]
    yield ["check", "-r", root, "-c", f"qemu+tcp://u:{MARK}@127.0.0.1:1/system?pkipath=/{MARK}"]
    yield ["check", "-r", root, "-c", f"bad+{'x'}://u:{MARK}@h/?a={MARK}"]
    yield ["emit", "domain", "d1", "-p", plan, "--merge", "-c", f"qemu+tcp://u:{MARK}@127.0.0.1:1/system"]
    yield ["snapshot", "-r", root, "-o", os.path.join(folder, "again.tar")]


def check_obeyed(tap, root, plan):
    """A VM's name, and arguments, with what a terminal obeys."""
    listed = os.path.join(root, "planner/domains/list.json")
    document = json.loads(get(listed))
    document["domains"].append(dict(document["domains"][0], name=ODD, running=False, uuid="x"))
    put(root, "planner/domains/list.json", json.dumps(document))
    seen = 0
    for form in ([], ["--json"], ["--format", "junit"], ["--format", "prometheus"]):
        text = run(PLANNER, "check", "-r", root, "-p", plan, *form).stdout.decode()
        seen += "31m" in text
        tap.ok(text and not OBEYED.search(text), f"check {' '.join(form)}: nothing that a terminal obeys", text[:400])
    tap.ok(seen >= 3, "and the name is in it", seen)
    told = json.loads(run(PLANNER, "check", "-r", root, "-p", plan, "--json").stdout)
    tap.ok(any(ODD in finding["text"] or ODD in finding["subject"] for finding in told["findings"])
           or any(ODD in str(one) for one in told["unread"]), "JSON gives it as it is")
    bad, word = [], "/x\x1b[31m\u009b31m\nplanner: fine"
    for words in (["check", "-r"], ["check", "--root=" + word], ["plan", "-i"], ["show", "-t"], ["fit", "--vm"],
                  ["explain"], ["replay"], ["check", "--rule"], ["check", "--format"], ["fit", "--place"], [],
                  ["emit"], ["diff", word], ["adopt", "--domains"], ["snapshot", "-o"], ["check", "--domains"]):
        done = run(PLANNER, *words, word)
        text = (done.stdout + done.stderr).decode("utf-8", "replace")
        if OBEYED.search(text) or "\nplanner: fine" in text or done.returncode not in (0, 1, 2):
            bad.append(f"{words}: {text!r}")
    tap.ok(not bad, "arguments are shown clean", *bad)
    with tempfile.TemporaryDirectory() as site:
        put(site, "vcpupin.xml", "<!--\u009b31m-->${vcpu} ${cpuset}\n")
        done = run(PLANNER, "emit", "domain", "vm1", "-p", plan, "--templates", site)
        tap.ok(done.returncode == 2 and not done.stdout and b"U+009B" in done.stderr,
               "a site's template with such a character is refused", done.stdout, done.stderr)


def check_damaged(tap, root, folder):
    """Of a list of VMs that cannot be read nothing is taken over as it stands."""
    path, tar = os.path.join(root, "planner/domains/list.json"), os.path.join(folder, "damaged.tar")
    whole = get(path)
    put(root, "planner/domains/list.json", whole[:len(whole) * 2 // 3])
    done = run(PLANNER, "snapshot", "-r", root, "-o", tar)
    content = open(tar, "rb").read() if done.returncode == 0 else MARK.encode()
    judged = [{(finding["id"], finding["verdict"]) for finding in findings(of) if finding["id"] != "node.unread"}
              for of in (root, tar)]
    tap.ok(MARK in whole and MARK.encode() not in content and judged[0] == judged[1],
           "a list of VMs that is cut: the snapshot has no secret of it, and as little is known of it", done.stderr,
           judged[0] ^ judged[1])
    put(root, "planner/domains/list.json", whole)


def check_script(tap, root, folder, shell):
    """What planner-capture keeps of it, which has the XML of a virsh that tells all."""
    below = pathlib.Path(folder, shell.name.partition(" ")[0])
    below.mkdir()
    script, tar = Script(below, shell), below / "node.tar"
    script.answer(pathlib.Path(root))
    for path in ("etc/tuned/active_profile", "usr/lib/tuned/mine/tuned.conf", "var/lib/lxd/qemu.conf"):
        put(root, path, {"etc/tuned/active_profile": "mine\n"}.get(path, f"[main]\nx={MARK}\n[object \"{MARK}\"]\ny={MARK}\n"))
    done = script.run(tar, pathlib.Path(root))
    content = tar.read_bytes() if done.returncode == 0 else b""
    at = content.find(MARK.encode())
    tap.ok(content and at < 0, f"{shell.name}: the script's capture has none", done.stderr,
           content[max(0, at - 300):at + 40])
    tap.ok(b"rd.iscsi.password=(left-out)" in content and b"<vcpupin" in content,
           f"{shell.name}: what is left out is named, what is kept is there", content[:2000])


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        plan, root = os.path.join(folder, "plan.json"), os.path.join(folder, "node")
        with open(plan, "wb") as file:
            file.write(run(PLANNER, "plan", "--json", "-i", INVENTORY, "-t", TOPOLOGY).stdout)
        done = run(sys.executable, MAKE_NODE, plan, root, "--fault", "reboot-pending")
        if done.returncode:
            done = run(sys.executable, MAKE_NODE, plan, root)
        before = {finding["id"] for finding in findings(root, "-p", plan)}
        plant(root)
        planted = sum(MARK.encode() in open(os.path.join(at, name), "rb").read()
                      for at, _, names in os.walk(root) for name in names)
        tap.ok(planted > 100, f"{planted} files of the node have a secret")
        for words in commands(root, plan, folder):
            done = run(PLANNER, *words)
            text = (done.stdout + done.stderr).decode("utf-8", "replace")
            at = text.find(MARK)
            tap.ok(at < 0 and done.returncode in (0, 1, 2), f"{' '.join(words[:1] + words[3:]).replace(folder, '')}: "
                   "shows none".replace(MARK, "…"), text[max(0, at - 200):at + 40] if at >= 0 else "")
        tar = os.path.join(folder, "node.tar")
        done = run(PLANNER, "snapshot", "-r", root, "-o", tar)
        content = open(tar, "rb").read() if done.returncode == 0 else b""
        at = content.find(MARK.encode())
        tap.ok(content and at < 0, "the snapshot has none", done.stderr, content[max(0, at - 300):at + 40])
        for intent in ([], ["-p", plan]):
            tap.ok(findings(tar, *intent) == findings(root, *intent), "check says of it what it says of the node",
                   findings(tar, *intent), findings(root, *intent))
        after = {finding["id"] for finding in findings(tar, "-p", plan)}
        tap.ok(before <= after, "no finding is lost", before - after)
        tap.ok(b"rd.iscsi.password=(left-out)" in content, "what is left out is named")
        check_damaged(tap, root, folder)
        for shell in shells():
            check_script(tap, root, folder, shell)
        check_obeyed(tap, root, plan)
        report = os.path.join(folder, "report.json")
        run(PLANNER, "check", "-r", root, "-p", plan, "--json", "-o", report)
        tap.ok(os.geteuid() != 0 or os.stat(report).st_mode & 0o777 == 0o600, "a report of root's is root's",
               oct(os.stat(report).st_mode))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
