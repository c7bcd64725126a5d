// SPDX-License-Identifier: GPL-2.0
/*
 * ext2mfr_fuzz DEVICE IMAGE FIRST COUNT: damage IMAGE by each of COUNT seeds
 * from FIRST on, write it to DEVICE, mount it as ext2mfr, use it, unmount it.
 *
 * Fails when a mount point cannot be left, a call fails by what damage does not
 * explain, an image takes too long, or memory is not given back. What the kernel
 * thinks of it is in its log.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "fuzz.h"

#define MOUNT_POINT	"/tmp/fuzz"
#define SLOW_SECONDS	60

static int read_image(struct image *image, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &st))
		return -1;
	image->size = st.st_size;
	image->base = malloc(image->size);
	image->work = malloc(image->size);
	if (!image->base || !image->work ||
	    read(fd, image->base, image->size) != (ssize_t)image->size)
		return -1;
	return close(fd);
}

static int write_device(const char *device, const struct image *image)
{
	int fd = open(device, O_WRONLY);

	if (fd < 0 ||
	    write(fd, image->work, image->size) != (ssize_t)image->size)
		return -1;
	return close(fd);
}

/* What is done goes into the kernel's log, beside what the kernel says. */
static void log_seed(uint64_t seed, const char *what)
{
	FILE *log = fopen("/dev/kmsg", "w");

	if (!log)
		return;
	fprintf(log, "ext2mfr_fuzz: seed %llu, %s\n", (unsigned long long)seed,
		what);
	fclose(log);
}

static const char *errors_option(void)
{
	return pick(3) ? "errors=continue" : "errors=remount-ro";
}

/* Returns 1 if the image was mounted, -1 if something is wrong. */
static int one_image(const char *device, struct image *image, uint64_t seed,
		     const char **what)
{
	int tries;

	seed_random(seed);
	*what = damage(image);
	log_seed(seed, *what);
	if (write_device(device, image))
		return -1;
	if (mount(device, MOUNT_POINT, "ext2mfr", 0, errors_option()))
		return errno == EUCLEAN || errno == EINVAL || errno == EIO ? 0 : -1;
	if (exercise(MOUNT_POINT)) {
		umount(MOUNT_POINT);
		errno = EPROTO;
		return -1;
	}
	for (tries = 0; tries < 50; tries++) {
		if (!umount(MOUNT_POINT))
			return 1;
		if (errno != EBUSY)
			break;
		usleep(20000);
	}
	return -1;
}

/* What the kernel has allocated for itself and does not give back, in KiB. */
static long kernel_memory(void)
{
	FILE *file = fopen("/proc/sys/vm/drop_caches", "w");
	char line[128];
	long kib, sum = 0;

	if (file) {
		fputs("3\n", file);
		fclose(file);
	}
	file = fopen("/proc/meminfo", "r");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Slab: %ld", &kib) == 1 ||
		    sscanf(line, "VmallocUsed: %ld", &kib) == 1)
			sum += kib;
	fclose(file);
	return sum;
}

/* After the first images all caches exist; from then on a page an image, and a MiB
 * for what comes and goes, is too much.
 */
static int memory_grew(unsigned long images, long before)
{
	long grown = kernel_memory() - before;

	printf("# kernel memory grew by %ld KiB in %lu images\n", grown, images);
	/* A kernel that remembers who allocated what finds leaks by itself. */
	return access("/sys/kernel/debug/kmemleak", F_OK) &&
	       grown > 1024 + 4 * (long)images;
}

int main(int argc, char **argv)
{
	unsigned long first, count, i, mounted = 0;
	long before = 0;
	struct image image;
	const char *what;
	time_t start;
	int ret;

	if (argc != 5) {
		fprintf(stderr, "usage: ext2mfr_fuzz DEVICE IMAGE FIRST COUNT\n");
		return 2;
	}
	first = strtoul(argv[3], NULL, 0);
	count = strtoul(argv[4], NULL, 0);
	if (read_image(&image, argv[2]) || find_structures(&image)) {
		fprintf(stderr, "%s: not an ext2 image\n", argv[2]);
		return 1;
	}
	mkdir(MOUNT_POINT, 0755);
	for (i = first; i < first + count; i++) {
		if (i == first + 4)
			before = kernel_memory();
		start = time(NULL);
		ret = one_image(argv[1], &image, i, &what);
		if (ret < 0 || time(NULL) - start > SLOW_SECONDS) {
			printf("# seed %lu (%s): %s\n", i, what,
			       ret < 0 ? strerror(errno) : "too slow");
			return 1;
		}
		mounted += ret;
	}
	printf("# %lu of %lu damaged images could be mounted\n", mounted, count);
	return before && memory_grew(count - 4, before);
}
