pin iothreadpin --iothread='${iothread}' --cpulist='${cpus}'
