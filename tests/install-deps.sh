#!/bin/sh
# SPDX-License-Identifier: MIT
# Install the Debian packages that a make target needs and this machine lacks.
# Usage: tests/install-deps.sh build|demo|check|lint|bench|deb|rpm|ports|ci
# Says nothing and does nothing when all of them are there.
set -eu

build='gcc libc6-dev make pkg-config libhwloc-dev libvirt-dev libcgroup-dev libinih-dev
    libglib2.0-dev libjansson-dev libxml2-dev libsmartcols-dev zlib1g-dev libarchive-dev'
check='python3 perl libxml2-utils libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients
    qemu-system-x86 cgroup-tools hwloc-nox mandoc bash bash-completion zsh fish util-linux procps
    patch kmod xz-utils zstd python3-yaml librsvg2-bin ansible-core chromium-headless-shell
    busybox'
lint='clang libclang-rt-dev clang-format cppcheck shellcheck codespell mandoc python3'
# Their packages start daemons that tune the machine or open it, so only where nobody lives; tests that ask
# these programs are skipped elsewhere.
ci='irqbalance tuned grub2-common systemd openssh-server iproute2'

# Packages are built and looked at.
deb='build-essential debhelper dpkg-dev fakeroot lintian python3 xz-utils'
rpm='elfutils rpm python3 xz-utils'
# Nova and an integer-programming solver, to be measured against.
bench='python3 python3-nova coinor-cbc'

case ${1-} in
build | demo) packages=$build ;;
check) packages="$build $check" ;;
lint) packages="$build $lint" ;;
deb) packages="$build $deb" ;;
rpm) packages="$build $rpm" ;;
ports) packages='debootstrap git' ;;
bench) packages="$build $bench" ;;
ci) packages="$build $check $lint $deb $ci" ;;
*)
    echo "usage: $0 build|demo|check|lint|bench|deb|rpm|ports|ci" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    printf '%s: not a Debian system. Install what stands for these, then add DEPS=true to make:\n' \
        "$0" >&2
    printf '%s\n' "$packages" | tr -s ' \n' '  ' | fold -sw 96 | sed 's/^ */    /' >&2
    exit 2
fi

# Multi-Arch packages show as name:arch, but ${Package} is the bare name.
# shellcheck disable=SC2016,SC2086
present=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $packages 2>/dev/null |
    sed -n 's/^installed //p')
missing=
for package in $packages; do
    printf '%s\n' "$present" | grep -qxF "$package" || missing="$missing $package"
done
# pkgconf provides the pkg-config of later releases.
if command -v pkg-config >/dev/null; then
    missing=$(printf '%s ' "$missing" | sed 's/ pkg-config / /; s/ $//')
fi
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root='env'
elif command -v sudo >/dev/null; then
    as_root='sudo env'
else
    echo "$0: neither root nor sudo: run as root: apt-get install$missing" >&2
    exit 2
fi

echo "installing:$missing" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt_get() {
    # The answers apt would ask for are the defaults; its chatter is shown only when it fails.
    $as_root DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
        apt-get -qq -o Dpkg::Use-Pty=0 "$@" </dev/null >"$log" 2>&1 && return
    cat "$log" >&2
    echo "$0: apt-get $1 failed; install by hand:$missing" >&2
    return 2
}
apt_get update
# shellcheck disable=SC2086
apt_get install -y --no-install-recommends $missing
