# The plan makes some of the dedicated vCPUs of ${vm} real-time: a mixed flavor has one mask for both.
