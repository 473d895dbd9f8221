# SPDX-License-Identifier: MIT
"""
The firmware's list of processors (ACPI MADT), in the order that real servers have it: the first
thread of every core, then the second ones, so that siblings are n and n + N/2. QEMU's own order
would make them 2n and 2n + 1.
"""

import struct

ORDERS = ("far", "interleaved", "adjacent")


def _order(order, sockets, cores, threads):
    """(socket, core, thread) as Linux is to number them."""
    each = [(s, c, t) for s in range(sockets) for c in range(cores) for t in range(threads)]
    if order == "far":
        return sorted(each, key=lambda one: (one[2], one[0], one[1]))
    if order == "interleaved":
        return sorted(each, key=lambda one: (one[2], one[1], one[0]))
    return each


def table(order, sockets, cores, threads):
    """The MADT of that machine, numbered in one of ORDERS."""
    bits_thread, bits_core = (threads - 1).bit_length(), (cores - 1).bit_length()
    body = b""
    for s, c, t in _order(order, sockets, cores, threads):
        apic = (s << (bits_thread + bits_core)) | (c << bits_thread) | t
        if apic > 254:
            raise ValueError("more processors than these entries can name")
        body += struct.pack("<BBBBI", 0, 8, (s * cores + c) * threads + t, apic, 1)
    # As QEMU has them: the IOAPIC, the timer on pin 2, PCI interrupts by level, NMI on LINT1.
    body += struct.pack("<BBBBII", 1, 12, 0, 0, 0xFEC00000, 0)
    body += struct.pack("<BBBBIH", 2, 10, 0, 0, 2, 0)
    for irq in (5, 9, 10, 11):
        body += struct.pack("<BBBBIH", 2, 10, 0, irq, irq, 0xD)
    body += struct.pack("<BBBHB", 4, 6, 0xFF, 0, 1)
    # A revision above QEMU's, else Linux keeps QEMU's table.
    made = bytearray(struct.pack("<4sIBB6s8sI4sIII", b"APIC", 44 + len(body), 3, 0, b"BOCHS ", b"BXPC    ",
                                 2, b"BXPC", 1, 0xFEE00000, 1) + body)
    made[9] = -sum(made) & 0xFF
    return bytes(made)
