/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EXT2MFR_FUZZ_H
#define EXT2MFR_FUZZ_H

#include <stddef.h>
#include <stdint.h>

struct image {
	unsigned char *base;	/* the sound image */
	unsigned char *work;	/* the damaged one */
	size_t size;
};

uint32_t pick(uint32_t below);
void seed_random(uint64_t seed);
int find_structures(const struct image *image);
const char *damage(struct image *image);
int exercise(const char *root);

#endif /* EXT2MFR_FUZZ_H */
