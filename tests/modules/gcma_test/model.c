// SPDX-License-Identifier: GPL-2.0
/*
 * Random allocations and releases, on every CPU at once, against a model.
 *
 * The model knows the owner of each page. A success that hands out an owned
 * page, or one outside the area, or one wrongly aligned, is wrong. A failure is
 * right only if the model has no such range either; since another CPU may
 * change that meanwhile, a failed allocation is tried again with everyone else
 * stopped, and then the model decides. The pages carry stamps, so that a page
 * that anything else wrote to is found when it is released.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "gcma_test.h"

/* Allocations that one worker holds at most. */
#define SLOTS	192

struct model {
	struct test_run *run;
	unsigned long base_pfn;
	u32 *owner;		/* of each page, 0: free */
	spinlock_t lock;	/* protects @owner */
	struct rw_semaphore world;	/* read: an operation; write: all stopped */
};

struct held {
	struct page *page;
	unsigned long nr;
	u32 id;
};

struct worker {
	struct model *model;
	struct task_struct *task;
	struct completion done;
	struct rnd_state rnd;
	struct held held[SLOTS];
	u32 first_id, next_id;
	unsigned long pairs, atomic, refusals, rechecks;
	char error[128];
};

static u32 pick(struct worker *w, u32 below)
{
	return prandom_u32_state(&w->rnd) % below;
}

static u64 stamp_of(struct page *page, u32 id)
{
	return (u64)page_to_pfn(page) << 32 | id;
}

/* At both ends of each page. */
static void stamp(struct page *page, unsigned long nr, u32 id)
{
	for (; nr; nr--, page++) {
		u64 *text = page_address(page);

		text[0] = stamp_of(page, id);
		text[PAGE_SIZE / 8 - 1] = ~stamp_of(page, id);
	}
}

static bool stamped(struct page *page, unsigned long nr, u32 id)
{
	for (; nr; nr--, page++) {
		const u64 *text = page_address(page);

		if (text[0] != stamp_of(page, id) ||
		    text[PAGE_SIZE / 8 - 1] != ~stamp_of(page, id))
			return false;
	}
	return true;
}

static bool all_zero(struct page *page, unsigned long nr)
{
	for (; nr; nr--, page++)
		if (memchr_inv(page_address(page), 0, PAGE_SIZE))
			return false;
	return true;
}

/*
 * Any context will do, but for zeroing, which may let others run: every second of
 * the other calls is made with interrupts off.
 */
static bool pick_atomic(struct worker *w, gfp_t gfp)
{
	return !(gfp & __GFP_ZERO) && pick(w, 2);
}

static struct page *alloc_somehow(struct worker *w, unsigned long nr,
				  unsigned int align, gfp_t gfp)
{
	struct gcma_area *area = w->model->run->area;
	unsigned long flags;
	struct page *page;

	if (!pick_atomic(w, gfp))
		return gcma_alloc(area, nr, align, gfp);
	local_irq_save(flags);
	page = gcma_alloc(area, nr, align, GFP_ATOMIC | __GFP_NOWARN);
	local_irq_restore(flags);
	w->atomic++;
	return page;
}

static bool release_somehow(struct worker *w, struct page *page, unsigned long nr)
{
	struct gcma_area *area = w->model->run->area;
	unsigned long flags;
	bool ok;

	if (!pick_atomic(w, GFP_KERNEL))
		return gcma_release(area, page, nr);
	local_irq_save(flags);
	ok = gcma_release(area, page, nr);
	local_irq_restore(flags);
	return ok;
}

/* Does the model have a range of this size and alignment? All are stopped. */
static bool model_fits(struct model *m, unsigned long nr, unsigned int align)
{
	unsigned long step = 1UL << align;
	unsigned long first = round_up(m->base_pfn, step) - m->base_pfn;
	unsigned long end = m->run->pages, run = 0, i;

	/* One look from the end: how far does free memory reach from here? */
	for (i = end; i-- > 0;) {
		run = m->owner[i] ? 0 : run + 1;
		if (run >= nr && i >= first && (i - first) % step == 0)
			return true;
	}
	return false;
}

/* Enter a success into the model. Return false if it cannot be right. */
static bool model_enter(struct model *m, struct page *page, unsigned long nr,
			unsigned int align, u32 id)
{
	unsigned long start = page_to_pfn(page) - m->base_pfn;
	bool ok = page_to_pfn(page) >= m->base_pfn &&
		  start + nr <= m->run->pages &&
		  IS_ALIGNED(page_to_pfn(page), 1UL << align);
	unsigned long i;

	spin_lock(&m->lock);
	for (i = start; ok && i < start + nr; i++) {
		if (m->owner[i])
			ok = false;
		m->owner[i] = id;
	}
	spin_unlock(&m->lock);
	return ok;
}

/* Before the release, since the next owner may be entered right after it. */
static void model_leave(struct model *m, struct page *page, unsigned long nr)
{
	unsigned long start = page_to_pfn(page) - m->base_pfn;

	spin_lock(&m->lock);
	memset(m->owner + start, 0, nr * sizeof(*m->owner));
	spin_unlock(&m->lock);
}

/* Mostly small, sometimes a good part of the area. */
static unsigned long pick_size(struct worker *w)
{
	unsigned long pages = w->model->run->pages;

	switch (pick(w, 32)) {
	case 0:
		return 1 + pick(w, pages / 4);
	case 1 ... 4:
		return 1 + pick(w, pages / 32 + 1);
	case 5 ... 8:
		return 1;
	default:
		return 1 + pick(w, 32);
	}
}

/*
 * A failure stands only if it happens again with everyone stopped, and the
 * model agrees. Return the page if it succeeds then.
 */
static struct page *recheck(struct worker *w, unsigned long nr,
			    unsigned int align, gfp_t gfp)
{
	struct model *m = w->model;
	struct page *page;
	bool fits;

	up_read(&m->world);
	down_write(&m->world);
	w->rechecks++;
	fits = model_fits(m, nr, align);
	page = gcma_alloc(m->run->area, nr, align, gfp);
	if (fits != !!page)
		snprintf(w->error, sizeof(w->error),
			 "%lu pages aligned to %u: the model %s, gcma %s", nr,
			 align, fits ? "has room" : "has no room",
			 page ? "found some" : "refused");
	downgrade_write(&m->world);
	return page;
}

static void do_alloc(struct worker *w, struct held *held)
{
	struct model *m = w->model;
	unsigned int align = pick(w, 3) ? 0 : pick(w, 11);
	gfp_t gfp = GFP_KERNEL | __GFP_NOWARN | (pick(w, 16) ? 0 : __GFP_ZERO);
	unsigned long nr = pick_size(w);

	held->page = alloc_somehow(w, nr, align, gfp);
	if (!held->page)
		held->page = recheck(w, nr, align, gfp);
	if (!held->page) {
		w->refusals++;
		return;
	}
	held->nr = nr;
	held->id = w->next_id++;
	if (!model_enter(m, held->page, nr, align, held->id))
		snprintf(w->error, sizeof(w->error),
			 "frame %#lx, %lu pages aligned to %u: not the caller's to have",
			 page_to_pfn(held->page), nr, align);
	if (gfp & __GFP_ZERO && !all_zero(held->page, nr))
		snprintf(w->error, sizeof(w->error), "frame %#lx is not zeroed",
			 page_to_pfn(held->page));
	stamp(held->page, nr, held->id);
}

/* All of it, or now and then only its second half. */
static void do_release(struct worker *w, struct held *held)
{
	unsigned long keep = held->nr > 1 && !pick(w, 8) ? held->nr / 2 : 0;
	struct page *page = held->page + keep;
	unsigned long nr = held->nr - keep;

	if (!stamped(page, nr, held->id))
		snprintf(w->error, sizeof(w->error),
			 "frame %#lx: somebody else wrote to the pages",
			 page_to_pfn(page));
	model_leave(w->model, page, nr);
	if (!release_somehow(w, page, nr))
		snprintf(w->error, sizeof(w->error), "frame %#lx: release refused",
			 page_to_pfn(page));
	held->nr = keep;
	if (keep)
		return;
	held->page = NULL;
	w->pairs++;
}

static int worker_thread(void *data)
{
	struct worker *w = data;
	unsigned int i;

	while (w->pairs < w->model->run->ops && !w->error[0]) {
		struct held *held = &w->held[pick(w, SLOTS)];

		down_read(&w->model->world);
		if (held->page)
			do_release(w, held);
		else
			do_alloc(w, held);
		up_read(&w->model->world);
		cond_resched();
	}
	down_read(&w->model->world);
	for (i = 0; i < SLOTS; i++)
		while (w->held[i].page)
			do_release(w, &w->held[i]);
	up_read(&w->model->world);
	complete(&w->done);
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static int start_worker(struct model *m, struct worker *w, int cpu, u32 nth)
{
	w->model = m;
	w->first_id = nth << 24 | 1;
	w->next_id = w->first_id;
	init_completion(&w->done);
	prandom_seed_state(&w->rnd, m->run->seed + nth);
	w->task = kthread_create(worker_thread, w, "gcma_test/%d", cpu);
	if (IS_ERR(w->task))
		return PTR_ERR(w->task);
	kthread_bind(w->task, cpu);
	wake_up_process(w->task);
	return 0;
}

static int run_workers(struct model *m, struct worker *workers)
{
	struct test_run *run = m->run;
	unsigned int nr = 0, i;
	unsigned long pairs = 0, atomic = 0, refusals = 0, rechecks = 0;
	int cpu, err = 0;

	for_each_online_cpu(cpu) {
		err = start_worker(m, &workers[nr], cpu, nr + 1);
		if (err)
			break;
		nr++;
	}
	for (i = 0; i < nr; i++) {
		wait_for_completion(&workers[i].done);
		kthread_stop(workers[i].task);
		pairs += workers[i].pairs;
		atomic += workers[i].atomic;
		refusals += workers[i].refusals;
		rechecks += workers[i].rechecks;
		test_judge(run, !workers[i].error[0], "worker %u: %s", i,
			   workers[i].error[0] ? workers[i].error :
			   "every success was free, aligned and untouched; every failure had no room");
	}
	test_judge(run, !err && pairs >= (unsigned long)run->ops * nr,
		   "%lu allocations and their releases, %lu refusals on %u CPUs (%lu looked at twice)",
		   pairs, refusals, nr, rechecks);
	test_judge(run, atomic > pairs / 4,
		   "%lu calls for memory made with interrupts off", atomic);
	return err;
}

int test_model(struct test_run *run)
{
	struct worker *workers;
	struct model *m;
	struct page *all;
	int err = -ENOMEM;

	m = kzalloc(sizeof(*m), GFP_KERNEL);
	workers = kvcalloc(nr_cpu_ids, sizeof(*workers), GFP_KERNEL);
	if (!m || !workers)
		goto out;
	m->owner = kvcalloc(run->pages, sizeof(*m->owner), GFP_KERNEL);
	if (!m->owner)
		goto out;
	m->run = run;
	m->base_pfn = PHYS_PFN(gcma_area_base(run->area));
	spin_lock_init(&m->lock);
	init_rwsem(&m->world);
	err = run_workers(m, workers);

	all = gcma_alloc(run->area, run->pages, 0, GFP_KERNEL);
	test_judge(run, all, "the whole area can be had in one piece afterwards");
	if (all)
		gcma_release(run->area, all, run->pages);
out:
	if (m)
		kvfree(m->owner);
	kvfree(workers);
	kfree(m);
	return err;
}
