// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that are refused, or have to wait, while the reserve is held.
 *
 * usage: refused_calls DIRECTORY
 *
 * DIRECTORY has the files "file" and "cold" and a directory "dir". Opens them, prints "open", and when a
 * line comes in makes each call once. Prints for each "CALL ERROR after N ms", or
 * "CALL Success after N ms".
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int file, cold, inotify, spare;
static char buffer[4096];

static int do_create(void)
{
	return open("new", O_CREAT | O_EXCL | O_WRONLY, 0600);
}

static int do_mkdir(void)
{
	return mkdir("new-dir", 0700);
}

static int do_write(void)
{
	return write(file, buffer, sizeof(buffer));
}

static int do_read(void)
{
	return read(cold, buffer, sizeof(buffer));
}

static int do_rename(void)
{
	return rename("file", "renamed");
}

static int do_truncate(void)
{
	return truncate("cold", 1);
}

static int do_unlink(void)
{
	return unlink("cold");
}

static int do_watch(void)
{
	return inotify_add_watch(inotify, "dir", IN_CREATE);
}

static int do_chroot(void)
{
	return chroot("dir");
}

/* Nobody expects it to fail and leave the file open. */
static int do_close(void)
{
	return close(spare) || fcntl(spare, F_GETFD) != -1 ? -1 : 0;
}

static const struct {
	const char *name;
	int (*make)(void);
} calls[] = {
	{ "create", do_create }, { "mkdir", do_mkdir }, { "write", do_write },
	{ "read", do_read }, { "rename", do_rename }, { "truncate", do_truncate },
	{ "unlink", do_unlink }, { "watch", do_watch }, { "close", do_close },
	{ "chroot", do_chroot },
};

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	unsigned int i;
	char line[8];

	if (argc != 2)
		errx(2, "usage: refused_calls DIRECTORY");
	if (chdir(argv[1]))
		err(1, "%s", argv[1]);
	file = open("file", O_RDWR);
	cold = open("cold", O_RDONLY);
	spare = open("file", O_RDONLY);
	inotify = inotify_init1(0);
	if (file < 0 || cold < 0 || spare < 0 || inotify < 0)
		err(1, "%s", argv[1]);
	puts("open");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		errx(1, "no line came in");
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		long start = now_ms();
		int error = calls[i].make() < 0 ? errno : 0;

		printf("%s %s after %ld ms\n", calls[i].name, strerror(error),
		       now_ms() - start);
	}
	return 0;
}
