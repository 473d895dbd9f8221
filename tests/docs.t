#!/bin/bash
# SPDX-License-Identifier: MIT
# Help, manual and completion say the same. The commands are those of `planner --help`, the options
# those of each command's --help; nothing is listed here.
set -euo pipefail
cd "$(dirname "$0")/.."
planner=${PLANNER-$PWD/build/bin/planner}
PATH=$(dirname "$planner"):$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

number=0 failed=0
that() { # that NAME COMMAND…: the command succeeds; what it prints is the diagnosis
    local name=$1 log
    shift
    number=$((number + 1))
    if log=$("$@" 2>&1); then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        printf '# %s\n' "${log//$'\n'/$'\n'# }"
        failed=1
    fi
}
same() { # same EXPECTED ACTUAL
    diff -u <(printf '%s\n' "$1") <(printf '%s\n' "$2")
}
has_word() { # has_word TEXT WORD: WORD stands in TEXT, not as a part of a longer word
    grep -qE -- "(^|[^A-Za-z0-9-])$2($|[^A-Za-z0-9-])" <<<"$1" || {
        echo "$2 is not in it"
        return 1
    }
}

# Completion as bash would do it: the line so far → candidates, one per line.
# shellcheck source=cmd/completion/planner.bash
source cmd/completion/planner.bash
# shellcheck disable=SC2034
complete_line() {
    COMP_LINE=$1 COMP_POINT=${#1}
    COMPREPLY=()
    _planner planner "${1##* }" ''
    [[ ${#COMPREPLY[@]} -eq 0 ]] || printf '%s\n' "${COMPREPLY[@]}"
}
offers() { # offers LINE WORD
    local words
    words=$(complete_line "$1")
    grep -qxF -e "$2" <<<"$words" || {
        echo "'$1' is not completed with '$2', but with:" "$words"
        return 1
    }
}

# The same of the other shells, sorted; nothing where the shell is not here.
complete_zsh() {
    zsh -f tests/complete.zsh "$1" | sed '/^$/d' | LC_ALL=C sort
}
complete_fish() {
    # shellcheck disable=SC2016
    fish --no-config -c 'source cmd/completion/planner.fish; complete -C $argv[1]' -- "$1" | cut -f1 | LC_ALL=C sort
}
shells=''
for shell in zsh fish; do
    if command -v "$shell" >/dev/null; then
        shells="$shells $shell"
    else
        number=$((number + 1))
        echo "ok $number - completion of $shell # SKIP no $shell"
    fi
done
in_shells() { # in_shells WHAT LINE WORDS: each of them offers WORDS for LINE
    local shell
    for shell in $shells; do
        that "completion of $shell offers $1" same "$(LC_ALL=C sort <<<"$3")" "$("complete_$shell" "$2")"
    done
}

help=$("$planner" --help)
commands=$(sed -n '/^Commands:/,/^$/s/^  *\([a-z][a-z-]*\) .*/\1/p' <<<"$help")
that 'planner --help lists commands' test -n "$commands"
that 'planner help is planner --help' same "$help" "$("$planner" help)"
that 'completion offers these commands' same "$commands" "$(complete_line 'planner ')"
in_shells 'these commands' 'planner ' "$commands"

rendered() { # rendered PAGE: the text of man/PAGE
    mandoc -T ascii "man/$1" 2>/dev/null | sed 's/.\x08//g'
}
section() { # section PAGE TITLE: the lines of this section of the rendered PAGE
    sed -n "/^$2\$/,/^[A-Z]/p" <<<"$1"
}
front=$(rendered planner.1) || front=
common=$(section "$front" OPTIONS)
lint() {
    local found
    found=$(mandoc -T lint -W warning "$1" 2>&1) && [[ -z $found ]] && return
    echo "$found"
    return 1
}
for page in man/*.[1-8]; do
    that "mandoc has nothing to say about $page" lint "$page"
done

names_neighbours() { # names_neighbours HELP COMMAND: others, which there are, or what is no command of ours
    local line named
    for line in 'Before it: ' 'After it: '; do
        grep -q "^$line *[a-z]" <<<"$1" || {
            echo "no line '$line'"
            return 1
        }
    done
    named=$(sed -n '/^Before it:/,/^Manual:/p' <<<"$1" | tr -s '\n ' ' ' | grep -oE 'planner [a-z]+' | cut -d' ' -f2)
    [[ -n $named ]] && ! grep -vxF "$commands" <<<"$named" && ! grep -qxF "$2" <<<"$named"
}

options_of() {
    sed -n 's/^ \{2,6\}\(-[A-Za-z0-9], \)\{0,1\}\(--[a-z][a-z0-9-]*\).*/\2/p' <<<"$1"
}
for command in $commands; do
    [[ $command != help ]] || continue
    status=0
    text=$("$planner" "$command" --help) || status=$?
    that "planner $command --help exits 0" test "$status" -eq 0
    that "planner $command --help starts with its usage" \
        grep -qE "^Usage: planner $command( |\$)" <<<"${text%%$'\n'*}"
    that "planner help $command is the same" same "$text" "$("$planner" help "$command")"
    that "planner $command --help has an example" grep -qE "^ +planner .*\b$command\b" <<<"$text"
    that "planner $command --help says what comes before and after it" names_neighbours "$text" "$command"
    page=$(rendered "planner-$command.1") || page=
    synopsis=$(section "$page" SYNOPSIS)
    own=$(section "$page" OPTIONS)
    that "planner.1 COMMANDS has planner-$command(1)" has_word "$(section "$front" COMMANDS)" "planner-$command\(1\)"
    that "planner-$command.1 SYNOPSIS has planner $command" has_word "$synopsis" "planner $command"
    that "planner-$command.1 has EXAMPLES" grep -qE "^ +planner $command\b" <<<"$(section "$page" EXAMPLES)"
    that "planner $command --help names its page" has_word "$text" "planner-$command\(1\)"
    that "completion offers the options of planner $command" \
        same "$(options_of "$text")" "$(complete_line "planner $command -")"
    in_shells "the options of planner $command" "planner $command --" "$(options_of "$text")"
    for option in $(options_of "$text"); do
        letter=$(sed -n "s/^ *\(-[A-Za-z0-9]\), $option\b.*/\1/p" <<<"$text")
        [[ $option == --help ]] ||
            that "planner-$command.1 SYNOPSIS has $option" has_word "$synopsis" "(${letter:-$option}|$option)"
        that "planner-$command.1 or planner.1 OPTIONS has $option" has_word "$own $common" "$option"
    done
done

artifacts=$("$planner" emit --list-names)
that 'planner emit --list-names lists artifacts' test -n "$artifacts"
described=$(section "$(rendered planner-emit.1)" ARTIFACTS)
for artifact in $artifacts; do
    that "planner-emit.1 ARTIFACTS has $artifact" has_word "$described" "$artifact"
done

that 'completion offers colours' \
    same $'auto\nalways\nnever' "$(complete_line 'planner plan --color ')"
that 'completion completes the beginning of a word' \
    same always "$(complete_line 'planner plan --color al')"
that 'completion completes after an equals sign' \
    same always "$(complete_line 'planner plan --color=al')"
that 'completion offers what readline replaces of a URI: what follows its colon' \
    same ///system "$(COMP_WORDBREAKS=$' \t\n"=:' complete_line 'planner plan -c qemu:///sy')"
that 'completion offers the options of planner itself' same --version "$(complete_line 'planner --v')"
in_shells colours 'planner plan --color ' $'auto\nalways\nnever'
in_shells 'the beginning of a word' 'planner plan --color al' always
in_shells 'the artifacts' 'planner emit ' "$artifacts"
questions=$("$planner" fleet --list-names)
that 'planner fleet --list-names lists sub-commands' test -n "$questions"
that 'completion offers the sub-commands of fleet' same "$questions" "$(complete_line 'planner fleet ')"
in_shells 'the sub-commands of fleet' 'planner fleet ' "$questions"
for question in $questions; do
    that "planner-fleet.1 has planner fleet $question" has_word "$(rendered planner-fleet.1)" "fleet $question"
done
while read -r name; do
    file=${name%)}
    that "there is a page $name" test -f "man/${file/\(/.}"
done < <(grep -rhoE '\bplanner(-[a-z-]+)?\([1-8]\)' cmd planner templates README.md CONTRIBUTING.md man | sort -u)
sections_named() { # sections_named PAGE: each .Sx of it is a section of it
    ! grep -oE '^\.Sx [A-Z][A-Z -]*[A-Z]' "$1" | cut -c5- | grep -vxFf <(sed -n 's/^\.S[hs] //p' "$1")
}
for page in man/*.[1-8]; do
    that "$page has the sections that it names" sections_named "$page"
done
while read -r name; do
    that "there is a page $name" test -f "man/$name"
done < <(grep -rhoE '^\.Xr planner[a-z-]* [1-8]' man | cut -d' ' -f2,3 --output-delimiter=. | sort -u)
rules=$("$planner" explain rules | cut -d' ' -f1)
that 'completion offers the rules' same "$rules" "$(complete_line 'planner check --rule ')"
that 'completion offers rules after a comma' \
    same irq.on-isolated,vm.core-shared "$(complete_line 'planner check --rule irq.on-isolated,vm.core-s')"
that 'completion offers artifacts to skip' same grub,grubby "$(complete_line 'planner emit --all --skip grub,grubb')"
that 'completion offers what explain takes' same $'vm\ncpu\nrules'$'\n'"$rules" "$(complete_line 'planner explain ')"
in_shells 'the rules' 'planner check --rule ' "$rules"
in_shells 'what explain takes' 'planner explain ' $'vm\ncpu\nrules'$'\n'"$rules"
in_shells 'rules after a comma' 'planner check --skip irq.on-isolated,vm.core-s' irq.on-isolated,vm.core-shared
in_shells 'artifacts to skip' 'planner emit --all --skip grub,grubb' grub,grubby
in_shells 'the options of planner itself' 'planner --v' --version
in_shells 'the commands after help' 'planner help pl' plan
touch "$work/planner-inventory.ini"
in_shells files "planner plan -i $work/planner-i" "$work/planner-inventory.ini"
mkdir "$work/planner-folder"
that 'completion offers files' \
    offers "planner plan -i $work/planner-i" "$work/planner-inventory.ini"
that 'completion offers files to check' \
    offers "planner check $work/planner-i" "$work/planner-inventory.ini"
that 'completion offers files after an equals sign' \
    offers "planner plan --inventory=$work/planner-i" "$work/planner-inventory.ini"
that 'completion offers folders where only these fit' \
    same "$work/planner-folder" "$(complete_line "planner emit --templates $work/planner-")"
that 'completion offers the artifacts' \
    same "$("$planner" emit --list-names)" "$(complete_line 'planner emit ')"

# Hostile names: read, never run.
cat >"$work/inventory.ini" <<INVENTORY
[vm web-1]
[vm \$(touch $work/ran)]
[vm \`touch $work/ran\`]
[vm db-1]
INVENTORY
that 'completion offers the VMs of an inventory' \
    same $'web-1\ndb-1' "$(complete_line "planner emit -i $work/inventory.ini domain ")"
that 'completion offers them to explain and to virsh' \
    same $'web-1\ndb-1\nweb-1\ndb-1' "$(complete_line "planner explain -i $work/inventory.ini vm "
        complete_line "planner emit -i $work/inventory.ini virsh ")"
in_shells 'the VMs to explain' "planner explain -i $work/inventory.ini vm " $'web-1\ndb-1'
in_shells 'files to check' "planner check $work/planner-i" "$work/planner-inventory.ini"
in_shells 'the VMs of an inventory' "planner emit -i $work/inventory.ini domain " $'web-1\ndb-1'
if [[ $shells == *zsh* ]]; then
    # shellcheck disable=SC2016
    that 'zsh finds the completion' same _planner "$(zsh -f -c 'fpath=(cmd/completion $fpath)
        autoload -U compinit; compinit -u -D; print $_comps[planner]')"
fi
mkdir "$work/bin"
cat >"$work/bin/planner" <<'PROGRAM'
#!/bin/sh
cat <<TEXT
Commands:
  plan       \$(touch \$RAN) \`touch \$RAN\`

  \$(touch \$RAN)
  -x, --x\$(touch \$RAN) \$(touch \$RAN)
      --color \$(touch \$RAN)|b
\$(touch \$RAN)
TEXT
PROGRAM
chmod +x "$work/bin/planner"
hostile() {
    export RAN=$work/ran
    PATH=$work/bin:$PATH
    for line in 'planner ' 'planner plan -' 'planner plan --color ' 'planner plan --color=' 'planner emit '; do
        complete_line "$line"
        for shell in $shells; do
            "complete_$shell" "$line"
        done
    done
    [[ ! -e $work/ran ]]
}
that 'completion evaluates nothing it read' hostile

echo "1..$number"
exit $failed
