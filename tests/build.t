#!/bin/sh
# SPDX-License-Identifier: MIT
# The build's own promises: the layers hold, and the checks that hold them do catch.
set -eu
cd "$(dirname "$0")/.."
build=${B-build}
build=${build#"$PWD/"} # make's targets cannot hold the blanks of a folder we are in
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

number=0
result() { # result STATUS NAME: one assertion; what is in $work/log is its diagnosis
    number=$((number + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $number - $2"
    else
        echo "not ok $number - $2"
        sed 's/^/# /' "$work/log"
        failed=1
    fi
}
failed=0
that() { # that NAME COMMAND…: the command succeeds
    name=$1 status=0
    shift
    "$@" >"$work/log" 2>&1 || status=$?
    result $status "$name"
}
catches() { # catches NAME PATTERN COMMAND…: the command fails and says PATTERN
    name=$1 pattern=$2 status=0
    shift 2
    if "$@" >"$work/log" 2>&1; then status=1; fi
    grep -q "$pattern" "$work/log" || status=1
    result $status "$name"
}

# A copy of what the layer check reads, with a fault of each kind planted in it.
mkdir -p "$work/tree/build" "$work/tree/tests"
cp -R topology planner cmd "$work/tree"
cp -R tests/lint "$work/tree/tests"
cp -R "$build/topology" "$build/planner" "$build/cmd" "$work/tree/build"
layers() { (cd "$work/tree" && tests/lint/layers.py build); }
plant() { # plant FILE C-TEXT: an object of it, too
    printf '%s\n' "$2" >"$work/tree/$1.c"
    ${CC-cc} -O2 -D_FORTIFY_SOURCE=2 -c -o "$work/tree/build/$1.o" "$work/tree/$1.c"
}

that 'the layers hold' tests/lint/layers.py "$build"
plant planner/base/memory '#include <stdio.h>
int in_memory(char *, int); int in_memory(char *to, int n) { return snprintf(to, 9, "%d", n); }'
that 'formatting into memory is allowed' layers
plant planner/base/puts '#include <stdio.h>
void say_it(void); void say_it(void) { puts("x"); }'
plant planner/base/fortified '#include <stdio.h>
void say_more(int n); void say_more(int n) { fprintf(stderr, "%d", n); }'
plant planner/base/clock '#include <time.h>
long ask_time(void); long ask_time(void) { return time(0); }'
plant planner/base/world 'void *host_load(const char *, void **); void *ask_world(void); void *ask_world(void) { return host_load(0, 0); }'
plant planner/kernel/lower 'void lower(void); void upper(void); void lower(void) { upper(); }'
plant planner/place/upper 'void upper(void); void upper(void) { }'
plant planner/merge/one 'void one(void); void other(void); void one(void) { other(); }'
plant planner/merge/other 'void one(void); void other(void); void other(void) { one(); }'
mkdir "$work/tree/planner/attic"
echo >"$work/tree/planner/attic/stray.c"
echo '#include "planner/place/plan.h"' >>"$work/tree/topology/base/cpulist.h"
echo ' # include "../cmd/cmd.h"' >>"$work/tree/planner/place/plan.c"
catches 'a planted puts is caught' 'planner/base/puts.c is not pure, it uses: puts$' layers
cp "$work/log" "$work/faults"
named() { # named NAME PATTERN: one of the faults that were said
    status=0
    grep -q "$2" "$work/faults" || status=1
    cp "$work/faults" "$work/log"
    result $status "$1"
}
named 'a planted fprintf is caught under FORTIFY' 'planner/base/fortified.c .* it uses:.* __fprintf_chk'
named 'a planted clock is caught' 'planner/base/clock.c .* it uses: time$'
named 'a planted load of the world is caught' 'planner/base/world.c .* it uses: host_load$'
named 'a planted call upward is caught' 'planner/kernel/lower.c: must not call upper() of planner/place/upper.c'
named 'a planted circle of files is caught' 'planner/merge/one.c: other() of other.c'
named 'a folder that is no room is caught' 'planner/attic/stray.c: its folder is not in'
named 'a planted upward include is caught in topology/' 'topology/base/cpulist.h: must not include planner/place/plan.h'
named 'a planted upward include is caught in planner/' 'planner/place/plan.c: must not include ../cmd/cmd.h'
that 'nothing else is called a fault' test "$(grep -cv '^    ' "$work/faults")" -eq 9

# Libraries that most runs do not need cost them time at their start: they are loaded when wanted.
loads_late() { ! objdump -p "$build/bin/planner" | grep -E 'NEEDED.*lib(virt|xml2|cgroup|z|archive)\.'; }
that 'the program is not linked with what it loads when wanted' loads_late

# Fused multiply-adds round once where two operations round twice: other proofs on other machines.
fused() { # fused FOLDER TARGET FLAGS: objects of the search, made for a processor that has them, with FLAGS last
    case $(uname -m) in
    x86_64) fast='-O3 -march=haswell' ;;
    *) fast=-O3 ;; # aarch64, POWER and s390x always have them
    esac
    "${MAKE-make}" --no-print-directory B="$work/$1" CFLAGS="$fast $3" "$work/$1/$2" >/dev/null &&
        objdump -d "$work/$1"/planner/search/*.o |
        grep -E '[[:blank:]](vf?n?m(add|sub)|fn?m(add|sub|la|ls)|xsn?m(add|sub)|w?fm[as])[0-9a-z]*[[:blank:]]'
}
unfused() { ! fused fast search.list ''; }
that 'no object of the search has a fused multiply-add' unfused
that 'where fusing is allowed it would be seen' fused fused planner/search/search_simplex.o -ffp-contract=fast

that 'each header compiles alone' "${MAKE-make}" --no-print-directory B="$build" check-headers

# Installing writes exactly what the makefile says, and uninstalling takes all of it away.
that 'install, of what is built,' "${MAKE-make}" --no-print-directory B="$build" DESTDIR="$work/root" PREFIX=/usr install-built
for file in bin/planner share/man/man1/planner.1 share/man/man1/planner-check.1 share/man/man5/planner-json.5 share/bash-completion/completions/planner \
    share/zsh/site-functions/_planner share/fish/vendor_completions.d/planner.fish share/doc/planner/LICENSE share/planner/planner-capture; do
    that "install writes $file" test -s "$work/root/usr/$file"
done
that 'install writes every template' \
    diff -r -x ansible -x 'README*' -x '.*' -x '*~' templates "$work/root/usr/share/planner/templates"
that 'install writes every schema' diff -r man/schemas "$work/root/usr/share/planner/schemas"
that 'install writes the Ansible role' \
    diff -r -x '.*' -x '*~' templates/ansible "$work/root/usr/share/planner/ansible"
examples() { # what their README says, run in a copy of the folder, works; x6.ini is full, so no VM of fit fits on it
    cp -R "$work/root/usr/share/doc/planner/examples" "$work/examples"
    (
        cd "$work/examples" && PATH=$build/bin:$PATH
        grep '^planner ' README | while IFS= read -r command; do
            sh -c "$command" >"$work/log" 2>&1 || {
                echo "$command" && cat "$work/log"
                exit 1
            }
        done || exit 1
        status=0
        planner check -r / --waivers waivers.ini --rule kernel.line-too-long >/dev/null || status=$?
        [ "$status" -lt 2 ]
    )
}
that 'the installed examples work as their README says' examples
that 'uninstall' "${MAKE-make}" --no-print-directory B="$build" DESTDIR="$work/root" PREFIX=/usr uninstall
find "$work/root" ! -type d >"$work/log"
that 'uninstall leaves no file' test ! -s "$work/log"

echo "1..$number"
exit "$failed"
