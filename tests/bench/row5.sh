#!/bin/sh
# SPDX-License-Identifier: MIT
# `fit` over 10,000 made-up nodes of 12 VMs each, against the bare reading of their inventories.
# Usage: [NODES=10000] [RUNS=5] tests/bench/row5.sh BUILD
set -eu
build=$1
out=$build/bench
bench=$(dirname "$0")
mkdir -p "$out"

# shellcheck disable=SC2046
${CC-cc} -O2 -I. -D_GNU_SOURCE -std=gnu17 -o "$out/inventories_read" "$bench/inventories_read.c" \
    "$build/libcmd.a" "$build/libplanner.a" $(pkg-config --cflags --libs \
        hwloc libvirt libcgroup inih glib-2.0 jansson libxml-2.0 smartcols)
rm -rf "$out/fleet"
"$bench/fleet.py" "$out/fleet" "${NODES-10000}"
exec "$bench/fleets.py" 3 1024 "${RUNS-5}" \
    "$build/bin/planner" fit --fleet "$out/fleet/fleet.jsonl" --json -- \
    "$out/inventories_read" "$out/fleet/fleet.jsonl"
