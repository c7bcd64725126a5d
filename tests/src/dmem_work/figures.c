// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel counts while dmem_work uses its set.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "work.h"

#define MIB_SECTORS	2048.0
#define MIB_PAGES	256.0

static FILE *must_open(const char *path)
{
	FILE *file = fopen(path, "r");

	if (!file) {
		perror(path);
		exit(2);
	}
	return file;
}

/* The sum of a file's lines "NAME VALUE" (or "NAME: VALUE") whose names begin so. */
static uint64_t sum_of(const char *path, const char *prefix)
{
	unsigned long long value;
	FILE *file = must_open(path);
	uint64_t sum = 0;
	char line[256], name[64];

	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %llu", name, &value) == 2 &&
		    !strncmp(name, prefix, strlen(prefix)))
			sum += value;
	fclose(file);
	return sum;
}

/* Sectors read from and written to a block device. */
static void disk_sectors(const char *disk, uint64_t *read, uint64_t *written)
{
	unsigned long long in, out;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/block/%s/stat", disk);
	file = must_open(path);
	if (fscanf(file, "%*u %*u %llu %*u %*u %*u %llu", &in, &out) != 2) {
		fprintf(stderr, "%s: unknown form\n", path);
		exit(2);
	}
	fclose(file);
	*read = in;
	*written = out;
}

/* Pages stored, loaded and cached, of all stores; 0 without dmem. */
static void stores(uint64_t *stored, uint64_t *loaded, uint64_t *cached)
{
	FILE *file = fopen("/sys/kernel/debug/dmem/stores", "r");
	unsigned long long in, out, now;
	char line[512];

	*stored = 0;
	*loaded = 0;
	*cached = 0;
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %*u %*u %llu %llu %llu", &now, &in, &out) != 3)
			continue;
		*cached += now;
		*stored += in;
		*loaded += out;
	}
	if (file)
		fclose(file);
}

void figures_take(struct figures *now, const char *mapped, const char *disk)
{
	struct rusage usage;
	struct timespec t;
	uint64_t unused;

	disk_sectors(mapped, &now->read_in, &unused);
	disk_sectors(disk, &now->disk_read, &now->disk_written);
	now->reclaimed = sum_of("/proc/vmstat", "pgsteal_anon") +
			 sum_of("/proc/vmstat", "pgsteal_file");
	getrusage(RUSAGE_SELF, &usage);
	now->faults = usage.ru_majflt;
	stores(&now->stored, &now->loaded, &unused);
	clock_gettime(CLOCK_MONOTONIC, &t);
	now->seconds = t.tv_sec + t.tv_nsec / 1e9;
}

static double meminfo_mib(const char *name)
{
	return sum_of("/proc/meminfo", name) / 1024.0;
}

/*
 * Print what @used bytes of uses took, and where memory is now. A file's page
 * was missing in memory when it was read in; memory's when it had to be waited
 * for, since swapping reads ahead.
 */
void figures_print(const struct figures *before, const struct figures *after,
		   uint64_t used, bool of_memory)
{
	double seconds = after->seconds - before->seconds;
	double read_in = (after->read_in - before->read_in) / MIB_SECTORS;
	double missed = of_memory ? (after->faults - before->faults) / MIB_PAGES : read_in;
	double mib = used / 1048576.0;
	uint64_t unused, cached;

	stores(&unused, &unused, &cached);
	printf("seconds=%.3f mib_per_second=%.1f used_mib=%.0f", seconds, mib / seconds, mib);
	printf(" memory_hit_percent=%.2f", 100 * (1 - missed / mib));
	printf(" read_in_mib=%.1f disk_read_mib=%.1f disk_written_mib=%.1f", read_in,
	       (after->disk_read - before->disk_read) / MIB_SECTORS,
	       (after->disk_written - before->disk_written) / MIB_SECTORS);
	printf(" reclaimed_mib=%.1f", (after->reclaimed - before->reclaimed) / MIB_PAGES);
	printf(" stored_mib=%.1f loaded_mib=%.1f cached_mib=%.1f",
	       (after->stored - before->stored) / MIB_PAGES,
	       (after->loaded - before->loaded) / MIB_PAGES, cached / MIB_PAGES);
	printf(" free_mib=%.1f cma_free_mib=%.1f page_cache_mib=%.1f anonymous_mib=%.1f\n",
	       meminfo_mib("MemFree:"), meminfo_mib("CmaFree:"), meminfo_mib("Cached:"),
	       meminfo_mib("AnonPages:"));
}
