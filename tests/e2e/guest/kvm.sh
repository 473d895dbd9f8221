# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# VMs under KVM, which the emulated processor gives the guest: seen as they run, then with cpu-pm
# forced onto the one that must not have it. Nothing is judged here, see tests/e2e-kvm.t.
uri=qemu:///system

say() {
    printf '# %8s %s\n' "$(cut -d' ' -f1 /proc/uptime)" "$*"
}

# look NAME: what planner says, and the QEMUs that run.
look() {
    timeout 120 planner check --json -p /plan.json -c "$uri" >"/out/$1.json" 2>"/out/$1.err"
    say "check $1: $?"
    for file in /run/libvirt/qemu/*.pid; do
        vm=${file##*/}
        tr '\0' ' ' <"/proc/$(<"$file")/cmdline" | grep -o -- '-overcommit [^ ]*' | sed "s/^/${vm%.pid} /"
    done >"/out/$1.argv"
}

restart() {
    virsh -q destroy "$1"
    virsh -q start "$1"
}

# Asked without planner and without QEMU: KVM_CHECK_EXTENSION of KVM_CAP_X86_DISABLE_EXITS.
perl -e 'open F, "/dev/kvm" or die "$!"; print 0 + ioctl(F, 0xAE03, 143)' >/out/answer
grep -c -w hypervisor /proc/cpuinfo >/out/hypervisor
# shellcheck source=/dev/null
. /host.sh
for vm in d1 d2 s1; do
    virsh -q define "/dom/$vm.xml" 2>&1
    virsh -q start "$vm" 2>&1
    say "started $vm"
done
# Their firmware halts (see e2e-kvm.t): without cpu-pm that is an exit.
for ((i = 1; i <= 60; i++)); do
    virsh domstats --vcpu >/out/exits
    [[ $(sed -n "/'s1'/,/^\$/s/.*vcpu\.0\.halt_exits\.sum=//p" /out/exits) -lt 1 ]] || break
    sleep 1
done
say "the firmware of s1 halts: second $i"
look clean
planner snapshot -o /out/clean.tar -c "$uri" 2>&1

virsh -q dumpxml --inactive s1 >/tmp/s1.xml
sed "s,^<domain .*,<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>,
    s,</domain>,<qemu:commandline><qemu:arg value='-overcommit'/><qemu:arg value='cpu-pm=on'/></qemu:commandline>&," \
    /tmp/s1.xml >/tmp/forced.xml
virsh -q define /tmp/forced.xml
look defined
restart s1
look forced
virsh domstats --vcpu s1 >/out/forced.exits
virsh -q define /tmp/s1.xml
look half
restart s1
look mended

virsh -q dumpxml --inactive d1 | sed '/<qemu:commandline>/,/<\/qemu:commandline>/d' >/tmp/without.xml
virsh -q define /tmp/without.xml
restart d1
look without

virsh -q destroy d1
# shellcheck source=/dev/null
. /measure.sh
# shellcheck source=/dev/null
. /interrupt.sh
