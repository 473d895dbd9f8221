#!/bin/sh
# SPDX-License-Identifier: MIT
# A machine for tests/ansible-ssh.t, in namespaces: its own network, /etc, /usr/local, /var/lib, /run
# and /tmp; all else of this machine it sees, and cannot write. Programs that would change the kernel
# or systemd are stubs that write down how they were called. sshd is what ends it.
# Usage: unshare --net --mount --propagation private --pid --fork --mount-proc tests/ansible-host.sh FOLDER ADDRESS
# FOLDER holds node/ and key.pub. Reads a line first: the network is there.
set -eu
folder=$1 address=$2
read -r _

mkdir -p "$folder/local/bin" "$folder/local/sbin" "$folder/lib" "$folder/tmp"
cp -a /etc "$folder/etc"
mv "$folder/node" "$folder/lib/node"
[ ! -e "$folder/booted" ] || mv "$folder/booted" "$folder/lib/booted"
cp "$folder/test.xml" "$folder/lib"

cat >"$folder/stub" <<'STUB'
#!/bin/sh
name=${0##*/}
echo "$name $*" >>/var/lib/log
[ ! -e "/var/lib/fail-$name" ] || exit 1
case "$name $*" in
*' list --name') echo second; echo '{{ 7 * 7 }}'; echo stranger ;;
shutdown*)
    # Booted: another boot, and what the captured node is like after it.
    echo "$$" >/tmp/boot_id
    mount --bind /tmp/boot_id /proc/sys/kernel/random/boot_id
    [ ! -e /var/lib/booted ] || { rm -rf /var/lib/node; mv /var/lib/booted /var/lib/node; }
    ;;
esac
STUB
chmod 755 "$folder/stub"
for name in systemctl systemd-tmpfiles sysctl update-grub cgconfigparser virsh shutdown; do
    cp "$folder/stub" "$folder/local/bin/$name"
done
# Ansible looks for shutdown by itself, in this order of folders.
for real in /sbin/shutdown /bin/shutdown /usr/sbin/shutdown /usr/bin/shutdown /usr/bin/systemctl; do
    [ ! -e "$real" ] || mount --bind "$folder/stub" "$(realpath "$real")"
done

grep -q '^sshd:' /etc/passwd || echo 'sshd:x:987:65534::/run/sshd:/usr/sbin/nologin' >>"$folder/etc/passwd"
# Not locked: a key opens it.
sed -i 's/^root:[^:]*:/root:*:/' "$folder/etc/shadow"
mkdir -p "$folder/etc/ssh"
cp "$folder/key.pub" "$folder/etc/ssh/keys"
ssh-keygen -q -t ed25519 -N '' -f "$folder/etc/ssh/test_host_key"
cat >"$folder/etc/ssh/test_config" <<CONFIG
ListenAddress $address
HostKey /etc/ssh/test_host_key
AuthorizedKeysFile /etc/ssh/keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
SetEnv PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CONFIG

ip link set lo up
ip address add "$address/24" dev eth0
ip link set eth0 up
mount --bind "$folder/local" /usr/local
mount --bind "$folder/lib" /var/lib
mount --bind "$folder/etc" /etc
mount -t tmpfs none /run
mkdir /run/sshd
mount --bind "$folder/tmp" /tmp
mount -o remount,bind,ro /
cd /
exec setpriv --bounding-set -sys_boot --inh-caps -sys_boot /usr/sbin/sshd -D -e -f /etc/ssh/test_config
