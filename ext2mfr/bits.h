/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs of bits in a little-endian bitmap, whole bytes at a time.
 */
#ifndef EXT2MFR_BITS_H
#define EXT2MFR_BITS_H

#include <linux/bitops.h>
#include <linux/string.h>
#include <linux/types.h>

/* Set @count bits from @first on. */
static inline void e2m_bits_set(u8 *map, u32 first, u32 count)
{
	for (; count && (first & 7); first++, count--)
		map[first >> 3] |= BIT(first & 7);
	memset(map + (first >> 3), 0xff, count >> 3);
	first += count & ~7U;
	for (count &= 7; count; first++, count--)
		map[first >> 3] |= BIT(first & 7);
}

/* Clear @count bits from @first on; returns how many of them were set. */
static inline u32 e2m_bits_clear(u8 *map, u32 first, u32 count)
{
	u32 set = 0;

	while (count) {
		u8 mask = 0xff << (first & 7);
		u32 span = 8 - (first & 7);

		if (span > count) {
			mask &= 0xff >> (span - count);
			span = count;
		}
		set += hweight8(map[first >> 3] & mask);
		map[first >> 3] &= ~mask;
		first += span;
		count -= span;
	}
	return set;
}

#endif /* EXT2MFR_BITS_H */
