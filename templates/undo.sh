#!/bin/sh
# Takes what planner wrote off node ${node}, last things first. Written by planner (emit undo).
# A reboot completes it. VMs keep the XML that was defined; define what they had before.
# Usage: sh undo.sh
set -u

run() { # run COMMAND…, where this system has it
    command -v "$$1" >/dev/null || return 0
    # Whoever uses another profile of tuned keeps it.
    [ "$$1" != tuned-adm ] || tuned-adm active | grep -Eq 'cpu-partitioning|realtime-virtual-host' ||
        return 0
    "$$@"
}

${entries}