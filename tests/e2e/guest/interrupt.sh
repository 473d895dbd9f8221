# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Isolated CPUs left alone, then disturbed in ways that are known, and what measure says of it: sourced after
# measure.sh, with d1 shut off and d2 halting in its guest. Nothing is judged here, see tests/e2e-kvm.t.
# shellcheck disable=SC2154
virsh -q undefine d1
virsh -q define /dom/d1.xml
virsh -q start d1

# What came to isolated CPUs so far.
came() {
    awk '/:/ && NF > 8 { printf "%s %s %s %s %s %s %s\n", $1, $4, $5, $6, $7, $8, $9 }' /proc/interrupts
}

settled() {
    local before
    before=$(came)
    sleep 4
    [[ $(came) == "$before" ]]
}

# window NAME TIME COMMAND…: run it while the node is measured.
window() {
    local name=$1 time=$2
    shift 2
    planner measure --for "$time" --json -p /plan.json -c "$uri" >"/out/$name.json" 2>"/out/$name.err" &
    measuring=$!
    until_it waits $measuring
    "$@"
    wait $measuring
    say "$name: $?"
}

# To each CPU 10 work items; to CPU 6 what this script says, by the serial line's interrupt; to CPU 7 a task that
# sleeps, to CPU 4, which d2 has, a busy one.
disturb() {
    for ((i = 0; i < 10; i++)); do
        cat /proc/sys/vm/stat_refresh
        say "CPU 6"
    done
    timeout 1 taskset -c 7 perl -e 'select(undef, undef, undef, 0.01) while 1'
    timeout 1 taskset -c 4 perl -e '1 while 1'
}

until_it settled
window quiet 8s true
line=$(sed -n 's/^ *\([0-9]*\):.*ttyS1$/\1/p' /proc/interrupts)
read -r home <"/proc/irq/$line/smp_affinity_list"
echo 6 >"/proc/irq/$line/smp_affinity_list"
window disturbed "$(enough disturb)s" disturb
echo "$home" >"/proc/irq/$line/smp_affinity_list"
# Two VMs on a CPU.
virsh -q vcpupin d2 0 2 --live
window shared 8s true
