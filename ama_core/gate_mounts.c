// SPDX-License-Identifier: GPL-2.0
/*
 * Where clients' file systems were seen mounted.
 *
 * Learnt from open files. An absolute path that begins with such a place is taken
 * to lead there: its text is compared, nothing is walked. A mount point that is
 * too long, or one too many, is not learnt; what is missed by that is found by the
 * file system's own entries.
 */
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/mount.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "gate_mounts.h"

#define WORD	sizeof(u64)

struct ama_mount_point ama_mount_points[AMA_MOST_MOUNT_POINTS];
unsigned int ama_nr_mount_points;
static DEFINE_SPINLOCK(mount_points_lock);	/* protects changing both */

static void add_mount_point(struct ama_mount_point *new, const char *path)
{
	new->length = min(strlen(path), sizeof(new->words));
	memcpy(new->words, path, new->length);
	memset(&new->head_mask, 0xff, min_t(size_t, new->length, WORD));
	memset(&new->tail_mask, 0xff, new->length % WORD);
	spin_lock(&mount_points_lock);
	if (!ama_mount_known(new->mnt)) {
		ama_mount_points[ama_nr_mount_points] = *new;
		/* Pairs with smp_load_acquire() wherever they are compared. */
		smp_store_release(&ama_nr_mount_points, ama_nr_mount_points + 1);
	}
	spin_unlock(&mount_points_lock);
}

/* An open file tells where its file system is mounted. */
static void learn_mount(const struct path *path, const struct ama_admission *admission)
{
	struct path root = { .mnt = path->mnt, .dentry = path->mnt->mnt_root };
	struct ama_mount_point new = {
		.mnt = path->mnt,
		.space = current->nsproxy->mnt_ns,
		.root = READ_ONCE(current->fs->root.dentry),
		.admission = *admission,
	};
	char buffer[128], *text;

	if (ama_mount_known(path->mnt))
		return;
	new.admission.volume = 0;
	text = d_path(&root, buffer, sizeof(buffer));
	if (!IS_ERR(text) && text[0] == '/' && text[1])
		add_mount_point(&new, text);
}

/**
 * ama_learn_mount_of_fd - learn where an open file's volume is mounted
 * @number:    descriptor of the current task
 * @sb:        the volume that it was on when that was looked at; only compared
 * @admission: the volume's policy
 *
 * Context: may sleep.
 */
void ama_learn_mount_of_fd(unsigned int number, const struct super_block *sb,
			   const struct ama_admission *admission)
{
	struct file *file = fget_raw(number);

	if (!file)
		return;
	if (file_inode(file)->i_sb == sb)
		learn_mount(&file->f_path, admission);
	fput(file);
}

/**
 * ama_gate_forget_mounts - what was learnt of mount points is void
 */
void ama_gate_forget_mounts(void)
{
	spin_lock(&mount_points_lock);
	/* Pairs with smp_load_acquire() wherever they are compared. */
	smp_store_release(&ama_nr_mount_points, 0);
	spin_unlock(&mount_points_lock);
}

/**
 * ama_first_mount_admission - the policy where it is not known which volume is meant
 *
 * Return: that of the volume that was seen first; to wait, if none was.
 */
struct ama_admission ama_first_mount_admission(void)
{
	/* Pairs with smp_store_release() in add_mount_point(). */
	if (smp_load_acquire(&ama_nr_mount_points))
		return ama_mount_points[0].admission;
	return (struct ama_admission) { .policy = AMA_WAIT };
}

/* The same text leads elsewhere in another name space or root. */
static bool seen_from_here(const struct ama_mount_point *point)
{
	return point->space == current->nsproxy->mnt_ns &&
	       point->root == READ_ONCE(current->fs->root.dentry);
}

static struct ama_verdict verdict_for(const struct ama_mount_point *point)
{
	struct ama_verdict verdict = { .found = AMA_SEEN_MOUNT_POINT };

	memcpy(&verdict.admission, &point->admission, sizeof(verdict.admission));
	return verdict;
}

/*
 * Does all of the path lead there, of which the first word does? -EFAULT if that
 * cannot be read, as what lies in a page behind the path's end.
 */
static int leads_on_to(const struct ama_mount_point *point, u64 head,
		       const char __user *path)
{
	unsigned int i, full = point->length / WORD;
	u64 mask, word = head;

	for (i = 1; i <= full; i++) {
		if (i == ARRAY_SIZE(point->words))
			return true;
		if (get_user(word, (const u64 __user *)path + i))
			return -EFAULT;
		mask = i < full ? U64_MAX : point->tail_mask;
		if ((word ^ point->words[i]) & mask)
			return false;
	}
	switch (((const char *)&word)[point->length % WORD]) {
	case '\0':
	case '/':
		return true;
	}
	return false;
}

/**
 * ama_mount_point_verdict - does a path lead to where a client is mounted?
 * @head: its first bytes; as those of a mount point
 * @path: absolute
 *
 * Context: does not sleep: a task that slept here would not be seen by those who
 * wait until nobody is in the gate any more.
 */
struct ama_verdict ama_mount_point_verdict(u64 head, const char __user *path)
{
	/* Pairs with smp_store_release() in add_mount_point(). */
	unsigned int i, nr = smp_load_acquire(&ama_nr_mount_points);
	const struct ama_mount_point *point = ama_mount_points;
	int leads;

	for (i = 0; i < nr; i++, point++) {
		if ((head ^ point->words[0]) & point->head_mask || !seen_from_here(point))
			continue;
		pagefault_disable();
		leads = leads_on_to(point, head, path);
		pagefault_enable();
		if (leads)
			return leads > 0 ? verdict_for(point) : ama_look_again();
	}
	return (struct ama_verdict) { };
}

static bool path_leads_to(const struct ama_mount_point *point, const char __user *path)
{
	char text[sizeof(point->words) + 1];
	long got = strncpy_from_user(text, path, point->length + 1);

	if (got < point->length || memcmp(text, point->words, point->length))
		return false;
	return got == point->length || text[point->length] == '/' ||
	       point->length == sizeof(point->words);
}

/**
 * ama_mount_point_verdict_slowly - ama_mount_point_verdict() where it may sleep
 * @path: absolute
 */
struct ama_verdict ama_mount_point_verdict_slowly(const char __user *path)
{
	/* Pairs with smp_store_release() in add_mount_point(). */
	unsigned int i, nr = smp_load_acquire(&ama_nr_mount_points);

	for (i = 0; i < nr; i++)
		if (seen_from_here(&ama_mount_points[i]) &&
		    path_leads_to(&ama_mount_points[i], path))
			return verdict_for(&ama_mount_points[i]);
	return (struct ama_verdict) { };
}
