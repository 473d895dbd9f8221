# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC1091
# A scenario: the node is brought to what was planned, then audited as it is and with faults, one by
# one. Every audit is left in /out: clean.json, and NAME.fault.json and NAME.mended.json of each.
cpu=/sys/devices/system/cpu
echo "isolated $(cat $cpu/isolated)"
echo "nohz_full $(cat $cpu/nohz_full)"
echo "workqueue $(cat /sys/devices/virtual/workqueue/cpumask)"
echo "irq $(cat /proc/irq/default_smp_affinity)"
echo "siblings $(cat $cpu/cpu*/topology/thread_siblings_list | sort -u | paste -sd' ')"
echo "init $(sed -n 's/^Cpus_allowed_list:\t//p' /proc/1/status)"

. /host.sh || echo 'wrong libvirtd does not come up'
sysctl -q -p /etc/sysctl.d/90-planner.conf || echo 'wrong sysctl'
for vm in vm1 vm2; do
    # There is no KVM here.
    sed -i "s/type='kvm'/type='qemu'/; /<kvm>/,/<\/kvm>/d" "/etc/planner/domains/$vm.xml"
    virsh -q define "/etc/planner/domains/$vm.xml" >/dev/null && virsh -q start --paused "$vm" ||
        echo "wrong $vm does not start"
done

# ran VM THREAD: where a thread of a VM may run
ran() {
    local task
    for task in "/proc/$(cat "/run/libvirt/qemu/$1.pid")"/task/*; do
        [[ $(cat "$task/comm") != "$2" ]] || sed -n "s/^Cpus_allowed_list:\t//p" "$task/status"
    done
}
echo "vm1 $(ran vm1 'CPU 0/TCG') $(ran vm1 'CPU 1/TCG') $(virsh -q emulatorpin vm1 | sed 's/.* //')"

# governor NAME CPU…
governor() {
    local name=$1 number
    shift
    for number; do
        echo "$name" >"$cpu/cpu$number/cpufreq/scaling_governor" || return
    done
}
governor performance {0..7} || echo 'wrong governors'

audit() {
    planner check -p /etc/planner/plan.json --json >"/out/$1.json" 2>"/out/$1.stderr"
    echo "check $1 $?"
}

# fault NAME: NAME_on makes it, NAME_off mends it
fault() {
    local begin=$SECONDS
    "$1_on" || echo "wrong $1 could not be made"
    audit "$1.fault"
    [[ " $CAPTURED " != *" $1 "* ]] || planner snapshot -o "/out/$1.tar" 2>/dev/null
    "$1_off" || echo "wrong $1 could not be mended"
    audit "$1.mended"
    echo "took $1 $((SECONDS - begin))"
}

task_on() {
    taskset -c 3 sleep 1000 &
    sleep 0.5
}
task_off() {
    kill %+
    wait %+ 2>/dev/null
    true
}

# The one of the second serial line: it is there and it comes.
irq_on() {
    host=$(cat /proc/irq/3/smp_affinity_list)
    echo 1 >/proc/irq/3/smp_affinity_list && echo && sleep 1
}
irq_off() { echo "$host" >/proc/irq/3/smp_affinity_list && echo && sleep 1; }

irqdefault_on() { echo ff >/proc/irq/default_smp_affinity; }
irqdefault_off() { echo 55 >/proc/irq/default_smp_affinity; }

workqueue_on() { echo ff >/sys/devices/virtual/workqueue/cpumask; }
workqueue_off() { echo 55 >/sys/devices/virtual/workqueue/cpumask; }

governor_on() { governor schedutil 3; }
governor_off() { governor performance 3; }

slowest_on() { governor powersave 3 7; }
slowest_off() { governor performance 3 7; }

repinned_on() { virsh -q vcpupin vm1 1 7 --live; }
repinned_off() { bash /etc/planner/virsh/vm1.sh >/dev/null; }

emulator_on() { virsh -q emulatorpin vm1 0-7 --live; }
emulator_off() { bash /etc/planner/virsh/vm1.sh >/dev/null; }

thread_on() {
    local task
    for task in "/proc/$(cat /run/libvirt/qemu/vm2.pid)"/task/*; do
        [[ $(cat "$task/comm") != "CPU 0/TCG" ]] || vcpu=${task##*/}
    done
    # Behind libvirt's back, as far as the cgroup lets it.
    group=/sys/fs/cgroup$(sed 's/^0:://' "/proc/$vcpu/cgroup")
    cpuset=$(cat "$group/cpuset.cpus")
    echo 0-3 >"$group/cpuset.cpus" && taskset -p -c 3 "$vcpu" >/dev/null
}
thread_off() { echo "$cpuset" >"$group/cpuset.cpus" && taskset -p -c "$cpuset" "$vcpu" >/dev/null; }

stray_on() { virsh -q create --paused /unbound.xml >/dev/null; }
stray_off() { virsh -q destroy stray; }

offline_on() { echo 0 >$cpu/cpu7/online; }
offline_off() { echo 1 >$cpu/cpu7/online; }

partition_on() {
    echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control
    mkdir /sys/fs/cgroup/other && echo 2 >/sys/fs/cgroup/other/cpuset.cpus &&
        echo isolated >/sys/fs/cgroup/other/cpuset.cpus.partition
    echo "partition $(cat /sys/fs/cgroup/other/cpuset.cpus.partition)"
}
partition_off() { echo member >/sys/fs/cgroup/other/cpuset.cpus.partition && rmdir /sys/fs/cgroup/other; }

CAPTURED="repinned stray"
# The last one cannot be mended but by a reboot.
audit clean
planner snapshot -o /out/clean.tar 2>/dev/null
# The same without planner, by busybox alone where it is; virsh is the host's.
if [[ -x /usr/bin/busybox ]]; then
    mkdir /busybox && busybox --install -s /busybox
fi
begin=$SECONDS
PATH=/busybox:$PATH sh /planner-capture /out/script.tar 2>/out/script.stderr || echo 'wrong planner-capture'
echo "took planner-capture $((SECONDS - begin))"
for name in task irq irqdefault workqueue governor slowest repinned emulator thread stray offline partition; do
    fault "$name"
done
