// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks that a file is given hold what somebody else had written there. Nobody may
 * see that: while one process fills a file, others read it through the page cache, by
 * a mapping and directly, and look for it.
 *
 * usage: stale_readers ROUNDS
 *
 * In the current directory, which has to be on a volume with 24 MiB free.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE		4096
#define PAGES		1024
#define BYTES		((size_t)PAGES * PAGE)
#define OLD_BYTES	(16 << 20)
#define OLD		'S'
#define NEW		'w'

static char *buffer;
/* Where the writer is, for the readers. */
static volatile size_t *written;

static void expect(int good, const char *what)
{
	if (!good)
		err(1, "%s", what);
}

/* What is free on the device is full of what nobody may see. */
static void leave_old(void)
{
	int fd = open("old", O_RDWR | O_CREAT | O_TRUNC, 0644);
	size_t at;

	expect(fd >= 0, "old");
	memset(buffer, OLD, BYTES);
	for (at = 0; at < OLD_BYTES; at += BYTES)
		expect(pwrite(fd, buffer, BYTES, at) == (ssize_t)BYTES, "write old");
	expect(!fsync(fd) && !close(fd) && !unlink("old"), "remove old");
	sync();
}

static void look(const char *bytes, ssize_t len, const char *how, size_t page)
{
	ssize_t i;

	for (i = 0; i < len; i++)
		if (bytes[i] && bytes[i] != NEW)
			errx(1, "%s: page %zu has %#x at %zd", how, page, bytes[i], i);
}

static size_t where_to_look(void)
{
	return (*written + random() % 24) % PAGES;
}

static void read_on(const char *how, int flags)
{
	int fd = open("new", O_RDONLY | flags);
	size_t page;

	expect(fd >= 0, how);
	for (;;) {
		page = where_to_look();
		look(buffer, pread(fd, buffer, (1 + random() % 4) * PAGE, page * PAGE), how,
		     page);
	}
}

/* A file that grows has no pages behind its end to be looked at. */
static void look_at_mapping(void)
{
	int fd = open("new", O_RDONLY);
	char *map = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, 0);
	size_t page;

	expect(map != MAP_FAILED, "mmap");
	for (;;) {
		page = where_to_look();
		look(map + page * PAGE, PAGE, "mapping", page);
		if (random() % 16 == 0)
			madvise(map, BYTES, MADV_DONTNEED);
	}
}

static pid_t reader(unsigned int which)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	srandom(getpid());
	if (which == 0)
		read_on("read", 0);
	else if (which == 1)
		read_on("direct read", O_DIRECT);
	else
		look_at_mapping();
	exit(1);
}

static void write_pages(int fd, size_t page, size_t bytes)
{
	if (page * PAGE + bytes > BYTES)
		bytes = BYTES - page * PAGE;
	*written = page;
	expect(pwrite(fd, buffer, bytes, page * PAGE) == (ssize_t)bytes, "write");
	if (random() % 8 == 0) {
		sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	}
}

/* Pages of a hole in any order, mostly one by one; or at the end of a file that grows. */
static void fill_file(int fd, int grows)
{
	size_t i;

	for (i = 0; i < PAGES; i++)
		write_pages(fd, grows ? i : i * 509 % PAGES,
			    random() % 4 ? 1 + random() % PAGE : random() % (24 * PAGE));
	for (i = 0; i < PAGES; i++)
		write_pages(fd, grows ? i : i * 509 % PAGES, PAGE);
}

static void play_round(unsigned int round)
{
	int grows = round % 2, fd, status;
	unsigned int i, readers = grows ? 2 : 3;
	pid_t pids[3];

	leave_old();
	fd = open("new", O_RDWR | O_CREAT | O_TRUNC, 0644);
	expect(fd >= 0 && !ftruncate(fd, grows ? 0 : BYTES), "new");
	for (i = 0; i < readers; i++)
		pids[i] = reader(i);
	memset(buffer, NEW, BYTES);
	fill_file(fd, grows);
	for (i = 0; i < readers; i++) {
		kill(pids[i], SIGKILL);
		expect(waitpid(pids[i], &status, 0) == pids[i], "wait");
		if (!WIFSIGNALED(status))
			errx(1, "round %u: reader %u has ended", round, i);
	}
	expect(pread(fd, buffer, BYTES, 0) == (ssize_t)BYTES, "read");
	for (i = 0; i < BYTES; i++)
		if (buffer[i] != NEW)
			errx(1, "round %u: byte %u is lost", round, i);
	expect(!close(fd) && !unlink("new"), "remove new");
}

int main(int argc, char **argv)
{
	unsigned int i, rounds = argc == 2 ? strtoul(argv[1], NULL, 0) : 0;

	if (!rounds) {
		fprintf(stderr, "usage: stale_readers ROUNDS\n");
		return 2;
	}
	written = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (written == MAP_FAILED || posix_memalign((void **)&buffer, PAGE, BYTES))
		err(1, "memory");
	for (i = 0; i < rounds; i++)
		play_round(i);
	return 0;
}
