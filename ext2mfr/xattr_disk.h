/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Extended attributes and access control lists on the device, little-endian.
 *
 * An inode names one block that holds all its attributes: a header, a table of
 * entries that ends with four zero bytes, and the values, packed against the
 * end of the block. Inodes with equal attributes may share a block; its header
 * counts them.
 */
#ifndef EXT2MFR_XATTR_DISK_H
#define EXT2MFR_XATTR_DISK_H

#include <linux/types.h>

#define E2_XATTR_MAGIC		0xEA020000
#define E2_XATTR_REFS_MAX	1024
#define E2_XATTR_ALIGN		4	/* of entries and of values */
#define E2_XATTR_END		4	/* zero bytes behind the last entry */

/* e_name_index: which prefix the stored name lacks. */
#define E2_XATTR_USER		1
#define E2_XATTR_ACL_ACCESS	2
#define E2_XATTR_ACL_DEFAULT	3
#define E2_XATTR_TRUSTED	4
#define E2_XATTR_SECURITY	6

struct e2_xattr_header {
	__le32 h_magic;
	__le32 h_refcount;		/* inodes that name this block */
	__le32 h_blocks;		/* always 1 */
	__le32 h_hash;			/* of all entries, 0: not to be shared */
	__le32 h_checksum;		/* not of ext2 */
	__le32 h_reserved[3];
};

struct e2_xattr_entry {
	__u8   e_name_len;
	__u8   e_name_index;
	__le16 e_value_offs;		/* from the start of the block */
	__le32 e_value_inum;		/* not of ext2: 0 */
	__le32 e_value_size;
	__le32 e_hash;			/* of name and value */
	char   e_name[];
};

#define E2_XATTR_ROUND(len) \
	(((len) + E2_XATTR_ALIGN - 1) & ~(E2_XATTR_ALIGN - 1))
#define E2_XATTR_ENTRY_SIZE(name_len) \
	E2_XATTR_ROUND(sizeof(struct e2_xattr_entry) + (name_len))

/* An access control list is the value of an attribute without a name. */
#define E2_ACL_VERSION		1

struct e2_acl_header {
	__le32 a_version;
};

/*
 * Entries for the owner, the owning group, the mask and the others end after
 * the permissions.
 */
struct e2_acl_entry {
	__le16 e_tag;
	__le16 e_perm;
	__le32 e_id;
};

#define E2_ACL_SHORT		4
#define E2_ACL_LONG		8

#endif /* EXT2MFR_XATTR_DISK_H */
