#!/bin/sh
# Removes what planner wrote from node ${node}, last things first. Written by planner (emit undo).
# It brings back what apply.sh found there, with the XML of the VMs that it defined: a VM that runs
# has it when it is powered off and started. A reboot completes it. VMs that somebody else defined
# keep their XML. It can be run again after an interruption.
# Usage: sh undo.sh
set -u
state=/var/lib/planner/applied

run() { # run COMMAND…, where this system has it
    command -v "$$1" >/dev/null || return 0
    # Whoever uses another profile of tuned keeps it.
    [ "$$1" != tuned-adm ] || tuned-adm active | grep -Eq 'cpu-partitioning|realtime-virtual-host' ||
        return 0
    "$$@"
}
copy() { # copy KEPT PATH
    cp -pP -- "$$1" "$$2.planner-new-undo" && mv -f -- "$$2.planner-new-undo" "$$2"
}
back() { # back PATH: as it was, or gone
    if [ -e "$$state/was$$1" ] || [ -h "$$state/was$$1" ]; then
        copy "$$state/was$$1" "$$1" || exit 1
    else
        rm -f -- "$$1"
    fi
}
kept() { # kept FOLDER: the paths in it
    [ ! -d "$$state/$$1" ] || (cd "$$state/$$1" && find . ! -type d ! -name '*.planner-new-apply') |
        sed 's/^\.//'
}
domain_back() { # domain_back XML: of a VM that is still here; one that moved away stays away
    uuid=$$(sed -n 's,^ *<uuid>\([^<]*\)</uuid>.*,\1,p' "$$1" | head -n 1)
    uuids=$$(virsh list --all --uuid) || return 1
    ! printf '%s\n' "$$uuids" | grep -qxF -e "$$uuid" || virsh define "$$1"
}
changed_back() { # what steps changed, where it is still there; and what they made
    kept changed | while IFS= read -r path; do
        [ ! -e "$$path" ] || copy "$$state/changed$$path" "$$path" || exit 1
    done || exit 1
    [ ! -e "$$state/absent" ] || while IFS= read -r path; do
        [ "$$path" = /etc/planner/undo.sh ] || rm -f -- "$$path"
    done <"$$state/absent"
    kept was | while IFS= read -r path; do
        [ "$$path" = /etc/planner/undo.sh ] || back "$$path"
    done || exit 1
    [ ! -e "$$state/again" ] || sh "$$state/again"
    for xml in "$$state"/domains/*.xml; do
        [ ! -e "$$xml" ] || domain_back "$$xml" || exit 1
    done
}

${entries}changed_back
${tree}rm -rf -- "$$state"
