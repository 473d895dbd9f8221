#!/bin/sh
${head}#
# A hookscript, for storage whose content has snippets, as in /var/lib/vz/snippets. `set` makes it the
# VM's, and sets what the plan says of the VM; then Proxmox runs it whenever the VM starts.
# Usage: this script VMID set|post-start
set -eu

vmid=$$1

cpus_of() { # cpus_of THREAD, by its name
    case $$1 in
${vcpus}    *) echo '${emulator}' ;;
    esac
}

pin() {
    pid=$$(cat "/var/run/qemu-server/$$vmid.pid")
    for task in "/proc/$$pid/task/"*; do
        name=$$(cat "$$task/comm" 2>/dev/null) || continue # a worker that has ended
        taskset --cpu-list --pid "$$(cpus_of "$$name")" "$${task##*/}" >/dev/null || [ ! -e "$$task" ]
${realtime}    done
}

case $${2-} in
set)
    qm set "$$vmid" ${pinning} \
        --memory ${memory} --sockets ${sockets} --cores ${cores}${options}
    ;;
post-start) pin ;;
esac
