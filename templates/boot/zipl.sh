#!/bin/sh
${head}#
# zipl writes the boot record of an s390x system from /etc/zipl.conf, or from boot entries: this edits
# the parameters of the former (or its parmfile) and the options of the latter, by grubby if that is
# installed. zipl itself has to run afterwards. SYSROOT=DIR edits an image.
# Usage: planner-zipl [undo]
set -eu

${function}
planner_line='${line}'
extra='${extra}'
[ "$${1-}" != undo ] || planner_line=
root=$${SYSROOT-} found=''

quoted() { # quoted VALUE: edited, in the quotes that it has
    quote='"' value=$$1
    case $$value in
    \"*) value=$${value#\"} value=$${value%\"*} ;;
    \'*) quote="'" value=$${value#\'} value=$${value%\'*} ;;
    *\"*) quote='' ;;
    esac
    printf '%s%s%s' "$$quote" "$$(planner_words "$$value" "$$planner_line")" "$$quote"
}
stop() { # stop WHY: the file that is read stays as it is
    rm -f -- "$$reading.new"
    echo "planner-zipl: $$reading: $$1" >&2
    exit 1
}
parmfile() { # parmfile FILE: a line of its own
    [ -f "$$1" ] || return 0
    cp -p -- "$$1" "$$1.new"
    planner_words "$$(tr -s '\n\t ' ' ' <"$$1")" "$$planner_line" >"$$1.new"
    echo >>"$$1.new"
    mv -- "$$1.new" "$$1"
}
lines() { # lines FILE: those of zipl.conf, and of an entry
    reading=$$1
    cp -p -- "$$1" "$$1.new"
    while IFS= read -r text || [ "$$text" ]; do
        value=$${text#*=}
        value=$${value#"$${value%%[![:blank:]]*}"}
        key=$${text#"$${text%%[![:blank:]]*}"}
        case $${key%%[=[:blank:]]*} in
        parameters) found=yes text="parameters=$$(quoted "$$value")" ;;
        parmfile)
            value=$${value%"$${value##*[![:blank:]]}"} value=$${value#[\"\']} value=$${value%[\"\']}
            if [ "$$planner_line" ]; then
                # apply.sh keeps these, and no others.
                case $${value%/*}:$${value##*/} in
                /boot:*parm* | /boot/zipl:*parm* | /etc:*parm*) ;;
                *) stop "move $$value, its parmfile, to /boot, /boot/zipl or /etc, with parm in its name" ;;
                esac
                [ -f "$$root$$value" ] || stop "no $$root$$value, its parmfile"
            fi
            found=yes
            parmfile "$$root$$value"
            ;;
        options) found=yes text="options $$(planner_words "$${key#options}" "$$planner_line")" ;;
        esac
        printf '%s\n' "$$text"
    done <"$$1" >"$$1.new"
    mv -- "$$1.new" "$$1"
}

[ ! -f "$$root/etc/zipl.conf" ] || lines "$$root/etc/zipl.conf"
if [ ! "$$root" ] && command -v grubby >/dev/null; then
    found=yes
    grubby --update-kernel=ALL \
        --remove-args="isolcpus nohz_full nohz-full rcu_nocbs rcu-nocbs irqaffinity$$extra"
    [ ! "$$planner_line" ] || grubby --update-kernel=ALL --args="$$planner_line"
else
    for file in "$$root"/boot/loader/entries/*.conf; do
        [ ! -f "$$file" ] || lines "$$file"
    done
fi
if [ ! "$$found" ] && [ "$$planner_line" ]; then
    echo "planner-zipl: neither $$root/etc/zipl.conf nor an entry has a kernel line: not touched" >&2
    exit 1
fi
