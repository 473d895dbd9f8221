#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A history of arrivals and departures as planner replay reads it, the same for the same seed.

Usage: nova_stream.py SEED EVENTS LARGEST RUNNING

VMs of 2 to LARGEST vCPUs, 4 GiB a vCPU, come and go; about RUNNING of those that came have not
left, whether they were placed or not.
"""

import json
import random
import sys


def main():
    seed, count, largest, running = map(int, sys.argv[1:5])
    rng = random.Random(seed)
    sizes = [s for s in (2, 2, 4, 4, 8, 8, 12, 16, 32) if s <= largest]
    there = []
    for number in range(count):
        if len(there) > running * rng.uniform(0.8, 1.2):
            event = {"op": "remove", "id": there.pop(rng.randrange(len(there)))}
        else:
            vcpus = rng.choice(sizes)
            event = {"op": "place", "id": f"vm{number}", "vcpus": vcpus, "policy": "dedicated",
                     "memory": f"{4 * vcpus}G", "hugepages": "2M"}
            there.append(event["id"])
        print(json.dumps(event, separators=(",", ":")))


main()
