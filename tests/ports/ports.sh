#!/bin/bash
# SPDX-License-Identifier: MIT
# Other releases and architectures: planner is built in a tree of each, the golden cases run there, and the
# packages are made without a network, installed, run and removed. `make check-ports` runs it, as root; the
# result goes to tests/ports/RESULTS.md as well.
# Usage: tests/ports/ports.sh BUILD [PORT…]; BUILD/ports keeps the trees. The ports are
#   bullseye, bookworm, trixie, sid   a release: built, golden cases, packages; compilers too where it is sid
#   arm64, s390x                      an architecture, in an emulator
#   fresh-bookworm, fresh-trixie      what a newcomer does in a release that has make and git and nothing else
set -uo pipefail

build=$(realpath "$1")/ports
shift
[ $# -gt 0 ] || set -- bullseye bookworm trixie sid arm64 s390x fresh-bookworm fresh-trixie
root=$(cd "$(dirname "$0")/../.." && pwd)
results=$root/tests/ports/RESULTS.md

if [ "$(id -u)" -ne 0 ]; then
    echo "tests/ports/ports.sh: a tree of another release needs root" >&2
    exit 2
fi

# inside TREE COMMAND…: in the tree, with mounts of its own. It is a mount itself, else none could be unshared inside.
inside() {
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child sh -c '
        tree=$1; shift
        mount --bind "$tree" "$tree" && mount -t proc proc "$tree/proc" && mount -t sysfs -o ro sysfs "$tree/sys" &&
            mount --rbind /dev "$tree/dev" && mount -t tmpfs tmpfs "$tree/tmp" &&
            exec chroot "$tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"' - "$@"
}

# alone TREE COMMAND…: the same without any network.
alone() { unshare --net -- bash -c "$(declare -f inside); inside \"\$@\"" - "$@"; }

# bare RELEASE TREE: the least that apt calls a system, with make and git, from where this machine has its packages.
bare() {
    local site
    # shellcheck disable=SC2016
    site=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)
    rm -rf "$2" && debootstrap --variant=minbase --include=make,git,ca-certificates "$1" "$2" "$site" && mkdir "$2/src"
}

# tree RELEASE: makes $build/RELEASE, with what builds and packages need.
tree() {
    local release=$1 tree=$build/$1
    if [ ! -e "$tree/ready" ]; then
        bare "$release" "$tree" && touch "$tree/ready" || return
    fi
    cp "$root/tests/install-deps.sh" "$tree/src" &&
        inside "$tree" sh /src/install-deps.sh deb && inside "$tree" sh /src/install-deps.sh rpm &&
        inside "$tree" sh -c 'command -v lstopo-no-graphics || DEBIAN_FRONTEND=noninteractive apt-get -qq install -y hwloc-nox'
}

# sources TREE FOLDER…: what is committed, in each of these folders of the tree.
sources() {
    local tree=$1 folder
    shift
    for folder; do
        rm -rf "${tree:?}/$folder" && mkdir -p "$(dirname "$tree/$folder")" &&
            git clone -q --no-hardlinks "$root" "$tree/$folder" || return
    done
}

failed=0 passed=0 rows=()
# step PORT NAME COMMAND…: one line of the result; the output is kept in a log, and shown when it fails.
step() {
    local port=$1 name=$2 log=$build/$1.log start=$SECONDS word=ok
    shift 2
    if "$@" >"$log" 2>&1 </dev/null; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1)) word='not ok'
        tail -n 40 "$log" | sed 's/^/# /'
    fi
    echo "$word $((passed + failed)) - $port: $name ($((SECONDS - start)) s)"
    rows+=("| $word | $port | $name | $((SECONDS - start)) s |")
    [ "$word" = ok ]
}

make_here='make -s -j2 DEPS=true CI=true'

# Cases that an older release prints otherwise: util-linux before 2.38 pads coloured cells after the colour.
differ() {
    case $1 in
    bullseye) echo 'migrate|widths' ;;
    *) echo none ;;
    esac
}

# golden PORT COMMAND: which cases of its output fail that do not print otherwise there.
golden() {
    local output
    output=$(inside "$build/$1" sh -c "cd /src/planner; ${2-} tests/cases.sh")
    printf '%s\n' "$output"
    [ "$(printf '%s\n' "$output" | grep -c '^ok')" -gt 90 ] &&
        ! printf '%s\n' "$output" | grep '^not ok' | grep -vE -- "- ($(differ "$1"))\$"
}

package() { # TREE KIND: twice, in folders of different names, with the same bytes
    local tree=$1 kind=$2 folder
    sources "$tree" src/a src/another/place || return
    for folder in a another/place; do
        alone "$tree" sh -ec "cd /src/$folder; git config --global --add safe.directory '*'; make DEPS=true $kind" || return
    done
    inside "$tree" sh -ec "cd /src; for file in \$(cd a/build/$kind && find . -name '*.$kind' ! -name '*dbgsym*'); do
        cmp a/build/$kind/\$file another/place/build/$kind/\$file; done"
}

# What the package leaves behind: nothing that was not there before.
files='find / -xdev \( -path /proc -o -path /dev -o -path /tmp -o -path /src -o -path /root -o -path /var/lib/dpkg -o -path /var/lib/rpm -o -path /var/log -o -path /var/cache \) -prune -o -print'
use='planner --version && planner plan -i /src/a/tests/cases/x6/inventory.ini -t /src/a/tests/hosts/x6.xml >/dev/null &&
    test -s /usr/share/man/man1/planner.1*'
installed() { # TREE KIND
    local add='dpkg -i' purge='dpkg -P planner'
    [ "$2" = deb ] || add='rpm -i --nodeps' purge='rpm -e --nodeps planner'
    alone "$1" sh -ec "$files | sort >/src/before
        $add \$(find /src/a/build/$2 -name '*.$2' ! -name '*dbgsym*'); $use; $purge
        $files | sort | diff /src/before -"
}

native() {
    local port=$1 tree=$build/$1
    step "$port" 'the tree' tree "$port" || return
    sources "$tree" src/planner
    step "$port" 'builds' inside "$tree" sh -ec "cd /src/planner; $make_here" || return
    step "$port" "golden cases, but: $(differ "$port")" golden "$port"
    step "$port" 'make deb, twice, the same bytes' package "$tree" deb &&
        step "$port" 'the deb is installed, used and removed without a trace' installed "$tree" deb
    step "$port" 'make rpm, twice, the same bytes' package "$tree" rpm &&
        step "$port" 'the RPM is installed, used and removed without a trace' installed "$tree" rpm
}

# compilers TREE: no warning from any gcc from 12 and clang from 14 that the release has.
# shellcheck disable=SC2016
compilers() {
    inside "$1" sh -ec 'cd /src/planner
        names=$(apt-cache pkgnames | grep -xE "gcc-1[2-9]|clang-(1[4-9]|2[0-9])" | sort -V)
        DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $names
        for name in $names; do
            echo "$name"
            make -s -j2 DEPS=true CI=true B="build/$name" CC="$name" "build/$name/bin/planner"
        done'
}

# fresh RELEASE: the two commands of the README, then the package, by someone who has just installed the system.
fresh() {
    local port=fresh-$1 tree=$build/fresh-$1
    step "$port" 'the tree' bare "$1" "$tree" || return
    sources "$tree" src/planner
    step "$port" 'make demo' inside "$tree" sh -ec 'cd /src/planner; make demo' || return
    step "$port" 'make check' inside "$tree" sh -ec 'cd /src/planner; make check'
    step "$port" 'what make check-all has more: its kernel, QEMU and libvirt in emulated hosts' inside "$tree" \
        sh -ec 'cd /src/planner; tests/install-deps.sh ci; tests/run.py --build build --long'
    step "$port" 'make deb; apt install ./planner_*.deb' inside "$tree" sh -ec 'cd /src/planner; make deb
        DEBIAN_FRONTEND=noninteractive apt-get -qq install -y ./build/deb/planner_*.deb; planner --version' || return
    step "$port" 'apt purge planner' inside "$tree" sh -ec 'DEBIAN_FRONTEND=noninteractive apt-get -qq purge -y planner
        ! command -v planner'
}

# foreign ARCHITECTURE TRIPLET EMULATOR: built across, and run in an emulator, in a tree of Debian 12.
foreign() {
    local port=$1 triplet=$2 emulator=$3 tree=$build/$1 base=$build/bookworm libraries
    libraries=$(sed -n "/^build=/,/'\$/p" "$root/tests/install-deps.sh" | grep -oE '(lib[a-z0-9.-]*|zlib1g)-dev' |
        sed "s/\$/:$port/" | tr '\n' ' ')
    across() {
        tree bookworm || return
        [ ! -e "$tree/across" ] || return 0
        rm -rf "$tree" && cp -a "$base" "$tree" &&
            inside "$tree" sh -ec "dpkg --add-architecture $port; apt-get -qq update
                DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends qemu-user-static \
                    gcc-$triplet $libraries" && touch "$tree/across"
    }
    step "$port" 'the tree' across || return
    sources "$tree" src/planner
    step "$port" 'builds' inside "$tree" sh -ec "cd /src/planner; export PKG_CONFIG_LIBDIR=/usr/lib/$triplet/pkgconfig:/usr/share/pkgconfig
        $make_here CC=$triplet-gcc" || return
    # The program stands behind a script that starts the emulator.
    step "$port" 'golden cases' golden "$port" "mv build/bin/planner build/bin/planner.$port
        printf '#!/bin/sh\nexec $emulator /src/planner/build/bin/planner.$port \"\$@\"\n' >build/bin/planner
        chmod +x build/bin/planner; CASE_TIMEOUT=600"
}

commit=$(git -C "$root" describe --always --dirty)
# page: what is done so far, for whoever stops it.
page() {
    {
        # shellcheck disable=SC2016
        printf '# The last run of `make check-ports`\n\n`tests/ports/ports.sh` writes this page.\n\n'
        printf '%s passed, %s failed, of %s.\n\n' "$passed" "$failed" "$commit"
        printf '| | port | what | took |\n|---|---|---|---|\n'
        printf '%s\n' "${rows[@]}"
    } >"$results"
}

mkdir -p "$build"
for port; do
    case $port in
    bullseye | bookworm | trixie) native "$port" ;;
    sid)
        native sid
        step sid 'no warning from any of its compilers' compilers "$build/sid"
        ;;
    fresh-*) fresh "${port#fresh-}" ;;
    arm64) foreign arm64 aarch64-linux-gnu qemu-aarch64-static ;;
    s390x) foreign s390x s390x-linux-gnu qemu-s390x-static ;;
    *)
        echo "tests/ports/ports.sh: no port $port" >&2
        exit 2
        ;;
    esac
    page
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
