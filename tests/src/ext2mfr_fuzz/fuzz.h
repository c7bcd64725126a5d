/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EXT2MFR_FUZZ_H
#define EXT2MFR_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

enum kind {
	SUPER, GROUP, BITMAP, INODE, POINTERS, ENTRIES, TARGET, ATTRIBUTES, KINDS
};

struct place {
	size_t at;
	size_t len;
};

#define MAX_PLACES 4096

/* A sound image, and where its structures are. */
struct image {
	const char *name;
	unsigned char *base;
	size_t size;
	uint32_t block_size;
	uint32_t blocks_count;
	struct place places[KINDS][MAX_PLACES];
	unsigned int nr_places[KINDS];
};

/* What a call does, and so by which errors damage can show. */
enum call_class {
	NEVER_FAILS, LOOKUP, OPEN_WRITE, READ, SEEK, WRITE, RESIZE, SYNC, READ_LINK,
	GET_ATTR, REMOVE_ATTR, SET_ATTR, REMOVE, REMOVE_DIR, ENTER, RENAME, SWAP,
	REMOUNT, TRIM, CLASSES
};

uint32_t pick(uint32_t below);
void seed_random(uint64_t seed);
int find_structures(struct image *image);
const char *damage(const struct image *image, unsigned char *work);

extern int strange_results;
int worked(enum call_class class, const char *call, const char *path, long result);

void look_at_file(const char *path, const struct stat *st);
void change_file(const char *path, const struct stat *st);
void forget_files(void);
int exercise(const char *root);

struct kernel_memory {
	long caches;	/* slab, vmalloc and percpu, KiB */
	long pages;	/* what nothing in /proc/meminfo accounts for, KiB */
};

struct kernel_memory kernel_memory(void);
int memory_grew(unsigned long images, const struct kernel_memory *before);

#endif /* EXT2MFR_FUZZ_H */
