#!/bin/sh
${head}#
# For all installed kernels; new ones inherit it. From RHEL 9.3 on, grub2-mkconfig cannot do
# this, because it leaves the arguments of boot entries alone. The result: grubby --info=ALL
# Usage: planner-grubby [undo]
set -eu

line='${line}'
extra='${extra}'

command -v grubby >/dev/null || {
    [ "$${1-}" != undo ] || exit 0
    echo "planner-grubby: no grubby here: this is for RHEL, Fedora and their kin" >&2
    exit 1
}
grubby --update-kernel=ALL \
    --remove-args="isolcpus nohz_full nohz-full rcu_nocbs rcu-nocbs irqaffinity$$extra"
if [ "$${1-}" != undo ]; then
    grubby --update-kernel=ALL --args="$$line"
fi
