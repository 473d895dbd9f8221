# SPDX-License-Identifier: MIT
"""A VM has two NUMA cells, each bound to a node: it lies over both on purpose. Its pages of 1G are counted by
node, and on node 1 there are two of the four that it takes.
"""

import json

from capture import Host, isolating, xml
from find import Find

SOURCE = "reports of 'unable to map backing store for guest RAM' with memnode; Nova's hw:numa_nodes=2"
FINDS = [Find("memory.hugepages-short", "node 1", "error", text="n needs 4 huge pages of 1G on node 1; there are 2")]
NEVER = ["vm.pin-across-nodes"]
ALLOWED = ["cpu-pm.off-eligible"]
ISOLATED, HOST = "2-3,6-7,10-11,14-15", "0-1,4-5,8-9,12-13"
CELLS = "<numa><cell id='0' cpus='0-1' memory='4' unit='GiB'/><cell id='1' cpus='2-3' memory='4' unit='GiB'/></numa>"
TUNE = "<numatune><memory mode='strict' nodeset='0-1'/><memnode cellid='0' mode='strict' nodeset='0'/>" \
       "<memnode cellid='1' mode='strict' nodeset='1'/></numatune>"


def of(pages):
    cores = [((i, i + 8), i // 4, i // 4, i // 4) for i in range(8)]
    host = Host(cores, "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    host.grub()
    host.domains = []
    host.pages = {(node, 1 << 30): (count, count) for node, count in enumerate(pages)}
    domain = xml("n", 4, ["2", "10", "6", "14"], "0-1,8-9", topology=(2, 1, 2), hugepages=1048576, cells=CELLS)
    host.vm("n", 21000, [], "0-1", inactive=domain.replace("<os>", TUNE + "<os>"), running=False)
    return host


def node(sound):
    return of((8, 4 if sound else 2))


def further(program, folder):
    """That the node is short as a whole follows, and is no second finding."""
    other = folder.parent / "both"
    of((4, 2)).write(other)
    document = json.loads(program("check", "--json", "-r", str(other))[1])
    found = [f["subject"] for f in document["findings"] if f["id"] == "memory.hugepages-short"]
    yield "one finding", [str(found)] * (found != ["node 1"])
