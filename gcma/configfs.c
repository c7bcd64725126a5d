// SPDX-License-Identifier: GPL-2.0
/*
 * Areas made and removed by hand: /sys/kernel/config/gcma/NAME/
 *
 *	mkdir NAME           an area that does not exist yet
 *	size, phys, node     what it is to be; fixed while it is active
 *	zeroed_pool          percentage kept zeroed; may change at any time
 *	active               1 claims the memory, 0 gives it back
 *	rmdir NAME           refused with EBUSY while the area is active
 *
 * Areas of the module's parameter have a directory too, which stays.
 */
#include <linux/configfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "gcma.h"
#include "zero.h"

/**
 * struct gcma_item - a directory
 * @group:     the directory
 * @lock:      protects the rest
 * @spec:      what was written to it
 * @percent:   zeroed_pool
 * @area:      the area while it is active
 * @permanent: made for the module's parameter, not with mkdir
 */
struct gcma_item {
	struct config_group group;
	struct mutex lock;
	struct gcma_spec spec;
	unsigned int percent;
	struct gcma_area *area;
	bool permanent;
};

static struct configfs_subsystem subsystem;

static struct gcma_item *to_item(struct config_item *item)
{
	return container_of(to_config_group(item), struct gcma_item, group);
}

static ssize_t gcma_item_size_show(struct config_item *ci, char *page)
{
	return sysfs_emit(page, "%llu\n", to_item(ci)->spec.size);
}

static ssize_t gcma_item_phys_show(struct config_item *ci, char *page)
{
	const struct gcma_item *item = to_item(ci);

	return item->spec.at_phys ?
		sysfs_emit(page, "%#llx\n", item->spec.phys) :
		sysfs_emit(page, "any\n");
}

static ssize_t gcma_item_node_show(struct config_item *ci, char *page)
{
	return sysfs_emit(page, "%d\n", to_item(ci)->spec.nid);
}

static ssize_t gcma_item_zeroed_pool_show(struct config_item *ci, char *page)
{
	return sysfs_emit(page, "%u\n", to_item(ci)->percent);
}

static ssize_t gcma_item_active_show(struct config_item *ci, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_item(ci)->area) ? 1 : 0);
}

/* A number of bytes with an optional suffix, and nothing else. */
static int parse_bytes(const char *page, u64 *bytes)
{
	const char *end = gcma_parse_bytes(page, bytes);

	return !end || (*end && *end != '\n') ? -EINVAL : 0;
}

static ssize_t gcma_item_size_store(struct config_item *ci, const char *page,
				    size_t len)
{
	struct gcma_item *item = to_item(ci);
	u64 bytes;
	int err = parse_bytes(page, &bytes);

	if (err)
		return err;
	mutex_lock(&item->lock);
	if (item->area)
		err = -EBUSY;
	else
		item->spec.size = bytes;
	mutex_unlock(&item->lock);
	return err ?: len;
}

static ssize_t gcma_item_phys_store(struct config_item *ci, const char *page,
				    size_t len)
{
	struct gcma_item *item = to_item(ci);
	bool fixed = !sysfs_streq(page, "any");
	u64 phys = 0;
	int err = fixed ? parse_bytes(page, &phys) : 0;

	if (err)
		return err;
	mutex_lock(&item->lock);
	if (item->area) {
		err = -EBUSY;
	} else {
		item->spec.phys = phys;
		item->spec.at_phys = fixed;
	}
	mutex_unlock(&item->lock);
	return err ?: len;
}

static ssize_t gcma_item_node_store(struct config_item *ci, const char *page,
				    size_t len)
{
	struct gcma_item *item = to_item(ci);
	int nid;
	int err = kstrtoint(page, 10, &nid);

	if (err)
		return err;
	mutex_lock(&item->lock);
	if (item->area)
		err = -EBUSY;
	else
		item->spec.nid = nid;
	mutex_unlock(&item->lock);
	return err ?: len;
}

static ssize_t gcma_item_zeroed_pool_store(struct config_item *ci,
					   const char *page, size_t len)
{
	struct gcma_item *item = to_item(ci);
	unsigned int percent;
	int err = kstrtouint(page, 10, &percent);

	if (!err && percent > 100)
		err = -EINVAL;
	if (err)
		return err;
	mutex_lock(&item->lock);
	item->percent = percent;
	if (item->area)
		err = gcma_zero_set_percent(item->area, percent);
	mutex_unlock(&item->lock);
	return err ?: len;
}

/* An active area's directory must not go away, so make it depended upon. */
static int activate(struct gcma_item *item)
{
	struct gcma_area *area;
	int err = 0;

	if (item->area)
		return 0;
	if (!gcma_is_live())
		return -EAGAIN;
	if (!item->permanent)
		err = configfs_depend_item_unlocked(&subsystem,
						    &item->group.cg_item);
	if (err)
		return err;
	area = gcma_area_create(&item->spec);
	if (IS_ERR(area)) {
		if (!item->permanent)
			configfs_undepend_item(&item->group.cg_item);
		return PTR_ERR(area);
	}
	gcma_zero_set_percent(area, item->percent);
	item->area = area;
	return 0;
}

static int deactivate(struct gcma_item *item)
{
	int err;

	if (!item->area)
		return 0;
	if (!gcma_is_live())
		return -EAGAIN;
	err = gcma_area_remove(item->area);
	if (err)
		return err;
	item->area = NULL;
	if (!item->permanent)
		configfs_undepend_item(&item->group.cg_item);
	return 0;
}

static ssize_t gcma_item_active_store(struct config_item *ci, const char *page,
				      size_t len)
{
	struct gcma_item *item = to_item(ci);
	bool on;
	int err = kstrtobool(page, &on);

	if (err)
		return err;
	mutex_lock(&item->lock);
	err = on ? activate(item) : deactivate(item);
	mutex_unlock(&item->lock);
	return err ?: len;
}

CONFIGFS_ATTR(gcma_item_, size);
CONFIGFS_ATTR(gcma_item_, phys);
CONFIGFS_ATTR(gcma_item_, node);
CONFIGFS_ATTR(gcma_item_, zeroed_pool);
CONFIGFS_ATTR(gcma_item_, active);

static struct configfs_attribute *item_attrs[] = {
	&gcma_item_attr_size,
	&gcma_item_attr_phys,
	&gcma_item_attr_node,
	&gcma_item_attr_zeroed_pool,
	&gcma_item_attr_active,
	NULL,
};

static void item_free(struct config_item *ci)
{
	kfree(to_item(ci));
}

static struct configfs_item_operations item_ops = {
	.release = item_free,
};

static const struct config_item_type item_type = {
	.ct_item_ops	= &item_ops,
	.ct_attrs	= item_attrs,
	.ct_owner	= THIS_MODULE,
};

static struct gcma_item *new_item(const char *name)
{
	struct gcma_item *item;

	if (gcma_spec_check_name(name))
		return ERR_PTR(-EINVAL);
	item = kzalloc(sizeof(*item), GFP_KERNEL);
	if (!item)
		return ERR_PTR(-ENOMEM);
	mutex_init(&item->lock);
	strscpy(item->spec.name, name, sizeof(item->spec.name));
	item->spec.nid = NUMA_NO_NODE;
	item->percent = gcma_zero_default();
	config_group_init_type_name(&item->group, name, &item_type);
	return item;
}

static struct config_group *make_group(struct config_group *parent,
				       const char *name)
{
	struct gcma_item *item;

	if (!gcma_is_live())
		return ERR_PTR(-EAGAIN);
	item = new_item(name);
	return IS_ERR(item) ? ERR_CAST(item) : &item->group;
}

static struct configfs_group_operations root_ops = {
	.make_group = make_group,
};

static const struct config_item_type root_type = {
	.ct_group_ops	= &root_ops,
	.ct_owner	= THIS_MODULE,
};

static struct configfs_subsystem subsystem = {
	.su_group = {
		.cg_item = {
			.ci_namebuf	= "gcma",
			.ci_type	= &root_type,
		},
	},
};

/**
 * gcma_configfs_add - give an area of the module's parameter a directory
 * @area: area
 * @spec: what it was made from
 *
 * Context: may sleep.
 * Return: 0 or an error.
 */
int gcma_configfs_add(struct gcma_area *area, const struct gcma_spec *spec)
{
	struct gcma_item *item = new_item(spec->name);
	int err;

	if (IS_ERR(item))
		return PTR_ERR(item);
	item->spec = *spec;
	item->area = area;
	item->permanent = true;
	err = configfs_register_group(&subsystem.su_group, &item->group);
	if (err)
		config_group_put(&item->group);
	return err;
}

int gcma_configfs_init(void)
{
	config_group_init(&subsystem.su_group);
	mutex_init(&subsystem.su_mutex);
	return configfs_register_subsystem(&subsystem);
}

/* Directories made with mkdir hold the module, so only permanent ones are left. */
void gcma_configfs_exit(void)
{
	struct config_item *ci, *next;

	list_for_each_entry_safe(ci, next, &subsystem.su_group.cg_children,
				 ci_entry) {
		struct config_group *group = to_config_group(ci);

		configfs_unregister_group(group);
		config_group_put(group);
	}
	configfs_unregister_subsystem(&subsystem);
}
