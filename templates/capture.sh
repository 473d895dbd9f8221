#!/bin/sh
# SPDX-License-Identifier: MIT
# Capture a node that has no planner: what planner reads of it, without secrets, as a tar file.
#
#   planner-capture node.tar     on the node, as root; then, anywhere: planner check -r node.tar
#   planner snapshot --script | ssh root@NODE sh >node.tar     without copying it there
#
# It needs a POSIX shell, awk, find, grep, tar and xargs, as busybox has them. All it writes is the
# file and a private folder in $TMPDIR (/tmp), which it removes. What it cannot read it says, and so
# does the capture. ROOT=/host captures the node whose / is /host; libvirt is asked then only where
# VIRSH='chroot /host virsh' says how.
# shellcheck disable=SC2012,SC2013,SC2016,SC2086,SC2094,SC2231

# Words of kernel lines, settings and QEMU's arguments; what is not named here may be a secret.
# A function returns what is kept.
words='
function set(names, text,   list, i) {
    for (i = split(text, list, " "); i > 0; i--) names[list[i]] = 1
}
function begins(text, list,   part, i) {
    for (i = split(list, part, " "); i > 0; i--) if (index(text, part[i]) == 1) return 1
    return 0
}
function strip(text) { sub(/^[ \t\r\v\f]+/, "", text); sub(/[ \t\r\v\f]+$/, "", text); return text }
function tunes(name) {
    gsub(/-/, "_", name)
    return name in tuning || begins(name, "@tuning-modules@")
}
function clean_word(word,   at, quoted, name, value) {
    at = index(word, "=")
    if (!at)
        return (length(word) <= 64 && word ~ /^[$]?[a-z_.-]+$/) || tunes(word) || word in plain ? word : "@left-out@"
    quoted = word ~ /^"/
    name = substr(word, 1 + quoted, at - 1 - quoted)
    if (length(name) > 64 || name !~ /^[A-Za-z0-9_.-]+$/) return "@left-out@"
    value = substr(word, at + 1)
    if (value ~ /[ \t\r\v\f]/ && value !~ /^[0-9,:\/" \t\r\v\f-]*$/) return name "=@left-out@"
    if (tunes(name) || name in plain) return word
    if (begins(name, "@list-names@") && value ~ /^[0-9,-]*$/) return word
    return name "=@left-out@"
}
function clean(line,   out, word, inits, kept) {
    while ((line = strip(line)) != "") {
        match(line, /^([^" \t\r\v\f]|"[^"]*("|$))+/)
        word = substr(line, 1, RLENGTH)
        line = substr(line, RLENGTH + 1)
        kept = word
        if (word != "--" && (out !~ /,$/ || word !~ /^[0-9,:\/-]+$/)) {
            kept = clean_word(word)
            if (inits && (kept != word || word !~ /=/)) kept = "@left-out@"
        }
        out = out (out == "" ? "" : " ") kept
        if (word == "--") inits = 1
    }
    return out
}
function xml(text) {
    gsub(/&lt;/, "<", text); gsub(/&gt;/, ">", text); gsub(/&quot;/, "\"", text)
    gsub(/&apos;/, "\047", text); gsub(/&amp;/, "\\&", text)
    return text
}
function unquote(text) {
    text = strip(text)
    return text ~ /^".*"$/ || text ~ /^\047.*\047$/ ? substr(text, 2, length(text) - 2) : text
}
# An object or a device that is about vCPUs or memory.
function kept_thing(option, value,   kind) {
    kind = value
    if (kind ~ /^[{]/ && match(kind, /"qom-type":|"driver":/)) {
        kind = substr(kind, RSTART + RLENGTH)
        sub(/^[ "]+/, "", kind)
    }
    sub(/^(qom-type|driver)=/, "", kind)
    sub(/[,"].*/, "", kind)
    return option == "object" ? kind ~ /^memory-backend-/ : kind ~ /-cpu|^pc-dimm|^virtio-mem/
}
# The numbers of those of N arguments in ARGS that are kept; the first may be the program.
function kept_args(args, n,   i, option, kept) {
    i = n && args[1] !~ /^-/ ? 2 : 1
    kept = i == 2 ? " 1" : ""
    for (; i <= n; i++) {
        option = args[i]
        if (!sub(/^--?/, "", option)) continue
        if (option == "object" || option == "device") {
            if (i < n && kept_thing(option, args[i + 1])) { kept = kept " " i " " i + 1; i++ }
        } else if (option in options) {
            kept = kept " " i
            if (i < n) kept = kept " " ++i
        } else if (option in switches) kept = kept " " i
    }
    return kept
}
BEGIN {
    set(tuning, "@tuning@"); set(plain, "@plain@"); set(settings, "@settings@"); set(status, "@status@")
    set(options, "@qemu-options@"); set(switches, "@qemu-switches@")
}'

# What is kept from the output of grep -H over a list of files; files without a line go to LEFT.
keep='
function kind_of(path) {
    if (path ~ /^proc\/[0-9]+\/task\//) return path ~ /\/stat$/ ? "stat" : path ~ /\/status$/ ? "status" : ""
    if (path == "proc/cmdline" || path == "etc/kernel/cmdline") return "line"
    if (path ~ /\/loader\/entries\//) return "entry"
    if (path ~ /\/grub[.]cfg$/) return "grub"
    if (path ~ /\/grubenv$/) return "grubenv"
    if (path == "etc/cos/bootargs.cfg") return "grub-set"
    if (path ~ /^etc\/default\/grub|^etc\/tuned\/bootcmdline$|^etc\/(zipl|update-extlinux)[.]conf$/) return "line-setting"
    if (path ~ /\/loader[.]conf$/) return "loader"
    if (path ~ /\/(extlinux|syslinux)[.](conf|cfg)$/) return "syslinux"
    if (path ~ /\/irqbalance$|\/systemd\/system[.]conf/) return "setting"
    if (path ~ /\/irqbalance[.]service[.]d\//) return "environment"
    if (path ~ /\/tuned[.]conf$/) return "tuned"
    return ""
}
function say(text) { print text >out; said = 1 }
function start() {
    finish()
    out = tree "/" path[at]; kind = kind_of(path[at]); seen[at] = 1
    said = 0; text = ""; section = ""; opened = 1
}
function finish(   end, i, n, field) {
    if (!opened) return
    if (kind == "stat") { # all but state, parent, flags, CPU, priority and policy are addresses and the like
        while (i = index(substr(text, end + 1), ")")) end += i
        n = split(substr(text, end + 1), field, " ")
        text = substr(text, 1, end)
        for (i = 1; i <= n; i++) text = text " " (i ~ /^(1|2|7|37|38|39)$/ ? field[i] : 0)
        say(text)
    }
    if (!said) say("")
    close(out)
}
function environment(line,   word) { # Environment="NAME=VALUE" NAME=VALUE: those of irqbalance
    if (line !~ /^Environment=/) return
    sub(/^Environment=/, "", line)
    if (line == "") say("Environment=")
    while (match(line, /^[ \t]*([^"\047 \t]|"[^"]*"|\047[^\047]*\047)+/)) {
        word = substr(line, 1, RLENGTH)
        line = substr(line, RLENGTH + 1)
        gsub(/["\047]/, "", word)
        word = strip(word)
        if (word ~ /^IRQBALANCE_/) say("Environment=\"" word "\"")
    }
}
function line_setting(line,   name, at) {
    sub(/^export /, "", line)
    at = index(line, "=")
    name = strip(substr(line, 1, at - 1))
    if (name !~ /^(GRUB_CMDLINE_LINUX(_DEFAULT)?|TUNED_BOOT_CMDLINE|parameters|default_kernel_opts)$/) return
    say(name "=\"" clean(unquote(substr(line, at + 1))) "\"")
}
function take(line,   stripped, name, n, i, list) {
    stripped = strip(line)
    name = stripped
    sub(/[ \t=].*/, "", name)
    if (kind == "") say(line)
    else if (kind == "stat") text = text (text == "" ? "" : "\n") line
    else if (kind == "status") { sub(/:.*/, "", name); if (name in status) say(line) }
    else if (kind == "line") say(clean(line))
    else if (kind == "entry") { if (stripped ~ /^options[ \t]/) say("options " clean(substr(stripped, 9))) }
    else if (kind == "grub") {
        if (stripped ~ /^linux(16|efi)?[ \t]/) {
            match(stripped, /^[^ \t]+[ \t]+[^ \t]*/)
            say(substr(stripped, 1, RLENGTH) " " clean(substr(stripped, RLENGTH + 1)))
        } else if (stripped ~ /^(menuentry|submenu)[ \t]|^set default=|^blscfg$|^}$/) say(stripped)
    } else if (kind == "grubenv") {
        if (name ~ /^(kernelopts|tuned_params|third_party_kernel_args)$/) say(name "=" clean(unquote(substr(stripped, length(name) + 2))))
        else if (name == "saved_entry") say(stripped)
    } else if (kind == "grub-set") {
        if (stripped ~ /^set (kernelcmd|[^=]*_params)=/) {
            name = substr(stripped, 5)
            sub(/=.*/, "", name)
            say("set " name "=" clean(unquote(substr(stripped, length(name) + 6))))
        }
    } else if (kind == "line-setting") line_setting(stripped)
    else if (kind == "loader") { if (stripped ~ /^default[ \t]/) say(stripped) }
    else if (kind == "syslinux") {
        name = tolower(name)
        if (name == "append") {
            n = split(substr(stripped, 7), list, /[ \t]+/)
            for (i = 1; i <= n; i++) if (list[i] !~ /[$]/) text = text " " list[i]
            say("append " clean(text))
            text = ""
        } else if (name ~ /^(label|default)$/ || tolower(stripped) ~ /^menu[ \t]+default([ \t]|$)/) say(stripped)
    } else if (kind == "setting") {
        sub(/^export /, "", name)
        if (stripped ~ /^export /) { name = substr(stripped, 8); sub(/[ \t=].*/, "", name) }
        if (name in settings) say(stripped)
        else if (stripped ~ /^\[/) say(stripped == "[Manager]" ? stripped : "[]")
    } else if (kind == "environment") environment(stripped)
    else if (kind == "tuned") {
        if (stripped ~ /^\[/) section = stripped
        if (section == "[main]" && stripped ~ /^include.*=/) {
            n = split(substr(stripped, index(stripped, "=") + 1), list, /[ \t,;]+/)
            text = ""
            for (i = 1; i <= n; i++) if (list[i] != "" && list[i] !~ /[\/$]/) text = text " " list[i]
            say("[main]\ninclude=" strip(text))
        }
    }
}
FNR == NR { path[++n] = $0; next }
{
    if (index($0, path[at] ":") != 1 || !at) {
        for (i = at + 1; i <= n && index($0, path[i] ":") != 1; i++);
        if (i > n) next
        at = i
        start()
    }
    take(substr($0, length(path[at]) + 2))
}
END {
    finish()
    for (i = 1; i <= n; i++) if (!(i in seen)) print path[i] >left
}'

# A domain of virsh dumpxml, one tag at a time: an allow-list of paths says what is kept.
domain='
function kept_element(rule, name, known) {
    if (rule == "domain") return name in of_domain || name ~ /commandline/
    if (rule == "os") return name in of_os
    if (rule == "devices") return name in of_devices
    if (rule == "device") return name in of_device
    if (rule == "passed") return name in of_passed
    if (rule == "further") return name in of_further
    return rule == "metadata" ? known : rule == "" && name == "domain"
}
function rule_below(rule, name, type) {
    if (rule == "") return "domain"
    if (rule == "domain" && name ~ /^(os|devices|metadata)$/) return name
    if (rule == "domain" && name ~ /commandline/) return "args"
    if (rule == "devices") return name == "hostdev" && type == "pci" ? "passed" : "device"
    return rule == "metadata" ? "nothing" : "further"
}
function element(   name, rest, text, end, attributes, one, key, value, type, known, rule, of_xml) {
    rule = rules[depth]
    match($0, /^[^ \t\n\/>]+/)
    name = substr($0, 1, RLENGTH)
    rest = substr($0, RLENGTH + 1)
    while (match(rest, /^[ \t\n]+[^ \t\n=\/>]+=("[^"]*"|\047[^\047]*\047)/)) {
        one = substr(rest, 1, RLENGTH)
        rest = substr(rest, RLENGTH + 1)
        sub(/^[ \t\n]+/, "", one)
        key = substr(one, 1, index(one, "=") - 1)
        value = substr(one, length(key) + 3, length(one) - length(key) - 3)
        if (key == "type") type = value
        of_xml = key ~ /^xmlns(:|$)/
        if (of_xml && rule == "metadata" && begins(value, "@namespaces@")) known = 1
        if (of_xml && rule == "" && value !~ /^http:\/\/libvirt[.]org\/schemas\//) continue
        if (of_xml && rule !~ /^(metadata)?$/) continue
        if (!of_xml && (rule == "metadata" || !(key in attributes_kept))) {
            if (rule == "args" && key == "value") arg = value
            continue
        }
        attributes = attributes " " one
    }
    end = rest ~ /^[ \t\n]*\/>/
    text = rest
    sub(/^[ \t\n]*\/?>/, "", text)
    if (rule == "args" && name ~ /(^|:)arg$/) { args[++count] = xml(arg); raw[count] = arg; tag = name }
    if (on[depth] && kept_element(rule, name, known)) {
        printf "<%s%s%s", name, attributes, end ? "/>\n" : ">"
        if (!end && name in texts) printf "%s", text
        if (!end) on[depth + 1] = 1
    } else on[depth + 1] = 0
    if (!end) { depth++; rules[depth] = rule_below(rule, name, type); names[depth] = name }
}
function leave(   n, i, number) {
    if (on[depth] && rules[depth] == "args") {
        n = split(kept_args(args, count), number, " ")
        for (i = 1; i <= n; i++)
            if (number[i] > 1) printf "<%s value=\047%s\047/>\n", tag, raw[number[i]]
    }
    if (on[depth]) printf "</%s>\n", names[depth]
    depth--
}
BEGIN {
    RS = "<"; depth = 0; on[0] = 1; rules[0] = ""; args[count = 1] = "-"
    set(of_domain, "@domain@"); set(of_os, "@os@"); set(of_devices, "@devices@"); set(of_device, "@device@")
    set(of_passed, "@passed@"); set(of_further, "@further@"); set(attributes_kept, "@attributes@")
    set(texts, "@texts@")
}
NR == 1 { next }
skip != "" { if (index($0, skip)) skip = ""; next }
/^!--/ { if (!index($0, "-->")) skip = "-->"; next }
/^!\[CDATA\[/ { if (!index($0, "]]>")) skip = "]]>"; next }
/^[!?]/ { next }
/^\// { leave(); next }
{ element() }'

# The name of such a domain: as a file, and as JSON has it.
naming='
function json(text,   out, i, c) {
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        out = out (c == "\"" || c == "\\" ? "\\" c : c in code && code[c] < 32 ? sprintf("\\u%04x", code[c]) : c)
    }
    return out
}
function file(text,   out, i, c) {
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        out = out (c ~ /[A-Za-z0-9_.~ -]/ || !(c in code) ? c : sprintf("%%%02X", code[c]))
    }
    sub(/^[.]/, "%2E", out)
    return out ".xml"
}
BEGIN { for (i = 1; i < 128; i++) code[sprintf("%c", i)] = i }
match($0, /<name>.*<\/name>/) {
    name = xml(substr($0, RSTART + 6, RLENGTH - 13))
    print file(name)
    print json(name)
    exit
}'

# The pages of numa_maps by node: a sum, because the lines name files of the guest.
memory='
/ file=(\/usr\/|\/lib|\/bin\/|\/sbin\/)/ { next }
/ file=/ && !/ (dirty|anon)=| huge / { next }
match($0, /kernelpagesize_kB=[0-9]+/) {
    page = substr($0, RSTART + 18, RLENGTH - 18)
    for (i = 1; i <= NF; i++)
        if ($i ~ /^N[0-9]+=[0-9]+$/) { split(substr($i, 2), pair, "="); sum[pair[1]] += pair[2] * page }
}
END {
    line = "sum"
    for (node in sum) line = line sprintf(" N%d=%.0f", node, sum[node])
    print line " kernelpagesize_kB=1"
}'

# The refusal that QEMU wrote since its VM was last started.
refusal='
/starting up libvirt version/ { line = "" }
/guest stopping CPU not supported/ { line = $0 }
END { if (line != "") print line }'

# The groups of the file of -readconfig that concern CPUs and memory.
config='
function group() {
    if (head ~ /^\[(machine|smp-opts|memory|overcommit)\]$/ || (head ~ /^\[object "/ && kept_thing("object", kind)) ||
        (head ~ /^\[device "/ && kept_thing("device", kind))) printf "%s", text
    head = kind = text = ""
}
/^[ \t]*\[/ { group(); head = strip($0) }
/^[ \t]*(qom-type|driver)[ \t]*=/ { kind = unquote(substr($0, index($0, "=") + 1)) }
/^[ \t]*[#;]/ { next }
{ text = text $0 "\n" }
END { group() }'

die() {
    printf 'planner-capture: %s\n' "$1" >&2
    exit 2
}

# SOURCE could not be read, for the reason WHY: the capture says so, and so does this script.
remark() { printf '%s\t%s\n' "$1" "$2" >>"$dir/tree/planner/remarks"; }

# FILE exists, but cannot be read: cat said WHY. A file that is gone, such as a task's, is no failure.
failed() {
    case $2 in
    *'No such '* | *'Not a directory'* | *'Is a directory'*) return ;;
    *'ermission denied'* | *'not permitted'*) [ "$(id -u)" -eq 0 ] && number=1 || number=13 ;;
    *'nvalid argument'*) number=22 ;;
    *busy*) number=16 ;;
    *) number=5 ;;
    esac
    printf '%s %s\n' "$number" "$1" >>"$dir/tree/planner/failures"
}

# The bytes of FILE in $dir/raw; false where it cannot be read.
raw() {
    why=$(cat "$1" 2>&1 >"$dir/raw") && return
    failed "$1" "$why"
    return 1
}

missing() {
    for file; do
        [ -e "$file" ] || remark "/$file" "$absent"
    done
}

# The FILES that exist, except this script's own.
files() {
    for file; do
        case $file in "proc/$self/"*) continue ;; esac
        [ ! -f "$file" ] || printf '%s\n' "$file"
    done
}

# What is copied as it is, or line by line. hwloc reads the masks of cores and caches, not the lists,
# whose names end with a t.
paths() {
    cpu=sys/devices/system/cpu node=sys/devices/system/node
    files $cpu/possible $cpu/present $cpu/online $cpu/offline $cpu/isolated $cpu/nohz_full $cpu/smt/control \
        $cpu/vulnerabilities/* $cpu/cpu[0-9]*/online $cpu/cpu[0-9]*/cpu_capacity \
        $cpu/cpu[0-9]*/topology/*[!t] $cpu/cpu[0-9]*/cache/index[0-9]*/*[!t] \
        $cpu/cpu[0-9]*/cpufreq/scaling_governor $cpu/cpu[0-9]*/cpufreq/scaling_driver \
        $cpu/cpu[0-9]*/cpufreq/base_frequency $cpu/cpu[0-9]*/cpufreq/cpuinfo_max_freq \
        $cpu/cpu[0-9]*/cpuidle/state[0-9]*/latency $cpu/cpu[0-9]*/cpuidle/state[0-9]*/disable \
        $cpu/cpu[0-9]*/power/pm_qos_resume_latency_us sys/devices/cpu_atom/cpus sys/devices/cpu_core/cpus
    files $node/online $node/possible $node/has_* $node/node[0-9]*/cpumap $node/node[0-9]*/cpulist \
        $node/node[0-9]*/meminfo $node/node[0-9]*/distance $node/node[0-9]*/access0/initiators/* \
        $node/node[0-9]*/hugepages/hugepages-*/nr_hugepages \
        $node/node[0-9]*/hugepages/hugepages-*/free_hugepages \
        $node/node[0-9]*/hugepages/hugepages-*/surplus_hugepages
    files proc/cmdline proc/cpuinfo proc/meminfo proc/interrupts proc/irq/default_smp_affinity \
        proc/irq/[0-9]*/smp_affinity_list proc/irq/[0-9]*/effective_affinity_list sys/kernel/debug/irq/irqs/[0-9]*
    kernel=proc/sys/kernel
    files $kernel/osrelease $kernel/hostname $kernel/timer_migration $kernel/sched_rt_runtime_us \
        $kernel/sched_rt_period_us $kernel/watchdog $kernel/nmi_watchdog $kernel/soft_watchdog \
        $kernel/watchdog_cpumask $kernel/numa_balancing proc/sys/vm/stat_interval sys/kernel/mm/ksm/run \
        sys/kernel/mm/transparent_hugepage/enabled \
        sys/devices/system/clocksource/clocksource0/current_clocksource \
        sys/devices/system/clocksource/clocksource0/available_clocksource sys/devices/virtual/workqueue/cpumask \
        sys/devices/virtual/workqueue/writeback/cpumask sys/module/kvm/parameters/* \
        sys/module/kvm_intel/parameters/* sys/module/kvm_amd/parameters/* sys/kernel/debug/kvm/[0-9]*/halt_exits
    for task in proc/[0-9]*/task/[0-9]*; do
        files "$task/stat" "$task/status" "$task/cgroup"
    done
    for place in boot/config-$release lib/modules/$release/config usr/lib/modules/$release/config; do
        [ -f "$place" ] && printf '%s\n' "$place" && break
    done
    files etc/os-release etc/unraid-version etc/kernel/cmdline etc/default/grub etc/default/grub.d/*.cfg \
        etc/tuned/bootcmdline etc/zipl.conf etc/update-extlinux.conf \
        boot/grub2/grub.cfg boot/grub/grub.cfg boot/efi/EFI/redhat/grub.cfg boot/grub2/grubenv boot/grub/grubenv boot/efi/EFI/redhat/grubenv oem/grubenv etc/cos/bootargs.cfg \
        boot/loader/loader.conf boot/efi/loader/loader.conf efi/loader/loader.conf \
        boot/loader/entries/*.conf boot/efi/loader/entries/*.conf efi/loader/entries/*.conf \
        boot/extlinux/extlinux.conf boot/syslinux/syslinux.cfg boot/syslinux/extlinux.conf boot/extlinux.conf \
        boot/syslinux.cfg etc/default/irqbalance etc/sysconfig/irqbalance etc/systemd/system.conf \
        etc/tuned/active_profile etc/tuned/*/tuned.conf etc/tuned/profiles/*/tuned.conf \
        usr/lib/tuned/*/tuned.conf usr/lib/tuned/profiles/*/tuned.conf
    for folder in etc run usr/local/lib usr/lib; do
        files $folder/systemd/system.conf.d/*.conf $folder/systemd/system/irqbalance.service.d/*.conf
    done
    files sys/fs/cgroup/cgroup.controllers sys/fs/cgroup/unified/cgroup.controllers
    find sys/fs/cgroup -name cpuset.cpus -o -name cpuset.cpus.effective -o -name cpuset.cpus.partition \
        -o -name cpuset.cpus.isolated -o -name cpuset.cpu_exclusive -o -name cpuset.effective_cpus \
        -o -name cpu.max -o -name cpu.cfs_quota_us -o -name cpu.cfs_period_us 2>/dev/null
}

# For xargs, which splits at blanks and knows quotes.
quoted() { sed 's,[^A-Za-z0-9_./-],\\&,g'; }

# What is kept of the files in $dir/list. grep reads them all at once, and goes on where one cannot be read.
copy() {
    [ -s "$dir/list" ] || return 0
    sed 's,/[^/]*$,,' "$dir/list" | sort -u | quoted | (cd "$dir/tree" && xargs mkdir -p)
    : >"$dir/left"
    quoted <"$dir/list" | xargs grep -aH '' 2>/dev/null |
        awk -v tree="$dir/tree" -v left="$dir/left" "$words$keep" "$dir/list" -
    while IFS= read -r file; do
        raw "$file" || continue
        if [ -s "$dir/raw" ]; then
            failed "$file" 'came meanwhile'
        else
            : >"$dir/tree/$file"
        fi
    done <"$dir/left"
}

# The modes of interrupts' files say who may set them.
modes() {
    (cd "$dir/tree" && files proc/irq/[0-9]*/smp_affinity_list) >"$dir/list"
    [ -s "$dir/list" ] || return 0
    xargs ls -l <"$dir/list" 2>/dev/null | awk '{ print $1 ~ /w/ ? 644 : 444, $NF }' >"$dir/modes"
    for mode in 644 444; do
        sed -n "s/^$mode //p" "$dir/modes" | (cd "$dir/tree" && xargs chmod $mode) 2>/dev/null
    done
}

# The kernel's parameters from init's environment.
environment() {
    raw proc/1/environ || return
    tr '\n\000' '\001\n' <"$dir/raw" | awk -v line="$dir/tree/proc/cmdline" "$words"'
        function same(text) { gsub(/-/, "_", text); return text }
        BEGIN { while ((getline one <line) > 0) words = words " " one; gsub(/["\t]/, " ", words); words = same(words) }
        /^[^=]+=/ && index(words, " " same(substr($0, 1, index($0, "=")))) { print clean_word($0) }' |
        tr '\001\n' '\n\000' >"$dir/tree/proc/1/environ"
}

# Processes of QEMU, by their names, those of their threads and their programs: "PID qemu", "PID named".
processes() {
    find "$dir/tree/proc" -name stat -exec awk '
        FNR == 1 {
            n = split(FILENAME, part, "/")
            name = $0
            sub(/^[^(]*\(/, "", name)
            if (name ~ /^CPU [0-9]+\//) print part[n - 3], "named"
            else if (part[n - 1] == part[n - 3] && name ~ /^(qemu-|kvm\))/) print part[n - 3], "qemu"
        }' {} +
    ls -l proc/[0-9]*/exe 2>/dev/null | sed -n \
        -e 's,^.* proc/\([0-9]*\)/exe -> .*/qemu-system-[^/]*$,\1 qemu,p' \
        -e 's,^.* proc/\([0-9]*\)/exe -> .*/qemu-kvm$,\1 qemu,p' -e 's,^.* proc/\([0-9]*\)/exe -> .*/kvm$,\1 qemu,p' \
        -e 's,^.* proc/\([0-9]*\)/exe -> .*/qemu$,\1 qemu,p'
}

# Which thread of QEMU PID is which vCPU, where threads have no names.
descriptors() {
    why=$(ls -l "proc/$1/fd" 2>&1 >"$dir/raw") || failed "proc/$1/fd" "$why"
    awk '/ anon_inode:kvm-vcpu:[0-9]+$/ { print $(NF - 2), $NF }' "$dir/raw" >"$dir/descriptors"
    [ -s "$dir/descriptors" ] || return 0
    mkdir -p "$dir/tree/proc/$1/fd"
    while read -r number target; do
        printf '%s\n' "$target" >"$dir/tree/proc/$1/fd/$number"
    done <"$dir/descriptors"
    for task in proc/$1/task/[0-9]*; do
        tries=0 call=running # a vCPU may be outside KVM_RUN for a moment: ask again
        while [ "$call" = running ] && [ "$tries" -lt 50 ]; do
            tries=$((tries + 1)) call=
            { read -r call <"$task/syscall"; } 2>/dev/null
        done
        [ "$task" = "proc/$1/task/$1" ] || [ -z "$call" ] || printf '%s\n' "$call" >"$dir/tree/$task/syscall"
    done
}

# The one line that matters from libvirt's log of a VM.
log() {
    log=var/log/libvirt/qemu/$1.log
    case $1 in '' | */*) return 0 ;; esac
    [ -f "$log" ] || return 0
    if why=$(tail -c 2097152 "$log" 2>&1 >"$dir/raw"); then
        mkdir -p "$dir/tree/${log%/*}"
        awk "$refusal" "$dir/raw" >"$dir/tree/$log"
    else
        failed "$log" "$why"
    fi
}

# The arguments of each QEMU that concern CPUs and memory, and where its memory is.
qemus() {
    for pid in $(sed 's/ .*//' "$dir/qemu" | sort -u); do
        if raw "proc/$pid/cmdline" && [ -s "$dir/raw" ]; then
            tr '\n\000' '\001\n' <"$dir/raw" | awk "$words"'
                { args[NR] = $0 }
                END { n = split(kept_args(args, NR), number, " "); for (i = 1; i <= n; i++) print args[number[i]] }' \
                >"$dir/arguments"
            tr '\001\n' '\n\000' <"$dir/arguments" >"$dir/tree/proc/$pid/cmdline"
            log "$(awk '/^--?name$/ { getline; sub(/^guest=/, ""); sub(/,.*/, ""); print; exit }' "$dir/arguments")"
            path=$(awk '/^--?readconfig$/ { getline; if (/^\//) print substr($0, 2); exit }' "$dir/arguments")
            # Whoever runs a program called qemu-… names this file: no path out of the tree, nothing endless.
            case /$path/ in */../*) path= ;; esac
            [ -z "$path" ] || missing "$path"
            if [ -f "$path" ] && [ "$(wc -c <"$path")" -le 1048576 ] && raw "$path"; then
                mkdir -p "$dir/tree/${path%/*}"
                awk "$words$config" "$dir/raw" >"$dir/tree/$path"
            fi
        fi
        if raw "proc/$pid/numa_maps" && [ -s "$dir/raw" ]; then
            awk "$memory" "$dir/raw" >"$dir/tree/proc/$pid/numa_maps"
        fi
        grep -q "^$pid named" "$dir/qemu" || descriptors "$pid"
    done
}

uri=qemu:///system
ask() { $virsh -r -c $uri "$@" 2>"$dir/why"; }

# Write the XML of domain UUID, or with --inactive that of its next start, below INTO.
dump() {
    into=$1
    shift
    ask dumpxml "$@" >"$dir/raw" || return
    awk "$words$domain" "$dir/raw" >"$dir/xml"
    awk "$words$naming" "$dir/xml" >"$dir/name"
    { read -r file && read -r name; } <"$dir/name" && mkdir -p "$into" && cp "$dir/xml" "$into/$file"
}

domains() {
    virsh=${VIRSH:-virsh} folder=$dir/tree/planner/domains bad=
    if [ "$ROOT${VIRSH:+x}" = "$ROOT" ] && [ -n "$ROOT" ]; then
        remark "libvirt $uri" 'was not asked: with ROOT, VIRSH says how'
    elif ! command -v "${virsh%% *}" >/dev/null 2>&1; then
        remark "libvirt $uri" 'virsh is not installed'
    elif ! ask version --daemon >"$dir/version" || ! ask list --uuid >"$dir/running" ||
        ! ask list --all --uuid --persistent >"$dir/defined"; then
        remark "libvirt $uri" "$(sed -n 's/^error: //; $p' "$dir/why")"
    else
        mkdir -p "$folder"
        for uuid in $(sort -u "$dir/running" "$dir/defined"); do
            running=false persistent=false name=
            grep -q "^$uuid" "$dir/running" && running=true
            grep -q "^$uuid" "$dir/defined" && persistent=true
            ! $running || dump "$folder/live" "$uuid" || bad=yes
            ! $persistent || dump "$folder" --inactive "$uuid" || bad=yes
            [ -z "$name" ] || printf '%s\n  "running": %s, "persistent": %s, "%s": "%s", "%s": "%s"}' \
                "${comma-} {\"name\": \"$name\", \"uuid\": \"$uuid\"," $running $persistent \
                live_source $uri inactive_source $uri
            [ -z "$name" ] || comma=,
        done >"$dir/listed"
        [ -z "$bad" ] || remark "libvirt $uri" 'did not give the XML of all domains'
        {
            printf '{"format": "planner-domains/1", "source": "%s",\n "domains": [\n' $uri
            cat "$dir/listed"
            printf ']'
            sed -n 's/^Running against daemon: \([0-9.]*\)$/,\n "libvirt": "\1"/p
                s/^Running hypervisor: QEMU \([0-9.]*\)$/,\n "qemu": "\1"/p' "$dir/version"
            printf '}\n'
        } >"$folder/list.json"
    fi
}

# KVM_CHECK_EXTENSION of KVM_CAP_X86_DISABLE_EXITS.
kvm() {
    case $(uname -m) in ppc* | mips* | sparc* | alpha) number=0x2000ae03 ;; *) number=0xae03 ;; esac
    set --
    for python in python3 /usr/libexec/platform-python; do
        command -v $python >/dev/null 2>&1 && set -- $python -I -c \
            "import fcntl; print(fcntl.ioctl(open('dev/kvm'), $number, 143))"
    done
    command -v perl >/dev/null 2>&1 && set -- perl -e \
        'open(F, "<", "dev/kvm") && defined($r = ioctl(F, '$number', 143)) or die "$!\n"; print $r + 0, "\n"'
    if [ ! -e dev/kvm ]; then
        remark /dev/kvm 'is not there: KVM is not loaded'
    elif [ $# -eq 0 ]; then
        remark /dev/kvm 'needs perl or python3 to ask it, and there is neither'
    elif ! "$@" >"$dir/raw" 2>"$dir/why"; then
        remark /dev/kvm "$(sed -n '$p' "$dir/why")"
    else
        cp "$dir/raw" "$dir/tree/planner/kvm-disable-exits"
    fi
}

# Run WHAT for LIMIT tenths of a second at most; where the kernel does not let go of it, go on without it.
within() {
    limit=$1
    shift
    rm -f "$dir/done"
    {
        "$@"
        : >"$dir/done"
    } &
    job=$! waited=0
    while [ ! -e "$dir/done" ]; do
        [ $waited -lt "$limit" ] || { kill $job; return 1; }
        sleep 0.1 2>/dev/null || { sleep 1 && waited=$((waited + 9)); }
        waited=$((waited + 1))
    done
    job=
}

# What could not be read, one line each; the same file of many processes is one line.
report() {
    for file in failures remarks; do
        [ ! -e "$dir/tree/planner/$file" ] || cat "$dir/tree/planner/$file"
    done | awk -F '\t' '
        NF == 1 {
            split($0, part, " ")
            path = "/" substr($0, length(part[1]) + 2)
            gsub(/\/[0-9][0-9]+\//, "/*/", path)
            $0 = path "\t" (part[1] ~ /^(1|13)$/ ? "Permission denied" : "cannot be read (errno " part[1] ")")
        }
        !told[$0]++ { print "planner-capture: not in the capture: " $1 ": " $2 }' >&2
    [ "$(id -u)" -eq 0 ] || echo 'planner-capture: run it as root, so that all can be read' >&2
}

# Files that matter only by being there, and files that a kernel or a machine may lack.
rest() {
    for mark in sys/firmware/efi/efivars/StubInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f \
        etc/nova/nova.conf etc/vdsm/vdsm.conf etc/harvester-release.yaml \
        var/tmp/one/VERSION etc/cloudstack/agent/agent.properties; do
        [ ! -e $mark ] || { mkdir -p "$dir/tree/${mark%/*}" && : >"$dir/tree/$mark"; }
    done
    set -- "$dir"/tree/boot/config-* "$dir"/tree/lib/modules/*/config "$dir"/tree/usr/lib/modules/*/config
    if [ ! -e "$1" ] && [ ! -e "$2" ] && [ ! -e "$3" ]; then
        if [ ! -e proc/config.gz ]; then
            remark 'kernel configuration' 'there is no /boot/config-* and no /proc/config.gz'
        elif raw proc/config.gz; then
            cp "$dir/raw" "$dir/tree/proc/config.gz"
        fi
    fi
    cpu=sys/devices/system/cpu
    missing proc/cmdline proc/sys/kernel/osrelease proc/1/environ proc/interrupts proc/irq sys/fs/cgroup \
        sys/devices/system/node $cpu/possible $cpu/present $cpu/online $cpu/isolated \
        sys/devices/virtual/workqueue/cpumask
}

main() {
    [ $# -gt 0 ] || set -- -
    case $#$1 in 1- | 1[!-]*) ;; *) die 'usage: planner-capture FILE.tar (- and none: standard output)' ;; esac
    [ "$1" != - ] || [ ! -t 1 ] || die 'standard output is a terminal: name a file'
    case $1 in /* | -) to=$1 ;; *) to=$PWD/$1 ;; esac
    [ ! -e "$to" ] && [ ! -L "$to" ] || [ "$to" = - ] || die "$1 is there already: name another file"
    for tool in awk cat cp find grep ls mkdir rm sed sort tail tar tr uname wc xargs; do
        command -v $tool >/dev/null 2>&1 || die "there is no $tool here"
    done
    LC_ALL=C
    export LC_ALL
    umask 077
    ROOT=${ROOT:-} self=$$ absent='this kernel has no such file'
    [ -z "$ROOT" ] || self=none absent='is not there'
    dir=$(cd "${TMPDIR:-/tmp}" && pwd)/planner-capture.$$
    mkdir "$dir" || die 'TMPDIR names a folder to write into'
    job=
    trap '[ -z "$job" ] || { kill $job && wait $job; } 2>/dev/null; rm -rf "$dir"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    cd "$ROOT/" || die "ROOT: $ROOT cannot be entered"
    mkdir -p "$dir/tree/planner" "$dir/tree/proc/1"
    echo '@format@' >"$dir/tree/planner/snapshot"
    release=$(cat proc/sys/kernel/osrelease 2>/dev/null)
    paths >"$dir/list"
    copy
    # How often groups with limited CPU time reached their limit.
    (cd "$dir/tree" && find sys/fs/cgroup \( -name cpu.max -o -name cpu.cfs_quota_us \) -exec grep -l '^[0-9]' {} + \
        2>/dev/null) | sed 's,/[^/]*$,/cpu.stat,' >"$dir/list"
    copy
    modes
    environment
    processes | sort -u >"$dir/qemu"
    within 200 qemus || remark /proc/PID/cmdline 'hangs: a QEMU process is stuck in the kernel'
    within 300 domains || remark "libvirt $uri" 'did not answer within 30 s; is its daemon stopped?'
    kvm
    rest
    report
    (cd "$dir/tree" && tar -cf "$dir/node.tar" .) || die 'tar failed'
    if [ "$to" = - ]; then
        cat "$dir/node.tar"
    elif ! (set -C && : >"$to"); then
        die "$1 could not be made"
    elif ! cat "$dir/node.tar" >"$to"; then
        rm -f "$to"
        die "$1 could not be written"
    else
        echo "planner-capture: $1 is written; where planner is: planner check -r $1" >&2
    fi
}

main "$@" </dev/null
