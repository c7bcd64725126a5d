// SPDX-License-Identifier: GPL-2.0
/*
 * What a device may hold after a crash, from a log of dm-log-writes.
 *
 *	replay_writes LOG
 *		prints the number of its entries
 *	replay_writes LOG DEVICE ENTRIES SEED
 *		writes to DEVICE what is certain after so many entries, and of what is
 *		not (written since the last flush, and not forced through the cache) each
 *		with a probability of one half. Prints the marks among the entries.
 *
 * The log's layout is described in the kernel's Documentation/admin-guide/
 * device-mapper/log-writes.rst and drivers/md/dm-log-writes.c.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <err.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_MAGIC	0x6a736677736872ULL
#define LOG_FLUSH	1
#define LOG_FUA		2
#define LOG_DISCARD	4
#define LOG_MARK	8

struct log_super {
	uint64_t magic;
	uint64_t version;
	uint64_t nr_entries;
	uint32_t sectorsize;
} __attribute__((packed));

struct log_entry {
	uint64_t sector;
	uint64_t nr_sectors;
	uint64_t flags;
	uint64_t data_len;
	off_t data;		/* where in the log; not part of an entry there */
};

static uint32_t sector_size;
static int log_fd;

static void read_log(void *to, size_t size, off_t from)
{
	if (pread(log_fd, to, size, from) != (ssize_t)size)
		err(1, "the log");
}

static uint64_t open_log(const char *name)
{
	struct log_super super;

	log_fd = open(name, O_RDONLY);
	if (log_fd < 0)
		err(1, "%s", name);
	read_log(&super, sizeof(super), 0);
	if (le64toh(super.magic) != LOG_MAGIC || le64toh(super.version) != 1)
		errx(1, "%s is no log of dm-log-writes", name);
	sector_size = le32toh(super.sectorsize);
	return le64toh(super.nr_entries);
}

static struct log_entry *read_entries(uint64_t count)
{
	struct log_entry *entries = calloc(count, sizeof(*entries)), *entry;
	off_t at = sector_size;

	if (!entries)
		err(1, "memory");
	for (entry = entries; entry < entries + count; entry++) {
		read_log(entry, offsetof(struct log_entry, data), at);
		entry->sector = le64toh(entry->sector);
		entry->nr_sectors = le64toh(entry->nr_sectors);
		entry->flags = le64toh(entry->flags);
		entry->data_len = le64toh(entry->data_len);
		entry->data = at + sector_size;
		at = entry->data;
		if (!(entry->flags & LOG_DISCARD))
			at += entry->nr_sectors * sector_size;
	}
	return entries;
}

static void apply(int device, const struct log_entry *entry)
{
	size_t size = entry->nr_sectors * sector_size;
	char *data = calloc(1, size);

	if (!data)
		err(1, "memory");
	if (!(entry->flags & LOG_DISCARD))
		read_log(data, size, entry->data);
	if (pwrite(device, data, size, entry->sector * sector_size) != (ssize_t)size)
		err(1, "the device");
	free(data);
}

static void print_mark(const struct log_entry *entry)
{
	char text[512] = "";
	size_t size = sector_size - offsetof(struct log_entry, data);

	if (size > sizeof(text) - 1)
		size = sizeof(text) - 1;
	if (entry->data_len < size)
		size = entry->data_len;
	read_log(text, size, entry->data - sector_size +
			     (off_t)offsetof(struct log_entry, data));
	puts(text);
}

/* The last flush makes certain what was logged before it, not what it carries. */
static uint64_t certain(const struct log_entry *entries, uint64_t count)
{
	while (count && !(entries[count - 1].flags & LOG_FLUSH))
		count--;
	return count ? count - 1 : 0;
}

int main(int argc, char **argv)
{
	uint64_t nr, count, safe, i;
	struct log_entry *entries;
	int device;

	if (argc != 2 && argc != 5)
		errx(2, "usage: replay_writes LOG [DEVICE ENTRIES SEED]");
	nr = open_log(argv[1]);
	if (argc == 2) {
		printf("%llu\n", (unsigned long long)nr);
		return 0;
	}
	count = strtoull(argv[3], NULL, 10);
	if (count > nr)
		errx(2, "the log has %llu entries", (unsigned long long)nr);
	srandom(strtoul(argv[4], NULL, 10));
	device = open(argv[2], O_WRONLY);
	if (device < 0)
		err(1, "%s", argv[2]);
	entries = read_entries(count);
	safe = certain(entries, count);
	for (i = 0; i < count; i++) {
		if (entries[i].flags & LOG_MARK)
			print_mark(&entries[i]);
		else if (entries[i].nr_sectors &&
			 (i < safe || (entries[i].flags & LOG_FUA) ||
			  random() & 1))
			apply(device, &entries[i]);
	}
	if (fsync(device))
		err(1, "%s", argv[2]);
	return 0;
}
