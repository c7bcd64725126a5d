// SPDX-License-Identifier: GPL-2.0
/*
 * The working set of dmem_work: a file, or anonymous memory.
 *
 * Which block comes next follows a power law over the set, and the favourites
 * lie all over it.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "work.h"

/* Steepness: the share u of the blocks that are used most gets u^(1/STEEP). */
#define STEEP	2

/* Odd, so that ranks are spread over the set without a block left out. */
#define SPREAD	0x9e3779b1UL

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

bool set_open(struct set *set, const char *what)
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
			return false;
		for (i = 0; i < set->blocks * BLOCK / PAGE; i++)
			fill_page(set->memory + i * PAGE, i);
	} else {
		set->fd = open(what, O_RDONLY);
		if (set->fd < 0 || fstat(set->fd, &st))
			return false;
		posix_fadvise(set->fd, 0, 0, POSIX_FADV_RANDOM);
		set->blocks = st.st_size / BLOCK;
	}
	for (set->mask = 1; set->mask < set->blocks; set->mask *= 2)
		;
	set->mask--;
	return set->blocks > 0;
}

static bool use_memory(struct set *set, unsigned long block)
{
	unsigned long page, pages = BLOCK / PAGE;

	for (page = block * pages; page < (block + 1) * pages; page++) {
		uint64_t *word = (uint64_t *)(set->memory + page * PAGE);

		if (word[0] != page || word[1] != set->uses[block]) {
			fprintf(stderr, "page %lu is another one\n", page);
			return false;
		}
		/* Most uses only look. */
		if (block % 4 == 0)
			word[1]++;
	}
	set->uses[block] += block % 4 == 0;
	return true;
}

static bool use_file(struct set *set, unsigned long block)
{
	static char data[BLOCK];

	if (pread(set->fd, data, BLOCK, block * BLOCK) == (ssize_t)BLOCK)
		return true;
	perror("read");
	return false;
}

bool set_use(struct set *set, unsigned long uses)
{
	while (uses--) {
		unsigned long block = next_block(set);

		if (!(set->memory ? use_memory(set, block) : use_file(set, block)))
			return false;
	}
	return true;
}
