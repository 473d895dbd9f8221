#!/bin/sh
# SPDX-License-Identifier: MIT
# `check` of a node with 200 running domains, against the bare libvirt calls and file reads it needs.
# Usage: [RUNS=20] tests/bench/row4.sh BUILD
set -eu
build=$1
out=$build/bench
runs=${RUNS-20}
mkdir -p "$out"

${CC-cc} -O2 -D_GNU_SOURCE -o "$out/audit_calls" tests/bench/audit_calls.c -lvirt
"$build/bin/planner" plan -i tests/cases/x6/inventory.ini -t tests/hosts/x6.xml -o "$out/x6.json" >/dev/null
rm -rf "$out/node"
PLANNER=$build/bin/planner tests/hosts/make-node.py "$out/x6.json" "$out/node"

# As a snapshot has it: hwloc's XML beside the files.
mkdir -p "$out/node/planner"
cp tests/hosts/x6.xml "$out/node/planner/topology.xml"

# 200 running domains for libvirt's test driver, on the x6 host's CPUs.
{
    echo '<node><cpu><mhz>2000</mhz><model>x86_64</model><active>72</active><nodes>2</nodes><sockets>1</sockets>'
    echo '<cores>18</cores><threads>2</threads></cpu><memory>400000000</memory>'
    n=0
    while [ $n -lt 200 ]; do
        cpu=$((4 + n % 13))
        echo "<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>" \
            "<test:runstate>1</test:runstate><name>vm$n</name><memory>1048576</memory>" \
            "<vcpu cpuset='0-3'>2</vcpu><cputune><vcpupin vcpu='0' cpuset='$cpu'/>" \
            "<vcpupin vcpu='1' cpuset='$((cpu + 36))'/><emulatorpin cpuset='0-3'/></cputune>" \
            "<os><type>hvm</type></os></domain>"
        n=$((n + 1))
    done
    echo '</node>'
} >"$out/node200.xml"

exec tests/bench/processes.py 'check, 200 domains' 1.3 check 'bare calls and reads' "$runs" \
    "$build/bin/planner" check -r "$out/node" -c "test://$(realpath "$out/node200.xml")" -- \
    "$out/audit_calls" "test://$(realpath "$out/node200.xml")" "$out/node"
