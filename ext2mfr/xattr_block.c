// SPDX-License-Identifier: GPL-2.0
/*
 * What is in a block of attributes: looking through one that came from the
 * device, and building a new one.
 *
 * A block is looked through with a cursor. Every step reads the fields that it
 * needs once and checks them against the block's bounds, so that a block that
 * changes meanwhile (a damaged volume may name one block twice) can confuse,
 * but not harm. Whether a block is sound as a whole is said by
 * e2m_attr_check().
 *
 * A block is never edited. The new one is built from the old one's entries and
 * the change, in an image of its own: entries sorted, values packed from the
 * end in the same order. So equal attributes give equal blocks, whatever their
 * history, and blocks that can be shared are found by comparing bytes.
 */
#include <linux/bitmap.h>
#include "xattr.h"

/**
 * e2m_attr_start - place a cursor before the first entry
 * @cursor: the cursor
 * @block:  the block
 * @size:   its size in bytes
 *
 * Context: any.
 */
void e2m_attr_start(struct e2m_attr_cursor *cursor, const void *block, u32 size)
{
	cursor->block = block;
	cursor->size = size;
	cursor->at = sizeof(struct e2_xattr_header);
}

/**
 * e2m_attr_next - the next entry
 * @cursor: the place, moves behind the entry
 * @attr:   receives the entry; it points into the block
 *
 * Context: any.
 * Return: 1, 0 at the end, -EFSCORRUPTED.
 */
int e2m_attr_next(struct e2m_attr_cursor *cursor, struct e2m_attr *attr)
{
	const struct e2_xattr_entry *entry = cursor->block + cursor->at;
	u32 left = cursor->size - cursor->at, offs;

	if (left < E2_XATTR_END)
		return -EFSCORRUPTED;
	if (!READ_ONCE(*(const u32 *)entry))
		return 0;
	if (left < sizeof(*entry))
		return -EFSCORRUPTED;
	attr->index = READ_ONCE(entry->e_name_index);
	attr->name_len = READ_ONCE(entry->e_name_len);
	attr->name = entry->e_name;
	attr->size = le32_to_cpu(READ_ONCE(entry->e_value_size));
	offs = le16_to_cpu(READ_ONCE(entry->e_value_offs));
	if (E2_XATTR_ENTRY_SIZE(attr->name_len) + E2_XATTR_END > left ||
	    entry->e_value_inum)
		return -EFSCORRUPTED;
	if (!attr->size)
		offs = 0;
	if (offs & (E2_XATTR_ALIGN - 1) || attr->size > cursor->size ||
	    offs + E2_XATTR_ROUND(attr->size) > cursor->size)
		return -EFSCORRUPTED;
	attr->value = cursor->block + offs;
	cursor->at += E2_XATTR_ENTRY_SIZE(attr->name_len);
	return 1;
}

/**
 * e2m_attr_check - is a block from the device sound
 * @block: the block
 * @size:  its size in bytes
 *
 * Context: any.
 * Return: what is wrong with it, NULL if nothing.
 */
const char *e2m_attr_check(const void *block, u32 size)
{
	const struct e2_xattr_header *header = block;
	DECLARE_BITMAP(taken, PAGE_SIZE / E2_XATTR_ALIGN);
	u32 refs = le32_to_cpu(header->h_refcount), first, len;
	struct e2m_attr_cursor cursor;
	struct e2m_attr attr;
	int more;

	if (le32_to_cpu(header->h_magic) != E2_XATTR_MAGIC ||
	    le32_to_cpu(header->h_blocks) != 1)
		return "no attribute block";
	if (!refs || refs > E2_XATTR_REFS_MAX)
		return "impossible count of references";
	bitmap_zero(taken, size / E2_XATTR_ALIGN);
	e2m_attr_start(&cursor, block, size);
	while ((more = e2m_attr_next(&cursor, &attr)) > 0) {
		if (memchr(attr.name, '\0', attr.name_len))
			return "attribute name with a zero byte";
		if (!attr.size)
			continue;
		first = (attr.value - block) / E2_XATTR_ALIGN;
		len = E2_XATTR_ROUND(attr.size) / E2_XATTR_ALIGN;
		if (find_next_bit(taken, first + len, first) < first + len)
			return "attribute values overlap";
		bitmap_set(taken, first, len);
	}
	if (more < 0)
		return "impossible attribute";
	first = (cursor.at + E2_XATTR_END) / E2_XATTR_ALIGN;
	if (find_first_bit(taken, first) < first)
		return "attribute values overlap names";
	return NULL;
}

/* The order of entries: by prefix, length of the name, name. */
static int compare_names(const struct e2m_attr *a, const struct e2m_attr *b)
{
	if (a->index != b->index)
		return a->index - b->index;
	if (a->name_len != b->name_len)
		return a->name_len - b->name_len;
	return memcmp(a->name, b->name, a->name_len);
}

/**
 * e2m_attr_find - look for an attribute
 * @block: the block
 * @size:  its size in bytes
 * @attr:  whose name is looked for; receives the value
 *
 * The order of the entries is not relied on.
 *
 * Context: any.
 * Return: 0, -ENODATA, -EFSCORRUPTED.
 */
int e2m_attr_find(const void *block, u32 size, struct e2m_attr *attr)
{
	struct e2m_attr_cursor cursor;
	struct e2m_attr entry;
	int more;

	e2m_attr_start(&cursor, block, size);
	while ((more = e2m_attr_next(&cursor, &entry)) > 0) {
		if (compare_names(&entry, attr))
			continue;
		attr->value = entry.value;
		attr->size = entry.size;
		return 0;
	}
	return more ? more : -ENODATA;
}

/*
 * Hash of an entry: the bytes of the name, then the words of the value, which
 * is padded with zeroes.
 */
static u32 hash_entry(const struct e2_xattr_entry *entry, const __le32 *value)
{
	u32 words = E2_XATTR_ROUND(le32_to_cpu(entry->e_value_size)) /
		    sizeof(*value);
	u32 hash = 0, i;

	for (i = 0; i < entry->e_name_len; i++)
		hash = rol32(hash, 5) ^ (u8)entry->e_name[i];
	for (i = 0; i < words; i++)
		hash = rol32(hash, 16) ^ le32_to_cpu(value[i]);
	return hash;
}

/**
 * struct image - a block of attributes being built
 * @block:  the block
 * @names:  offset behind the last entry
 * @values: offset of the last value
 */
struct image {
	void *block;
	u32 names;
	u32 values;
};

/* Where an entry belongs among those that are there. */
static u32 place_of(const struct image *image, u32 size,
		    const struct e2m_attr *attr)
{
	struct e2m_attr_cursor cursor;
	struct e2m_attr entry;
	u32 at;

	e2m_attr_start(&cursor, image->block, size);
	do {
		at = cursor.at;
	} while (e2m_attr_next(&cursor, &entry) > 0 &&
		 compare_names(&entry, attr) < 0);
	return at;
}

static int put(struct image *image, u32 size, const struct e2m_attr *attr)
{
	u32 room = E2_XATTR_ENTRY_SIZE(attr->name_len), at;
	struct e2_xattr_entry *entry;
	void *value;

	if (attr->size > size ||
	    image->names + room + E2_XATTR_END + E2_XATTR_ROUND(attr->size) >
	    image->values)
		return -ENOSPC;
	at = place_of(image, size, attr);
	entry = image->block + at;
	memmove((void *)entry + room, entry, image->names - at);
	memset(entry, 0, room);
	image->names += room;
	image->values -= E2_XATTR_ROUND(attr->size);
	value = image->block + image->values;
	memcpy(value, attr->value, attr->size);
	entry->e_name_len = attr->name_len;
	entry->e_name_index = attr->index;
	entry->e_value_offs = cpu_to_le16(attr->size ? image->values : 0);
	entry->e_value_size = cpu_to_le32(attr->size);
	memcpy(entry->e_name, attr->name, attr->name_len);
	entry->e_hash = cpu_to_le32(hash_entry(entry, value));
	return 0;
}

/* Hash of the block: of its entries' hashes, in their order. */
static u32 hash_block(const struct image *image)
{
	const struct e2_xattr_entry *entry;
	u32 at = sizeof(struct e2_xattr_header), hash = 0;

	while (at < image->names) {
		entry = image->block + at;
		if (!entry->e_hash)
			return 0;
		hash = rol32(hash, 16) ^ le32_to_cpu(entry->e_hash);
		at += E2_XATTR_ENTRY_SIZE(entry->e_name_len);
	}
	return hash;
}

static void start_image(struct image *image, void *block, u32 size)
{
	struct e2_xattr_header *header = block;

	memset(block, 0, size);
	header->h_magic = cpu_to_le32(E2_XATTR_MAGIC);
	header->h_refcount = cpu_to_le32(1);
	header->h_blocks = cpu_to_le32(1);
	image->block = block;
	image->names = sizeof(*header);
	image->values = size;
}

/**
 * e2m_attr_build - build a block of attributes from another and a change
 * @image:  receives the block
 * @old:    the other block, NULL if there is none
 * @size:   size of a block in bytes
 * @change: the attribute that is set or removed
 * @add:    it is set
 *
 * Context: any.
 * Return: number of attributes in the block, -ENOSPC, -EFSCORRUPTED.
 */
int e2m_attr_build(void *image, const void *old, u32 size,
		   const struct e2m_attr *change, bool add)
{
	struct e2m_attr_cursor cursor;
	struct e2m_attr entry;
	struct image new;
	int nr = 0, more = 0, order, err = 0;

	start_image(&new, image, size);
	if (old)
		e2m_attr_start(&cursor, old, size);
	while (!err && old && (more = e2m_attr_next(&cursor, &entry)) > 0) {
		order = compare_names(&entry, change);
		/* In its place already, so that the values are in order. */
		if (order > 0 && add) {
			err = put(&new, size, change);
			add = false;
			nr++;
		}
		if (order && !err) {
			err = put(&new, size, &entry);
			nr++;
		}
	}
	if (!err && add) {
		err = put(&new, size, change);
		nr++;
	}
	if (more < 0)
		err = more;
	if (err)
		return err;
	((struct e2_xattr_header *)image)->h_hash = cpu_to_le32(hash_block(&new));
	return nr;
}

/**
 * e2m_attr_equal - do two blocks hold the same attributes in the same places
 * @a:    the one
 * @b:    the other
 * @size: size of a block in bytes
 *
 * Context: any.
 * Return: whether all but the headers is equal.
 */
bool e2m_attr_equal(const void *a, const void *b, u32 size)
{
	const u32 head = sizeof(struct e2_xattr_header);

	return !memcmp(a + head, b + head, size - head);
}
