// SPDX-License-Identifier: GPL-2.0
/*
 * Names: what each call does and which errors it gives.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

static int make(const char *name, const char *content)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
	size_t len = strlen(content);

	EXPECT(fd >= 0 && write(fd, content, len) == (ssize_t)len);
	return close(fd);
}

static int holds(const char *name, const char *content)
{
	char buffer[64] = "";
	int fd = open(name, O_RDONLY);

	EXPECT(fd >= 0 && read(fd, buffer, sizeof(buffer) - 1) >= 0);
	close(fd);
	EXPECT(!strcmp(buffer, content));
	return 0;
}

static nlink_t links(const char *name)
{
	struct stat st;

	return lstat(name, &st) ? 0 : st.st_nlink;
}

static int test_links(void)
{
	EXPECT(!make("a", "x") && !link("a", "b"));
	EXPECT(links("a") == 2 && !holds("b", "x"));
	EXPECT_ERR(link("a", "b"), EEXIST);
	EXPECT(!unlink("a") && links("b") == 1);
	EXPECT_ERR(unlink("a"), ENOENT);
	EXPECT(!mkdir("d", 0755));
	EXPECT_ERR(link("d", "e"), EPERM);
	EXPECT_ERR(unlink("d"), EISDIR);
	return 0;
}

static int test_directories(void)
{
	EXPECT(!mkdir("d", 0755) && links("d") == 2 && links(".") == 3);
	EXPECT_ERR(mkdir("d", 0755), EEXIST);
	EXPECT(!mkdir("d/e", 0755) && links("d") == 3);
	EXPECT_ERR(rmdir("d"), ENOTEMPTY);
	EXPECT(!rmdir("d/e") && links("d") == 2 && !rmdir("d"));
	EXPECT(links(".") == 2);
	EXPECT_ERR(rmdir("d"), ENOENT);
	return 0;
}

static int test_rename(void)
{
	EXPECT(!make("a", "1") && !make("b", "2") && !mkdir("d", 0755));
	EXPECT(!rename("a", "b") && !holds("b", "1"));
	EXPECT_ERR(rename("a", "b"), ENOENT);
	EXPECT(!rename("b", "d/c") && !holds("d/c", "1"));
	EXPECT(!mkdir("e", 0755) && !rename("d", "e/d"));
	EXPECT(links("e") == 3 && links(".") == 3);
	EXPECT_ERR(rename("e", "e/d/x"), EINVAL);
	EXPECT(!chdir("e/d") && !access("../../e", F_OK) && !chdir("../.."));
	EXPECT(!mkdir("f", 0755));
	EXPECT_ERR(rename("f", "e/d"), ENOTEMPTY);
	EXPECT(!unlink("e/d/c") && !rename("f", "e/d"));
	EXPECT(links("e") == 3 && links(".") == 3);
	EXPECT(!make("g", "3"));
	EXPECT_ERR(rename("g", "e"), EISDIR);
	EXPECT_ERR(rename("e", "g"), ENOTDIR);
	return 0;
}

static int swap(const char *a, const char *b)
{
	return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

static int test_exchange(void)
{
	EXPECT(!make("a", "1") && !make("b", "2"));
	EXPECT(!swap("a", "b") && !holds("a", "2") && !holds("b", "1"));
	EXPECT(!mkdir("d", 0755) && !mkdir("d/e", 0755));
	EXPECT(!swap("a", "d/e") && !holds("d/e", "2"));
	EXPECT(links("d") == 2 && links(".") == 4 && links("a") == 2);
	EXPECT(!chdir("a") && !holds("../b", "1") && !chdir(".."));
	EXPECT_ERR(swap("a", "none"), ENOENT);
	EXPECT_ERR(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE),
		   EEXIST);
	EXPECT_ERR(renameat2(AT_FDCWD, "a", AT_FDCWD, "w", RENAME_WHITEOUT),
		   EINVAL);
	return 0;
}

static int test_symlinks(void)
{
	char target[1200], read_back[1200];
	size_t lengths[] = { 1, 59, 60, 61, 500, 1023 }, i;
	ssize_t got;

	memset(target, 'x', sizeof(target));
	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		target[lengths[i]] = 0;
		EXPECT(!symlink(target, "s"));
		got = readlink("s", read_back, sizeof(read_back));
		EXPECT(got == (ssize_t)lengths[i]);
		EXPECT(!memcmp(target, read_back, got) && !unlink("s"));
		target[lengths[i]] = 'x';
	}
	EXPECT(!make("a", "1") && !symlink("a", "s") && !holds("s", "1"));
	EXPECT(!symlink("none", "dangling"));
	EXPECT_ERR(open("dangling", O_RDONLY), ENOENT);
	return 0;
}

static int test_special(void)
{
	struct stat st;

	EXPECT(!mknod("null", S_IFCHR | 0600, makedev(1, 3)));
	EXPECT(!mknod("big", S_IFBLK | 0600, makedev(300, 70000)));
	EXPECT(!mkfifo("pipe", 0600) && !mknod("sock", S_IFSOCK | 0600, 0));
	EXPECT(!stat("null", &st) && st.st_rdev == makedev(1, 3));
	EXPECT(!stat("big", &st) && st.st_rdev == makedev(300, 70000));
	EXPECT(S_ISBLK(st.st_mode) && !stat("pipe", &st));
	EXPECT(S_ISFIFO(st.st_mode));
	return 0;
}

static int test_long_names(void)
{
	char name[300];

	memset(name, 'n', sizeof(name));
	name[255] = 0;
	EXPECT(!make(name, "1") && !holds(name, "1"));
	name[255] = 'n';
	name[256] = 0;
	EXPECT_ERR(open(name, O_CREAT | O_WRONLY, 0644), ENAMETOOLONG);
	return 0;
}

static int test_tmpfile(void)
{
	char path[64];
	int fd = open(".", O_TMPFILE | O_RDWR, 0644);

	EXPECT(fd >= 0 && write(fd, "tmp", 3) == 3);
	sprintf(path, "/proc/self/fd/%d", fd);
	EXPECT(!linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	close(fd);
	EXPECT(!holds("named", "tmp") && links("named") == 1);
	fd = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0644);
	EXPECT(fd >= 0 && write(fd, "tmp", 3) == 3);
	return close(fd);
}

static int test_unlinked_open(void)
{
	char buffer[4];
	int fd = open("a", O_RDWR | O_CREAT, 0644);

	EXPECT(fd >= 0 && write(fd, "abc", 3) == 3 && !unlink("a"));
	EXPECT(pread(fd, buffer, 3, 0) == 3 && !memcmp(buffer, "abc", 3));
	EXPECT(write(fd, "def", 3) == 3);
	return close(fd);
}

static int test_link_limit(void)
{
	char name[16];
	int i;

	EXPECT(!make("a", "1"));
	for (i = 1; i < 32000; i++) {
		sprintf(name, "l%d", i);
		EXPECT(!link("a", name));
	}
	EXPECT_ERR(link("a", "more"), EMLINK);
	EXPECT(links("a") == 32000);
	return 0;
}

/* Listing while names come and go: what was there all the time shows once. */
static int test_listing(void)
{
	enum { KEPT = 400 };
	int seen[KEPT] = { }, i, turn = 0;
	struct dirent *entry;
	char name[64];
	DIR *dir;

	for (i = 0; i < KEPT; i++) {
		sprintf(name, "kept-with-a-name-of-some-length-%d", i);
		EXPECT(!make(name, ""));
		sprintf(name, "gone%d", i);
		EXPECT(!make(name, ""));
	}
	dir = opendir(".");
	EXPECT(dir);
	while ((entry = readdir(dir))) {
		if (sscanf(entry->d_name, "kept-with-a-name-of-some-length-%d",
			   &i) == 1)
			seen[i]++;
		sprintf(name, "gone%d", turn);
		unlink(name);
		sprintf(name, "new%d", turn++);
		if (turn < KEPT)
			EXPECT(!make(name, ""));
	}
	closedir(dir);
	for (i = 0; i < KEPT; i++)
		EXPECT(seen[i] == 1);
	return 0;
}

/* The next few entries, as many as a small buffer takes; those of a name that stays
 * are counted. Returns the place behind them, 0 at the end.
 */
static off_t list_some(int fd, int *seen, int kept)
{
	static struct dirent64 room[2];
	const char *buffer = (const char *)room;
	ssize_t len = getdents64(fd, room, 128), at;
	off_t place = 0;
	int nr;

	EXPECT(len >= 0);
	for (at = 0; at < len; ) {
		const struct dirent64 *entry = (const void *)(buffer + at);

		if (sscanf(entry->d_name, "kept-with-a-name-of-some-length-%d",
			   &nr) == 1 && nr >= 0 && nr < kept)
			seen[nr]++;
		place = entry->d_off;
		at += entry->d_reclen;
	}
	return place;
}

/* One goes, one comes, one is renamed to a name that takes more room. */
static void change_some(int turn, int kept)
{
	char name[64], other[64];

	sprintf(name, "gone%d", turn * 7 % kept);
	unlink(name);
	sprintf(name, "new%d", turn % kept);
	close(open(name, O_WRONLY | O_CREAT, 0644));
	sprintf(other, "renamed-to-take-more-room-than-before-%d", turn % 90);
	rename(name, other);
}

/* Listing with many places to go on from, on one descriptor or each time on a new one
 * that seeks there, while names come and go: what was there all the time shows once.
 */
static int list_by_pieces(bool reopen)
{
	enum { KEPT = 400 };
	int seen[KEPT] = { }, fd = open(".", O_RDONLY | O_DIRECTORY), i, turn = 0;
	off_t place;

	EXPECT(fd >= 0);
	while ((place = list_some(fd, seen, KEPT)) > 0) {
		change_some(turn++, KEPT);
		if (!reopen)
			continue;
		EXPECT(!close(fd));
		fd = open(".", O_RDONLY | O_DIRECTORY);
		EXPECT(fd >= 0 && lseek(fd, place, SEEK_SET) == place);
	}
	EXPECT(!place && turn > KEPT / 4);
	for (i = 0; i < KEPT; i++)
		EXPECT(seen[i] == 1);
	return close(fd);
}

static int test_listing_by_pieces(void)
{
	char name[64];
	int i;

	for (i = 0; i < 400; i++) {
		sprintf(name, "gone%d", i);
		EXPECT(!make(name, ""));
		sprintf(name, "kept-with-a-name-of-some-length-%d", i);
		EXPECT(!make(name, ""));
	}
	EXPECT(!list_by_pieces(false));
	return list_by_pieces(true);
}

/* Names come, go and change until the process is killed. */
static void change_names(void)
{
	char name[64], other[64];
	unsigned int turn;

	for (turn = 0; ; turn++) {
		sprintf(name, "passing-%u", turn % 300);
		sprintf(other, "renamed-to-something-longer-%u", turn % 170);
		if (turn % 3)
			rename(name, other);
		else
			close(open(name, O_WRONLY | O_CREAT, 0644));
		if (turn % 5 == 0)
			unlink(other);
	}
}

/* Returns the number of names that stay, if each was listed once. */
static int list_once(int kept)
{
	int *seen = calloc(kept, sizeof(*seen)), i, all = 0;
	DIR *dir = opendir(".");
	struct dirent *entry;

	EXPECT(seen && dir);
	while ((entry = readdir(dir)))
		if (sscanf(entry->d_name, "here-all-the-time-%d", &i) == 1 &&
		    i >= 0 && i < kept)
			seen[i]++;
	closedir(dir);
	for (i = 0; i < kept; i++)
		all += seen[i] == 1;
	free(seen);
	return all;
}

/* The same with another process at work. */
static int test_busy_listing(void)
{
	enum { KEPT = 600, TIMES = 40 };
	int i, wrong = 0, status;
	char name[64];
	pid_t pid;

	for (i = 0; i < KEPT; i++) {
		sprintf(name, "here-all-the-time-%d", i);
		EXPECT(!make(name, ""));
	}
	pid = fork();
	EXPECT(pid >= 0);
	if (!pid)
		change_names();
	for (i = 0; i < TIMES; i++)
		wrong += list_once(KEPT) != KEPT;
	EXPECT(!waitpid(pid, &status, WNOHANG));
	EXPECT(!kill(pid, SIGKILL) && waitpid(pid, &status, 0) == pid);
	EXPECT(!wrong);
	return 0;
}

static int test_times(void)
{
	struct timespec set[2] = { { -5000, 999 }, { 2147483647, 1 } };
	struct timespec past[2] = { { 0, 0 }, { 4000000000LL, 0 } };
	struct stat st;

	EXPECT(!make("a", "1") && !utimensat(AT_FDCWD, "a", set, 0));
	EXPECT(!stat("a", &st) && st.st_atim.tv_sec == -5000);
	EXPECT(st.st_mtim.tv_sec == 2147483647 && !st.st_mtim.tv_nsec);
	EXPECT(!utimensat(AT_FDCWD, "a", past, 0) && !stat("a", &st));
	EXPECT(st.st_mtim.tv_sec == 2147483647);
	return 0;
}

const struct test name_tests[] = {
	{ "hard links", test_links },
	{ "directories and their link counts", test_directories },
	{ "rename", test_rename },
	{ "rename: exchange and no-replace", test_exchange },
	{ "symbolic links, short and long", test_symlinks },
	{ "device nodes, pipes, sockets", test_special },
	{ "names of 255 bytes, no longer", test_long_names },
	{ "files without a name", test_tmpfile },
	{ "files unlinked while open", test_unlinked_open },
	{ "listing while names come and go", test_listing },
	{ "listing by pieces, from places sought, while names come and go", test_listing_by_pieces },
	{ "a directory is listed while another process changes it", test_busy_listing },
	{ "time stamps: whole seconds, 32 bits", test_times },
	{ }
};

const struct test limit_tests[] = {
	{ "32000 links to a file, no more", test_link_limit },
	{ }
};
