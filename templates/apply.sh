#!/bin/sh
# Puts the plan of node ${node} on this machine, for ${target}. Written by planner (emit apply).
# It refuses on another machine, shows what would change, and asks. It keeps a copy of each file
# that was there below $$state, puts the files of this tree in place and runs the commands that make
# them take effect, in order. It stops at the first failure; run it again when the cause is gone.
# /etc/planner/undo.sh brings back what was there.
# Usage: sh TREE/etc/planner/apply.sh [-n] [-y] [-N]
#   -n  only show   -y  do not ask   -N  the machine may have another name
set -u
umask 022
LC_ALL=C PATH=$$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL PATH
state=/var/lib/planner/applied
new=.planner-new-apply

say() {
    printf 'apply.sh: %s\n' "$$*" >&2
}

ask=yes show='' other=''
while getopts nyN option; do
    case $$option in
    n) show=yes ;;
    y) ask= ;;
    N) other=yes ;;
    *) exit 2 ;;
    esac
done
tree=$$(cd "$$(dirname "$$0")/../.." && pwd -P) || exit 2
if [ "$$tree" = / ]; then
    say "this is the copy on the node; run the one in the tree that planner emit wrote"
    exit 2
fi

# Is this the machine?

differ=0
differs() {
    differ=$$((differ + 1))
    [ "$$differ" -gt 3 ] || say "$$*"
}
called() { # called NAME
    name=$$(uname -n)
    case $$name in "$$1" | "$$1".*) return ;; esac
    case $$1 in "$$name".*) return ;; esac
    [ "$$other" ] || differs "this machine is called $$name, the plan is for $$1; -N: it is the same"
}
same() { # same FILE TEXT
    is=$$(cat "$$1" 2>/dev/null) || is='not there'
    [ "$$is" = "$$2" ] || differs "$$1: $$is; the plan has $$2"
}
machine() {
${name}${expected}}
machine same
if [ "$$differ" -gt 0 ]; then
    [ "$$differ" -le 3 ] || say "and $$((differ - 3)) more differ"
    say "this is not the machine of the plan: nothing was changed"
    exit 2
fi

# What would change

files() { # files COMMAND: COMMAND PATH MODE for each
${files}}
changes() { # changes COMMAND: COMMAND PATH for each file that a step changes
    :
${changes}}
domains() { # domains COMMAND: COMMAND VM FILE for each VM that a step defines
    :
${domains}}
steps() { # steps COMMAND: COMMAND STEP for each
    :
${steps}}

view() {
    if [ ! -e "$$1" ] && [ ! -h "$$1" ]; then
        echo "new      $$1"
    elif cmp -s -- "$$tree$$1" "$$1"; then
        echo "as it is $$1"
    else
        echo "changes  $$1"
        diff -u -- "$$1" "$$tree$$1" | sed 's/^/    /'
    fi
}
files view
number=0
list() {
    number=$$((number + 1))
    echo "step $$number   $$1"
}
steps list
total=$$number
[ ! "$$show" ] || exit 0
if [ "$$(id -u)" != 0 ]; then
    say "only root can do this"
    exit 2
fi
if [ "$$ask" ]; then
    if [ ! -t 0 ]; then
        say "no terminal to ask on: give -y"
        exit 2
    fi
    printf 'Do this? [y/N] '
    read -r answer || answer=
    case $$answer in
    [yY] | [yY][eE][sS]) ;;
    *) exit 1 ;;
    esac
fi

# What was there, once: a second run keeps what the first one found

failed() { # failed WHAT
    say "$$1: stopped; what was there is in $$state, and /etc/planner/undo.sh of this tree brings it back"
    exit 1
}
keep_in() { # keep_in FOLDER PATH
    if [ -e "$$1$$2" ] || [ -h "$$1$$2" ] || grep -qxF -e "$$2" "$$state/absent" 2>/dev/null; then
        return 0
    fi
    if [ -e "$$2" ] || [ -h "$$2" ]; then
        mkdir -p -- "$$(dirname "$$1$$2")" && cp -pP -- "$$2" "$$1$$2$$new" && mv -- "$$1$$2$$new" "$$1$$2"
    else
        printf '%s\n' "$$2" >>"$$state/absent"
    fi || failed "cannot keep $$2"
}
keep() {
    keep_in "$$state/was" "$$1"
}
keep_changed() {
    case $$1 in
    *'*'*) ;; # there is none
    *) keep_in "$$state/changed" "$$1" ;;
    esac
}
keep_domain() { # keep_domain VM FILE: the XML that the VM has, or that there is no such VM
    mkdir -p -- "$$state/domains" || failed "cannot make $$state/domains"
    kept=$$state/domains/$$(basename "$$2")
    if [ -e "$$kept" ] || [ -e "$$kept.absent" ]; then
        return 0
    fi
    names=$$(virsh list --all --name) || failed "libvirt does not say which VMs there are"
    if ! printf '%s\n' "$$names" | grep -qxF -e "$$1"; then
        : >"$$kept.absent" || failed "cannot write in $$state/domains"
        return 0
    fi
    if ! { virsh dumpxml --inactive --security-info --domain "$$1" >"$$kept$$new" && mv -- "$$kept$$new" "$$kept"; }; then
        failed "cannot keep the XML of the VM $$1"
    fi
}
put() {
    aside=$$(dirname "$$1")/.$$(basename "$$1")$$new
    if ! { mkdir -p -- "$$(dirname "$$1")" && cp -- "$$tree$$1" "$$aside" && chmod "$$2" "$$aside" &&
        mv -f -- "$$aside" "$$1"; }; then
        failed "cannot write $$1"
    fi
}
again() { # the commands that undo.sh runs when files are as they were
    : >"$$state/again" || exit 1
${again}}

if ! mkdir -p -- "$$state" || ! chmod 700 "$$state"; then
    failed "cannot make $$state"
fi
files keep
changes keep_changed
domains keep_domain
again
files put

# Take effect

number=0
step() {
    number=$$((number + 1))
    echo "step $$number of $$total: $$1"
    case $$1 in
    'systemctl try-restart '*)
        # shellcheck disable=SC2086
        set -- $${1#systemctl try-restart }
        for unit; do
            systemctl cat "$$unit.service" >/dev/null 2>&1 || continue # not on this machine
            systemctl try-restart "$$unit" || failed "step $$number of $$total (systemctl try-restart $$unit)"
        done
        ;;
    *) sh -c "$$1" || failed "step $$number of $$total ($$1); the steps before it are done" ;;
    esac
}
steps step
echo "all $$total steps are done; next:"
${next}