// SPDX-License-Identifier: GPL-2.0
/*
 * Failures: those of an injector, and refusals while the reserve is held.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failnth.h"

static int nth_fd = -1, hold_fd = -1;
static bool kernels_own;

void inject_open(const char *name)
{
	char path[64];

	kernels_own = !strcmp(name, "self");
	if (kernels_own) {
		snprintf(path, sizeof(path), "/proc/self/task/%ld/fail-nth",
			 syscall(SYS_gettid));
		name = path;
	}
	nth_fd = open(name, O_RDWR | O_CLOEXEC);
	must(nth_fd != -1, name);
}

/* The kernel's own injector knows single failures only. */
bool can_repeat(void)
{
	return !kernels_own;
}

/* Make the Nth allocation from here on fail, and those after it; 0: none. */
void arm(unsigned int n, unsigned int failures)
{
	char text[32];
	int length;

	if (kernels_own)
		length = snprintf(text, sizeof(text), "%u", n);
	else
		length = snprintf(text, sizeof(text), "%u %u", n, failures);
	must(write(nth_fd, text, length) == length, "fail-nth");
}

/* Was it? The kernel's own file is read from its beginning only. */
bool injected(unsigned int *failures_left)
{
	char text[32] = "", *rest;
	unsigned long left;

	must(pread(nth_fd, text, sizeof(text) - 1, 0) > 0, "fail-nth");
	left = strtoul(text, &rest, 10);
	*failures_left = kernels_own ? left != 0 : strtoul(rest, NULL, 10);
	return !left;
}

bool inject_open_hold(const char *name)
{
	hold_fd = open(name, O_WRONLY | O_CLOEXEC);
	return hold_fd != -1;
}

/* Leave that many pages of the reserve to others; -1: all. */
void hold(int leave)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", leave);

	if (hold_fd != -1)
		must(pwrite(hold_fd, text, length, 0) == length, "hold the reserve");
}
