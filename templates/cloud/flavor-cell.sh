'hw:numa_cpus.${cell}=${vcpus}' 'hw:numa_mem.${cell}=${memory}' \
    