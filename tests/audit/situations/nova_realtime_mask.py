# SPDX-License-Identifier: MIT
"""Nova with hw:cpu_realtime_mask: emulator threads share the CPUs of the vCPUs that are not real-time. That is
Nova's doing, and no error; on a CPU of a real-time vCPU they get no time.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "nova/virt/libvirt/driver.py _get_emulatorpin_cpuset(); seapath/ansible#438"
FINDS = [Find("vm.emulator-on-isolated", "vm instance-0000000a", "error", text="leave them no time",
              fix="hw:emulator_threads_policy=share", not_fix=["virsh"])]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
ALLOWED = ["vm.emulator-on-isolated"]
NOVA = "<metadata><n:instance xmlns:n='http://openstack.org/xmlns/libvirt/nova/1.1'/></metadata>"


def node(sound):
    host = Host(smt(8), "5.14.0-427.50.1.el9_4.x86_64", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    host.grub()
    host.put("proc/sys/kernel/sched_rt_runtime_us", "-1\n")
    host.domains = []
    pins, emulator = ["4", "12", "5", "13"], "4,12" if sound else "5,13"
    domain = xml("instance-0000000a", 4, pins, emulator, topology=(1, 2, 2), numatune=0, extra=NOVA,
                 cputune="<vcpusched vcpus='2-3' scheduler='fifo' priority='1'/>")
    host.vm("instance-0000000a", 21000, pins, emulator, live=domain, inactive=domain, nodes={0: 8 << 30})
    for task in host.tasks:
        task["fifo"] = int(task["comm"] in ("CPU 2/KVM", "CPU 3/KVM"))
    return host
