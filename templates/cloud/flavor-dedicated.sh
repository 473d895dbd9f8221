'hw:cpu_policy=${policy}' ${mask}'hw:cpu_thread_policy=${threads}' \
    'hw:numa_nodes=${nodes}' ${cells}'hw:emulator_threads_policy=${emulator}'