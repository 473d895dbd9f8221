#!/bin/sh
# SPDX-License-Identifier: MIT
# Run fuzzers, each on a copy of its corpus: tests/fuzz/corpus/NAME stays as it is.
# Usage: [FUZZ_SECONDS=20] tests/fuzz.sh BUILD FUZZER…
# Inputs that crash are kept as BUILD/fuzz/NAME-crash-…; put one into a unit test, then fix it.
set -eu

build=$1
shift
seconds=${FUZZ_SECONDS-20}
[ $# -gt 0 ] || {
    echo 'no fuzzer: tests/fuzz/fuzz_*.c' >&2
    exit 2
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

failed=0
for fuzzer; do
    name=${fuzzer##*/fuzz_}
    mkdir -p "$work/$name"
    if [ -d "tests/fuzz/corpus/$name" ]; then
        cp -R "tests/fuzz/corpus/$name/." "$work/$name"
    fi
    set -- -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$build/fuzz/$name-" "$work/$name"
    if [ -f "tests/fuzz/$name.dict" ]; then
        set -- -dict="tests/fuzz/$name.dict" "$@"
    fi
    # libFuzzer ends by itself; the outer limit is for one that hangs.
    if timeout -k 5 $((seconds + 60)) "$fuzzer" "$@" >"$work/log" 2>&1 </dev/null; then
        echo "fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log") runs, no crash"
    else
        failed=1
        echo "fuzz $name: FAILED"
        grep -v '^#[0-9]' "$work/log" | cut -c1-200 | tail -n 60
    fi
done
exit $failed
