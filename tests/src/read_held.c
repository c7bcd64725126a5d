// SPDX-License-Identifier: GPL-2.0
/*
 * Reads files whose requests may have to wait for memory.
 *
 * usage: read_held FILE...
 *
 * Opens the files, prints "open", and when a line comes in reads each of them
 * to its end. Prints for each "FILE read SUM", "FILE waited" if that was not
 * done within LIMIT seconds (it is then killed), or "FILE ERROR".
 */
#include <errno.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT	4		/* seconds */
#define MOST	8
#define PIECE	65536

static unsigned char buffer[PIECE];

static void read_all(const char *name, int fd)
{
	unsigned int sum = 0;
	ssize_t got, i;
	off_t at = 0;

	/* What is not there could not be copied to without more memory. */
	memset(buffer, 1, sizeof(buffer));
	/* The first pieces by read(), the others by pread(). */
	while ((got = at < 2 * PIECE ? read(fd, buffer, PIECE) :
				       pread(fd, buffer, PIECE, at)) > 0) {
		for (i = 0; i < got; i++)
			sum = sum * 31 + buffer[i];
		at += got;
	}
	if (got < 0)
		printf("%s %s\n", name, strerror(errno));
	else
		printf("%s read %08x %ld\n", name, sum, (long)at);
	fflush(stdout);
	_exit(0);
}

static void read_in_child(const char *name, int fd)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		alarm(LIMIT);
		read_all(name, fd);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		printf("%s waited\n", name);
}

int main(int argc, char **argv)
{
	int fd[MOST], i;
	char line[8];

	if (argc < 2 || argc > MOST)
		errx(2, "usage: read_held FILE...");
	for (i = 1; i < argc; i++) {
		fd[i] = open(argv[i], O_RDONLY);
		if (fd[i] < 0)
			err(1, "%s", argv[i]);
	}
	puts("open");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		errx(1, "no line came in");
	for (i = 1; i < argc; i++)
		read_in_child(argv[i], fd[i]);
	return 0;
}
