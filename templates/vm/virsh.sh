#!/bin/sh
${head}#
# Live and for the next start. What needs a new start of the VM (cpu-pm, memory, topology) is in its
# domain XML. It talks to the libvirt of LIBVIRT_DEFAULT_URI.
set -eu

vm='${vm}'
pin() { # pin COMMAND [WHICH] CPUS
    command=$$1
    shift
    virsh "$$command" --domain="$$vm" --live --config "$$@"
}

pin emulatorpin --cpulist='${emulator}'
${iothreads}${vcpus}