# SPDX-License-Identifier: MIT
"""Nova without a policy for emulator threads lets them float over the VM's own dedicated CPUs. That
is its default, and no error; the cure is the flavor's and nova.conf's, virsh edits are lost.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "nova, driver.py _get_emulatorpin_cpuset; hw:emulator_threads_policy"
FINDS = [Find("vm.emulator-on-isolated", "vm instance-0000001a", "warning", text="4,6,20,22",
              fix=["hw:emulator_threads_policy", "cpu_shared_set"], not_fix=["virsh", "emulatorpin"])]
NEVER = ["vm.pin-on-host", "vm.vcpu-floats", "cpu-pm.off-eligible"]
STATUS = 0
STRICT = True
ISOLATED, HOST = "4-15,20-31", "0-3,16-19"
NOVA = ("<metadata><nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'>"
        "<nova:name>web</nova:name></nova:instance></metadata>")


def node(sound):
    host = Host(smt(16), "5.14.0-427.50.1.el9_4.x86_64",
                isolating(ISOLATED, HOST, "managed_irq,domain,"), isolated=ISOLATED, nohz=ISOLATED)
    host.grub()
    host.domains = []
    pins = ["4", "20", "6", "22"]
    emulator = "2-3,18-19" if sound else "4,6,20,22"
    domain = xml("instance-0000001a", 4, pins, emulator, topology=(1, 2, 2), numatune=0, extra=NOVA)
    host.vm("instance-0000001a", 21000, pins, emulator, live=domain, inactive=domain,
            nodes={0: 8 << 30})
    return host
