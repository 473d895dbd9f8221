#!/bin/sh
# SPDX-License-Identifier: MIT
# One online decision against Nova's, on the same history, at 72 and at 256 CPUs: one line, exit 1
# where it is missed. Needs python3-nova for the system's Python.
# Usage: [EVENTS=3000] [SEED=1] tests/bench/row2.sh [BUILD]
set -eu
build=${1-build}
out=$build/bench
bench=$(dirname "$0")
python=/usr/bin/python3
mkdir -p "$out"
"$python" -c 'import nova' 2>/dev/null || {
    echo 'online decision: python3-nova is not installed' >&2
    exit 2
}
# shellcheck disable=SC2046
${CC-cc} -O2 -I. -D_GNU_SOURCE -std=gnu17 -o "$out/online_bench" "$bench/online_bench.c" \
    "$build/libplanner.a" $(pkg-config --cflags --libs \
        hwloc libvirt libcgroup inih glib-2.0 jansson libxml-2.0 smartcols)

# side NAME TOPOLOGY HOST-CORES LARGEST RUNNING: both sides on one host
side() {
    name=$out/nova-$1
    printf '[host]\ncores-per-node = %s\n' "$3" >"$name.ini"
    "$build/bin/planner" plan --json -i "$name.ini" -t "$2" >"$name.plan.json"
    "$python" "$bench/nova_stream.py" "${SEED-1}" "${EVENTS-3000}" "$4" "$5" >"$name.jsonl"
    : >"$name.planner"
    : >"$name.nova"
    for _ in 1 2 3; do
        "$out/online_bench" "$2" "$name.ini" "$name.jsonl" >>"$name.planner"
        "$python" -W ignore "$bench/nova_fit.py" "$name.plan.json" "$name.jsonl" >>"$name.nova"
    done
}

side 72 tests/hosts/x6.xml 4 16 6
side 256 'pack:2 [numa(memory=549755813888)] l3:16 core:4 pu:2' 1 32 22
"$python" - "$out" <<'END'
import json, sys

def load(name):
    """Of three runs, which decide the same, the least disturbed."""
    with open(f"{sys.argv[1]}/nova-{name}", encoding="utf-8") as file:
        return min(map(json.loads, file), key=lambda run: run["median_ns"])

texts, missed = [], False
for cpus in ("72", "256"):
    ours, nova = load(f"{cpus}.planner"), load(f"{cpus}.nova")
    ratio = nova["median_ns"] / ours["median_ns"]
    fewer = ours["rejected"] < nova["rejected"] and ours["rejected_vcpus"] < nova["rejected_vcpus"]
    missed |= ratio < 300 or not fewer
    texts.append(f"{ratio:.0f} at {cpus} CPUs (Nova {nova['median_ns'] / 1000:.0f} us, planner "
                 f"{ours['median_ns'] / 1000:.2f} us; of {ours['decisions']} VMs Nova refuses "
                 f"{nova['rejected']}, {nova['rejected_vcpus']} vCPUs, planner {ours['rejected']}, "
                 f"{ours['rejected_vcpus']} vCPUs)")
print(f"online decision: {', '.join(texts)}, reach >= 300, fewer refused")
sys.exit(missed)
END
