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

# A copy of what the layer check reads, to plant in.
copy() {
    rm -rf "$work/tree"
    mkdir -p "$work/tree/build/planner" "$work/tree/tests"
    cp -R topology planner cmd "$work/tree"
    cp -R tests/lint "$work/tree/tests"
    cp "$build"/planner/*.o "$work/tree/build/planner"
}
layers() { (cd "$work/tree" && tests/lint/layers.py build); }
plant() { # plant C-TEXT: an object of planner/ made of it
    copy
    printf '%s\n' "$1" | ${CC-cc} -O2 -D_FORTIFY_SOURCE=2 -x c -c -o "$work/tree/build/planner/planted.o" -
}

that 'the layers hold' tests/lint/layers.py "$build"
plant '#include <stdio.h>
void planted(void); void planted(void) { puts("x"); }'
catches 'a planted puts is caught' 'planner/planted.c is not pure, it uses: puts' layers
plant '#include <stdio.h>
void planted(int n); void planted(int n) { fprintf(stderr, "%d", n); }'
catches 'a planted fprintf is caught under FORTIFY' 'it uses:.* __fprintf_chk' layers
plant '#include <time.h>
long planted(void); long planted(void) { return time(0); }'
catches 'a planted clock is caught' 'it uses: time' layers
plant 'void *host_load(const char *, void **); void *planted(void); void *planted(void) { return host_load(0, 0); }'
catches 'a planted load of the world is caught' 'it uses: host_load' layers
plant '#include <stdio.h>
int planted(char *, int); int planted(char *to, int n) { return snprintf(to, 9, "%d", n); }'
that 'formatting into memory is allowed' layers
copy
echo '#include "planner/place/plan.h"' >>"$work/tree/topology/base/cpulist.h"
catches 'a planted upward include is caught in topology/' 'topology/base/cpulist.h:' layers
copy
echo ' # include "../cmd/cmd.h"' >>"$work/tree/planner/place/plan.c"
catches 'a planted upward include is caught in planner/' 'planner/place/plan.c:' layers

that 'each header compiles alone' "${MAKE-make}" --no-print-directory B="$build" check-headers

# Installing writes exactly what the makefile says, and uninstalling takes all of it away.
that 'install, of what is built,' "${MAKE-make}" --no-print-directory B="$build" DESTDIR="$work/root" PREFIX=/usr install-built
for file in bin/planner share/man/man1/planner.1 share/bash-completion/completions/planner \
    share/doc/planner/LICENSE; do
    that "install writes $file" test -s "$work/root/usr/$file"
done
that 'install writes every template' \
    diff -r -x ansible -x 'README*' -x '.*' -x '*~' templates "$work/root/usr/share/planner/templates"
that 'install writes the Ansible role' \
    diff -r -x '.*' -x '*~' templates/ansible "$work/root/usr/share/planner/ansible"
that 'uninstall' "${MAKE-make}" --no-print-directory B="$build" DESTDIR="$work/root" PREFIX=/usr uninstall
find "$work/root" ! -type d >"$work/log"
that 'uninstall leaves no file' test ! -s "$work/log"

echo "1..$number"
exit $failed
