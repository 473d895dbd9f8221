#!/bin/sh
# SPDX-License-Identifier: MIT
# The figures of the design, one a line: NAME: RATIO (both sides), reach. Exits 1 where one is missed.
# Usage: [RUNS=200] tests/bench.sh [BUILD]      (from the top folder; `make bench` calls it)
# To add one: what it measures against in tests/bench/, its line below.
set -eu
build=${1-build}
runs=${RUNS-200}
out=$build/bench
missed=0
mkdir -p "$out"

# helper NAME PACKAGE…: compile tests/bench/NAME.c
helper() {
    name=$1
    shift
    # shellcheck disable=SC2046
    ${CC-cc} -O2 -o "$out/$name" "tests/bench/$name.c" $(pkg-config --cflags --libs "$@")
}

helper load_only hwloc
tests/bench/processes.py 'plan x6' 1.5 plan 'bare load' "$runs" \
    "$build/bin/planner" plan -i tests/cases/x6/inventory.ini -t tests/hosts/x6.xml -- \
    "$out/load_only" tests/hosts/x6.xml || missed=1

RUNS=20 tests/bench/row4.sh "$build" || missed=1
RUNS=5 tests/bench/row5.sh "$build" || missed=1
RUNS=5 tests/bench/row6.sh "$build" || missed=1
for row in tests/bench/row2.sh tests/bench/row3.sh; do
    "$row" "$build" || missed=1
done

tests/bench/drains.py "$build/bin/planner" "$out/drains" 30 100 300 1000 || missed=1
tests/bench/waves.py "$build/bin/planner" "$out/waves" 30 100 300 1000 || missed=1
tests/bench/survive.py "$build/bin/planner" "$out/fleet/fleet.jsonl" 3 3 || missed=1
tests/bench/places.py "$build/bin/planner" "$out/places" 30 100 300 1000 || missed=1
tests/bench/answers.py "$build/bin/planner" "$out/answers" || missed=1

tests/bench/measure_size.py "$build/bin/planner" "$out/measured" || missed=1
tests/bench/measure_cost.py "$build/bin/planner" || missed=1

exit $missed
