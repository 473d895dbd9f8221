# SPDX-License-Identifier: MIT
#
# fish completion for planner. All words come from the program itself, as in planner.bash; what was
# read is only ever compared or offered, never evaluated.

# Names of commands: `  NAME   text` below `Commands:`.
function __planner_commands
    $argv[1] --help 2>/dev/null </dev/null |
        string match -rg '^(?:(Commands:)| +([a-z][a-z0-9-]*)(?: |$)|(\S))' | while read -l word
        if test "$word" = Commands:
            set -f found yes
        else if set -q found
            string match -rq '^[a-z][a-z0-9-]+$' -- $word; or break
            echo -- $word
        end
    end
end

# Options of a command, one a line: `-i --inventory FILE` (- for no short form, or no argument).
function __planner_options
    $argv --help 2>/dev/null </dev/null | while read -l line
        set -l long (string match -rg '^ {2,6}(?:-[A-Za-z0-9], )?(--[a-z][a-z0-9-]*)(?:[= ]|$)' -- $line)
        test (count $long) -eq 1; or continue
        set -l short (string match -rg '^ {2,6}(-[A-Za-z0-9]), ' -- $line); or set short -
        set -l kind (string match -rg '^ {2,6}(?:-[A-Za-z0-9], )?--[a-z0-9-]+[= ](\S+)(?: {2,}.*)?$' -- $line); or set kind -
        echo -- $short $long $kind
    end
end

# Names of the VMs in an inventory, as far as they need no quoting.
function __planner_vms
    test -f "$argv[1]"; and string match -rg '^\[vm +([A-Za-z0-9._-]+)\]' <$argv[1]
end

# Ids of rules.
function __planner_rules
    $argv[1] explain rules 2>/dev/null </dev/null | string match -rg '^(\S+)'
end

# Candidates for the argument of an option, by the word that --help shows for it; $argv[2] is what
# was typed of it, $argv[3] what stands before it in the word, $argv[4] the program.
function __planner_argument
    switch $argv[1]
        case '*URI*'
            printf "$argv[3]%s\n" qemu:///system qemu:///session test:///default
        case DIR
            string replace -r '^' -- "$argv[3]" (__fish_complete_directories "$argv[2]" '')
        case '*FILE*' '*DIR*' '*XML*'
            string replace -r '^' -- "$argv[3]" (__fish_complete_path "$argv[2]" '')
        case 'ID,...'
            string replace -r '^' -- "$argv[3]"(string match -r '.*,' -- $argv[2]; or echo) (__planner_rules $argv[4])
        case 'NAME,...'
            string replace -r '^' -- "$argv[3]"(string match -r '.*,' -- $argv[2]; or echo) ($argv[4] emit --list-names 2>/dev/null </dev/null)
        case '*|*'
            string replace -r '^' -- "$argv[3]" (string split '|' -- $argv[1])
    end
end

function __planner_complete
    set -l line (commandline -opc)
    set -l current (commandline -ct)
    set -l program $line[1]
    set -l command $line[2]
    if test (count $line) -eq 1
        if string match -q -- '-*' "$current"
            printf '%s\n' --help --version
        else
            __planner_commands $program
        end
        return
    end
    if test "$command" = help
        test (count $line) -eq 2; and __planner_commands $program
        return
    end
    # Only what `planner --help` names is run with --help.
    contains -- "$command" (__planner_commands $program); or return

    set -l rows (__planner_options $program $command)
    set -l wants
    set -l skip
    set -l inventory
    set -l names
    for word in $line[3..]
        set wants
        if test -n "$skip"
            contains -- $skip --inventory --from; and set inventory $word
            set skip
            continue
        end
        if not string match -rq -- '^-.' "$word"
            set -a names $word
            continue
        end
        string match -q -- '--inventory=*' "$word"; and set inventory (string replace -r '^[^=]*=' '' -- $word)
        for row in $rows
            set -l parts (string split ' ' -- $row)
            if test "$parts[3]" != -; and contains -- "$word" $parts[1] $parts[2]
                set wants $parts[3]
                set skip $parts[2]
            end
        end
    end

    if test -n "$skip" -a -n "$wants"
        __planner_argument $wants "$current" '' $program
    else if string match -q -- '--*=*' "$current"
        set -l option (string replace -r '=.*' '' -- $current)
        for row in $rows
            set -l parts (string split ' ' -- $row)
            if test "$parts[2]" = "$option" -a "$parts[3]" != -
                __planner_argument $parts[3] (string replace -r '^[^=]*=' '' -- $current) "$option=" $program
            end
        end
    else if string match -q -- '-*' "$current"
        for row in $rows
            echo -- (string split ' ' -- $row)[2]
        end
    else if contains -- "$command" emit fleet; and test (count $names) -eq 0
        $program $command --list-names 2>/dev/null </dev/null
    else if test "$command" = explain -a (count $names) -eq 0
        printf '%s\n' vm cpu rules
        __planner_rules $program
    else if contains -- "$command/$names[1]" explain/vm emit/domain emit/virsh; or test "$command" = migrate
        __planner_vms (string replace -r '^~/' "$HOME/" -- "$inventory")
    else if contains -- "$command" diff measure check fit fleet replay
        __fish_complete_path "$current" ''
    end
end

complete -c planner -f -a '(__planner_complete)'
