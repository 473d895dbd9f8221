# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Test results from inside the emulated host; sourced by scenarios.
count=0

# ok STATUS NAME: one assertion; what is known of a failure goes before it, by note.
ok() {
    count=$((count + 1))
    if [[ $1 -eq 0 ]]; then echo "ok $count - $2"; else echo "not ok $count - $2"; fi
}

note() {
    sed 's/^/# /'
}

# is GOT WANTED NAME
is() {
    [[ $1 == "$2" ]]
    ok $? "$3"
    [[ $1 == "$2" ]] || printf 'got    %s\nwanted %s\n' "$1" "$2" | note
}
