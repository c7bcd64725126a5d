// SPDX-License-Identifier: GPL-2.0
/*
 * failnth: every file system call with each of its allocations failing in turn.
 *
 * usage: failnth [-n LIMIT] [-c] [-e] [-d DEVICE -t TYPE -o OPTIONS] FILE DIRECTORY
 *
 *   FILE  where N is written: /sys/kernel/debug/surety_fault/page/fail-nth (or
 *         slab), or "self" for /proc/self/task/TID/fail-nth
 *   -n    no more than LIMIT allocations of a call (default 1000)
 *   -c    drop the caches before each call
 *   -e    a call may fail with ENOMEM, if it then had no effect (mfr=fail)
 *   -d    a device for the mount calls; without it they are left out
 *
 * For N = 1, 2, ... a call is prepared, made with its Nth allocation failing,
 * its effect looked at and undone, until nothing is left to inject. A call is
 * good if it succeeded each time, and then had its effect.
 *
 * Prints a line for each call: name, times called, failures injected, calls that
 * failed; then a total. Exit status: 0 all good, 1 not so, 2 could not be run.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failnth.h"

unsigned char pattern[DATA_SIZE], buffer[DATA_SIZE];
int fd = -1, fd2 = -1;

static int nth_fd, drop_fd = -1;
static unsigned int limit = 1000;
static bool may_refuse;

/* Of all calls. */
static unsigned long total_calls, total_injected, total_refused, total_bad;

void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "failnth: %s: %s\n", what, strerror(errno));
	exit(2);
}

void make_file(const char *name)
{
	int file = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	must(file != -1, name);
	must(write(file, pattern, DATA_SIZE) == DATA_SIZE, name);
	close(file);
}

bool exists(const char *name)
{
	struct stat status;

	return !lstat(name, &status);
}

bool holds_data(const char *name)
{
	static unsigned char got[DATA_SIZE];
	int file = open(name, O_RDONLY);
	bool good;

	if (file == -1)
		return false;
	good = read(file, got, DATA_SIZE) == DATA_SIZE &&
	       !memcmp(got, pattern, DATA_SIZE);
	close(file);
	return good;
}

/* Leave the directory as it was found. */
void clean(void)
{
	if (fd != -1)
		close(fd);
	if (fd2 != -1)
		close(fd2);
	fd = fd2 = -1;
	unlink("a");
	unlink("b");
	rmdir("d");
}

/* Make the Nth allocation from here on fail; 0: none. */
static void arm(unsigned int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", n);

	must(write(nth_fd, text, length) == length, "fail-nth");
}

/* Was it? The kernel's own file is read from its beginning only. */
static bool injected(void)
{
	char text[16] = "";

	must(pread(nth_fd, text, sizeof(text) - 1, 0) > 0, "fail-nth");
	return !atoi(text);
}

/* One call with one failure. Returns false when there was nothing to inject. */
static bool try(const struct kase *kase, unsigned int n, unsigned int *refused,
		unsigned int *bad)
{
	bool hit, done, good;
	long got;
	int error;

	if (kase->prepare)
		kase->prepare();
	if (drop_fd != -1)
		must(write(drop_fd, "3", 1) == 1, "drop_caches");
	arm(n);
	got = kase->call();
	error = errno;
	hit = injected();
	arm(0);

	done = !kase->done || kase->done();
	if (got >= 0)
		good = done;
	else
		good = may_refuse && error == ENOMEM && !(kase->done && done);
	if (!good && (*bad)++ < 3)
		printf("# %s, allocation %u%s: returned %ld (%s), effect %s\n",
		       kase->name, n, hit ? " failed" : "", got,
		       got < 0 ? strerror(error) : "success",
		       done ? "there" : "missing");
	*refused += got < 0;
	kase->undo();
	return hit;
}

static void run(const struct kase *kase)
{
	unsigned int n, refused = 0, bad = 0;

	/* Once unharmed: what is set up at first use is not what is tested. */
	must(!try(kase, limit + 1000000, &refused, &bad), "fail-nth");
	for (n = 1; n <= limit && try(kase, n, &refused, &bad); n++)
		;
	printf("%-22s %6u %9u %7u%s\n", kase->name, n, n - 1, refused,
	       bad ? "  BAD" : n > limit ? "  (more left)" : "");
	fflush(stdout);
	total_calls += n;
	total_injected += n - 1;
	total_refused += refused;
	total_bad += bad;
}

static void run_all(const struct kase *kase)
{
	for (; kase->name; kase++)
		if (mount_device || !strstr(kase->name, "mount"))
			run(kase);
}

static void open_nth(const char *name)
{
	char path[64];

	if (!strcmp(name, "self")) {
		snprintf(path, sizeof(path), "/proc/self/task/%ld/fail-nth",
			 syscall(SYS_gettid));
		name = path;
	}
	nth_fd = open(name, O_RDWR | O_CLOEXEC);
	must(nth_fd != -1, name);
}

/*
 * So that only what the kernel allocates for a call is counted. What is mapped
 * later is not locked: faulting it in is one of the cases.
 */
static void lock_memory(void)
{
	volatile char stack[64 * 1024];
	unsigned int i;

	for (i = 0; i < sizeof(stack); i += 4096)
		stack[i] = 0;
	must(!mlockall(MCL_CURRENT), "mlockall");
}

int main(int argc, char **argv)
{
	unsigned int i;
	int option;

	while ((option = getopt(argc, argv, "n:ced:t:o:")) != -1) {
		switch (option) {
		case 'n': limit = strtoul(optarg, NULL, 0); break;
		case 'c':
			drop_fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
			break;
		case 'e': may_refuse = true; break;
		case 'd': mount_device = optarg; break;
		case 't': mount_type = optarg; break;
		case 'o': mount_options = optarg; break;
		default: return 2;
		}
	}
	if (argc - optind != 2) {
		fprintf(stderr, "usage: failnth [-n LIMIT] [-c] [-e] [-d DEVICE -t TYPE -o OPTIONS] FILE DIRECTORY\n");
		return 2;
	}
	for (i = 0; i < DATA_SIZE; i++)
		pattern[i] = i * 31 + i / 256;
	open_nth(argv[optind]);
	must(!chdir(argv[optind + 1]), argv[optind + 1]);
	clean();
	printf("%-22s %6s %9s %7s\n", "call", "calls", "injected", "failed");
	lock_memory();
	run_all(name_cases);
	run_all(data_cases);
	run_all(other_cases);
	printf("%-22s %6lu %9lu %7lu  bad %lu\n", "total", total_calls,
	       total_injected, total_refused, total_bad);
	return total_bad ? 1 : 0;
}
