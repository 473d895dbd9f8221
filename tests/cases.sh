#!/bin/sh
# SPDX-License-Identifier: MIT
# Golden cases, TAP on stdout. A case is a folder tests/cases/NAME with
#   cmd      shell lines; `planner` is the one just built, $HOSTS is tests/hosts
#   expect   stdout, stderr and a last line `status N`, as reviewed
# and any inputs. It runs in a copy of the folder, so it may write there.
# UPDATE=1 writes expect anew: then read `git diff`.
# Usage: [B=build] [UPDATE=1] [CASE_LINES=60, of a difference] tests/cases.sh [NAME…]
set -eu

tests=$(cd "$(dirname "$0")" && pwd)
build=${B-build}
case $build in
/*) ;;
*) build=$(dirname "$tests")/$build ;;
esac
PATH=$build/bin:$PATH HOSTS=../../hosts LC_ALL=C.UTF-8 TZ=UTC
export PATH HOSTS LC_ALL TZ
unset CDPATH NO_COLOR

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir "$work/tests"
cp -R "$tests/cases" "$work/tests/cases"
ln -s "$tests/hosts" "$work/tests/hosts"
cd "$work/tests/cases"

[ $# -gt 0 ] || set -- */cmd
echo "1..$#"
number=0 failed=0
for case; do
    number=$((number + 1)) name=${case%/cmd} status=0
    name=${name##*/}
    (cd "$name" && exec timeout -k 5 "${CASE_TIMEOUT-60}" sh ./cmd) \
        >"$work/raw" 2>&1 </dev/null || status=$?
    # An output without a last newline still gets its status on a line of its own.
    [ -z "$(tail -c 1 "$work/raw")" ] || echo >>"$work/raw"
    # The number of rules changes with each new rule.
    sed "s|$work/||g; s|$tests|tests|g; s/[0-9][0-9]* rules passed/N rules passed/" "$work/raw" >"$work/actual"
    echo "status $status" >>"$work/actual"
    [ -z "${UPDATE-}" ] || cp "$work/actual" "$tests/cases/$name/expect"

    expect=$tests/cases/$name/expect
    [ -f "$expect" ] || expect=/dev/null
    if diff -u -L "$name/expect" -L actual "$expect" "$work/actual" >"$work/diff"; then
        echo "ok $number - $name"
    else
        failed=1
        echo "not ok $number - $name"
        sed "s/^/# /;${CASE_LINES-60}q" "$work/diff"
    fi
done
exit $failed
