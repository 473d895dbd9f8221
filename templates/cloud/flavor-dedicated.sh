'hw:cpu_policy=dedicated' 'hw:cpu_thread_policy=${threads}' \
    'hw:numa_nodes=${nodes}' 'hw:emulator_threads_policy=share'