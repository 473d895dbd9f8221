#!/bin/sh
# SPDX-License-Identifier: MIT
# Hold the layers: data flows topology → planner → cmd, and planner/ is pure.
# Usage: tests/lint/layers.sh BUILD      (reads BUILD/planner/*.o, and sources below the folder it is in)
set -eu

build=$1
status=0

# 1. Includes are rooted ("planner/plan.h") and never name a layer above.
upward() {
    folder=$1 above=$2
    if found=$(grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[\"<]($above)" \
        "$folder"/*.[ch] 2>/dev/null); then
        echo "$folder/ must not include from above itself:" >&2
        printf '%s\n' "$found" >&2
        status=1
    fi
}
upward topology '(planner|cmd|tests)/|[.][.]?/'
upward planner '(cmd|tests)/|[.][.]?/'
upward cmd 'tests/|[.][.]?/'

# 2. What planner/ calls does no I/O and asks nothing of clock, chance or environment. Formatting
# into memory (snprintf, g_strdup_printf) is fine. A name in `calls` stands for itself, its 64-bit
# form and its checked form (printf, __printf_chk; open64, __open64_2). By the naming law, x_load()
# reads the world; so nothing here may call one.
calls='f?open freopen fdopen fclose fread fwrite f?put[cs] putchar fgets? fget[cs] getc getchar
    v?f?printf vfprintf v?dprintf v?f?w?scanf perror getline getdelim fflush f?seeko? rewind tmpfile
    popen std(in|out|err) openat creat close p?readv? p?writev? lseek [lf]?stat(at)? statx access
    faccessat unlink(at)? rename(at)? mkdir rmdir opendir readdir scandir readlink(at)? realpath getcwd
    chdir mmap ioctl fcntl poll select dup2? pipe2? socket connect send(to|msg)? recv(from|msg)?
    syscall _?exit quick_exit atexit system exec[lv]p?e? fork waitpid kill raise signal sigaction
    u?sleep nanosleep (secure_)?getenv (set|put|unset)env environ setlocale get[ep]?[gpu]id
    gethostname uname sysconf get_nprocs sched_.* pthread_.* time clock clock_.* gettimeofday times
    (local|gm|mk)time(_r)? strftime s?rand(om)?(_r)? [a-z]rand48 getrandom (v?sys|open)log
    v?warnx? v?errx? error
    g_f?print(err|f)? g_vf?printf g_log.* g_get_.* g_(get|set|unset|list)env g_environ_.* g_file_.*
    g_dir_.* g_f?open g_fsync g_close g_stat g_lstat g_access g_unlink g_remove g_rename g_mkdir.*
    g_rmdir g_creat g_chdir g_mapped_file_.* g_io_channel_.* g_spawn_.* g_timer_.*
    g_date_time_new_(now|local).* g_time_zone_new_local g_random_.* g_rand_new g_usleep g_thread_.*
    g_key_file_load_.* g_find_program_in_path g_canonicalize_filename
    vir[A-Z].* cgroup_.* scols_.* xml(Read|Parse|SAXParse)File.* xmlSave.*File.* xmlNewTextReaderFilename
    xmlReaderFor(File|Fd) json_load(f|fd|_file) json_dump(f|fd|_file) ini_parse(_file)?
    hwloc_topology_.* hwloc_[gs]et_.* hwloc_alloc.* hwloc_linux_.* [a-z0-9_]+_load(_.*)?'
# shellcheck disable=SC2086
pattern=$(printf '%s\n' $calls | paste -sd '|' -)
pattern="(__)?($pattern)(64)?(_chk|_2|_unlocked)?|_IO_.*|__isoc.*scanf|__xstat.*"

set -- "$build"/planner/*.o
if [ ! -e "$1" ]; then
    echo "$build/planner holds no objects: build first" >&2
    exit 2
fi
for object; do
    # Calls into other files of planner/ are that file's matter, unless the law on names forbids.
    found=$(nm -u "$object" | awk '{ sub(/@.*/, "", $2); print $2 }' | grep -xE "$pattern") || continue
    source=planner/${object##*/}
    echo "${source%.o}.c is not pure, it uses:" "$found" >&2
    status=1
done

[ $status -ne 0 ] || echo "$# objects of planner/ are pure, no upward include"
exit $status
