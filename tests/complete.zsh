# SPDX-License-Identifier: MIT
# What zsh would offer for a line, one a line, with the builtins that only its line editor has played
# by functions. Usage: zsh -f tests/complete.zsh LINE
compadd() {
    local -a offered
    if [[ $1 == -a ]]; then
        offered=("${(@P)2}")
    else
        offered=("${@[2,-1]}")
    fi
    print -rl -- ${(M)offered:#${PREFIX}*}
}
compset() {
    PREFIX=${PREFIX#*=}
}
_files() {
    local -a offered
    [[ ${1-} == -/ ]] && offered=(${~${(b)PREFIX}}*(N/)) || offered=(${~${(b)PREFIX}}*(N))
    print -rl -- $offered
}
words=("${(@s: :)1}") CURRENT=${#words} PREFIX=${words[-1]}
source cmd/completion/_planner
