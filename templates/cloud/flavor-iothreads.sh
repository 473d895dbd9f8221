# The plan gives the I/O threads of ${vm} CPUs of their own: flavors have no property for that.
