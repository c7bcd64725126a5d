// SPDX-License-Identifier: GPL-2.0
/*
 * Damage to an ext2 image, aimed at its structures: the places are found by
 * walking the sound image, the values are ones that code tends to trip over.
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"

enum kind { SUPER, GROUP, BITMAP, INODE, POINTERS, ENTRIES, ATTRIBUTES, KINDS };

static const char *const kind_names[KINDS] = {
	"superblock", "group descriptor", "bitmap", "inode", "pointer block",
	"directory", "attribute block",
};

struct place {
	size_t at;
	size_t len;
};

#define MAX_PLACES 4096

static struct place places[KINDS][MAX_PLACES];
static unsigned int nr_places[KINDS];
static uint32_t block_size, blocks_count, inode_size;
static uint64_t state;

void seed_random(uint64_t seed)
{
	state = 0x9e3779b97f4a7c15ULL * (seed + 1);
}

uint32_t pick(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below ? (uint32_t)(state >> 16) % below : 0;
}

static uint32_t get32(const unsigned char *p)
{
	uint32_t value;

	memcpy(&value, p, 4);
	return le32toh(value);
}

static uint16_t get16(const unsigned char *p)
{
	return p[0] | p[1] << 8;
}

static void add_place(enum kind kind, size_t at, size_t len)
{
	if (nr_places[kind] < MAX_PLACES)
		places[kind][nr_places[kind]++] = (struct place){ at, len };
}

static void add_tree(const struct image *image, uint32_t block,
		     unsigned int depth, enum kind leaf)
{
	size_t at = (size_t)block * block_size;
	uint32_t i;

	if (!block || block >= blocks_count)
		return;
	if (!depth) {
		if (leaf != KINDS)
			add_place(leaf, at, block_size);
		return;
	}
	add_place(POINTERS, at, block_size);
	for (i = 0; i < block_size / 4; i++)
		add_tree(image, get32(image->base + at + i * 4), depth - 1,
			 leaf);
}

static void add_inode(const struct image *image, size_t at)
{
	const unsigned char *inode = image->base + at;
	unsigned int type = get16(inode) >> 12, i;
	enum kind leaf = type == 4 ? ENTRIES : KINDS;

	if (!get16(inode + 26))
		return;
	add_place(INODE, at, 128);
	if (get32(inode + 104))
		add_place(ATTRIBUTES, (size_t)get32(inode + 104) * block_size,
			  block_size);
	if (type != 4 && type != 8)
		return;
	for (i = 0; i < 15; i++)
		add_tree(image, get32(inode + 40 + 4 * i), i < 12 ? 0 : i - 11,
			 leaf);
}

int find_structures(const struct image *image)
{
	const unsigned char *super = image->base + 1024, *desc;
	uint32_t first = get32(super + 20), per_group = get32(super + 32);
	uint32_t inodes = get32(super + 40), group, groups, i;

	if (image->size < 4096 || get16(super + 56) != 0xef53)
		return -1;
	block_size = 1024 << get32(super + 24);
	blocks_count = get32(super + 4);
	inode_size = get32(super + 76) ? get16(super + 88) : 128;
	groups = (blocks_count - first + per_group - 1) / per_group;
	add_place(SUPER, 1024, 360);
	for (group = 0; group < groups; group++) {
		size_t at = (first + 1) * block_size + group * 32;

		desc = image->base + at;
		add_place(GROUP, at, 20);
		add_place(BITMAP, (size_t)get32(desc) * block_size, block_size);
		add_place(BITMAP, (size_t)get32(desc + 4) * block_size,
			  inodes / 8);
		for (i = 0; i < inodes; i++)
			add_inode(image, (size_t)get32(desc + 8) * block_size +
					 i * inode_size);
	}
	return 0;
}

static uint32_t interesting(uint32_t old)
{
	static const uint32_t values[] = {
		0, 1, 2, 3, 4, 7, 8, 11, 12, 255, 256, 0x7fff, 0x8000, 0xffff,
		0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe,
	};

	switch (pick(6)) {
	case 0:
		return old + 1;
	case 1:
		return old - 1;
	case 2:
		return old ^ 1U << pick(32);
	case 3:
		return pick(blocks_count + 2);
	case 4:
		return pick(0xffffffff);
	default:
		return values[pick(sizeof(values) / sizeof(*values))];
	}
}

static void change_field(unsigned char *at, unsigned int width)
{
	uint32_t value = width == 4 ? get32(at) : width == 2 ? get16(at) : *at;

	value = htole32(interesting(value));
	memcpy(at, &value, width);
}

/* Aim at a field of an entry half of the time: inode, rec_len, lengths. */
static size_t entry_offset(const unsigned char *block, unsigned int *width)
{
	static const unsigned int offset[] = { 0, 4, 6, 7, 8 };
	static const unsigned int widths[] = { 4, 2, 1, 1, 1 };
	unsigned int hops = pick(12), field = pick(5);
	size_t at = 0;

	while (hops-- && at + 12 < block_size && get16(block + at + 4) >= 12 &&
	       at + get16(block + at + 4) + 12 <= block_size)
		at += get16(block + at + 4);
	*width = widths[field];
	return at + offset[field];
}

static const char *damage_one(struct image *image)
{
	enum kind kind;
	struct place place;
	unsigned int width = 1U << pick(3);
	size_t at;

	do {
		kind = pick(KINDS);
	} while (!nr_places[kind]);
	place = places[kind][pick(nr_places[kind])];
	if (place.at + place.len > image->size)
		return "nothing";
	if (kind == ENTRIES && pick(2)) {
		at = entry_offset(image->work + place.at, &width);
	} else if (kind == BITMAP && pick(4) == 0) {
		memset(image->work + place.at, pick(2) ? 0xff : 0, place.len);
		return kind_names[kind];
	} else if (pick(16) == 0) {
		/* Another structure of any kind in its place. */
		enum kind other = pick(KINDS);
		struct place from;

		if (!nr_places[other])
			return "nothing";
		from = places[other][pick(nr_places[other])];
		memmove(image->work + place.at, image->work + from.at,
			from.len < place.len ? from.len : place.len);
		return kind_names[kind];
	} else {
		at = pick(place.len / width) * width;
	}
	if (at + width > place.len)
		at = place.len - width;
	change_field(image->work + place.at + at, width);
	return kind_names[kind];
}

const char *damage(struct image *image)
{
	unsigned int times = 1 + pick(pick(4) ? 3 : 24);
	const char *what = NULL;

	memcpy(image->work, image->base, image->size);
	while (times--)
		what = damage_one(image);
	return what;
}
