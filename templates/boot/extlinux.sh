#!/bin/sh
${head}#
# syslinux, extlinux and U-Boot take the line from APPEND in their menu: this words those lines anew,
# but for recovery entries (single), and the setting that u-boot-update, extlinux-update or
# update-extlinux makes the menu of. SYSROOT=DIR edits an image. Usage: planner-extlinux [undo]
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
