# SPDX-License-Identifier: MIT
"""The kernel is built without CONFIG_NO_HZ_FULL, so that nohz_full= has no effect: one error with
that cause, and not three more that follow from it.
"""

from capture import CONFIG, Host, isolating, smt, xml
from find import Find

SOURCE = "pevma/SEPTun#2"
FINDS = [Find(("kernel.option-missing", "kernel.not-honoured"), severity="error", text="NO_HZ_FULL")]
NEVER = ["kernel.sets-differ", "kernel.not-honoured", "kernel.watchdog-on-isolated"]
ISOLATED, HOST = "2-7,10-15", "0-1,8-9"


def node(sound):
    config = CONFIG if sound else CONFIG | {"NO_HZ_FULL": "n", "NO_HZ_IDLE": "y"}
    host = Host(smt(8), "5.15.0-91-generic", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED if sound else "", nohz_file=sound, config=config)
    host.domains = []
    domain = xml("a", 4, ["2", "10", "3", "11"], HOST)
    host.vm("a", 21000, ["2", "10", "3", "11"], HOST, live=domain, inactive=domain)
    return host
