# SPDX-License-Identifier: MIT
"""A slice confines QEMU's main thread to the CPUs of a FIFO vCPU: it sits below vCPU 0 and never
runs, so the VM does not boot.
"""

from capture import Host, isolating, xml
from find import Find

SOURCE = "seapath/ansible#438 and #439"
FINDS = [Find(("vm.emulator-on-isolated", "vm.fifo-starves"), "vm rtvm", "error", text=["4"])]
ISOLATED, HOST = "2-7", "0-1"


def node(sound):
    host = Host([((i,), 0, 0, 0) for i in range(8)], "6.1.0-18-rt-amd64",
                isolating(ISOLATED, HOST, "nohz,domain,managed_irq,") + " skew_tick=1",
                isolated=ISOLATED, nohz=ISOLATED, driver="acpi-cpufreq")
    host.domains = []
    host.groups |= {"/machine.slice": "0-7" if sound else ISOLATED,
                    "/machine.slice/machine-rt.slice": "0-1,4-7" if sound else "4-7"}
    domain = xml("rtvm", 2, ["4", "5"], HOST if sound else "", cputune="".join(
        f"<vcpusched vcpus='{i}' scheduler='fifo' priority='1'/>" for i in range(2)),
                 extra="<resource><partition>/machine/rt</partition></resource>")
    group = "/machine.slice/machine-rt.slice/machine-qemu\\x2d1\\x2drtvm.scope"
    host.vm("rtvm", 22000, ["4", "5"], HOST if sound else "4-7", group=group, live=domain,
            inactive=domain)
    return host
