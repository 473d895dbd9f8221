# SPDX-License-Identifier: MIT
"""What the emulated host needs is not to be had here: the test is skipped, with this as the reason."""


class Unavailable(Exception):
    pass
