# The plan has the memory of ${vm} on a NUMA node without cores: no flavor can say so.
