# SPDX-License-Identifier: MIT
"""libvirt runs in a container, as Kolla has it, which was started with --cpuset-cpus of the host's CPUs: the pins of
its VMs are cut. The container's runtime writes the group again, so that systemctl is no cure.
"""

from capture import Host, isolating, smt, xml
from find import Find
from situations.platforms import XMLNS

SOURCE = "kolla-ansible, nova_libvirt_dimensions; docker-update(1)"
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
FINDS = [Find("cgroup.pins-outside", "vm instance-0000002a", "error", text=["docker-aaaa.scope", "CPUs 4,12"],
              fix=["docker update --cpuset-cpus=0-4,8-12", "hard reboot"], not_fix=["systemctl", "virsh"])]
NEVER = ["vm.thread-differs"]


def node(sound):
    host = Host(smt(8), "5.15.0-119-generic", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    host.domains = []
    container = "/system.slice/docker-aaaa.scope"
    scope = f"{container}/machine/qemu-1-instance-0000002a.libvirt-qemu"
    allowed = "0-15" if sound else HOST
    host.groups |= {"/system.slice": "", container: allowed, scope: ("", allowed, "member")}
    pins = ["4", "12"]
    domain = xml("instance-0000002a", 2, pins, HOST, topology=(1, 1, 2),
                 extra=f"<metadata>{XMLNS['nova']}</metadata>")
    host.vm("instance-0000002a", 21000, pins if sound else [HOST] * 2, HOST, live=domain, inactive=domain,
            group=scope)
    return host
