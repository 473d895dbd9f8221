#!/bin/sh
# SPDX-License-Identifier: MIT
# Lists of VMs that greedy placement loses: planner against the integer-programming optimum, one
# line, exit 1 where it is missed. Needs coinor-cbc or glpk-utils.
# Usage: [LISTS=27] tests/bench/row3.sh [BUILD]
set -eu
build=${1-build}
exec python3 "$(dirname "$0")/packing.py" "$build/bin/planner" "$build/bench" "${LISTS-27}"
