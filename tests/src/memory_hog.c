// SPDX-License-Identifier: GPL-2.0
/*
 * Take all memory and keep it.
 *
 * usage: memory_hog LEFT_KIB FILE
 *
 * Takes and locks memory until no more than LEFT_KIB are free, creates FILE, and
 * goes on taking whatever becomes free until it is killed. It exempts itself from
 * the OOM killer: memory does not come back.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STEP	(64 * 1024UL)

static int meminfo;

static long free_kib(void)
{
	char text[512] = "";
	const char *line;

	if (pread(meminfo, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	line = strstr(text, "MemFree:");
	return line ? atol(line + strlen("MemFree:")) : 0;
}

static int take(void)
{
	void *memory = mmap(NULL, STEP, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory != MAP_FAILED && !mlock(memory, STEP);
}

int main(int argc, char **argv)
{
	long left;
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: memory_hog LEFT_KIB FILE\n");
		return 2;
	}
	left = atol(argv[1]);
	meminfo = open("/proc/meminfo", O_RDONLY);
	fd = open("/proc/self/oom_score_adj", O_WRONLY);
	if (meminfo == -1 || fd == -1 || write(fd, "-1000", 5) != 5 ||
	    mlockall(MCL_CURRENT)) {
		perror("memory_hog");
		return 2;
	}
	while (free_kib() > left && take())
		;
	close(open(argv[2], O_CREAT | O_WRONLY, 0600));
	for (;;) {
		if (free_kib() > left)
			take();
		usleep(20000);
	}
}
