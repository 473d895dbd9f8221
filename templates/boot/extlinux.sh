#!/bin/sh
${head}#
# syslinux, extlinux and U-Boot take the line from APPEND in their menu: this edits those lines, except
# for recovery entries (single). It also edits the setting from which extlinux-update or
# update-extlinux makes the menu; u-boot-update gets a fragment of its own, or its setting is edited.
# SYSROOT=DIR edits an image. Usage: planner-extlinux [undo]
set -eu

${function}
planner_line='${line}'
[ "$${1-}" != undo ] || planner_line=
root=$${SYSROOT-} found='' cr=$$(printf '\r')

part() { # part TEXT: its blanks, key and the rest, and end: the \r of a line that DOS wrote
    end='' text=$$1
    case $$text in *"$$cr") end=$$cr text=$${text%"$$cr"} ;; esac
    blanks=$${text%%[![:blank:]]*}
    key=$${text#"$$blanks"}
    key=$${key%%[[:blank:]]*}
    rest=$${text#"$$blanks$$key"}
}
others() { # others FILE: the numbers of the entries that start no kernel; APPEND may come before that
    entry=0
    while IFS= read -r text || [ "$$text" ]; do
        part "$$text"
        case $$key in
        [lL][aA][bB][eE][lL]) entry=$$((entry + 1)) ;;
        [cC][oO][mM]32 | [bB][oO][oO][tT] | [lL][oO][cC][aA][lL][bB][oO][oO][tT]) echo "$$entry" ;;
        [kK][eE][rR][nN][eE][lL] | [lL][iI][nN][uU][xX])
            case $$rest in *.[cC]32* | *memtest* | *memdisk*) echo "$$entry" ;; esac
            ;;
        esac
    done <"$$1"
}
menu() { # menu FILE: the APPEND lines of its kernels
    cp -p -- "$$1" "$$1.new"
    # A blank around each.
    others=" $$(others "$$1" | tr '\n' ' ')"
    entry=0
    while IFS= read -r text || [ "$$text" ]; do
        part "$$text"
        case $$key in
        [lL][aA][bB][eE][lL]) entry=$$((entry + 1)) ;;
        [aA][pP][pP][eE][nN][dD])
            new=$$planner_line
            case " $$rest " in *[[:blank:]]single[[:blank:]]*) new='' ;; esac
            words=$${rest#"$${rest%%[![:blank:]]*}"}
            # "-" appends nothing.
            case $$others:$${words%"$${words##*[![:blank:]]}"} in
            *" $$entry "*:* | *:-) ;;
            *) found=yes text="$$blanks$$key $$(planner_words "$$rest" "$$new")" ;;
            esac
            ;;
        esac
        printf '%s%s\n' "$$text" "$$end"
    done <"$$1" >"$$1.new"
    mv -- "$$1.new" "$$1"
}
setting() { # setting FILE VARIABLE WORDS: what FILE, a shell's, sets VARIABLE to; WORDS is its default
    [ -f "$$1" ] || return 0
    # shellcheck disable=SC1090
    old=$$(. "$$1" >/dev/null && eval "printf %s \"\$${$$2:-\$$3}\"")
    new=$$(planner_words "$$old" "$$planner_line")
    cp -p -- "$$1" "$$1.new"
    {
        grep -v "^[[:blank:]]*$$2=" "$$1" || :
        printf '%s="%s"\n' "$$2" "$$(printf '%s' "$$new" | sed 's/[\\"$$`]/\\&/g')"
    } >"$$1.new"
    # What goes on in a second line has left that behind.
    if grep -q "^[[:blank:]]*$$2=.*\\\\$$" "$$1" || ! sh -n "$$1.new" 2>/dev/null; then
        rm -f -- "$$1.new"
        echo "planner-extlinux: $$1: write $$2= on one line" >&2
        exit 1
    fi
    mv -- "$$1.new" "$$1"
}
fragment() { # fragment FOLDER: what u-boot-update reads after /etc/default/u-boot and other fragments
    if [ ! "$$planner_line" ]; then
        rm -f -- "$$1/zz-planner.conf"
        return 0
    fi
    mkdir -p -- "$$1"
    cat >"$$1/zz-planner.conf.new" <<'END'
# Written by planner-extlinux. Sourced by u-boot-update after /etc/default/u-boot and the fragments
# before it: what they say about isolation is removed.

${function}
# The defaults of u-boot-update, which it takes only if nothing set them.
if [ -z "$${U_BOOT_PARAMETERS-}" ] && [ -f /etc/kernel/cmdline ]; then
    U_BOOT_PARAMETERS=$$(tr -s '\n\t ' ' ' </etc/kernel/cmdline | sed 's/\(^\| \)root=[^ ]*//g; s/^ *//; s/ *$$//')
    U_BOOT_ROOT=$${U_BOOT_ROOT:-$$(tr -s '\n\t ' ' ' </etc/kernel/cmdline | sed -n 's/\(.* \)*\(root=[^ ]*\).*/\2/p')}
fi
U_BOOT_PARAMETERS=$$(planner_words "$${U_BOOT_PARAMETERS:-ro quiet}" '${line}')
END
    mv -- "$$1/zz-planner.conf.new" "$$1/zz-planner.conf"
    after=''
    for file in "$$1"/*.conf; do
        if [ "$$file" = "$$1/zz-planner.conf" ]; then
            after=yes
        elif [ "$$after" ] && grep -q '^[[:blank:]]*U_BOOT_PARAMETERS=' "$$file"; then
            echo "planner-extlinux: $$file: sets U_BOOT_PARAMETERS after zz-planner.conf: rename it" >&2
            exit 1
        fi
    done
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
uboot=$$root/usr/sbin/u-boot-update
[ "$$root" ] || uboot=$$(command -v u-boot-update) || uboot=/usr/sbin/u-boot-update
if grep -qs u-boot-menu/conf.d "$$uboot"; then
    fragment "$$root/etc/u-boot-menu/conf.d"
else
    words='ro quiet'
    if [ -f "$$root/etc/kernel/cmdline" ]; then
        words=$$(tr -s '\n\t ' ' ' <"$$root/etc/kernel/cmdline" | sed 's/\(^\| \)root=[^ ]*//g; s/^ *//; s/ *$$//')
    fi
    setting "$$root/etc/default/u-boot" U_BOOT_PARAMETERS "$$words"
fi
setting "$$root/etc/default/extlinux" EXTLINUX_PARAMETERS 'ro quiet'
setting "$$root/etc/update-extlinux.conf" default_kernel_opts ''
