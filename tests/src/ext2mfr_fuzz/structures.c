// SPDX-License-Identifier: GPL-2.0
/* Where the structures of an ext2 image are: found by walking the sound image. */
#include "format.h"
#include "fuzz.h"

#define SUPER_AT	1024
#define MAGIC		0xef53
#define META_BG		0x10
#define DESC_SIZE	32
#define INODE_FIELDS	128

static void add_place(struct image *image, enum kind kind, size_t at, size_t len)
{
	if (image->nr_places[kind] < MAX_PLACES && at + len <= image->size)
		image->places[kind][image->nr_places[kind]++] =
			(struct place){ at, len };
}

static void add_tree(struct image *image, uint32_t block, unsigned int depth,
		     enum kind leaf)
{
	size_t at = (size_t)block * image->block_size;
	uint32_t i;

	if (!block || block >= image->blocks_count)
		return;
	if (!depth) {
		if (leaf != KINDS)
			add_place(image, leaf, at, image->block_size);
		return;
	}
	add_place(image, POINTERS, at, image->block_size);
	for (i = 0; i < image->block_size / 4; i++)
		add_tree(image, get32(image->base + at + i * 4), depth - 1,
			 leaf);
}

static void add_inode(struct image *image, size_t at)
{
	const unsigned char *inode = image->base + at;
	unsigned int type = get16(inode) >> 12, i;
	uint32_t attributes = get32(inode + 104);
	uint32_t own = attributes ? image->block_size / 512 : 0;
	enum kind leaf = type == 4 ? ENTRIES : type == 10 ? TARGET : KINDS;

	if (!get16(inode + 26))
		return;
	add_place(image, INODE, at, INODE_FIELDS);
	if (attributes)
		add_place(image, ATTRIBUTES, (size_t)attributes * image->block_size,
			  image->block_size);
	if ((type != 4 && type != 8 && type != 10) || get32(inode + 28) <= own)
		return;
	for (i = 0; i < 15; i++)
		add_tree(image, get32(inode + 40 + 4 * i), i < 12 ? 0 : i - 11,
			 leaf);
}

/* A group's descriptor: all lie behind the first superblock, or, with meta groups,
 * those of as many groups as a block describes in the first of these.
 */
static size_t descriptor_at(const struct image *image, uint32_t group,
			    uint32_t first, uint32_t per_group)
{
	uint32_t in_block = image->block_size / DESC_SIZE;
	const unsigned char *super = image->base + SUPER_AT;
	uint32_t start = group - group % in_block, block;

	if (!(get32(super + 96) & META_BG))
		return (size_t)(first + 1) * image->block_size + group * DESC_SIZE;
	block = first + start * per_group;
	/* A copy of the superblock comes first, in some. */
	if (!start || get16(image->base + (size_t)block * image->block_size + 56) == MAGIC)
		block++;
	return (size_t)block * image->block_size + group % in_block * DESC_SIZE;
}

int find_structures(struct image *image)
{
	const unsigned char *super = image->base + SUPER_AT, *desc;
	uint32_t first = get32(super + 20), per_group = get32(super + 32);
	uint32_t inodes = get32(super + 40), group, groups, i, inode_size;
	size_t at;

	if (image->size < 4096 || get16(super + 56) != MAGIC)
		return -1;
	image->block_size = 1024 << get32(super + 24);
	image->blocks_count = get32(super + 4);
	inode_size = get32(super + 76) ? get16(super + 88) : INODE_FIELDS;
	groups = (image->blocks_count - first + per_group - 1) / per_group;
	add_place(image, SUPER, SUPER_AT, 360);
	for (group = 0; group < groups; group++) {
		at = descriptor_at(image, group, first, per_group);
		desc = image->base + at;
		add_place(image, GROUP, at, 20);
		add_place(image, BITMAP, (size_t)get32(desc) * image->block_size,
			  image->block_size);
		add_place(image, BITMAP,
			  (size_t)get32(desc + 4) * image->block_size, inodes / 8);
		at = (size_t)get32(desc + 8) * image->block_size;
		for (i = 0; i < inodes; i++)
			add_inode(image, at + i * inode_size);
	}
	return 0;
}
