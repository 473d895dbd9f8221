#!/bin/sh
${head}#
# kernel-install and ukify take the line from /etc/kernel/cmdline, which also says where the root
# file system is: this edits that file, or makes it from the line that the machine was booted with.
# SYSROOT=DIR edits an image. Usage: planner-kernel-cmdline [undo]
set -eu

${function}
planner_line='${line}'

file=$${SYSROOT-}/etc/kernel/cmdline
if [ "$${1-}" = undo ]; then
    [ -e "$$file" ] || exit 0 # never made
    planner_line=
fi
for from in "$$file" "$${SYSROOT-}/usr/lib/kernel/cmdline" "$${SYSROOT-}/proc/cmdline"; do
    [ ! -r "$$from" ] || break
done
# What a boot loader adds by itself does not belong into the file.
old=$$(tr -s '\n\t ' ' ' <"$$from" | sed 's/\(^\| \)\(BOOT_IMAGE\|initrd\)=[^ ]*//g')
case " $$old " in
*' root='* | *' rd.'* | *' systemd.volatile='* | *' mount.usr='*) ;;
*)
    echo "planner-kernel-cmdline: $$from names no root file system: not touched" >&2
    exit 1
    ;;
esac
mkdir -p "$$(dirname "$$file")"
planner_words "$$old" "$$planner_line" >"$$file.new"
echo >>"$$file.new"
mv -- "$$file.new" "$$file"
