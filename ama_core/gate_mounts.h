/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where clients' file systems were seen mounted: what an absolute path is held
 * against, instead of being walked.
 */
#ifndef _AMA_GATE_MOUNTS_H
#define _AMA_GATE_MOUNTS_H

#include "ama_core.h"

/**
 * struct ama_mount_point - a path at which a client was seen mounted
 * @mnt:       only compared, never followed
 * @space:     likewise: the mount name space in which it was seen there
 * @root:      likewise: the directory that was the root of all paths
 * @length:    of the path in bytes, as far as it is in @words
 * @head_mask: which bytes of the first word count
 * @tail_mask: likewise of the word after all that are full
 * @words:     the path, or as much as fits; then zeroes
 * @admission: the policy of what is mounted there. Without a volume: others may be
 *             mounted below
 */
struct ama_mount_point {
	const struct vfsmount *mnt;
	const void *space;
	const struct dentry *root;
	unsigned int length;
	u64 head_mask;
	u64 tail_mask;
	u64 words[8];
	struct ama_admission admission;
};

#define AMA_MOST_MOUNT_POINTS	8

extern struct ama_mount_point ama_mount_points[AMA_MOST_MOUNT_POINTS];
extern unsigned int ama_nr_mount_points;	/* store-release by the writer */

static inline struct ama_verdict ama_look_again(void)
{
	return (struct ama_verdict) { .found = AMA_LOOK_AGAIN };
}

/* May it be the path of one? The first bytes may be another path's, too. */
static __always_inline bool ama_like_mount_point(u64 head)
{
	/* Pairs with smp_store_release() in add_mount_point(). */
	unsigned int i, nr = smp_load_acquire(&ama_nr_mount_points);

	for (i = 0; i < nr; i++)
		if (!((head ^ ama_mount_points[i].words[0]) &
		      ama_mount_points[i].head_mask))
			return true;
	return false;
}

/* Is there nothing to be learnt of a mount, which is only compared? */
static __always_inline bool ama_mount_known(const struct vfsmount *mnt)
{
	/* Pairs with smp_store_release() in add_mount_point(). */
	unsigned int i, nr = smp_load_acquire(&ama_nr_mount_points);

	for (i = 0; i < nr; i++)
		if (ama_mount_points[i].mnt == mnt)
			return true;
	return nr == AMA_MOST_MOUNT_POINTS;
}

void ama_learn_mount_of_fd(unsigned int number, const struct super_block *sb,
			   const struct ama_admission *admission);
struct ama_admission ama_first_mount_admission(void);
struct ama_verdict ama_mount_point_verdict(u64 head, const char __user *path);
struct ama_verdict ama_mount_point_verdict_slowly(const char __user *path);

#endif /* _AMA_GATE_MOUNTS_H */
