// SPDX-License-Identifier: GPL-2.0
/*
 * Areas: made, found, held, removed.
 *
 * An area is complete before anyone can find it, and it is removed in the
 * reverse order. Whoever could still reach it (a driver that holds it, an open
 * file of its heap) or owns part of it keeps it from being removed: that fails
 * with -EBUSY and changes nothing.
 */
#include <linux/export.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "gcma.h"
#include "heap.h"
#include "zero.h"

/*
 * Areas are made and removed one at a time, which may take seconds and registers
 * devices. The list is changed under both locks, and read under either: whoever
 * looks for an area may hold a lock of the devices'.
 */
static DEFINE_MUTEX(making_lock);
static DEFINE_MUTEX(areas_lock);
static LIST_HEAD(areas);

static struct gcma_area *find_area(const char *name)
{
	struct gcma_area *area;

	list_for_each_entry(area, &areas, list)
		if (!strcmp(area->name, name))
			return area;
	return NULL;
}

/* Find the area that a wanted range runs into. */
static struct gcma_area *find_overlap(u64 phys, u64 size)
{
	struct gcma_area *area;

	list_for_each_entry(area, &areas, list) {
		u64 base = PFN_PHYS(area->claim.base_pfn);
		u64 end = base + PFN_PHYS(area->claim.nr_pages);

		if (phys < end && base < phys + size)
			return area;
	}
	return NULL;
}

static int check_available(const struct gcma_spec *spec)
{
	long available = si_mem_available();

	if (available >= (long)(spec->size >> PAGE_SHIFT))
		return 0;
	pr_err("gcma: %s: %llu MiB asked for, %ld MiB of memory available\n",
	       spec->name, spec->size >> 20, available >> (20 - PAGE_SHIFT));
	return -ENOMEM;
}

/* Refuse what can be seen to be wrong before anything is touched. */
static int check_spec(const struct gcma_spec *spec)
{
	struct gcma_area *other;
	u64 end;

	if (gcma_spec_check_name(spec->name)) {
		pr_err("gcma: \"%s\" cannot be the name of an area\n",
		       spec->name);
		return -EINVAL;
	}
	if (find_area(spec->name)) {
		pr_err("gcma: %s: there is an area of this name already\n",
		       spec->name);
		return -EEXIST;
	}
	/* Pages are counted in 32 bits, with room for sums. */
	if (!spec->size || !IS_ALIGNED(spec->size, PAGE_SIZE) ||
	    spec->size >> PAGE_SHIFT > S32_MAX) {
		pr_err("gcma: %s: a size of %llu bytes is not a number of pages that can be\n",
		       spec->name, spec->size);
		return -EINVAL;
	}
	if (spec->nid != NUMA_NO_NODE &&
	    (spec->nid < 0 || spec->nid >= MAX_NUMNODES || !node_online(spec->nid))) {
		pr_err("gcma: %s: there is no node %d\n", spec->name, spec->nid);
		return -EINVAL;
	}
	if (!spec->at_phys)
		return check_available(spec);
	if (!IS_ALIGNED(spec->phys, PAGE_SIZE) ||
	    check_add_overflow(spec->phys, spec->size, &end)) {
		pr_err("gcma: %s: the address %#llx is not that of a page\n",
		       spec->name, spec->phys);
		return -EINVAL;
	}
	other = find_overlap(spec->phys, spec->size);
	if (other) {
		pr_err("gcma: %s: the range at %#llx overlaps area %s\n",
		       spec->name, spec->phys, other->name);
		return -EBUSY;
	}
	return 0;
}

/* Everything that describes the pages, before the pages themselves. */
static struct gcma_area *new_area(const struct gcma_spec *spec)
{
	struct gcma_area *area;
	int err = -ENOMEM;

	area = kzalloc(sizeof(*area), GFP_KERNEL);
	if (!area)
		return ERR_PTR(-ENOMEM);
	strscpy(area->name, spec->name, sizeof(area->name));
	area->nr_pages = spec->size >> PAGE_SHIFT;
	spin_lock_init(&area->lock);
	INIT_LIST_HEAD(&area->buffers);
	mutex_init(&area->buffers_lock);

	area->stats = alloc_percpu(struct gcma_stats);
	if (!area->stats)
		goto free_area;
	err = gcma_extents_init(&area->free, area->nr_pages);
	if (err)
		goto free_stats;
	err = gcma_zero_init(area);
	if (err)
		goto destroy_extents;
	return area;

destroy_extents:
	gcma_extents_destroy(&area->free);
free_stats:
	free_percpu(area->stats);
free_area:
	kfree(area);
	return ERR_PTR(err);
}

static void free_area(struct gcma_area *area)
{
	gcma_zero_destroy(area);
	gcma_extents_destroy(&area->free);
	free_percpu(area->stats);
	kfree(area);
}

/* Make all pages free: known to the index, lent to dmem. */
static void open_area(struct gcma_area *area)
{
	unsigned long flags;

	spin_lock_irqsave(&area->lock, flags);
	dmem_lend(area->store, 0, area->nr_pages);
	gcma_extents_add(&area->free, 0, area->nr_pages);
	spin_unlock_irqrestore(&area->lock, flags);
}

static struct gcma_area *make_area(const struct gcma_spec *spec)
{
	struct gcma_area *area = new_area(spec);
	int err;

	if (IS_ERR(area)) {
		pr_err("gcma: %s: no memory for the area's tables\n", spec->name);
		return area;
	}
	err = gcma_claim_memory(&area->claim, spec);
	if (err)
		goto free_area;
	area->store = dmem_store_create(area->name, area->claim.base_pfn,
					area->nr_pages,
					page_to_nid(gcma_page(area, 0)));
	if (IS_ERR(area->store)) {
		err = PTR_ERR(area->store);
		pr_err("gcma: %s: dmem refuses the store (error %d)\n",
		       area->name, err);
		goto return_claim;
	}
	err = gcma_zero_start(area);
	if (err)
		goto destroy_store;
	area->heap = gcma_heap_add(area);
	if (IS_ERR(area->heap)) {
		err = PTR_ERR(area->heap);
		goto stop_zero;
	}
	gcma_debugfs_add(area);
	open_area(area);
	gcma_zero_kick(area);
	return area;

stop_zero:
	gcma_zero_stop(area);
destroy_store:
	dmem_store_destroy(area->store);
return_claim:
	gcma_claim_return(&area->claim);
free_area:
	free_area(area);
	return ERR_PTR(err);
}

/**
 * gcma_area_create - make an area
 * @spec: what is wanted
 *
 * Context: may sleep, for seconds while memory is claimed; a signal ends it.
 * Return: the area, or an error that was logged: -EINVAL, -EEXIST, -EBUSY,
 * -ENOMEM, -EINTR.
 */
struct gcma_area *gcma_area_create(const struct gcma_spec *spec)
{
	struct gcma_area *area;
	int err;

	err = mutex_lock_interruptible(&making_lock);
	if (err)
		return ERR_PTR(err);
	err = check_spec(spec);
	area = err ? ERR_PTR(err) : make_area(spec);
	if (!IS_ERR(area)) {
		mutex_lock(&areas_lock);
		list_add_tail(&area->list, &areas);
		mutex_unlock(&areas_lock);
		pr_info("gcma: %s: %llu MiB at %#llx%s\n", area->name,
			spec->size >> 20, (u64)gcma_area_base(area),
			area->claim.pgmap ? " (reserved at boot)" : "");
	}
	mutex_unlock(&making_lock);
	return area;
}

/* Close an area to everyone, if nobody has any of it. */
static int close_area(struct gcma_area *area)
{
	unsigned long flags;
	unsigned int users;
	u32 allocated;
	int err = 0;

	spin_lock_irqsave(&area->lock, flags);
	users = area->users;
	allocated = area->nr_pages - area->free.nr_free;
	if (users || allocated)
		err = -EBUSY;
	else
		area->gone = true;
	spin_unlock_irqrestore(&area->lock, flags);
	if (err)
		pr_err("gcma: %s: in use, %u pages allocated and %u users\n",
		       area->name, allocated, users);
	return err;
}

static void unmake_area(struct gcma_area *area)
{
	mutex_lock(&areas_lock);
	list_del(&area->list);
	mutex_unlock(&areas_lock);
	gcma_debugfs_remove(area);
	gcma_heap_remove(area->heap);
	gcma_zero_stop(area);
	/* Nobody can lend or revoke any more. */
	dmem_store_destroy(area->store);
	if (!area->lost)
		gcma_claim_return(&area->claim);
	pr_info("gcma: %s: removed\n", area->name);
	free_area(area);
}

/**
 * gcma_area_remove - remove an area and give its memory back
 * @area: area
 *
 * Context: may sleep.
 * Return: 0, or -EBUSY, logged and with nothing changed, if a driver holds the
 * area, its heap is open, or pages of it are allocated.
 */
int gcma_area_remove(struct gcma_area *area)
{
	int err;

	mutex_lock(&making_lock);
	err = close_area(area);
	if (!err)
		unmake_area(area);
	mutex_unlock(&making_lock);
	return err;
}

/**
 * gcma_areas_remove_all - remove every area, when the module is unloaded
 *
 * No one can hold an area then, as that holds the module. If a driver was
 * unloaded and left pages allocated, a device may still write to them, so that
 * area's memory is given up rather than given back.
 *
 * Context: may sleep.
 */
void gcma_areas_remove_all(void)
{
	struct gcma_area *area, *next;

	mutex_lock(&making_lock);
	list_for_each_entry_safe(area, next, &areas, list) {
		if (close_area(area)) {
			area->gone = true;
			area->lost = true;
			pr_err("gcma: %s: %u pages were never released; the area's memory is lost until the next boot\n",
			       area->name, area->nr_pages - area->free.nr_free);
		}
		unmake_area(area);
	}
	mutex_unlock(&making_lock);
}

/**
 * gcma_areas_from_param - make the areas that a parameter asks for
 * @param: NAME:SIZE[@PHYS|@nodeN][,...], or NULL
 *
 * Context: may sleep.
 * Return: 0, or an error that was logged; then those before it are there.
 */
int gcma_areas_from_param(const char *param)
{
	char *copy, *rest;
	struct gcma_spec spec;
	int err = 0;

	if (!param || !*param)
		return 0;
	copy = kstrdup(param, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	rest = copy;
	while (!err) {
		struct gcma_area *area;
		int more = gcma_spec_next(&rest, &spec);

		if (!more)
			break;
		if (more < 0) {
			pr_err("gcma: areas=%s is not NAME:SIZE[@PHYS|@nodeN][,...]\n",
			       param);
			err = more;
			break;
		}
		area = gcma_area_create(&spec);
		err = IS_ERR(area) ? PTR_ERR(area) :
				     gcma_configfs_add(area, &spec);
	}
	kfree(copy);
	return err;
}

/**
 * gcma_area_hold - keep an area from being removed
 * @area: area that cannot vanish during the call
 *
 * Context: any.
 * Return: false if it is being removed.
 */
bool gcma_area_hold(struct gcma_area *area)
{
	unsigned long flags;
	bool ok;

	spin_lock_irqsave(&area->lock, flags);
	ok = !area->gone;
	if (ok)
		area->users++;
	spin_unlock_irqrestore(&area->lock, flags);
	return ok;
}

void gcma_area_unhold(struct gcma_area *area)
{
	unsigned long flags;

	spin_lock_irqsave(&area->lock, flags);
	area->users--;
	spin_unlock_irqrestore(&area->lock, flags);
}

/**
 * gcma_area_get - find an area by its name and keep it
 * @name: name
 *
 * Context: may sleep.
 * Return: the area, to be given back with gcma_area_put(), or NULL if there is
 * none of that name.
 */
struct gcma_area *gcma_area_get(const char *name)
{
	struct gcma_area *area;

	mutex_lock(&areas_lock);
	area = find_area(name);
	if (area && !gcma_area_hold(area))
		area = NULL;
	mutex_unlock(&areas_lock);
	return area;
}
EXPORT_SYMBOL_GPL(gcma_area_get);

/**
 * gcma_area_put - give up an area
 * @area: from gcma_area_get(); all of its pages were released
 *
 * Context: any.
 */
void gcma_area_put(struct gcma_area *area)
{
	gcma_area_unhold(area);
}
EXPORT_SYMBOL_GPL(gcma_area_put);

/**
 * gcma_area_name - name of an area
 * @area: area
 *
 * Context: any.
 * Return: its name, which lives as long as the area.
 */
const char *gcma_area_name(const struct gcma_area *area)
{
	return area->name;
}
EXPORT_SYMBOL_GPL(gcma_area_name);

/**
 * gcma_area_base - where an area begins
 * @area: area
 *
 * Context: any.
 * Return: its physical address.
 */
phys_addr_t gcma_area_base(const struct gcma_area *area)
{
	return PFN_PHYS(area->claim.base_pfn);
}
EXPORT_SYMBOL_GPL(gcma_area_base);

/**
 * gcma_area_pages - size of an area
 * @area: area
 *
 * Context: any.
 * Return: number of pages.
 */
unsigned long gcma_area_pages(const struct gcma_area *area)
{
	return area->nr_pages;
}
EXPORT_SYMBOL_GPL(gcma_area_pages);
