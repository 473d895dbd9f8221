/* SPDX-License-Identifier: MIT */
/*
 * Loaded before libc: the FAULT_AT-th allocation of FAULT_LEAST bytes or more fails. With
 * FAULT_TOLD a file of that name is made then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

static int calls;

static size_t setting(const char *name)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : 0;
}

static bool fault(size_t size)
{
	const char *told = getenv("FAULT_TOLD");

	if (!told || size < setting("FAULT_LEAST") || (size_t)++calls != setting("FAULT_AT"))
		return false;
	syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, told, O_WRONLY | O_CREAT, 0600));
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fault(size) ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fault(n * size) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	return fault(size) ? NULL : __libc_realloc(old, size);
}
