#!/bin/sh
# SPDX-License-Identifier: MIT
# Run fuzzers, as many at once as there are CPUs, each on a copy of its corpus: tests/fuzz/corpus/NAME
# stays as it is.
# Usage: [FUZZ_SECONDS=20] tests/fuzz.sh BUILD FUZZER…
#        [FUZZ_TOTAL=86400] tests/fuzz.sh --long BUILD FUZZER…
# FUZZ_JOBS=N: so many at once. Inputs that crash are kept as BUILD/fuzz/NAME-crash-…; put one into a
# unit test, then fix it.
# --long shares FUZZ_TOTAL seconds, a day, over all; it goes on from the corpora that it left in
# BUILD/fuzz/corpus, and writes tests/fuzz/RESULTS.md: also where it is told to end, and with the last
# result of each fuzzer that it was not given.
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
    # A whole capture takes half a second, and many where others have the CPUs.
    set -- -max_total_time="$FUZZ_SECONDS" -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$build/fuzz/$name-" "$corpus"
    if [ -f "tests/fuzz/$name.dict" ]; then
        set -- -dict="tests/fuzz/$name.dict" "$@"
    fi
    # libFuzzer ends by itself; the outer limit is for one that hangs.
    timeout -k 5 $((FUZZ_SECONDS + 60)) "$fuzzer" "$@" >"$work/$name.log" 2>&1 </dev/null || failed=1
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$name.log")
    seconds=$(sed -n 's/^Done [0-9]* runs in \([0-9]*\) second.*/\1/p' "$work/$name.log")
    if [ $failed = 0 ]; then
        echo "fuzz $name: $runs runs, no crash" | tee "$work/$name.line"
    else
        {
            echo "fuzz $name: FAILED" | tee "$work/$name.line"
            grep -v '^#[0-9]' "$work/$name.log" | cut -c1-200 | tail -n 60
        } >"$work/$name.out"
        cat "$work/$name.out"
    fi
    if [ -n "$FUZZ_CORPUS" ]; then
        printf '| %s | %s | %s | %s |\n' "$name" "${seconds:-?}" "$(find "$corpus" -type f | wc -l)" \
            "$(sed 's/^fuzz [^:]*: //' "$work/$name.line")" >"$corpus.result"
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
ended() {
    [ -z "$long" ] || results
    exit "$1"
}

jobs=${FUZZ_JOBS-$(nproc)}
export FUZZ_SECONDS="${FUZZ_SECONDS-20}" FUZZ_CORPUS=
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'ended 130' INT
trap 'ended 143' TERM
if [ -n "$long" ]; then
    [ "$jobs" -le $# ] || jobs=$#
    FUZZ_SECONDS=$((${FUZZ_TOTAL-86400} * jobs / $#))
    FUZZ_CORPUS=$build/fuzz/corpus
fi

# The table of all that ran at some time.
results() {
    {
        echo '# The last runs of make fuzz-long'
        echo
        echo 'Each fuzzer with the seconds that its last run took, and the inputs that its corpus had then.'
        echo
        echo '| fuzzer | seconds | inputs | result |'
        echo '|---|---|---|---|'
        cat "$FUZZ_CORPUS"/*.result
    } >tests/fuzz/RESULTS.md
}

failed=0
printf '%s\0' "$@" | xargs -0 -n 1 -P "$jobs" "$0" --one "$build" "$work" || failed=1
[ -z "$long" ] || results
exit $failed
