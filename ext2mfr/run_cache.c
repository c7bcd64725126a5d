// SPDX-License-Identifier: GPL-2.0
/*
 * Runs of a file's blocks that were looked up lately, remembered in its inode.
 *
 * A file that was written in one go lies in few runs, broken only by its own
 * pointer blocks, so a handful of them is most of the map. A run that touches a
 * remembered one makes it longer; random access to a file thus learns its map
 * piece by piece.
 */
#include "ext2mfr.h"

static struct e2m_run *run_with(struct e2m_inode *ei, u32 lblk)
{
	unsigned int i;

	for (i = 0; i < E2M_RUNS; i++)
		if (lblk - ei->runs[i].lblk < ei->runs[i].len)
			return &ei->runs[i];
	return NULL;
}

/* A remembered run that overlaps or adjoins, and goes on as this one does. */
static struct e2m_run *run_touching(struct e2m_inode *ei, u32 lblk, u32 pblk,
				    u32 len)
{
	struct e2m_run *run;
	unsigned int i;

	for (i = 0; i < E2M_RUNS; i++) {
		run = &ei->runs[i];
		if (run->len && run->pblk - run->lblk == pblk - lblk &&
		    lblk <= run->lblk + run->len && run->lblk <= lblk + len)
			return run;
	}
	return NULL;
}

static void grow_run(struct e2m_run *run, u32 lblk, u32 pblk, u32 len)
{
	u32 end = max(run->lblk + run->len, lblk + len);

	if (lblk < run->lblk) {
		run->lblk = lblk;
		run->pblk = pblk;
	}
	run->len = end - run->lblk;
}

/**
 * e2m_run_find - look a run up without blocking
 * @ei:   the file
 * @lblk: first block
 * @max:  blocks that are of interest
 * @run:  what was found
 *
 * Context: any but interrupts.
 * Return: false if it is not at hand.
 */
bool e2m_run_find(struct e2m_inode *ei, u32 lblk, u32 max, struct e2m_run *run)
{
	const struct e2m_run *known;

	spin_lock(&ei->lock);
	known = run_with(ei, lblk);
	if (known) {
		u32 skip = lblk - known->lblk;

		*run = (struct e2m_run){
			.lblk = lblk,
			.pblk = known->pblk + skip,
			.len = min(max, known->len - skip),
		};
	}
	spin_unlock(&ei->lock);
	return known;
}

/**
 * e2m_run_remember - a run was looked up or allocated
 * @ei:   the file; map_sem is held
 * @lblk: first block
 * @pblk: where it lies; checked
 * @len:  number of blocks, at least 1
 *
 * Context: any but interrupts.
 */
void e2m_run_remember(struct e2m_inode *ei, u32 lblk, u32 pblk, u32 len)
{
	struct e2m_run *run;

	spin_lock(&ei->lock);
	run = run_touching(ei, lblk, pblk, len);
	if (run)
		grow_run(run, lblk, pblk, len);
	else
		ei->runs[ei->next_run++ % E2M_RUNS] = (struct e2m_run){
			.lblk = lblk, .pblk = pblk, .len = len };
	spin_unlock(&ei->lock);
}

/**
 * e2m_run_forget - blocks were taken away from a file
 * @ei: the file's inode; map_sem is held for writing
 *
 * What was remembered of the map, here or by a writeback under way, is void.
 *
 * Context: any.
 */
void e2m_run_forget(struct e2m_inode *ei)
{
	unsigned int i;

	spin_lock(&ei->lock);
	for (i = 0; i < E2M_RUNS; i++)
		ei->runs[i].len = 0;
	ei->map_seq++;
	ei->last_pblk = 0;
	spin_unlock(&ei->lock);
}
