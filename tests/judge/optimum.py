# SPDX-License-Identifier: MIT
"""
The best placement of a small case, by trying them all: most vCPUs (or VMs) placed, then fewest VMs
seated coarser than they could have been.
"""

import itertools

import seats


class TooLarge(Exception):
    pass


def _splits(rooms, n):
    """Every way to take N cores from ROOMS [(key, free)]: [{key: cores}]."""
    if not rooms:
        return [{}] if n == 0 else []
    (key, free), rest = rooms[0], rooms[1:]
    found = []
    for take in range(min(free, n), -1, -1):
        for tail in _splits(rest, n - take):
            found.append({key: take, **tail} if take else tail)
    return found


def _shares(spec, free, memory, k):
    """What one of K equal shares may take: {(node, class): [{room: cores}]}."""
    need = seats.share_memory(spec, k)
    shares = {}
    for node, kind in {(node, kind) for node, _, kind in free}:
        if spec["node"] not in (None, node) or memory.get(node, need) < need:
            continue
        there = [(key, n) for key, n in free.items() if (key[0], key[2]) == (node, kind) and n]
        n = seats.cores(spec["vcpus"] // k, kind[0], spec["isolate"])
        ways = _splits(sorted(there, key=str), n)
        if ways:
            shares[node, kind] = ways
    return shares


def _seats(spec, free, memory, nodes):
    """All seats of a VM: (level, {room: cores}, {node: bytes})."""
    for (node, _), ways in sorted(_shares(spec, free, memory, 1).items(), key=str):
        for way in ways:
            yield (0 if len(way) == 1 else 1), way, {node: seats.share_memory(spec, 1)}
    for k in range(2, nodes + 1):
        if spec["vcpus"] % k or spec["node"] is not None:
            continue
        shares = _shares(spec, free, memory, k)
        for kind in sorted({kind for _, kind in shares}):
            own = sorted(node for node, c in shares if c == kind)
            for chosen in itertools.combinations(own, k):
                for ways in itertools.product(*(shares[node, kind] for node in chosen)):
                    way = {room: n for part in ways for room, n in part.items()}
                    yield k, way, {node: seats.share_memory(spec, k) for node in chosen}


def _less(amounts, taken):
    return {key: n - taken.get(key, 0) for key, n in amounts.items()}


def vcpus(spec):
    return spec["vcpus"]


def one(spec):
    return 1


def best(specs, free, memory, nodes, value=vcpus, budget=20000):
    """
    (VALUE placed, VMs left coarser) of the best placement of SPECS in the cores FREE, with MEMORY
    bytes in each node. TooLarge where that takes more than BUDGET steps.
    """
    rooms = dict(seats.rooms(free))
    natural = [seats.best_level(spec, free, memory, nodes) for spec in specs]
    order = sorted(range(len(specs)), key=lambda i: -specs[i]["vcpus"])
    known, steps = {}, itertools.count()

    def solve(position, rooms, memory):
        if position == len(order):
            return 0, 0
        state = position, tuple(sorted(rooms.items(), key=str)), tuple(sorted(memory.items()))
        if state not in known:
            known[state] = choose(position, rooms, memory)
        return known[state]

    def choose(position, rooms, memory):
        index = order[position]
        spec = specs[index]
        top = solve(position + 1, rooms, memory)
        for level, way, taken in _seats(spec, rooms, memory, nodes):
            if next(steps) > budget:
                raise TooLarge
            placed, left = solve(position + 1, _less(rooms, way), _less(memory, taken))
            here = placed + value(spec), left - (level > natural[index])
            top = max(top, here)
        return top

    placed, left = solve(0, rooms, memory)
    return placed, -left


def in_order(specs, free, memory, nodes):
    """The names of those accepted when each is that fits together with those accepted before."""
    accepted = []
    for spec in specs:
        if best(accepted + [spec], free, memory, nodes, one)[0] == len(accepted) + 1:
            accepted.append(spec)
    return [spec["name"] for spec in accepted]
