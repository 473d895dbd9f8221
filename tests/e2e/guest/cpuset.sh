# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# isolation = cpuset: slices as the emitted files say, as systemd would make them, and the emitted
# unit that makes the SDK's one an isolated partition. Says what the kernel made of it.
cd /sys/fs/cgroup || exit
ln -sf bash /bin/sh
units=/etc/systemd/system

value() { # value KEY FILE
    sed -n "s/^$1=//p" "$2"
}

said() { # said WHEN
    echo "$1.partition $(cat sdk.slice/cpuset.cpus.partition)"
    echo "$1.machine $(cat machine.slice/cpuset.cpus.effective)"
    echo "$1.undomained $(awk '/^cpu/ { if (cpu != "" && !seen) print substr(cpu, 4); cpu = $1; seen = 0 }
        /^domain/ { seen = 1 } END { if (!seen) print substr(cpu, 4) }' /proc/schedstat | paste -sd,)"
}

run() { # run KEY: the commands of the emitted unit
    while read -r command; do
        eval "$command" >/dev/null || echo "wrong $command"
    done < <(value "$1" $units/planner-sdk-partition.service)
}

echo '+cpuset' >cgroup.subtree_control
for slice in system user machine sdk; do
    mkdir $slice.slice
    file=$units/$slice.slice.d/planner.conf
    [[ -e $file ]] || file=$units/$slice.slice
    value AllowedCPUs $file >$slice.slice/cpuset.cpus
done
echo '+cpuset' >machine.slice/cgroup.subtree_control
mkdir machine.slice/vm.scope # as libvirt: emulator threads and vCPUs in one
sleep 1000 &
vm=$!
echo $vm >machine.slice/vm.scope/cgroup.procs
sleep 1000 &
poll=$!
echo $poll >sdk.slice/cgroup.procs

said before
run ExecStart
said isolated
echo "poll $(sed -n 's/^Cpus_allowed_list:\t//p' /proc/$poll/status)"
taskset -pc "$(value AllowedCPUs $units/sdk.slice)" $vm >/dev/null 2>&1 && echo 'wrong a VM could be pinned to the partition'
taskset -pc 3 $vm >/dev/null || echo 'wrong a VM could not be pinned to its own CPU'
said pinned
# There is no libvirt to ask about VMs.
planner check -p /etc/planner/plan.json --rule cgroup --skip cgroup.pins-outside,cgroup.quota --json >/out/check.json
run ExecStop
said stopped
kill $vm $poll
