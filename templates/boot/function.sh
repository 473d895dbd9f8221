# planner_words LINE [NEW]: LINE without the words that isolate CPUs, NEW after the rest, but before
# a "--": what follows that is not the kernel's.
planner_words() (
    set -f
    kept='' new=$${2-} open='' mine='' past=''
    for word in $$1; do
        if [ -z "$$open$$past" ]; then
            mine=''
            case $${word#\"} in
            isolcpus | isolcpus=* | irqaffinity | irqaffinity=*) mine=yes ;;
            nohz[_-]full | nohz[_-]full=* | rcu[_-]nocbs | rcu[_-]nocbs=*) mine=yes ;;
${patterns}            --) past=yes kept="$$kept$${new:+ $$new}" new='' ;;
            esac
        fi
        [ "$$mine" ] || kept="$$kept $$word"
        # A quoted value may hold blanks: up to the closing quote it is one word.
        while [ "$$word" != "$${word#*\"}" ]; do
            word=$${word#*\"}
            if [ "$$open" ]; then open=''; else open=yes; fi
        done
    done
    kept="$$kept$${new:+ $$new}"
    printf '%s' "$${kept# }"
)
