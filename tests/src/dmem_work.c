// SPDX-License-Identifier: GPL-2.0
/*
 * A working set, some blocks of which are used far more often than others.
 *
 * usage: dmem_work FILE WARM USES DISK   read blocks of a file
 *        dmem_work MIB WARM USES DISK    change and verify anonymous memory
 *
 * Which block comes next follows a power law over the set, and the favourites
 * lie all over it. Prints of USES uses, after WARM others: seconds, mebibytes a
 * second, and mebibytes that were read from DISK (nullb1) meanwhile.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BLOCK	16384UL
#define PAGE	4096UL

/* Steepness: the share u of the blocks that are used most gets u^(1/STEEP). */
#define STEEP	3

/* Odd, so that ranks are spread over the set without a block left out. */
#define SPREAD	0x9e3779b1UL

/**
 * struct set - what is used
 * @blocks: its size
 * @mask:   2^n - 1, not below @blocks - 1
 * @state:  of the random sequence
 * @fd:     the file, or -1
 * @memory: otherwise
 * @uses:   of each block of @memory so far; its pages hold them
 */
struct set {
	unsigned long blocks;
	unsigned long mask;
	uint64_t state;
	int fd;
	unsigned char *memory;
	uint32_t *uses;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static unsigned long next_block(struct set *set)
{
	double share = (next_random(&set->state) >> 11) / (double)(1ULL << 53);
	double rank = set->blocks;
	unsigned long at;

	for (int power = 0; power < STEEP; power++)
		rank *= share;
	at = rank;
	/* A permutation of 0..mask; those past the end are drawn anew. */
	do
		at = at * SPREAD & set->mask;
	while (at >= set->blocks);
	return at;
}

/* Each page begins with its number and the uses, and is half noise. */
static void fill_page(unsigned char *page, uint64_t number)
{
	uint64_t noise = number * 2 + 1, *word = (uint64_t *)page;

	for (unsigned int i = 2; i < PAGE / 16; i++)
		word[i] = next_random(&noise);
	word[0] = number;
	word[1] = 0;
}

static int open_set(struct set *set, const char *what)
{
	struct stat st;
	unsigned long i;

	set->fd = -1;
	if (isdigit(what[0])) {
		set->blocks = strtoul(what, NULL, 0) * (1048576 / BLOCK);
		set->memory = mmap(NULL, set->blocks * BLOCK, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		set->uses = calloc(set->blocks, sizeof(*set->uses));
		if (set->memory == MAP_FAILED || !set->uses)
			return 0;
		for (i = 0; i < set->blocks * BLOCK / PAGE; i++)
			fill_page(set->memory + i * PAGE, i);
	} else {
		set->fd = open(what, O_RDONLY);
		if (set->fd < 0 || fstat(set->fd, &st))
			return 0;
		posix_fadvise(set->fd, 0, 0, POSIX_FADV_RANDOM);
		set->blocks = st.st_size / BLOCK;
	}
	for (set->mask = 1; set->mask < set->blocks; set->mask *= 2)
		;
	set->mask--;
	return set->blocks > 0;
}

static int use_memory(struct set *set, unsigned long block)
{
	unsigned long page, pages = BLOCK / PAGE;

	for (page = block * pages; page < (block + 1) * pages; page++) {
		uint64_t *word = (uint64_t *)(set->memory + page * PAGE);

		if (word[0] != page || word[1] != set->uses[block]) {
			fprintf(stderr, "page %lu is another one\n", page);
			return 0;
		}
		/* Most uses only look. */
		if (block % 4 == 0)
			word[1]++;
	}
	set->uses[block] += block % 4 == 0;
	return 1;
}

static int use_file(struct set *set, unsigned long block)
{
	static char data[BLOCK];

	if (pread(set->fd, data, BLOCK, block * BLOCK) == (ssize_t)BLOCK)
		return 1;
	perror("read");
	return 0;
}

static int use_set(struct set *set, unsigned long uses)
{
	while (uses--) {
		unsigned long block = next_block(set);

		if (!(set->memory ? use_memory(set, block) : use_file(set, block)))
			return 0;
	}
	return 1;
}

/* Mebibytes that were read from a disk so far. */
static double disk_read(const char *disk)
{
	unsigned long sectors = 0;
	char path[64];
	FILE *stat;

	snprintf(path, sizeof(path), "/sys/block/%s/stat", disk);
	stat = fopen(path, "r");
	if (!stat || fscanf(stat, "%*u %*u %lu", &sectors) != 1)
		perror(path);
	if (stat)
		fclose(stat);
	return sectors / 2048.0;
}

int main(int argc, char **argv)
{
	struct set set = { .state = 5 };
	double began, seconds, before;
	unsigned long uses;

	if (argc != 5) {
		fprintf(stderr, "usage: dmem_work FILE|MIB WARM USES DISK\n");
		return 2;
	}
	uses = strtoul(argv[3], NULL, 0);
	if (!open_set(&set, argv[1])) {
		perror(argv[1]);
		return 2;
	}
	if (!use_set(&set, strtoul(argv[2], NULL, 0)))
		return 1;
	before = disk_read(argv[4]);
	began = now();
	if (!use_set(&set, uses))
		return 1;
	seconds = now() - began;
	printf("%.3f %.3f %.0f\n", seconds, uses * BLOCK / seconds / 1048576,
	       disk_read(argv[4]) - before);
	return 0;
}
