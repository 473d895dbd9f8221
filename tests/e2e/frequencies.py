# SPDX-License-Identifier: MIT
"""
Frequencies for processors that have none, so that Linux has its governors: an ACPI table (SSDT) by
which acpi-cpufreq asks for a frequency at an I/O port where nobody listens. The ACPI
specification, 8.4.5 (performance states) and 20.2 (how AML is written).
"""

import struct

MEGAHERTZ = (2400, 1200)
PORT = 0x880  # no device of QEMU's is there
SYSTEM_IO = 1


def _sized(code, body):
    """A term that tells its own length, those bytes included."""
    if len(body) + 1 < 0x40:
        return code + bytes([len(body) + 1]) + body
    size = len(body) + 2
    return code + bytes([0x40 | size & 0xF, size >> 4]) + body


def _number(value):
    return b"\x0c" + struct.pack("<I", value)


def _package(*items):
    return _sized(b"\x12", bytes([len(items)]) + b"".join(items))


def _register():
    """A resource template with the port alone."""
    data = struct.pack("<BHBBBBQ", 0x82, 12, SYSTEM_IO, 16, 0, 0, PORT) + b"\x79\0"
    return _sized(b"\x11", b"\x0a" + bytes([len(data)]) + data)


def _name(name, value):
    return b"\x08" + name + value


def _processor(number):
    states = [_package(*map(_number, (mhz, 1000, 10, 10, state, state))) for state, mhz in enumerate(MEGAHERTZ)]
    body = (_name(b"_PCT", _package(_register(), _register())) + _name(b"_PSS", _package(*states))
            + _name(b"_PPC", _number(0)))
    return _sized(b"\x10", b"\\\x2f\x03_SB_CPUS" + f"C{number:03X}".encode() + body)


def table(processors):
    """The SSDT for that many, as QEMU's own tables name them."""
    body = b"".join(map(_processor, range(processors)))
    made = bytearray(struct.pack("<4sIBB6s8sI4sI", b"SSDT", 36 + len(body), 2, 0, b"PLAN  ", b"FREQ    ", 1,
                                 b"PLAN", 1) + body)
    made[9] = -sum(made) & 0xFF
    return bytes(made)
