// SPDX-License-Identifier: GPL-2.0
/*
 * Work by several processes at once, each on a processor and on files of its own.
 *
 * usage: contend files|together|append|read PROCESSES ROUNDS DIRECTORY TRIGGER KEYS
 *
 *   files     a round: create, write 16 KiB, append 4 KiB, read all, rename, unlink;
 *             in a directory each
 *   together  the same, all in one directory
 *   append    a round: append 4 KiB, read 4 KiB anywhere; after each 64 fsync and
 *             truncate
 *   read      a round: read 4 KiB anywhere in a file of 12 MiB, in the control group
 *             contend.NUMBER
 *
 * What is counted is what happens between their common start, when the histogram
 * of those keys, in the file TRIGGER, is let go on, and the end of the last, when it
 * is stopped. Prints how many calls that were.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK		4096
#define WRITTEN		(4 * BLOCK)
#define GROWS		64
#define LARGE		(12 << 20)
#define LARGE_BLOCKS	(LARGE / BLOCK)

static struct shared {
	atomic_int ready, go, done, end;
	atomic_ulong calls;
} *shared;

static char buffer[8 * BLOCK];
static unsigned long rounds, calls;
static unsigned int state;
static int number, file;

static unsigned int pick(unsigned int below)
{
	state = state * 1103515245 + 12345;
	return (state >> 8) % below;
}

static void expect(ssize_t got, ssize_t wanted)
{
	if (got != wanted)
		err(1, "process %d: call %lu gave %zd", number, calls, got);
	calls++;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err(1, "%s: %s", path, text);
	close(fd);
}

static void prepare_files(void)
{
	char name[16];

	snprintf(name, sizeof(name), "d%d", number);
	if ((mkdir(name, 0755) && errno != EEXIST) || chdir(name))
		err(1, "%s", name);
}

static void prepare_nothing(void)
{
}

static void work_files(void)
{
	char name[32], next[32];
	unsigned long i;
	int fd;

	for (i = 0; i < rounds; i++) {
		snprintf(name, sizeof(name), "p%d.%lu", number, i);
		snprintf(next, sizeof(next), "p%d.%lu.new", number, i);
		fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0644);
		expect(fd < 0, 0);
		expect(write(fd, buffer, WRITTEN), WRITTEN);
		expect(write(fd, buffer, BLOCK), BLOCK);
		expect(pread(fd, buffer, sizeof(buffer), 0), WRITTEN + BLOCK);
		close(fd);
		expect(rename(name, next), 0);
		expect(unlink(next), 0);
	}
}

static void prepare_append(void)
{
	char name[16];

	prepare_files();
	snprintf(name, sizeof(name), "f%d", number);
	file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (file < 0 || fsync(file))
		err(1, "%s", name);
}

static void work_append(void)
{
	unsigned long i;

	for (i = 0; i < rounds; i++) {
		unsigned int at = i % GROWS;

		expect(pwrite(file, buffer, BLOCK, (off_t)at * BLOCK), BLOCK);
		expect(pread(file, buffer, BLOCK, (off_t)pick(at + 1) * BLOCK), BLOCK);
		if (at == GROWS - 1) {
			expect(fsync(file), 0);
			expect(ftruncate(file, 0), 0);
		}
	}
}

static void read_one(unsigned int block)
{
	expect(pread(file, buffer, BLOCK, (off_t)block * BLOCK), BLOCK);
}

/* Everything once in memory of the group, and what that evicts is cached below. */
static void prepare_read(void)
{
	char path[64], pid[16];
	unsigned int i;

	snprintf(path, sizeof(path), "/sys/fs/cgroup/contend.%d/cgroup.procs", number);
	snprintf(pid, sizeof(pid), "%d", getpid());
	put(path, pid);
	snprintf(path, sizeof(path), "large%d", number);
	file = open(path, O_RDONLY);
	if (file < 0 || posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM))
		err(1, "%s", path);
	for (i = 0; i < LARGE_BLOCKS; i++)
		read_one(i);
}

static void work_read(void)
{
	unsigned long i;

	for (i = 0; i < rounds; i++)
		read_one(pick(LARGE_BLOCKS));
}

static const struct work {
	const char *name;
	void (*prepare)(void);
	void (*work)(void);
} works[] = {
	{ "files", prepare_files, work_files },
	{ "together", prepare_nothing, work_files },
	{ "append", prepare_append, work_append },
	{ "read", prepare_read, work_read },
};

/* No lock of the kernel's is used for meeting. */
static void wait_for(atomic_int *what, int value)
{
	while (atomic_load(what) < value)
		usleep(5000);
}

static void process(const struct work *work)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(number, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "processor %d", number);
	state = 1 + number * 7919;
	work->prepare();
	calls = 0;
	atomic_fetch_add(&shared->ready, 1);
	wait_for(&shared->go, 1);
	work->work();
	atomic_fetch_add(&shared->calls, calls);
	atomic_fetch_add(&shared->done, 1);
	wait_for(&shared->end, 1);
	exit(0);
}

/* A child that failed has said so; the others would wait for it. */
static void wait_for_all(atomic_int *what, int value)
{
	int status;

	while (atomic_load(what) < value) {
		usleep(5000);
		if (waitpid(-1, &status, WNOHANG) > 0)
			errx(1, "a process ended early");
	}
}

static void tell(const char *trigger, const char *keys, const char *what)
{
	char line[128];

	snprintf(line, sizeof(line), "hist:keys=%s:%s", keys, what);
	put(trigger, line);
}

int main(int argc, char **argv)
{
	const struct work *work = works;
	int processes, status;

	if (argc != 7)
		errx(2, "usage: contend WORK PROCESSES ROUNDS DIRECTORY TRIGGER KEYS");
	while (strcmp(work->name, argv[1]))
		if (++work == works + sizeof(works) / sizeof(*works))
			errx(2, "no work %s", argv[1]);
	processes = atoi(argv[2]);
	rounds = strtoul(argv[3], NULL, 0);
	memset(buffer, 0x5a, sizeof(buffer));
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || chdir(argv[4]))
		err(1, "%s", argv[4]);
	for (number = 0; number < processes; number++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (!pid)
			process(work);
	}
	wait_for_all(&shared->ready, processes);
	tell(argv[5], argv[6], "clear");
	tell(argv[5], argv[6], "cont");
	atomic_store(&shared->go, 1);
	wait_for_all(&shared->done, processes);
	tell(argv[5], argv[6], "pause");
	atomic_store(&shared->end, 1);
	while (wait(&status) > 0)
		if (status)
			errx(1, "a process failed");
	printf("%lu\n", atomic_load(&shared->calls));
	return 0;
}
