#!/bin/sh
${head}#
# Usage: openstack-flavors.sh [undo]
set -eu

undo=$${1-}
flavor() { # flavor NAME VCPUS MIB PROPERTY…
    if [ "$$undo" = undo ]; then
        openstack flavor delete "$$1"
        return
    fi
    name=$$1 vcpus=$$2 memory=$$3
    shift 3
    openstack flavor create --vcpus "$$vcpus" --ram "$$memory" --disk 0 "$$name"
    for property; do
        openstack flavor set --property "$$property" "$$name"
    done
}

${flavors}