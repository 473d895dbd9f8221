#!/bin/sh
${head}#
# syslinux, extlinux and U-Boot take the line from APPEND in their menu: this words those lines anew,
# but for recovery entries (single), and the setting that u-boot-update, extlinux-update or
# update-extlinux makes the menu of. SYSROOT=DIR edits an image. Usage: planner-extlinux [undo]
set -eu

${function}
planner_line='${line}'
[ "$${1-}" != undo ] || planner_line=
root=$${SYSROOT-} found=''

menu() { # menu FILE: its APPEND lines
    cp -p -- "$$1" "$$1.new"
    while IFS= read -r text || [ "$$text" ]; do
        blanks=$${text%%[![:blank:]]*}
        key=$${text#"$$blanks"}
        key=$${key%%[[:blank:]]*}
        case $$key in
        [aA][pP][pP][eE][nN][dD])
            new=$$planner_line found=yes
            case " $$text " in *[[:blank:]]single[[:blank:]]*) new='' ;; esac
            text="$$blanks$$key $$(planner_words "$${text#"$$blanks$$key"}" "$$new")"
            ;;
        esac
        printf '%s\n' "$$text"
    done <"$$1" >"$$1.new"
    mv -- "$$1.new" "$$1"
}
setting() { # setting FILE VARIABLE WORDS: what FILE, a shell's, sets VARIABLE to; WORDS is its default
    [ -f "$$1" ] || return 0
    # shellcheck disable=SC1090
    old=$$(. "$$1" >/dev/null && eval "printf %s \"\$${$$2:-$$3}\"")
    new=$$(planner_words "$$old" "$$planner_line")
    cp -p -- "$$1" "$$1.new"
    {
        grep -v "^[[:blank:]]*$$2=" "$$1" || :
        printf '%s="%s"\n' "$$2" "$$(printf '%s' "$$new" | sed 's/[\\"$$`]/\\&/g')"
    } >"$$1.new"
    mv -- "$$1.new" "$$1"
}

for file in "$$root/boot/extlinux/extlinux.conf" "$$root/boot/syslinux/syslinux.cfg" \
    "$$root/boot/syslinux/extlinux.conf" "$$root/boot/extlinux.conf" "$$root/boot/syslinux.cfg"; do
    [ ! -f "$$file" ] || menu "$$file"
done
if [ ! "$$found" ]; then
    [ "$$planner_line" ] || exit 0
    echo "planner-extlinux: no menu with an APPEND line below $$root/boot: not touched" >&2
    exit 1
fi
words='ro quiet'
if [ -f "$$root/etc/kernel/cmdline" ]; then
    words=$$(tr -s '\n\t ' ' ' <"$$root/etc/kernel/cmdline" | sed 's/\(^\| \)root=[^ ]*//g; s/^ *//; s/ *$$//')
fi
setting "$$root/etc/default/u-boot" U_BOOT_PARAMETERS "$$words"
setting "$$root/etc/default/extlinux" EXTLINUX_PARAMETERS 'ro quiet'
setting "$$root/etc/update-extlinux.conf" default_kernel_opts ''
