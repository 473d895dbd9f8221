#!/bin/sh
# SPDX-License-Identifier: MIT
# Run fuzzers, as many at once as there are CPUs, each on a copy of its corpus: tests/fuzz/corpus/NAME
# stays as it is.
# Usage: [FUZZ_SECONDS=20] tests/fuzz.sh BUILD FUZZER…
#        [FUZZ_TOTAL=86400] tests/fuzz.sh --long BUILD FUZZER…
# Inputs that crash are kept as BUILD/fuzz/NAME-crash-…; put one into a unit test, then fix it.
# --long shares FUZZ_TOTAL seconds, a day, over all; it goes on from the corpora that it left in
# BUILD/fuzz/corpus, and writes tests/fuzz/RESULTS.md.
set -eu

# one BUILD WORK FUZZER: its line goes to stdout and WORK/NAME.line.
if [ "${1-}" = --one ]; then
    build=$2 work=$3 fuzzer=$4 failed=0
    name=${fuzzer##*/fuzz_}
    corpus=${FUZZ_CORPUS:-$work}/$name
    mkdir -p "$corpus"
    if [ -d "tests/fuzz/corpus/$name" ]; then
        cp -R "tests/fuzz/corpus/$name/." "$corpus"
    fi
    set -- -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$build/fuzz/$name-" "$corpus"
    if [ -f "tests/fuzz/$name.dict" ]; then
        set -- -dict="tests/fuzz/$name.dict" "$@"
    fi
    # libFuzzer ends by itself; the outer limit is for one that hangs.
    timeout -k 5 $((FUZZ_SECONDS + 60)) "$fuzzer" "$@" >"$work/$name.log" 2>&1 </dev/null || failed=1
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$name.log")
    if [ $failed = 0 ]; then
        echo "fuzz $name: $runs runs, no crash" | tee "$work/$name.line"
    else
        {
            echo "fuzz $name: FAILED" | tee "$work/$name.line"
            grep -v '^#[0-9]' "$work/$name.log" | cut -c1-200 | tail -n 60
        } >"$work/$name.out"
        cat "$work/$name.out"
    fi
    exit $failed
fi

long=
if [ "${1-}" = --long ]; then
    long=1
    shift
fi
build=$1
shift
[ $# -gt 0 ] || {
    echo 'no fuzzer: tests/fuzz/fuzz_*.c' >&2
    exit 2
}
jobs=$(nproc)
export FUZZ_SECONDS="${FUZZ_SECONDS-20}" FUZZ_CORPUS=
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ -n "$long" ]; then
    [ "$jobs" -le $# ] || jobs=$#
    FUZZ_SECONDS=$((${FUZZ_TOTAL-86400} * jobs / $#))
    FUZZ_CORPUS=$build/fuzz/corpus
fi

failed=0
printf '%s\0' "$@" | xargs -0 -n 1 -P "$jobs" "$0" --one "$build" "$work" || failed=1
if [ -n "$long" ]; then
    {
        echo '# The last run of make fuzz-long'
        echo
        echo "Each fuzzer ran for $FUZZ_SECONDS seconds. Its corpus then had so many inputs."
        echo
        echo '| fuzzer | inputs | result |'
        echo '|---|---|---|'
        for fuzzer; do
            name=${fuzzer##*/fuzz_}
            echo "| $name | $(find "$FUZZ_CORPUS/$name" -type f | wc -l) |" \
                "$(sed 's/^fuzz [^:]*: //' "$work/$name.line") |"
        done
    } >tests/fuzz/RESULTS.md
fi
exit $failed
