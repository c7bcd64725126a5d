// SPDX-License-Identifier: GPL-2.0
/*
 * A flat directory of files with long and short names, and a subdirectory,
 * changed at random and compared with a table: create, unlink, link, rename,
 * exchange, and now and then a listing.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "check.h"

#define NAMES	1500

/* The number that a name's file holds, 0 for a name that is free. */
static uint32_t table[NAMES];
static uint32_t next_id;
static uint64_t state;

static uint32_t pick(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16) % below;
}

/* Odd names live in a subdirectory; lengths differ. */
static const char *name_of(unsigned int nr)
{
	static char names[2][300];
	static int turn;
	char *name = names[turn ^= 1];

	sprintf(name, "%s%u%.*s", nr & 1 ? "sub/" : "", nr,
		(int)(nr * 37 % 120),
		"-abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij"
		"klmnopqrstuvwxyz");
	return name;
}

static int check_name(unsigned int nr)
{
	uint32_t id = 0;
	int fd = open(name_of(nr), O_RDONLY);

	if (!table[nr]) {
		EXPECT(fd < 0 && errno == ENOENT);
		return 0;
	}
	EXPECT(fd >= 0);
	EXPECT(read(fd, &id, sizeof(id)) == sizeof(id));
	close(fd);
	EXPECT(id == table[nr]);
	return 0;
}

static int create_name(unsigned int nr)
{
	int fd = open(name_of(nr), O_WRONLY | O_CREAT | O_EXCL, 0644);
	uint32_t id = ++next_id;

	if (table[nr]) {
		EXPECT(fd < 0 && errno == EEXIST);
		return 0;
	}
	EXPECT(fd >= 0 && write(fd, &id, sizeof(id)) == sizeof(id));
	close(fd);
	table[nr] = id;
	return 0;
}

static int remove_name(unsigned int nr)
{
	int err = unlink(name_of(nr));

	EXPECT(table[nr] ? !err : err && errno == ENOENT);
	table[nr] = 0;
	return 0;
}

static int two_names(unsigned int a, unsigned int b)
{
	unsigned int flags = pick(3);
	uint32_t id = table[a];
	int err;

	if (a == b)
		return 0;
	if (flags == 2) {
		err = link(name_of(a), name_of(b));
		EXPECT(id && !table[b] ? !err : err);
		if (!err)
			table[b] = id;
		return 0;
	}
	flags = flags ? RENAME_EXCHANGE : pick(2) ? RENAME_NOREPLACE : 0;
	err = renameat2(AT_FDCWD, name_of(a), AT_FDCWD, name_of(b), flags);
	if (!id || (flags == RENAME_EXCHANGE && !table[b])) {
		EXPECT(err && errno == ENOENT);
	} else if (flags == RENAME_NOREPLACE && table[b]) {
		EXPECT(err && errno == EEXIST);
	} else {
		EXPECT(!err);
		/* Renaming a file to another name of its own does nothing. */
		if (id == table[b])
			return 0;
		table[a] = flags == RENAME_EXCHANGE ? table[b] : 0;
		table[b] = id;
	}
	return 0;
}

static int list(const char *path, unsigned int parity)
{
	unsigned int expected = 0, found = 0, nr;
	struct dirent *entry;
	DIR *dir = opendir(path);

	EXPECT(dir);
	for (nr = parity; nr < NAMES; nr += 2)
		expected += !!table[nr];
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "sub"))
			continue;
		nr = strtoul(entry->d_name, NULL, 10);
		EXPECT(nr < NAMES && table[nr] && (nr & 1) == parity);
		found++;
	}
	closedir(dir);
	EXPECT(found == expected);
	return 0;
}

static int step(void)
{
	unsigned int nr = pick(NAMES), what = pick(100);

	if (what < 40)
		return create_name(nr);
	if (what < 60)
		return remove_name(nr);
	if (what < 80)
		return two_names(nr, pick(NAMES));
	if (what < 99)
		return check_name(nr);
	return list(nr & 1 ? "sub" : ".", nr & 1);
}

int random_names(unsigned long rounds, unsigned int seed)
{
	unsigned long i;
	unsigned int nr;

	state = 0x9e3779b97f4a7c15ULL * (seed + 1);
	EXPECT(!mkdir("names", 0755) && !chdir("names") && !mkdir("sub", 0755));
	for (i = 0; i < rounds; i++)
		if (step()) {
			printf("# at operation %lu\n", i);
			return -1;
		}
	for (nr = 0; nr < NAMES; nr++)
		if (check_name(nr))
			return -1;
	return 0;
}
