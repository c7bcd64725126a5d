// SPDX-License-Identifier: GPL-2.0
/*
 * ext2mfr_fuzz DEVICE FIRST COUNT IMAGE...: for each of COUNT seeds from FIRST on
 * damage one of the images, write it to DEVICE, mount it as ext2mfr, use it, unmount it.
 *
 * The seed chooses the image and the damage. Fails when a mount point cannot be left, a
 * call fails by what damage does not explain, an image takes too long, or memory is not
 * given back. What the kernel thinks of it is in its log.
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
#define SLOW_SECONDS	300
#define MAX_IMAGES	8
#define FIRST_IMAGES	8	/* until all caches exist */

static struct image images[MAX_IMAGES];
static unsigned int nr_images;
static unsigned char *work;

static int read_image(struct image *image, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &st))
		return -1;
	image->name = basename(path);
	image->size = st.st_size;
	image->base = malloc(image->size);
	if (!image->base ||
	    read(fd, image->base, image->size) != (ssize_t)image->size)
		return -1;
	return close(fd);
}

static int read_images(char **paths)
{
	size_t largest = 0;

	for (; *paths; paths++) {
		struct image *image = &images[nr_images++];

		if (nr_images > MAX_IMAGES || read_image(image, *paths) ||
		    find_structures(image)) {
			fprintf(stderr, "%s: not an ext2 image\n", *paths);
			return -1;
		}
		if (image->size > largest)
			largest = image->size;
	}
	work = malloc(largest);
	return work && nr_images ? 0 : -1;
}

static int write_device(const char *device, const struct image *image)
{
	int fd = open(device, O_WRONLY);

	if (fd < 0 || write(fd, work, image->size) != (ssize_t)image->size)
		return -1;
	return close(fd);
}

/* What is done goes into the kernel's log, beside what the kernel says. */
static void log_seed(uint64_t seed, const char *image, const char *what)
{
	FILE *log = fopen("/dev/kmsg", "w");

	if (!log)
		return;
	fprintf(log, "ext2mfr_fuzz: seed %llu, %s, %s\n", (unsigned long long)seed,
		image, what);
	fclose(log);
}

static const char *errors_option(void)
{
	return pick(3) ? "errors=continue" : "errors=remount-ro";
}

/* Returns 1 if the image was mounted, -1 if something is wrong. */
static int one_image(const char *device, uint64_t seed, const char **what)
{
	const struct image *image;
	int tries;

	seed_random(seed);
	image = &images[pick(nr_images)];
	*what = damage(image, work);
	log_seed(seed, image->name, *what);
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

int main(int argc, char **argv)
{
	unsigned long first, count, i, mounted = 0;
	struct kernel_memory before;
	const char *what;
	time_t start;
	int ret;

	if (argc < 5) {
		fprintf(stderr, "usage: ext2mfr_fuzz DEVICE FIRST COUNT IMAGE...\n");
		return 2;
	}
	first = strtoul(argv[2], NULL, 0);
	count = strtoul(argv[3], NULL, 0);
	if (read_images(argv + 4))
		return 1;
	mkdir(MOUNT_POINT, 0755);
	for (i = 0; i < count; i++) {
		if (i == FIRST_IMAGES)
			before = kernel_memory();
		start = time(NULL);
		ret = one_image(argv[1], first + i, &what);
		if (ret < 0 || time(NULL) - start > SLOW_SECONDS) {
			printf("# seed %lu (%s): %s\n", first + i, what,
			       ret < 0 ? strerror(errno) : "too slow");
			return 1;
		}
		mounted += ret;
	}
	printf("# %lu of %lu damaged images could be mounted\n", mounted, count);
	return count > FIRST_IMAGES && memory_grew(count - FIRST_IMAGES, &before);
}
