// SPDX-License-Identifier: GPL-2.0
/*
 * Which paths the gate takes for a client's, as it counts them itself.
 *
 * usage: gate_paths MOUNT_POINT
 *
 * A client's volume is mounted on MOUNT_POINT, with a file "file". Each case is a
 * process of its own: a task that once came to a client unseen has a scope for
 * every path.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define GATE	"/sys/kernel/debug/ama/gate"
#define PAGE	4096
#define KEPT	64	/* bytes of a mount point that the gate compares */

static const char *mount_point;
static FILE *table;
static int failed;

/*
 * Calls of both functions that ask for a path's attributes. The table is open all
 * the time: elsewhere it has no name.
 */
static unsigned long gated(void)
{
	unsigned long sum = 0, count;
	char line[128], name[64];

	rewind(table);
	while (fgets(line, sizeof(line), table))
		if (sscanf(line, "%63s %lu", name, &count) == 2 &&
		    (!strcmp(name, "__x64_sys_newstat") ||
		     !strcmp(name, "__x64_sys_newfstatat")))
			sum += count;
	if (ferror(table))
		err(2, GATE);
	return sum;
}

/* By its path alone, and by one from a directory: how often there was a scope. */
static unsigned long scopes_for(const char *path)
{
	unsigned long before = gated();
	struct stat st;

	syscall(SYS_stat, path, &st);
	syscall(SYS_newfstatat, AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW);
	return gated() - before;
}

/* The same text so that it ends with its page, behind which there is nothing. */
static const char *at_the_end_of_a_page(const char *text)
{
	size_t length = strlen(text) + 1;
	char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED || munmap(page + PAGE, PAGE))
		err(2, "mmap");
	return memcpy(page + PAGE - length, text, length);
}

/* In a page that is not there yet. */
static const char *in_a_cold_page(const char *text)
{
	static char name[] = "/tmp/path.XXXXXX";
	size_t length = strlen(text) + 1;
	int fd = mkstemp(name);
	const char *page;

	if (fd < 0 || pwrite(fd, text, length, 0) != (ssize_t)length)
		err(2, "%s", name);
	page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	if (page == MAP_FAILED)
		err(2, "mmap");
	unlink(name);
	return page;
}

static const char *plain(const char *text)
{
	return text;
}

static void nothing(void) { }

/* It came unseen in the first call: that one has none, the second has. */
static void new_name_space(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		err(2, "unshare");
}

static void change_root(void)
{
	if (chroot("/other"))
		err(2, "chroot");
}

static void start_there(void)
{
	if (chdir(mount_point))
		err(2, "%s", mount_point);
}

static void say(int good, const char *what, unsigned long want, unsigned long got)
{
	printf("%sok - %s\n", good ? "" : "not ", what);
	if (!good)
		printf("# %lu instead of %lu scopes\n", got, want);
	failed |= !good;
}

/*
 * A name that follows the mount point's text; @want scopes in two calls. @prepare is
 * done by the process that makes them.
 */
static void expect(const char *what, const char *follows, unsigned long want,
		   const char *(*place)(const char *), void (*prepare)(void))
{
	unsigned long *got = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char text[512];
	int status;

	if (got == MAP_FAILED)
		err(2, "mmap");
	snprintf(text, sizeof(text), "%s%s", follows[0] == '.' ? "" : mount_point, follows);
	if (!strcmp(follows, "-1"))
		snprintf(text, sizeof(text), "%.*s", (int)strlen(mount_point) - 1,
			 mount_point);
	fflush(NULL);
	if (!fork()) {
		prepare();
		*got = scopes_for(place(text));
		_exit(0);
	}
	if (wait(&status) < 0 || status)
		errx(2, "%s: status %d", what, status);
	say(*got == want, what, want, *got);
	munmap(got, PAGE);
}

/* From an open file the gate learns where its volume is mounted. */
static void show_file(void)
{
	char name[512];
	struct stat st;
	int fd;

	snprintf(name, sizeof(name), "%s/file", mount_point);
	fd = open(name, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) || syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH))
		err(2, "%s", name);
	close(fd);
}

int main(int argc, char **argv)
{
	unsigned long beside, before;
	int status;

	if (argc != 2)
		errx(2, "usage: gate_paths MOUNT_POINT");
	table = fopen(GATE, "r");
	if (!table)
		err(2, GATE);
	mount_point = argv[1];
	/* Of a text that is cut off it is not known how it goes on. */
	beside = strlen(mount_point) >= KEPT ? 2 : 0;
	before = strlen(mount_point) > KEPT ? 2 : 0;
	if (!fork()) {
		show_file();
		_exit(0);
	}
	if (wait(&status) < 0 || status)
		errx(2, "it cannot be shown a file");

	expect("the mount point itself", "", 2, plain, nothing);
	expect("with a slash", "/", 2, plain, nothing);
	expect("a file in it", "/file", 2, plain, nothing);
	expect("what is not there", "/some/thing else", 2, plain, nothing);
	expect("one whose text goes on", "x", beside, plain, nothing);
	expect("one whose text goes on for long", "-and/something/below/it", beside,
	       plain, nothing);
	expect("one whose text ends before", "-1", before, plain, nothing);
	expect("at a page's end: the mount point", "", 2, at_the_end_of_a_page, nothing);
	expect("at a page's end: a file", "/f", 2, at_the_end_of_a_page, nothing);
	expect("at a page's end: a text that goes on", "x", beside,
	       at_the_end_of_a_page, nothing);
	expect("in a page that is to be read first: a file", "/file", 2, in_a_cold_page,
	       nothing);
	expect("in a page that is to be read first: a text that goes on", "x", beside,
	       in_a_cold_page, nothing);
	expect("from a directory there", "./file", 2, plain, start_there);
	expect("from a directory elsewhere", "./tmp", 0, plain, nothing);
	expect("below another root", "/file", 0, plain, change_root);
	expect("in another name space it is seen at the second call", "/cold", 1, plain,
	       new_name_space);
	return failed;
}
