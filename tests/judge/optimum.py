# SPDX-License-Identifier: MIT
"""
The best placement of a small case, by trying them all: most vCPUs (or VMs) placed, then fewest VMs
over more nodes than they need, then fewest over several rooms of a node that one could hold, then
nearest nodes of those over several.
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


def _share(spec, free, memory, node, kind, part):
    """The ways NODE's rooms of KIND can hold a share: [{room: cores}]."""
    n, vcpus = part
    need = seats.share_memory(spec, vcpus)
    if spec["node"] not in (None, node) or memory.get(node, need) < need:
        return []
    there = [(key, m) for key, m in free.items() if (key[0], key[2]) == (node, kind) and m]
    return _splits(sorted(there, key=str), n)


def _assignments(spec, free, memory, nodes):
    """All assignments of a VM: (level, {room: cores}, {node: bytes})."""
    for kind in sorted({kind for _, _, kind in free}):
        own = sorted({node for node, _, c in free if c == kind})
        for k in range(1, nodes + 1 if spec["node"] is None else 2):
            parts = seats.shares(spec, kind[0], k)
            for order in sorted(set(itertools.permutations(parts))) if parts else ():
                for chosen in itertools.combinations(own, k):
                    ways = [_share(spec, free, memory, node, kind, part)
                            for node, part in zip(chosen, order)]
                    taken = {node: seats.share_memory(spec, vcpus)
                             for node, (_, vcpus) in zip(chosen, order)}
                    for parts_of in itertools.product(*ways):
                        way = {room: n for part in parts_of for room, n in part.items()}
                        yield (k if k > 1 else int(len(way) > 1)), way, taken


def _less(amounts, taken):
    return {key: n - taken.get(key, 0) for key, n in amounts.items()}


def vcpus(spec):
    """Those that float count as well; they take no core."""
    return spec["all-vcpus"]


def one(spec):
    return 1


def best(specs, free, memory, nodes, distance, value=vcpus, budget=20000):
    """
    (VALUE placed, VMs far, VMs left, distance) of the best placement of SPECS in the cores FREE,
    with MEMORY bytes in each node and DISTANCE between those of a VM. TooLarge where that takes
    more than BUDGET steps.
    """
    rooms = dict(seats.rooms(free))
    natural = [seats.best_level(spec, free, memory, nodes) for spec in specs]
    order = sorted(range(len(specs)), key=lambda i: -specs[i]["vcpus"])
    known, steps = {}, itertools.count()

    def solve(position, rooms, memory):
        if position == len(order):
            return 0, 0, 0, 0
        state = position, tuple(sorted(rooms.items(), key=str)), tuple(sorted(memory.items()))
        if state not in known:
            known[state] = choose(position, rooms, memory)
        return known[state]

    def choose(position, rooms, memory):
        index = order[position]
        spec = specs[index]
        top = solve(position + 1, rooms, memory)
        for level, way, taken in _assignments(spec, rooms, memory, nodes):
            if next(steps) > budget:
                raise TooLarge
            placed, far, left, near = solve(position + 1, _less(rooms, way), _less(memory, taken))
            here = placed + value(spec), far - (level > max(natural[index], 1)), \
                left - (level == 1 and natural[index] == 0), near - distance(taken)
            top = max(top, here)
        return top

    placed, far, left, near = solve(0, rooms, memory)
    return placed, -far, -left, -near


def in_order(specs, free, memory, nodes, distance):
    """The names of those accepted when each is that fits together with those accepted before."""
    accepted = []
    for spec in specs:
        if best(accepted + [spec], free, memory, nodes, distance, one)[0] == len(accepted) + 1:
            accepted.append(spec)
    return [spec["name"] for spec in accepted]
