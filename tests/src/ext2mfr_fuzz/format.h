/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EXT2MFR_FUZZ_FORMAT_H
#define EXT2MFR_FUZZ_FORMAT_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t get32(const unsigned char *p)
{
	uint32_t value;

	memcpy(&value, p, 4);
	return le32toh(value);
}

static inline uint16_t get16(const unsigned char *p)
{
	return p[0] | p[1] << 8;
}

#endif /* EXT2MFR_FUZZ_FORMAT_H */
