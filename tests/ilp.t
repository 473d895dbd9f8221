#!/bin/sh
# SPDX-License-Identifier: MIT
# The packing search against integer programming, on hosts and lists with all that VMs may ask for:
# value, VMs over several nodes, over several rooms, distance, and what stays free. Skipped without
# cbc and glpsol. CASES=400 asks more.
# check-all: the solver takes a second for many a goal
# timeout: 900 seconds
set -eu
cd "$(dirname "$0")/.."
said=$TMPDIR/said name='integer programming finds nothing better, nor that what the search says cannot be'

if ! command -v cbc >/dev/null && ! command -v glpsol >/dev/null; then
    echo '1..0 # SKIP neither cbc nor glpsol is installed'
    exit 0
fi
"$B/tests/search_cases" "${CASES-40}" >"$TMPDIR/cases"
if tests/ilp_model.py --seconds 1 <"$TMPDIR/cases" >"$said" 2>&1; then
    echo "ok 1 - $name"
else
    echo "not ok 1 - $name"
fi
cut -c1-2000 "$said" | sed 's/^/# /'
echo 1..1
