#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# check-all: runs Ansible many times
# timeout: 900 seconds
"""
The Ansible role, by the real ansible-playbook. Its nodes are captured ones: roots in folders of the
test, reached without a connection. One is as planned, one has a fault, one has a broken inventory.
Nothing of this machine is changed. tests/ansible-ssh.t has nodes that are running machines.
"""

import json
import os
import re
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

from playbook import FIRST, HOSTILE, INVENTORY, SHIPPED, X6, Controller, tree_of
from program import PLANNER, run
from tap import Tap, skip_all


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return file.read()


def yaml_of(*parts):
    import yaml

    class Tagged(yaml.SafeLoader):
        """With Ansible's tag for what holds no expression."""

    Tagged.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
    return yaml.load(read(*parts), Tagged)  # pylint: disable=no-member


# What is shipped

def check_tables(tap, work):
    """The role knows every artifact that has a file, and no other."""
    tree = os.path.join(work, "tree")
    run(PLANNER, "emit", "--all", "-d", tree, "-t", X6)
    index = read(tree, "etc/planner/INDEX")
    there = set(re.findall(r"^/.*\n    ([a-z-]+):", index, re.M)) | \
        set(re.findall(r"^left out: ([a-z-]+)", index, re.M)) | {"domain", "virsh"}
    known = yaml_of(SHIPPED, "roles/planner/vars/main.yml")
    listed = [name for row in known["planner__activations"] for name in row["of"]]
    listed += known["planner__not_activated"] + list(known["planner__bootloaders"]) + known["planner__repinned"]
    tap.ok(set(listed) == there, "the role knows every artifact with a file", set(listed) ^ there)
    defaults = yaml_of(SHIPPED, "roles/planner/defaults/main.yml")
    manual = read(SHIPPED, "README.md")
    lacks = [name for name in defaults if f"`{name}`" not in manual]
    tap.ok(not lacks, "README.md has every variable", lacks)
    strangers = [name for name in re.findall(r"`(planner_[a-z_]+)`", manual)
                 if name not in defaults and name not in ("planner_changed", "planner_audit", "planner_nodes", "planner_wave_done")
                 and name not in yaml_of(tree, "etc/planner/ansible-host-vars.yml")]
    tap.ok(not strangers, "and no other", strangers)
    both = set(defaults) & set(yaml_of(tree, "etc/planner/ansible-host-vars.yml"))
    tap.ok(not both, "the plan's host variables are none of the role's", both)


# Nodes

def make_nodes(tap, controller, work):
    plan, inventory = os.path.join(work, "plan.json"), os.path.join(work, "node.ini")
    with open(inventory, "w", encoding="utf-8") as file:
        file.write(INVENTORY)
    done = run(PLANNER, "plan", "-i", inventory, "-t", X6, "-o", plan)
    for name, faults in (("good", []), ("faulty", ["--fault", "irq-on-isolated"]), ("broken", [])):
        root = os.path.join(work, f"the root of {name}")
        made = run(sys.executable, os.path.join(HERE, "hosts", "make-node.py"), plan, root, *faults)
        if not tap.ok(made.returncode == 0, f"a node: {name}", done.stderr, made.stderr):
            return False
        text = INVENTORY if name != "broken" else "[nonsense]\nx = 1\n"
        controller.node(name, text, planner_root=root)
    controller.variables |= {"ansible_connection": "local"}
    return True


def root_of(controller, name):
    return controller.hosts[name]["planner_root"]


def check_dry(tap, controller):
    """Check mode: everything is said, nothing is done."""
    before = {name: tree_of(root_of(controller, name)) for name in controller.hosts}
    done = controller.play("site.yml", "--check", "--diff", "--limit", "good,broken,localhost")
    after = {name: tree_of(root_of(controller, name)) for name in controller.hosts}
    tap.ok(before == after, "check mode changes nothing", [
        path for name in before for path in set(before[name]) ^ set(after[name])])
    tap.ok(done.of("good", "changed") and not done.of("good", "failed"), "and says what it would change",
           done.output[-3000:])
    tap.ok("+++ b/etc/planner/plan.json" in done.output and "+isolcpus=" not in done.output
           and re.search(r"\+planner_line='isolcpus=", done.output), "and shows the difference")
    tap.ok(not os.path.exists(os.path.join(controller.folder, "reports")), "and writes no report")


def expected_files(work, controller, *words):
    """What the root should have got: by planner itself, called here."""
    tree, plan = os.path.join(work, "expected"), os.path.join(root_of(controller, "good"), "etc/planner/plan.json")
    shutil.rmtree(tree, ignore_errors=True)
    run(PLANNER, "emit", "--all", "-p", plan, "-d", tree, *words)
    return {path: held for path, held in tree_of(tree).items() if not os.path.isdir(os.path.join(tree, path))}


def check_real(tap, controller, work):
    os.makedirs(os.path.join(controller.folder, "reports"))
    controller.write("reports/broken.json", "{}")
    before = tree_of(root_of(controller, "broken"))
    done = controller.play("site.yml", planner_fail_on="error", planner_host_vars=os.path.join(controller.folder, "host_vars"))
    root = root_of(controller, "good")
    tap.ok(not done.of("good", "failed") and done.of("good", "changed"), "a node gets its plan",
           done.output[-3000:])
    there = tree_of(root)
    wrong = [path for path, held in expected_files(work, controller).items() if there.get(path) != held]
    tap.ok(not wrong and len(there) > len(wrong), "every file is there as emitted, with its mode", wrong)
    tap.ok(read(root, "etc/planner/inventory.ini") == INVENTORY, "and the inventory")
    tap.ok(run(os.path.join(root, "usr/local/bin/planner"), "--version").returncode == 0 and
           os.path.exists(os.path.join(root, "usr/local/share/man/man1/planner.1")), "and planner and its manual")
    link = os.path.join(root, "etc/systemd/system/timers.target.wants/planner-check.timer")
    tap.ok(os.path.samefile(link, os.path.join(root, "etc/systemd/system/planner-check.timer")),
           "and the timer is enabled")
    after = tree_of(root_of(controller, "broken"))
    strange = [path for path in set(before) ^ set(after) if not path.startswith("usr")]
    tap.ok(done.of("broken", "failed") and "[nonsense]" in done.output and not strange,
           "a node with a broken inventory fails before it is touched", strange, done.output[-3000:])
    return done


def check_gathered(tap, controller, done):
    good, faulty = controller.report("good"), controller.report("faulty")
    tap.ok(good and good["format"] == "planner-check/1" and not good["summary"]["bad"],
           "the report of a good node says so", good and good["findings"])
    ids = [finding["id"] for finding in (faulty or {}).get("findings", [])]
    tap.ok(ids == ["irq.on-isolated"], "the fault is found on its node, alone", ids)
    by_hand = run(PLANNER, "check", "--json", "-r", root_of(controller, "faulty"), "-p",
                  os.path.join(root_of(controller, "faulty"), "etc/planner/plan.json"))
    tap.ok(read(controller.folder, "reports/faulty.json") == by_hand.stdout,
           "the report is what planner printed, to the byte")
    tap.ok(done.of("faulty", "failed") == 1 and "error interrupts: 1 interrupt goes to isolated CPUs" in done.output
           and done.status != 0, "the node that has it fails, and says why", done.output[-3000:])
    tap.ok(controller.report("broken") is None, "an old report of the broken node is taken away")
    summary = controller.report("summary") or {"nodes": {}}
    tap.ok({name: node["bad"] for name, node in summary["nodes"].items()} == {"good": False, "faulty": True}
           and summary["missing"] == ["broken"], "the summary has all three", summary)


def check_host_variables(tap, controller):
    done = controller.command("ansible", "good", "-m", "debug", "-a", "var=planner_vms[2].name,planner_isolated_cpus")
    plan = json.loads(read(root_of(controller, "good"), "etc/planner/plan.json"))
    tap.ok(HOSTILE in done.stdout and "49" not in done.stdout.replace(plan["cpus"]["isolated"], "")
           and plan["cpus"]["isolated"] in done.stdout,
           "the plan's host variables are Ansible's from then on, names untouched", done.stdout, done.stderr)


def check_again(tap, controller):
    before = {name: tree_of(root_of(controller, name)) for name in controller.hosts}
    done = controller.play("site.yml", "--limit", "good,faulty,localhost", planner_fail_on="never",
                           planner_host_vars=os.path.join(controller.folder, "host_vars"))
    after = {name: tree_of(root_of(controller, name)) for name in controller.hosts}
    tap.ok([done.of(name, "changed") for name in ("good", "faulty", "localhost")] == [0, 0, 0] and before == after,
           "the second run changes nothing", done.output[-3000:])
    tap.ok(done.of("faulty", "failed") == 0 and "error interrupts: 1 interrupt" in done.output,
           "a fault that need not fail the node is said", done.output[-3000:])


def check_shrunk(tap, controller, work):
    """A VM goes, an artifact is no longer wanted: their files go, and no other VM moves."""
    root = root_of(controller, "good")
    pins = {vm["name"]: vm.get("vcpupin") for vm in json.loads(read(root, "etc/planner/plan.json"))["vms"]}
    controller.node("good", INVENTORY.replace(FIRST, ""), planner_root=root,
                    planner_skip=["tuned", "nova"])
    done = controller.play("site.yml", "--limit", "good,localhost", planner_fail_on="never")
    plan = json.loads(read(root, "etc/planner/plan.json"))
    gone = ["etc/planner/domains/first.xml", "etc/planner/virsh/first.sh", "etc/nova/nova.conf.d/planner.conf",
            "etc/tuned/cpu-partitioning-variables.conf"]
    tap.ok(not any(os.path.exists(os.path.join(root, path)) for path in gone) and done.of("good", "failed") == 0,
           "what the plan has no more is taken away", done.output[-3000:])
    tap.ok({vm["name"]: vm.get("vcpupin") for vm in plan["vms"]} ==
           {name: cpus for name, cpus in pins.items() if name != "first"}, "and the other VMs stay where they are")
    there = tree_of(root)
    wrong = [path for path, held in expected_files(work, controller, "--skip", "tuned,nova").items()
             if there.get(path) != held]
    tap.ok(not wrong, "and every file is there as emitted", wrong)


def check_audit(tap, controller):
    """Only the audit: the nodes are as before."""
    before = {name: tree_of(root_of(controller, name)) for name in controller.hosts}
    done = controller.play("audit.yml")
    after = {name: tree_of(root_of(controller, name)) for name in controller.hosts}
    tap.ok(before == after and done.of("good", "changed") == 0, "an audit changes no node", done.counts)
    ids = {finding["id"] for finding in controller.report("good")["findings"]}
    tap.ok("vm.unknown" in ids, "it finds the VM that still runs", ids)
    tap.ok(done.of("faulty", "failed") == 1 and done.of("broken", "failed") == 1 and done.status != 0,
           "and fails the others", done.counts)


def check_variables(tap, controller):
    done = controller.play("site.yml", "--limit", "good", planner_fail_on="sometimes")
    tap.ok(done.status != 0 and "planner_fail_on" in done.output, "a wrong variable is refused", done.output)


def main():
    if not shutil.which("ansible-playbook"):
        skip_all("no ansible-playbook (ansible-core)")
    tap = Tap()
    with tempfile.TemporaryDirectory() as top:
        work = os.path.join(top, "a folder")
        os.mkdir(work)
        controller = Controller(os.path.join(work, "controller"), PLANNER)
        check_tables(tap, work)
        if make_nodes(tap, controller, work):
            check_dry(tap, controller)
            check_gathered(tap, controller, check_real(tap, controller, work))
            check_host_variables(tap, controller)
            check_again(tap, controller)
            check_shrunk(tap, controller, work)
            check_audit(tap, controller)
            check_variables(tap, controller)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
