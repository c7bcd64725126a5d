/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dmem_work: a working set that is used, and what it took.
 */
#ifndef WORK_H
#define WORK_H

#include <stdbool.h>
#include <stdint.h>

#define BLOCK	16384UL
#define PAGE	4096UL

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

bool set_open(struct set *set, const char *what);
bool set_use(struct set *set, unsigned long uses);

/**
 * struct figures - the machine's counters
 * @seconds:      of the monotonic clock
 * @read_in:      sectors read through the mapped device: what memory lacked
 * @disk_read:    sectors read from the disk below
 * @disk_written: sectors written to it
 * @reclaimed:    pages that reclaim took
 * @faults:       major faults of this process
 * @stored:       pages that dmem's stores have kept
 * @loaded:       pages that they have given back
 */
struct figures {
	double seconds;
	uint64_t read_in, disk_read, disk_written;
	uint64_t reclaimed, faults;
	uint64_t stored, loaded;
};

void figures_take(struct figures *now, const char *mapped, const char *disk);
void figures_print(const struct figures *before, const struct figures *after,
		   uint64_t used, bool of_memory);

#endif /* WORK_H */
