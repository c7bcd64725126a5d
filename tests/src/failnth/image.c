// SPDX-License-Identifier: GPL-2.0
/*
 * What is on the devices, past all caches.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "failnth.h"

#define CHUNK		(256 * 1024)
#define MOST_DEVICES	2
#define SUPER_AT	1024
/* Seconds of the last time that the superblock was written. */
#define WTIME_AT	(SUPER_AT + 0x30)

static struct {
	int fd;
	uint64_t sum;
} devices[MOST_DEVICES];
static unsigned int nr_devices;
static unsigned char chunk[CHUNK] __attribute__((aligned(4096)));

/* The first one is what is mounted where the calls are made. */
void image_add(const char *device)
{
	must(nr_devices < MOST_DEVICES, "too many devices");
	devices[nr_devices].fd = open(device, O_RDONLY | O_DIRECT | O_CLOEXEC);
	must(devices[nr_devices++].fd != -1, device);
}

static uint64_t sum_words(uint64_t sum, size_t length)
{
	const uint64_t *word = (const uint64_t *)chunk;
	size_t i;

	for (i = 0; i < length / sizeof(*word); i++)
		sum = (sum ^ word[i]) * 0x9e3779b97f4a7c15ULL;
	return sum;
}

static uint64_t sum_device(int device)
{
	uint64_t sum = 0;
	off_t at = 0;
	ssize_t got;

	while ((got = pread(device, chunk, CHUNK, at)) > 0) {
		/* Every sync writes it, ours as well. */
		if (!at)
			memset(chunk + WTIME_AT, 0, 4);
		sum = sum_words(sum, got);
		at += got;
	}
	must(!got && at, "read the device");
	return sum;
}

void image_remember(void)
{
	unsigned int i;

	for (i = 0; i < nr_devices; i++)
		devices[i].sum = sum_device(devices[i].fd);
}

/* Writes what is dirty and forgets blocks that the last users still hold. */
void image_forget(void)
{
	unsigned int i;

	for (i = 0; i < nr_devices; i++)
		must(!ioctl(devices[i].fd, BLKFLSBUF, 0), "BLKFLSBUF");
}

bool image_same(void)
{
	unsigned int i;

	for (i = 0; i < nr_devices; i++)
		if (devices[i].sum != sum_device(devices[i].fd))
			return false;
	return true;
}

/* Where a file's byte is on the device, as far as is known without writing it. */
static bool find_byte(int file, size_t at, uint64_t *place)
{
	union {
		struct fiemap map;
		char room[sizeof(struct fiemap) + sizeof(struct fiemap_extent)];
	} found = {
		.map = { .fm_start = at, .fm_length = 1, .fm_extent_count = 1 },
	};
	const struct fiemap_extent *extent = found.map.fm_extents;

	if (ioctl(file, FS_IOC_FIEMAP, &found.map) ||
	    found.map.fm_mapped_extents != 1 ||
	    extent->fe_flags & (FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC))
		return false;
	*place = extent->fe_physical + (at - extent->fe_logical);
	return true;
}

/* Have the file's data reached the device? Looked at in its first and last sector. */
bool on_device(const char *name, const unsigned char *data)
{
	static const size_t sectors[] = { 0, (DATA_SIZE - 1) / 512 * 512 };
	int file = open(name, O_RDONLY);
	unsigned int i;
	uint64_t place;
	bool good = file != -1;

	for (i = 0; good && i < 2; i++) {
		size_t length = DATA_SIZE - sectors[i] < 512 ?
				DATA_SIZE - sectors[i] : 512;

		good = find_byte(file, sectors[i], &place) &&
		       pread(devices[0].fd, chunk, 512, place) == 512 &&
		       !memcmp(chunk, data + sectors[i], length);
	}
	if (file != -1)
		close(file);
	return good;
}
