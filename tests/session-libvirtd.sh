#!/bin/sh
# SPDX-License-Identifier: MIT
# A libvirtd of one's own: unprivileged, everything it has under one folder, gone when told.
#
#   tests/session-libvirtd.sh start DIR    prints the URI to connect to
#   tests/session-libvirtd.sh stop DIR
#
# Root becomes nobody: a root libvirtd is always the system's. On one CPU, because libvirt throws
# its cache of what QEMU can do away when the daemon finds itself on another (seconds each time).
set -eu
action=$1 dir=$2
socket=$dir/run/libvirt/libvirt-sock
daemon=$(PATH=$PATH:/usr/sbin command -v libvirtd) || { echo "no libvirtd" >&2; exit 1; }

configure() {
    mkdir -p "$dir/run" "$dir/cfg/libvirt" "$dir/cache" "$dir/data"
    # no virtlogd to hand the log to, and nothing to confine
    printf 'stdio_handler = "file"\nsecurity_driver = "none"\n' >"$dir/cfg/libvirt/qemu.conf"
    printf 'auth_unix_ro = "none"\nauth_unix_rw = "none"\nlog_outputs = "3:file:%s/log"\n' "$dir" \
        >"$dir/cfg/libvirt/libvirtd.conf"
    # between two daemons that have the machine's UUID no VM can migrate
    printf 'host_uuid = "%s"\n' "$(cat /proc/sys/kernel/random/uuid)" >>"$dir/cfg/libvirt/libvirtd.conf"
}

start() {
    configure
    set --
    if [ "$(id -u)" = 0 ]; then
        chown -R 65534:65534 "$dir"
        set -- setpriv --reuid=65534 --regid=65534 --clear-groups
    fi
    env -i PATH="$PATH" HOME="$dir" XDG_RUNTIME_DIR="$dir/run" XDG_CONFIG_HOME="$dir/cfg" \
        XDG_CACHE_HOME="$dir/cache" XDG_DATA_HOME="$dir/data" \
        taskset -c 0 "$@" "$daemon" -p "$dir/pid" >"$dir/out" 2>&1 </dev/null &
    tries=0
    while [ ! -S "$socket" ]; do
        tries=$((tries + 1))
        if [ $tries -gt 200 ]; then
            cat "$dir/out" "$dir/log" >&2 || :
            stop
            exit 1
        fi
        sleep 0.05
    done
    echo "qemu+unix:///session?socket=$socket"
}

stop() {
    [ -s "$dir/pid" ] || return 0
    pid=$(cat "$dir/pid") # has no newline: read would fail
    kill "$pid" 2>/dev/null || return 0
    tries=0
    while kill -0 "$pid" 2>/dev/null && [ $tries -lt 100 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
}

case $action in
start) start ;;
stop) stop ;;
*) echo "usage: $0 start|stop DIR" >&2; exit 2 ;;
esac
