// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel has allocated for itself and does not give back. Pages that it takes
 * one by one are in no line of /proc/meminfo: they are what all lines leave.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "fuzz.h"

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file)
		return;
	fputs(text, file);
	fclose(file);
}

/* Free pages that a processor keeps at hand; MemFree does not count them. */
static long kept_by_processors(void)
{
	FILE *file = fopen("/proc/zoneinfo", "r");
	char line[256];
	long count, pages = 0;

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " count: %ld", &count) == 1)
			pages += count;
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int is_one_of(const char *name, const char *const names[])
{
	while (*names)
		if (!strcmp(name, *names++))
			return 1;
	return 0;
}

struct kernel_memory kernel_memory(void)
{
	static const char *const caches[] = { "Slab", "VmallocUsed", "Percpu", NULL };
	static const char *const others[] = {
		"MemFree", "Buffers", "Cached", "AnonPages", "PageTables", NULL,
	};
	struct kernel_memory memory = { 0 };
	char line[128], name[64];
	FILE *file;
	long kib;

	sync();
	write_file("/proc/sys/vm/drop_caches", "3\n");
	/* Counts that processors have not added up yet. */
	write_file("/proc/sys/vm/stat_refresh", "1\n");
	file = fopen("/proc/meminfo", "r");
	if (!file)
		return memory;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63[^:]: %ld", name, &kib) != 2)
			continue;
		if (!strcmp(name, "MemTotal"))
			memory.pages += kib;
		else if (is_one_of(name, others))
			memory.pages -= kib;
		else if (is_one_of(name, caches))
			memory.caches += kib;
	}
	fclose(file);
	memory.pages -= memory.caches + kept_by_processors();
	return memory;
}

/* After the first images all caches exist. From then on a page of a cache for each
 * image, and a MiB for what comes and goes, is too much; of other pages a half for each.
 */
int memory_grew(unsigned long images, const struct kernel_memory *before)
{
	struct kernel_memory now = kernel_memory();
	long caches = now.caches - before->caches, pages = now.pages - before->pages;

	printf("# in %lu images the kernel's caches grew by %ld KiB, its pages by %ld KiB\n",
	       images, caches, pages);
	/* A kernel that remembers who allocated what finds leaks by itself. */
	if (!access("/sys/kernel/debug/kmemleak", F_OK))
		return 0;
	return caches > 1024 + 4 * (long)images || pages > 16 + 2 * (long)images;
}
