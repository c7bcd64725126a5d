// SPDX-License-Identifier: GPL-2.0
/*
 * What the files must contain, and the random choices.
 */
#include <stdio.h>
#include <string.h>

#include "storm.h"

/* A number below @below, from the worker's own sequence (splitmix64). */
uint32_t draw(uint32_t below)
{
	uint64_t z = (me->random += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	z ^= z >> 31;
	return (z >> 32) * below >> 32;
}

/* New content: no two transfers write the same bytes. */
void fill(unsigned char *data, size_t size)
{
	uint64_t word = ((uint64_t)draw(UINT32_MAX) << 32) | draw(UINT32_MAX);
	size_t i;

	for (i = 0; i < size; i++) {
		if (i % 8 == 0)
			word = word * 6364136223846793005ULL + 1;
		data[i] = word >> (8 * (i % 8));
	}
}

/* The checksum of POSIX cksum, so that a shell can check what we report. */
uint32_t sum_start(void)
{
	return 0;
}

uint32_t sum_add(uint32_t sum, const unsigned char *data, size_t size)
{
	static uint32_t table[256];
	size_t i;

	if (!table[1]) {
		for (i = 0; i < 256; i++) {
			uint32_t c = i << 24;
			int bit;

			for (bit = 0; bit < 8; bit++)
				c = c << 1 ^ (c >> 31 ? 0x04c11db7 : 0);
			table[i] = c;
		}
	}
	for (i = 0; i < size; i++)
		sum = sum << 8 ^ table[sum >> 24 ^ data[i]];
	return sum;
}

uint32_t sum_end(uint32_t sum, size_t size)
{
	for (; size; size >>= 8) {
		unsigned char byte = size;

		sum = sum_add(sum, &byte, 1);
	}
	return ~sum;
}

void fresh_name(char *name, const char *kind)
{
	snprintf(name, NAME_LEN, "w%u.%s.%u", me->id, kind, me->serial++);
}

/* One of the worker's files in this state, or NULL. */
struct file *pick(enum state state)
{
	uint32_t i, start = draw(FILES);

	for (i = 0; i < FILES; i++) {
		struct file *file = &me->file[(start + i) % FILES];

		if (file->state == state)
			return file;
	}
	return NULL;
}

/* A call on the file failed: what it holds now, and where, is anyone's guess. */
void forget(struct file *file)
{
	file->state = UNKNOWN;
}

/* @length bytes at @offset were written from the file's own copy. */
void wrote(struct file *file, size_t offset, size_t length)
{
	if (offset + length > file->size)
		file->size = offset + length;
}

void resized(struct file *file, size_t size)
{
	if (size < file->size)
		memset(file->data + size, 0, file->size - size);
	file->size = size;
}

/* Compare what a call read with what the file must hold. */
void check_content(struct file *file, const unsigned char *data, size_t offset,
		   size_t length, const char *call)
{
	size_t i;

	if (!memcmp(data, file->data + offset, length))
		return;
	for (i = 0; data[i] == file->data[offset + i]; i++)
		;
	mismatch("%s of %s: byte %zu of %zu is %#x, must be %#x", call,
		 file->name, offset + i, file->size, data[i],
		 file->data[offset + i]);
}
