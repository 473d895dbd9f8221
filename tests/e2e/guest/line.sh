# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the kernel made of its line; a scenario of its own.
cd /sys/devices/system/cpu || exit
echo "possible $(cat possible)"
echo "isolated $(cat isolated)"
echo "nohz_full $(cat nohz_full)"
echo "workqueue $(cat /sys/devices/virtual/workqueue/cpumask)"
echo "irq $(cat /proc/irq/default_smp_affinity)"
echo "init $(sed -n 's/^Cpus_allowed_list:\t//p' /proc/1/status)"
echo "kthreadd $(sed -n 's/^Cpus_allowed_list:\t//p' /proc/2/status)"
echo "rcu $(dmesg | sed -n 's/.*Offload RCU callbacks from CPUs: \(.*\)[.]/\1/p')"
dmesg | sed -n 's/^\[[^]]*\] //; /ommand line: /d; /Housekeeping:\|isolcpus:\|NO_HZ: Clearing\|rcu_nocbs=\|kernel command line parameters/s/^/said /p'
planner snapshot -o /out/node.tar 2>/dev/null
