#!/bin/bash
# SPDX-License-Identifier: MIT
# Everything `make lint` looks at. Each check says `ok` or what it found; all of them run.
# Usage: tests/lint/lint.sh      (from the top folder)
set -euo pipefail
shopt -s nullglob globstar extglob

c=(topology/*/*.c planner/*/*.c cmd/*.c)
c_tests=(tests/unit/*.c tests/fuzz/*.c tests/faults/*.c tests/e2e/**/*.c)
headers=(topology/*/*.h planner/*/*.h cmd/*.h tests/unit/*.h)
scripts=() python=() perl=()
for file in tests/**/* .ci/run; do
    [[ -f $file && $file != tests/@(cases|hosts|fuzz/corpus)/* ]] || continue
    IFS= read -r first <"$file" || true
    case $file:${first//$'\0'/} in
    *.sh:* | *:'#!'*/sh | *:'#!'*/bash) scripts+=("$file") ;;
    *.py:* | *:'#!'*python3*) python+=("$file") ;;
    *.pl:* | *:'#!'*perl*) perl+=("$file") ;;
    esac
done 2>/dev/null
cases=(tests/cases/*/cmd)
manual=(man/*.[1-8])
# What is ours and text: no corpora (they hold malformed text on purpose) and no captured machines.
mapfile -t text < <(find . \( -path ./.git -o -path './build*' -o -path ./tests/fuzz/corpus \
    -o -path ./tests/hosts -o -name __pycache__ \) -prune -o -type f -print | LC_ALL=C sort)

status=0
check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        echo "ok      $name"
    else
        status=1
        echo "FAIL    $name"
        printf '%s\n' "$output" | sed 's/^/        /'
    fi
}

cppcheck_all() {
    # Leaks are the sanitizers' matter: cppcheck does not see g_array_append_val() take what it is given.
    cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability,performance \
        --inline-suppr --suppress=missingIncludeSystem --suppress=memleak --suppress=resourceLeak \
        --suppress=readdirCalled --suppress=arrayIndexThenCheck --library=gtk \
        --library=posix -D__linux__ --include=tests/lint/cppcheck.h \
        -I. "$@"
}

shellcheck_all() {
    # SC2317 takes functions called by name for dead code.
    shellcheck -x -e SC2317 "${scripts[@]}" templates/capture.sh && shellcheck -s bash cmd/completion/planner.bash || return
    # Cases are lines of shell without a first line; $HOSTS comes from tests/cases.sh.
    [[ ${#cases[@]} -eq 0 ]] || shellcheck -s sh -e SC2154 "${cases[@]}"
}

python_all() {
    # Compiled in memory: writes nothing.
    python3 - "$@" <<'PYTHON'
import ast, sys
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        ast.parse(file.read(), path)
PYTHON
}

mandoc_all() {
    local found
    found=$(mandoc -T lint -W warning "$@" 2>&1) && [[ -z $found ]] && return
    printf '%s\n' "$found"
    return 1
}

# Not where, as clang-format would say: `make format` does it.
format_all() {
    local file status=0
    for file; do
        clang-format --dry-run -Werror "$file" 2>/dev/null || {
            echo "$file: make format"
            status=1
        }
    done
    return "$status"
}

# Built and tested anywhere: no file names the server a package comes from.
no_registries() {
    local hosts='(deb|ftp|snapshot|security)[.]debian[.]org|archive[.]ubuntu[.]com|pypi[.]org'
    hosts+='|pythonhosted[.]org|registry[.]npmjs[.]org|crates[.]io|rubygems[.]org|proxy[.]golang[.]org'
    hosts+='|docker[.]io|ghcr[.]io|quay[.]io|gcr[.]io|pkg[.]dev|mirror[.][a-z0-9-]+[.](com|org|net)'
    ! grep -IniE "$hosts" "$@"
}

whitespace() {
    ! grep -InE '[[:blank:]]+$' "$@"
}

[[ ${#c[@]} -eq 0 ]] || check clang-format \
    format_all "${c[@]}" "${c_tests[@]}" "${headers[@]}"
[[ ${#c[@]} -eq 0 ]] || check cppcheck cppcheck_all "${c[@]}"
[[ ${#c[@]} -eq 0 ]] || check function-length tests/lint/function-length.py "${c[@]}"
[[ ${#c[@]} -eq 0 ]] || check names tests/lint/names.py "${c[@]}"
check shellcheck shellcheck_all
[[ ${#python[@]} -eq 0 ]] || check python python_all "${python[@]}"
for file in "${perl[@]}"; do check "perl $file" perl -wc "$file"; done
[[ ${#manual[@]} -eq 0 ]] || check mandoc mandoc_all "${manual[@]}"
check codespell codespell --ignore-words tests/lint/codespell-ignore "${text[@]}"
check 'no registry host names' no_registries "${text[@]}"
check 'no trailing blanks' whitespace "${c[@]}" "${headers[@]}" "${scripts[@]}" "${python[@]}" Makefile
exit $status
