# The plan gives ${vm} ${scheduler}:${priority}: Nova has fifo, with realtime_scheduler_priority of nova.conf.
