# SPDX-License-Identifier: MIT
"""Two files define VMs of one name: both are read and judged, and that libvirt has only one of a name is said.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "copies of domain files in /etc/libvirt/qemu; virDomainObjListAdd(): 'domain … already exists with uuid'"
FINDS = [Find("vm.xml-refused", "vm vm", "error", text="another VM has this name"),
         Find("vm.not-at-once", "vm vm", "info", text="CPUs 4")]
ADOPTS = ["it has the name of another VM"]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    host.grub()
    host.files["run/libvirt/qemu"] = None
    for number, (file, pins) in enumerate((("a", ["4", "12"]), ("b", ["5", "13"] if sound else ["4", "4"]))):
        name = file if sound else "vm"
        text = xml(name, 2, pins, HOST, topology=(1, 1, 2))
        host.put(f"etc/libvirt/qemu/{file}.xml", text.replace(
            "<name>", f"<uuid>00000000-0000-4000-8000-00000000000{number}</uuid><name>"))
    return host


def further(program, folder):
    """Two versions of one VM: the first counts, and that the other does not is said."""
    other = folder.parent / "versions"
    host = node(True)
    first = host.files["etc/libvirt/qemu/a.xml"]
    host.files["etc/libvirt/qemu/b.xml"] = first.replace("cpuset='4'", "cpuset='7'")
    host.write(other)
    _, out, _ = program("check", "-r", str(other), "-v")
    yield "a second version of a VM is said not to count", [] if "b.xml" in out and "a.xml counts" in out else [out]
