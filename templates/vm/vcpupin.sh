pin vcpupin --vcpu='${vcpu}' --cpulist='${cpus}'
