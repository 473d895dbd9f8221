#!/bin/sh
${head}#
# libvirt runs this before it starts a VM, and before one migrates here. A VM that would break the
# plan is refused, or, with guard = warn, only reported. If planner itself is missing or fails, VMs
# start nevertheless, except with guard = strict.
case $${2-} in
prepare | migrate) ;;
*) exit 0 ;;
esac
planner admit --guard ${guard} -p ${plan} -- "$$@"
case ${guard}:$$? in
*:0) exit 0 ;;
*:1 | strict:*) exit 1 ;;
esac
exit 0
