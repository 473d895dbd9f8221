#!/bin/sh
# SPDX-License-Identifier: MIT
# `check -r` of a node with 448 CPUs and 200 VMs, as it was captured, on disk and in memory, against the bare
# reading of the same files; and of its snapshot, within half a second.
# Usage: [RUNS=5] tests/bench/row6.sh BUILD
set -eu
build=$1
out=$build/bench
bench=$(dirname "$0")
planner=$build/bin/planner
memory=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$memory"' EXIT
missed=0
mkdir -p "$out"

${CC-cc} -O2 -D_GNU_SOURCE -o "$out/audit_calls" "$bench/audit_calls.c" -lvirt
printf '[host]\ncores-per-node = 4\n[vm vm]\nvcpus = 2\nmemory = 1G\ncount = 200\n' >"$out/large.ini"
"$planner" plan -i "$out/large.ini" -t 'pack:4 [numa(memory=274877906944)] l3:1 core:56 pu:2' -o "$out/large.json" >/dev/null
rm -rf "$out/large"
PLANNER=$planner tests/hosts/make-node.py "$out/large.json" "$out/large"
cp -r "$out/large" "$memory/large"
"$planner" snapshot -r "$out/large" -o "$out/large.tar"

for place in disk memory; do
    [ $place = disk ] && root=$out/large || root=$memory/large
    "$bench/processes.py" "check -r, 448 CPUs and 200 VMs, $place" 2 check 'bare reading' "${RUNS-5}" \
        "$planner" check -r "$root" -p "$out/large.json" -- "$out/audit_calls" "$root" || missed=1
done
"$bench/limit.py" 'check -r, its snapshot' 0.5 "${RUNS-5}" \
    "$planner" check -r "$out/large.tar" -p "$out/large.json" || missed=1
exit $missed
