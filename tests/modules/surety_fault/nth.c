// SPDX-License-Identifier: GPL-2.0
/*
 * Systematic injection: exactly the Nth eligible allocation of a task fails.
 *
 * As with the kernel's /proc/self/task/TID/fail-nth: a task writes N, makes a
 * system call, and reads: 0 says that the failure was injected, a positive
 * number how many allocations were missing, so that the call is done with.
 *
 * "N COUNT" makes the COUNT - 1 allocations after it fail as well. What is tried
 * again until it succeeds, as a page fault is, tells nothing about a single
 * failure; the second number read says how many failures are left.
 *
 * The setting belongs to the open file and to the task that wrote it, and ends
 * with the file, so that a task that dies leaves nothing behind.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "fault.h"

/* What an open file holds. */
struct nth_file {
	struct fault_level *level;
	struct fault_nth *slot;		/* NULL before the first write */
};

/*
 * Protects taking and leaving slots; a slot's @left and @failures are its own
 * task's, which writes them either from the file or from a probe that interrupted
 * the task.
 */
static DEFINE_MUTEX(nth_lock);

/**
 * fault_nth_ask() - does the current task wait for its Nth allocation?
 * @level: page or slab
 *
 * Context: in a probe, on behalf of a task.
 * Return: FAULT_NTH_NONE if not, FAULT_NTH_FAIL if it is this one,
 * FAULT_NTH_SPARE if it is a later one.
 */
enum fault_nth_answer fault_nth_ask(struct fault_level *level)
{
	unsigned int i;

	if (!atomic_read(&level->nth_users))
		return FAULT_NTH_NONE;
	for (i = 0; i < FAULT_NTH_SLOTS; i++) {
		struct fault_nth *slot = &level->nth[i];

		if (READ_ONCE(slot->task) != current || !READ_ONCE(slot->failures))
			continue;
		if (slot->left)
			WRITE_ONCE(slot->left, slot->left - 1);
		if (slot->left)
			return FAULT_NTH_SPARE;
		WRITE_ONCE(slot->failures, slot->failures - 1);
		return FAULT_NTH_FAIL;
	}
	return FAULT_NTH_NONE;
}

/* Find a slot for the current task; the reference keeps its address unique. */
static struct fault_nth *nth_take(struct fault_level *level)
{
	unsigned int i;

	lockdep_assert_held(&nth_lock);
	for (i = 0; i < FAULT_NTH_SLOTS; i++) {
		struct fault_nth *slot = &level->nth[i];

		if (slot->task)
			continue;
		slot->left = 0;
		slot->failures = 0;
		WRITE_ONCE(slot->task, get_task_struct(current));
		atomic_inc(&level->nth_users);
		return slot;
	}
	return NULL;
}

static int nth_open(struct inode *inode, struct file *file)
{
	struct nth_file *nth = kzalloc(sizeof(*nth), GFP_KERNEL);

	if (!nth)
		return -ENOMEM;
	nth->level = inode->i_private;
	file->private_data = nth;
	return 0;
}

static int nth_release(struct inode *inode, struct file *file)
{
	struct nth_file *nth = file->private_data;
	struct fault_nth *slot = nth->slot;

	if (slot) {
		struct task_struct *task = slot->task;

		mutex_lock(&nth_lock);
		WRITE_ONCE(slot->task, NULL);
		atomic_dec(&nth->level->nth_users);
		mutex_unlock(&nth_lock);
		put_task_struct(task);
	}
	kfree(nth);
	return 0;
}

/* "N" or "N COUNT" */
static int nth_parse(const char __user *from, size_t length, unsigned int *left,
		     unsigned int *failures)
{
	char text[32], *rest = text;
	int err;

	if (length >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, length))
		return -EFAULT;
	text[length] = '\0';
	strim(text);
	*failures = 1;
	err = kstrtouint(strsep(&rest, " "), 0, left);
	return err || !rest ? err : kstrtouint(rest, 0, failures);
}

static ssize_t nth_write(struct file *file, const char __user *text,
			 size_t length, loff_t *pos)
{
	struct nth_file *nth = file->private_data;
	unsigned int left, failures;
	int err = nth_parse(text, length, &left, &failures);

	if (err)
		return err;
	mutex_lock(&nth_lock);
	if (!nth->slot)
		nth->slot = nth_take(nth->level);
	mutex_unlock(&nth_lock);
	if (!nth->slot)
		return -ENOSPC;
	if (nth->slot->task != current)
		return -EBUSY;
	/* Last, so that nothing of this call is counted. */
	WRITE_ONCE(nth->slot->left, left);
	WRITE_ONCE(nth->slot->failures, left ? failures : 0);
	return length;
}

static ssize_t nth_read(struct file *file, char __user *text, size_t size,
			loff_t *pos)
{
	struct nth_file *nth = file->private_data;
	unsigned int left = nth->slot ? READ_ONCE(nth->slot->left) : 0;
	unsigned int failures = nth->slot ? READ_ONCE(nth->slot->failures) : 0;
	char number[32];
	int length;

	/* Wherever in the file one reads: the state as it is now. */
	length = scnprintf(number, sizeof(number), "%u %u\n", left, failures);
	if (size < length)
		return -EINVAL;
	return copy_to_user(text, number, length) ? -EFAULT : length;
}

const struct file_operations fault_nth_fops = {
	.owner		= THIS_MODULE,
	.open		= nth_open,
	.release	= nth_release,
	.read		= nth_read,
	.write		= nth_write,
	.llseek		= noop_llseek,
};
