// SPDX-License-Identifier: GPL-2.0
/* Damage to an ext2 image, aimed at its structures: values that code tends to trip over. */
#include <endian.h>
#include <string.h>
#include "fuzz.h"
#include "format.h"

static const char *const kind_names[KINDS] = {
	"superblock", "group descriptor", "bitmap", "inode", "pointer block",
	"directory", "symbolic link", "attribute block",
};

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

static uint32_t interesting(const struct image *image, uint32_t old)
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
		return pick(image->blocks_count + 2);
	case 4:
		return pick(0xffffffff);
	default:
		return values[pick(sizeof(values) / sizeof(*values))];
	}
}

static void change_field(const struct image *image, unsigned char *at,
			 unsigned int width)
{
	uint32_t value = width == 4 ? get32(at) : width == 2 ? get16(at) : *at;

	value = htole32(interesting(image, value));
	memcpy(at, &value, width);
}

/* Aim at a field of an entry half of the time: inode, rec_len, lengths. */
static size_t entry_offset(const unsigned char *block, uint32_t block_size,
			   unsigned int *width)
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

/* Another structure of any kind in its place. */
static void replace(const struct image *image, unsigned char *work,
		    const struct place *place)
{
	enum kind kind = pick(KINDS);
	struct place from;

	if (!image->nr_places[kind])
		return;
	from = image->places[kind][pick(image->nr_places[kind])];
	memmove(work + place->at, work + from.at,
		from.len < place->len ? from.len : place->len);
}

static const char *damage_one(const struct image *image, unsigned char *work)
{
	unsigned int width = 1U << pick(3);
	struct place place;
	enum kind kind;
	size_t at;

	do {
		kind = pick(KINDS);
	} while (!image->nr_places[kind]);
	place = image->places[kind][pick(image->nr_places[kind])];
	if (kind == BITMAP && pick(4) == 0) {
		memset(work + place.at, pick(2) ? 0xff : 0, place.len);
		return kind_names[kind];
	}
	if (pick(16) == 0) {
		replace(image, work, &place);
		return kind_names[kind];
	}
	if (kind == ENTRIES && pick(2))
		at = entry_offset(work + place.at, image->block_size, &width);
	else
		at = pick(place.len / width) * width;
	if (at + width > place.len)
		at = place.len - width;
	change_field(image, work + place.at + at, width);
	return kind_names[kind];
}

const char *damage(const struct image *image, unsigned char *work)
{
	unsigned int times = 1 + pick(pick(4) ? 3 : 24);
	const char *what = NULL;

	memcpy(work, image->base, image->size);
	while (times--)
		what = damage_one(image, work);
	return what;
}
