# bash completion for planner                                              -*- shell-script -*-
# SPDX-License-Identifier: MIT
#
# All words come from the program itself: commands from `planner --help`, options from `planner
# COMMAND --help`, artifacts from `planner emit --list-names`; so nothing here drifts. What was
# read is only ever compared, never evaluated: neither eval nor compgen -W, which expands its words.

# Words of stdin that start with $1, each made a candidate after the prefix $2.
_planner_offer() {
    local word
    while IFS= read -r word; do
        if [[ $word == "$1"* ]]; then
            COMPREPLY+=("${2-}$word")
        fi
    done
}

# Names of commands: `  NAME   text` below `Commands:`.
_planner_commands() {
    local line found=
    while IFS= read -r line; do
        if [[ $line == Commands:* ]]; then
            found=yes
        elif [[ $found && $line =~ ^\ +([a-z][a-z0-9-]*)(\ |$) ]]; then
            printf '%s\n' "${BASH_REMATCH[1]}"
        elif [[ $found && $line =~ ^[^[:space:]] ]]; then
            break
        fi
    done < <("$1" --help 2>/dev/null </dev/null)
}

# Options of a command, one a line: `-i --inventory FILE` (- for no short form, or no argument).
_planner_options() {
    local line
    local row='^ {2,6}((-[A-Za-z0-9]), )?(--[a-z][a-z0-9-]*)([= ]([^[:space:]]+))?( {2,}.*)?$'
    while IFS= read -r line; do
        if [[ $line =~ $row ]]; then
            printf '%s %s %s\n' "${BASH_REMATCH[2]:--}" "${BASH_REMATCH[3]}" "${BASH_REMATCH[5]:--}"
        fi
    done < <("$@" --help 2>/dev/null </dev/null)
}

# Names of the VMs in an inventory, as far as they need no quoting.
_planner_vms() {
    local line
    [[ -f $1 ]] || return 0
    while IFS= read -r line; do
        if [[ $line =~ ^\[vm\ +([A-Za-z0-9._-]+)\] ]]; then
            printf '%s\n' "${BASH_REMATCH[1]}"
        fi
    done <"$1"
}

# Ids of rules.
_planner_rules() {
    local id rest
    while read -r id rest; do
        printf '%s\n' "$id"
    done < <("$1" explain rules 2>/dev/null </dev/null)
}

# The items of stdin for the last item of the list $1: a,b,c.
_planner_offer_list() {
    local before=
    [[ $1 != *,* ]] || before=${1%,*},
    _planner_offer "${1##*,}" "$before"
}

# Candidates for the argument of an option, by the word that --help shows for it.
_planner_argument() {
    local kind=$1 current=$2
    case $kind in
    *URI*)
        _planner_offer "$current" < <(printf '%s\n' qemu:///{system,session} test:///default)
        # Readline replaces only what follows the last colon.
        if [[ $COMP_WORDBREAKS == *:* && $current == *:* ]]; then
            COMPREPLY=("${COMPREPLY[@]#"${current%"${current##*:}"}"}")
        fi
        ;;
    DIR)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        ;;
    *FILE* | *DIR* | *XML*)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        ;;
    ID,...)
        _planner_offer_list "$current" < <(_planner_rules "$3")
        ;;
    NAME,...)
        _planner_offer_list "$current" < <("$3" emit --list-names 2>/dev/null </dev/null)
        ;;
    *[a-z]\|[a-z]*)
        _planner_offer "$current" < <(printf '%s\n' "${kind//|/$'\n'}")
        ;;
    esac
}

_planner() {
    COMPREPLY=()
    local program=${1/#\~\//$HOME/} line=${COMP_LINE:0:COMP_POINT}
    local -a words
    read -ra words <<<"$line"
    if [[ $line == *[[:space:]] ]]; then
        words+=('')
    fi
    local last=$((${#words[@]} - 1))
    local current=${words[last]} command=${words[1]-}
    type -P -- "$program" >/dev/null || return 0

    if ((last <= 1)); then
        if [[ $current == -* ]]; then
            _planner_offer "$current" < <(printf '%s\n' --help --version)
        else
            _planner_offer "$current" < <(_planner_commands "$program")
        fi
        return 0
    fi
    if [[ $command == help ]]; then
        ((last == 2)) && _planner_offer "$current" < <(_planner_commands "$program")
        return 0
    fi
    # Only what `planner --help` names is run with --help.
    local known=
    while IFS= read -r line; do
        [[ $line == "$command" ]] && known=yes
    done < <(_planner_commands "$program")
    [[ $known ]] || return 0

    # What stands before the cursor: which option wants an argument, which names were given.
    local short long kind i word inventory='' wants='' skip='' rows
    local -a names=()
    rows=$(_planner_options "$program" "$command")
    for ((i = 2; i < last; i++)); do
        word=${words[i]} wants=''
        if [[ $skip ]]; then
            [[ $skip == --inventory || $skip == --from ]] && inventory=$word
            skip=''
            continue
        fi
        if [[ $word != -* || $word == - ]]; then
            names+=("$word")
            continue
        fi
        [[ $word == --inventory=* ]] && inventory=${word#*=}
        while read -r short long kind; do
            if [[ $kind != - && ($word == "$short" || $word == "$long") ]]; then
                wants=$kind skip=$long
            fi
        done <<<"$rows"
    done

    if [[ $skip && $wants ]]; then
        _planner_argument "$wants" "$current" "$program"
    elif [[ $current == --*=* ]]; then
        while read -r short long kind; do
            [[ $long == "${current%%=*}" && $kind != - ]] || continue
            _planner_argument "$kind" "${current#*=}" "$program"
            if [[ $COMP_WORDBREAKS != *=* ]]; then
                COMPREPLY=("${COMPREPLY[@]/#/$long=}")
            fi
        done <<<"$rows"
    elif [[ $current == -* ]]; then
        while read -r short long kind; do
            _planner_offer "$current" <<<"$long"
        done <<<"$rows"
    elif [[ $command == @(emit|fleet) && ${#names[@]} -eq 0 ]]; then
        _planner_offer "$current" < <("$program" "$command" --list-names 2>/dev/null </dev/null)
    elif [[ $command == @(diff|measure|check|fit|fleet|replay) ]]; then
        _planner_argument FILE "$current"
    elif [[ $command == explain && ${#names[@]} -eq 0 ]]; then
        _planner_offer "$current" < <(printf '%s\n' vm cpu rules; _planner_rules "$program")
    elif [[ $command == migrate || ($command == explain && ${names[0]-} == vm) || ($command == emit && ${names[0]-} == @(domain|virsh)) ]]; then
        _planner_offer "$current" < <(_planner_vms "${inventory/#\~\//$HOME/}")
    fi
    return 0
}

complete -F _planner planner
