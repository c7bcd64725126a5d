// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that the OOM killer takes before all others.
 *
 * usage: bystanders COUNT [GROUP]    GROUP: directory of a control group
 *
 * Runs until it is killed. Its own memory is locked: that a bystander dies makes
 * nobody read a page of a program back in, which would take the next one.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int put(const char *directory, const char *name, const char *value,
	       size_t length)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd == -1 || write(fd, value, length) != (ssize_t)length)
		return -1;
	return close(fd);
}

/* What its death is worth. */
static char memory[2 << 20];

static void stand_by(const char *group)
{
	memset(memory, 1, sizeof(memory));
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) ||
	    (group && put(group, "cgroup.procs", "0", 1)) ||
	    put("/proc/self", "oom_score_adj", "1000", 4) ||
	    mlockall(MCL_CURRENT)) {
		perror("bystanders");
		_exit(2);
	}
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	int count, nr;

	count = argc == 2 || argc == 3 ? atoi(argv[1]) : 0;
	if (count < 1) {
		fprintf(stderr, "usage: bystanders COUNT [GROUP]\n");
		return 2;
	}
	if (mlockall(MCL_CURRENT)) {
		perror("bystanders");
		return 2;
	}
	for (nr = 0; nr < count; nr++)
		if (!fork())
			stand_by(argv[2]);
	for (;;)
		if (wait(NULL) == -1)
			pause();
}
