#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hold the house: data flows topology → planner → cmd, room by room, and planner/ is pure.

Usage: tests/lint/layers.py BUILD      (reads BUILD's objects, and the sources below this folder)

1. tests/lint/rooms lists the rooms, lowest first. A file includes headers of its own room and of
   lower ones, and its object calls into these alone. So there is no circle of rooms.
2. No circle of files: by the link graph, as nm sees it.
3. What planner/ calls does no I/O and asks nothing of clock, chance or environment.
"""

import collections
import pathlib
import re
import subprocess
import sys

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]*)[">]', re.M)

# Formatting into memory (snprintf, g_strdup_printf) is fine. A name stands for itself, its 64-bit
# form and its checked form (printf, __printf_chk; open64, __open64_2). By the naming law, x_load()
# reads the world; so nothing in planner/ may call one.
CALLS = r"""f?open freopen fdopen fclose fread fwrite f?put[cs] putchar fgets? fget[cs] getc getchar
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
    hwloc_topology_.* hwloc_[gs]et_.* hwloc_alloc.* hwloc_linux_.* [a-z0-9_]+_load(_.*)?"""
IMPURE = re.compile("(__)?(" + "|".join(CALLS.split()) + r")(64)?(_chk|_2|_unlocked)?|_IO_.*"
                    r"|__isoc.*scanf|__xstat.*")


def rooms_in_order():
    lines = pathlib.Path("tests/lint/rooms").read_text(encoding="utf-8").splitlines()
    names = [line.split()[0] for line in lines if line.split() and not line.startswith("#")]
    return {name: place for place, name in enumerate(names)}


def room_of(path):
    """topology/base of topology/base/cpulist.c, cmd of cmd/plan.c."""
    return "/".join(path.split("/")[:2]) if path.startswith(("topology/", "planner/")) else path.split("/")[0]


def strays(order):
    """Files in no room of the list, and rooms of the list without a file."""
    files = [str(file) for top in ("topology", "planner", "cmd") for file in pathlib.Path(top).rglob("*.[ch]")]
    yield from (f"{file}: its folder is not in tests/lint/rooms" for file in sorted(files)
                if room_of(file) not in order or file.count("/") != room_of(file).count("/") + 1)
    yield from (f"tests/lint/rooms: {room} has no file" for room in order
                if not any(room_of(file) == room for file in files))


def includes_upward(order):
    for top in ("topology", "planner", "cmd"):
        for file in sorted(pathlib.Path(top).rglob("*.[ch]")):
            own = order.get(room_of(str(file)), -1)
            for name in INCLUDE.findall(file.read_text(encoding="utf-8")):
                if name.startswith(".") or name.startswith("tests/"):
                    yield f"{file}: must not include {name}"
                elif "/" in name and order.get(room_of(name), -1) > own:
                    yield f"{file}: must not include {name} from above itself"


def symbols(build, order):
    """By object: the names it defines and the names it wants."""
    objects = sorted(str(file.relative_to(build)) for top in ("topology", "planner", "cmd")
                     for file in (build / top).rglob("*.o"))
    objects = [file for file in objects if room_of(file) in order]
    # Built once from a source that is gone since: not of this house.
    objects = [file for file in objects if pathlib.Path(file).with_suffix(".c").exists()]
    if not any(file.startswith("planner/") for file in objects):
        sys.exit(f"{build}/planner holds no objects: build first")
    said = subprocess.run(["nm", "-A", "-P", *[str(build / file) for file in objects]],
                          capture_output=True, text=True, check=True).stdout
    defines, wants = collections.defaultdict(set), collections.defaultdict(set)
    for line in said.splitlines():
        file, name, kind = re.match(r"(.*?): (\S+) (\S)", line).groups()
        file = str(pathlib.Path(file).relative_to(build))
        if kind in "Uvw":
            wants[file].add(name.split("@")[0])
        elif kind.isupper():
            defines[file].add(name.split("@")[0])
    return objects, defines, wants


def impure(objects, wants):
    for file in objects:
        found = sorted(filter(IMPURE.fullmatch, wants[file]))
        if file.startswith("planner/") and found:
            yield f"{file[:-2]}.c is not pure, it uses: {' '.join(found)}"


def arrows_of(objects, defines, wants):
    """By object: the others that it calls, and one name that shows it."""
    home = {name: file for file in objects for name in defines[file]}
    arrows = {file: {} for file in objects}
    for file in objects:
        for name in sorted(wants[file]):
            if home.get(name, file) != file:
                arrows[file].setdefault(home[name], name)
    return arrows


def calls_upward(arrows, order):
    for file, others in arrows.items():
        for other, name in others.items():
            if order[room_of(other)] > order[room_of(file)]:
                yield f"{file[:-2]}.c: must not call {name}() of {other[:-2]}.c from above itself"


def circles(arrows):
    """The strongly connected sets of more than one file (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(file):
        index[file] = low[file] = len(index)
        stack.append(file)
        for other in arrows[file]:
            if other not in index:
                visit(other)
            if other in stack:
                low[file] = min(low[file], low[other])
        if low[file] == index[file]:
            ring = set(stack[stack.index(file):])
            del stack[stack.index(file):]
            if len(ring) > 1:
                found.append(ring)

    for file in arrows:
        if file not in index:
            visit(file)
    return found


def rings(arrows):
    for ring in circles(arrows):
        yield f"a circle of {len(ring)} files:"
        for file in sorted(ring):
            yield f"    {file[:-2]}.c: " + ", ".join(
                f"{name}() of {other[:-2].rsplit('/')[-1]}.c" for other, name in arrows[file].items() if other in ring)


def main():
    build, order = pathlib.Path(sys.argv[1]), rooms_in_order()
    sys.setrecursionlimit(10000)
    faults = [*strays(order), *includes_upward(order)]
    objects, defines, wants = symbols(build, order)
    arrows = arrows_of(objects, defines, wants)
    faults += [*impure(objects, wants), *calls_upward(arrows, order), *rings(arrows)]
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        pure = sum(file.startswith("planner/") for file in objects)
        print(f"{pure} objects of planner/ are pure; {len(order)} rooms, no call upward, no circle")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
