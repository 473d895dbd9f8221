pin vcpupin --vcpu='${vcpu}' --cpulist='${cpus}' # parked, to be out of the way
