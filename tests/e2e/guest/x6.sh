# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2317,SC2034
# The x6 host with its VMs, looked at, then broken and mended fault by fault. Nothing is judged
# here: what was seen goes to /out, and tests/e2e/x6.py judges it. FAULTS names those to try.
# shellcheck source=/dev/null
. /x6.env # vm names and CPUs, see x6.py

uri=qemu:///system
cpu=/sys/devices/system/cpu

say() {
    printf '# %8s %s\n' "$(cut -d' ' -f1 /proc/uptime)" "$*"
}

# look NAME: what planner says now.
look() {
    timeout 120 planner check --json -p /plan.json -c "$uri" >"/out/$1.json" 2>"/out/$1.err"
    say "check $1: $?"
}

# What systemd-tmpfiles makes of lines of type w.
tmpfiles() {
    local type path mode user group age value
    while read -r type path mode user group age value; do
        [[ $type != w ]] || echo "$value" >"$path"
    done <"$1"
}

# threads: VM, thread, name and CPUs of each, tabs between.
threads() {
    local file vm
    for file in /run/libvirt/qemu/*.pid; do
        vm=${file##*/}
        [[ $vm != driver.pid ]] || continue
        for task in /proc/"$(<"$file")"/task/*; do
            printf '%s\t%s\t%s\t%s\n' "${vm%.pid}" "${task##*/}" "$(<"$task/comm")" \
                "$(sed -n 's/^Cpus_allowed_list:\t//p' "$task/status")"
        done
    done
}

pid_of() {
    cat "/run/libvirt/qemu/$1.pid"
}

# vcpu VM N: the thread of that vCPU.
vcpu() {
    grep -l "^CPU $2/" /proc/"$(pid_of "$1")"/task/*/comm | cut -d/ -f5
}

group_of() {
    echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$1/cgroup")"
}

# An interrupt that can be moved: the serial line's.
irq() {
    sed -n 's/^ *\([0-9]*\):.*ttyS1.*/\1/p' /proc/interrupts
}

# xml VM SED-SCRIPT: define it anew, changed; what runs stays as it is.
redefine() {
    virsh -q dumpxml --inactive "$1" >"/tmp/$1.xml"
    sed "$2" "/tmp/$1.xml" >/tmp/changed.xml
    virsh -q define /tmp/changed.xml
}

restore() {
    virsh -q define "/tmp/$1.xml"
}

do_task() {
    setsid taskset -c "$PIN0" sleep 1000 &
    stray=$!
    sleep 0.5
}
undo_task() {
    kill "$stray"
    wait "$stray"
}

do_kthread() {
    kthread=$(grep -lx kauditd /proc/[0-9]*/comm | cut -d/ -f3)
    taskset -pc "$PIN0" "$kthread"
}
undo_kthread() { taskset -pc "$HOST" "$kthread"; }

# taskset alone cannot: its own cpuset holds each vCPU thread. Some daemon moves it to another group.
do_thread() {
    thread=$(vcpu "$VM" 1)
    group=$(group_of "$thread")
    echo "$thread" >"${group%/*}/emulator/cgroup.threads"
}
undo_thread() { echo "$thread" >"$group/cgroup.threads"; }

do_vcpupin() { virsh -q vcpupin "$VM" 0 "$HOSTCPU" --live; }
undo_vcpupin() { virsh -q vcpupin "$VM" 0 "$PIN0" --live; }

do_emulatorpin() { virsh -q emulatorpin "$VM" "$PINS" --live; }
undo_emulatorpin() { virsh -q emulatorpin "$VM" "$EMULATOR" --live; }

# The kernel gives the group's threads what the group has.
do_cpuset() { echo "$PINS" >"$(group_of "$(vcpu "$VM" 0)")/cpuset.cpus"; }
undo_cpuset() { echo "$PIN0" >"$(group_of "$(vcpu "$VM" 0)")/cpuset.cpus"; }

# affinities: thread and CPUs of each.
affinities() {
    awk '/^Pid:/ { pid = $2 } /^Cpus_allowed_list:/ { print pid, $2 }' /proc/[0-9]*/task/[0-9]*/status
}

# When the partition goes, the kernel gives all CPUs to whoever is in the root group, init as well.
do_partition() {
    affinities >/tmp/before
    mkdir /sys/fs/cgroup/stray
    echo "$SDKCORE" >/sys/fs/cgroup/stray/cpuset.cpus
    echo isolated >/sys/fs/cgroup/stray/cpuset.cpus.partition
    cat /sys/fs/cgroup/stray/cpuset.cpus.partition
}
undo_partition() {
    echo member >/sys/fs/cgroup/stray/cpuset.cpus.partition
    rmdir /sys/fs/cgroup/stray
    affinities | grep -vxFf /tmp/before >/tmp/changed
    wc -l </tmp/changed
    while read -r thread _; do
        taskset -pc "$(sed -n "s/^$thread //p" /tmp/before)" "$thread" >/dev/null
    done </tmp/changed
}

# An interrupt moves when it comes the next time.
interrupt() {
    sleep 0.5
    echo '# an interrupt' >/dev/ttyS1
    sleep 0.5
}
do_irq() {
    echo "$PIN0" >"/proc/irq/$(irq)/smp_affinity_list"
    interrupt
}
undo_irq() {
    echo "$HOST" >"/proc/irq/$(irq)/smp_affinity_list"
    interrupt
}

# all FILE: every CPU in a mask, which it had before to $mask.
all() {
    mask=$(<"$1")
    tr 0-9a-e f <<<"$mask" >"$1"
}

do_irqdefault() { all /proc/irq/default_smp_affinity; }
undo_irqdefault() { echo "$mask" >/proc/irq/default_smp_affinity; }

do_workqueue() { all /sys/devices/virtual/workqueue/cpumask; }
undo_workqueue() { echo "$mask" >/sys/devices/virtual/workqueue/cpumask; }

do_watchdog() {
    watchdog=$(</proc/sys/kernel/watchdog_cpumask)
    cat "$cpu/online" >/proc/sys/kernel/watchdog_cpumask
}
undo_watchdog() { echo "$watchdog" >/proc/sys/kernel/watchdog_cpumask; }

do_offline() { echo 0 >"$cpu/cpu$SIBLING/online"; }
undo_offline() {
    echo 1 >"$cpu/cpu$SIBLING/online"
    virsh -q vcpupin "$SIBLINGVM" 1 "$SIBLING" --live
}

pages=/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages
do_hugepages() {
    had=$(<"$pages")
    echo 8 >"$pages"
}
undo_hugepages() { echo "$had" >"$pages"; }

do_ksm() { echo 1 >/sys/kernel/mm/ksm/run; }
undo_ksm() { echo 0 >/sys/kernel/mm/ksm/run; }

do_cpupm() {
    redefine "$SHARED" "s,^<domain .*,<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>,
        s,</domain>,<qemu:commandline><qemu:arg value='-overcommit'/><qemu:arg value='cpu-pm=on'/></qemu:commandline>&,"
}
undo_cpupm() { restore "$SHARED"; }

do_pinnext() { redefine "$VM" "s/<vcpupin vcpu='3' cpuset='[0-9]*'/<vcpupin vcpu='3' cpuset='$SDKCPU'/"; }
undo_pinnext() { restore "$VM"; }

do_nodeset() { redefine "$VM" "s/nodeset='0'/nodeset='1'/"; }
undo_nodeset() { restore "$VM"; }

do_smallpages() { redefine "$VM" '/<hugepages>/,/<\/hugepages>/d'; }
undo_smallpages() { restore "$VM"; }

do_bootloader() {
    grub=$(</boot/grub/grub.cfg)
    echo "${grub/ isolcpus=/ was=}" >/boot/grub/grub.cfg
}
undo_bootloader() { echo "$grub" >/boot/grub/grub.cfg; }

do_unbound() {
    virsh -q define /dom/unbound.xml
    virsh -q start --paused unbound
}
undo_unbound() {
    virsh -q destroy unbound
    virsh -q undefine unbound
}

cp /proc/cmdline /out/cmdline
cat $cpu/isolated >/out/isolated
cat $cpu/nohz_full >/out/nohz_full
cat $cpu/online >/out/online
cat /sys/devices/virtual/workqueue/cpumask >/out/workqueue
cat /proc/irq/default_smp_affinity >/out/irq
sed -n 's/^Cpus_allowed_list:\t//p' /proc/1/status >/out/init
for one in "$cpu"/cpu[0-9]*; do
    echo "${one##*/cpu} $(<"$one/topology/thread_siblings_list") $(<"$one/topology/physical_package_id")"
done >/out/siblings
# libvirtd looks where they are once, when it starts
tmpfiles /hugepages.conf
mkdir -p /dev/hugepages
mount -t hugetlbfs none /dev/hugepages
# shellcheck source=/dev/null
. /host.sh
echo $? >/out/libvirtd
cp /run/version /out/version
say "libvirtd: $(</out/libvirtd)"
for vm in $VMS; do
    virsh -q define "/dom/$vm.xml" 2>&1
done
for vm in $VMS; do
    virsh -q start --paused "$vm" 2>&1
    say "started $vm"
done
virsh -q list --all >/out/list
threads >/out/threads
look clean
look again
planner snapshot -o /out/clean.tar -c "$uri" 2>&1
say "snapshot: $?"
for fault in $FAULTS; do
    "do_$fault" >/tmp/said 2>&1
    sed "s/^/# $fault: /" /tmp/said
    look "$fault"
    [[ $fault != "$CAPTURED" ]] || planner snapshot -o "/out/$fault.tar" -c "$uri" 2>&1
    "undo_$fault" >/tmp/said 2>&1
    sed "s/^/# mend $fault: /" /tmp/said
    look "$fault.mended"
done
threads >/out/threads.after
