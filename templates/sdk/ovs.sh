#!/bin/sh
${head}#
# Polling threads (pmd) on CPUs ${sdk}, at once; DPDK's other threads on the lowest host CPU, from
# the next start of ovs-vswitchd on. Usage: planner-ovs [undo]
set -eu

command -v ovs-vsctl >/dev/null || {
    [ "$${1-}" != undo ] || exit 0
    echo "planner-ovs: no ovs-vsctl here: install Open vSwitch first" >&2
    exit 1
}
if [ "$${1-}" = undo ]; then
    exec ovs-vsctl --no-wait remove Open_vSwitch . other_config pmd-cpu-mask dpdk-lcore-mask
fi
ovs-vsctl --no-wait set Open_vSwitch . \
    other_config:pmd-cpu-mask='${pmd}' \
    other_config:dpdk-lcore-mask='${lcore}'
