# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What measure sees of a guest that does each thing so many times, and what it leaves behind: sourced
# where d1 is defined and shut off, and uri and say are known. Nothing is judged here, see tests/e2e-kvm.t.
# shellcheck disable=SC2154
mount -t debugfs debugfs /sys/kernel/debug
mkdir -p /run/tracefs
mount -t tracefs tracefs /run/tracefs # not where one would look for it
instance=/run/tracefs/instances/planner-measure

# until_it COMMAND…: wait until it succeeds, three minutes at most.
until_it() {
    for ((i = 0; i < 900; i++)); do
        "$@" 2>/dev/null && return
        sleep 0.2
    done
    say "not within three minutes: $*"
}

# What is left of a run: nothing.
left() {
    ls "${instance%/*}"
    grep -h planner /run/tracefs/synthetic_events
}

# reads PID: how often it has called read(2).
reads() {
    sed -n 's/^syscr: //p' "/proc/$1/io"
}

# waits PID: it lets time pass, and for longer than it does before the time measured, so that has begun.
waits() {
    local before
    [[ $(<"/proc/$1/syscall") == 128\ * ]] || return # rt_sigtimedwait(2)
    before=$(reads "$1")
    sleep 2
    [[ $(<"/proc/$1/syscall") == 128\ * && $(reads "$1") == "$before" ]]
}

# Has the guest of d1 halted?
halted() {
    cat "/sys/kernel/debug/kvm/$(<"/run/libvirt/qemu/d1.pid")"-*/halt_exits | grep -qvx 0
}

# How long COMMAND takes here and now, twice and a little more, in seconds: it will end in that.
enough() {
    local began=$SECONDS
    "$@" >&2
    echo $((2 * (SECONDS - began) + 10))
}

# What the guest of d1 does, once.
once() {
    virsh -q start d1
    until_it halted
    virsh -q destroy d1
}

virsh -q dumpxml --inactive d1 | sed 's,/halt.bin,/count.bin,' >/tmp/count.xml
virsh -q define /tmp/count.xml
time=$(enough once)s
virsh -q start --paused d1
say "measure for $time"
planner measure --for "$time" --json -p /plan.json -c "$uri" >/out/measured.json 2>/out/measured.err &
until_it grep -q onmatch $instance/events/kvm/kvm_entry/trigger
until_it waits $!
virsh -q resume d1
say "resumed"
wait $!
say "measured: $?"
left >/out/measured.left
virsh -q destroy d1

# One that is killed leaves its instance; the next takes it away, and, told to end, leaves none.
planner measure --for 60s -p /plan.json -c "$uri" >/dev/null 2>&1 &
until_it grep -q onmatch $instance/events/kvm/kvm_entry/trigger
kill -9 $!
wait $!
say "killed: $?"
left >/out/killed.left
stale=$(stat -c %i $instance)
fresh() {
    [[ $(stat -c %i $instance) != "$stale" ]] && grep -q onmatch $instance/events/kvm/kvm_entry/trigger
}
planner measure --for 60s -p /plan.json -c "$uri" >/dev/null 2>&1 &
until_it fresh
kill -TERM $!
wait $!
say "told to end: $?"
left >/out/ended.left

# Noise of the CPUs that d2 has not: one with a task that sleeps 5 ms at a time, one with a busy one, the others quiet.
# Somebody else's instance is in the way of none.
mkdir "${instance%-measure}"
taskset -c 6 perl -e 'select(undef, undef, undef, 0.005) while 1' &
sleeper=$!
taskset -c 7 perl -e '1 while 1' &
hog=$!
sleep 1
planner measure --noise --for 5s --json -p /plan.json -c "$uri" >/out/noise.json 2>/out/noise.err
say "noise: $?"
kill $sleeper $hog
left >/out/noise.left
rmdir "${instance%-measure}"

# A kernel without histograms, as far as one can see: its instances have no events.
mount -t tmpfs none "${instance%/*}"
virsh -q start --paused d1
planner measure --for "$time" --json -p /plan.json -c "$uri" >/out/perf.json 2>/out/perf.err &
counts() {
    find "/proc/$1/fd" -lname '*perf_event*' | grep -q .
}
until_it counts $!
until_it waits $!
virsh -q resume d1
say "resumed"
wait $!
say "counted by perf: $?"
virsh -q destroy d1
umount "${instance%/*}"
