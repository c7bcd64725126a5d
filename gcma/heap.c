// SPDX-License-Identifier: GPL-2.0
/*
 * DMA-BUF heaps: /dev/dma_heap/NAME for each area.
 *
 * The kernel's heap class cannot be asked to take a heap back, and stock
 * kernels before 7 do not let modules add one. So the device is a misc device
 * of our own in the same directory, with the same ioctl: programs see no
 * difference, and an area can be removed. There is no /sys/class/dma_heap entry.
 */
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <uapi/linux/dma-heap.h>

#include "gcma.h"
#include "heap.h"

/**
 * struct gcma_heap - the device of an area
 * @misc: the device
 * @area: the area, which lives longer
 * @name: of the device in /sys/class/misc
 * @node: of the device node, below /dev
 */
struct gcma_heap {
	struct miscdevice misc;
	struct gcma_area *area;
	char name[GCMA_NAME_LEN + 8];
	char node[GCMA_NAME_LEN + 16];
};

static int heap_open(struct inode *inode, struct file *file)
{
	struct gcma_heap *heap = container_of(file->private_data,
					      struct gcma_heap, misc);

	/* Misc devices are opened and removed under one mutex: it is there. */
	if (!gcma_is_live())
		return -EAGAIN;
	if (!gcma_area_hold(heap->area))
		return -ENODEV;
	return nonseekable_open(inode, file);
}

static int heap_release(struct inode *inode, struct file *file)
{
	struct gcma_heap *heap = container_of(file->private_data,
					      struct gcma_heap, misc);

	gcma_area_unhold(heap->area);
	return 0;
}

static struct dma_buf *allocate(struct gcma_area *area,
				const struct dma_heap_allocation_data *data)
{
	size_t len = PAGE_ALIGN(data->len);

	if (data->fd || data->fd_flags & ~DMA_HEAP_VALID_FD_FLAGS ||
	    data->heap_flags & ~DMA_HEAP_VALID_HEAP_FLAGS || !len)
		return ERR_PTR(-EINVAL);
	return gcma_buffer_export(area, len, data->fd_flags);
}

/*
 * As the kernel's heaps, take a request shorter or longer than the one known
 * here: what is missing is zero, what is more is ignored and given back as it
 * came. The size is part of the command, so only the number is compared.
 */
static long heap_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct gcma_heap *heap = container_of(file->private_data,
					      struct gcma_heap, misc);
	void __user *user = (void __user *)arg;
	struct dma_heap_allocation_data data = {};
	size_t size = min_t(size_t, _IOC_SIZE(cmd), sizeof(data));
	struct dma_buf *dmabuf;
	int fd;

	if (_IOC_NR(cmd) != _IOC_NR(DMA_HEAP_IOCTL_ALLOC))
		return -EINVAL;
	if ((cmd & IOC_IN) && copy_from_user(&data, user, size))
		return -EFAULT;

	dmabuf = allocate(heap->area, &data);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	fd = get_unused_fd_flags(data.fd_flags);
	if (fd < 0)
		goto put_buffer;
	data.fd = fd;
	if ((cmd & IOC_OUT) && copy_to_user(user, &data, size)) {
		put_unused_fd(fd);
		fd = -EFAULT;
		goto put_buffer;
	}
	fd_install(fd, dmabuf->file);
	return 0;

put_buffer:
	dma_buf_put(dmabuf);
	return fd;
}

static const struct file_operations heap_fops = {
	.owner		= THIS_MODULE,
	.open		= heap_open,
	.release	= heap_release,
	.unlocked_ioctl	= heap_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

/* Another driver's heap of this name would keep its node and hide ours. */
static bool node_exists(const char *node)
{
	char full[GCMA_NAME_LEN + 24];
	struct path path;

	snprintf(full, sizeof(full), "/dev/%s", node);
	if (kern_path(full, LOOKUP_FOLLOW, &path))
		return false;
	path_put(&path);
	return true;
}

/**
 * gcma_heap_add - make the heap of an area
 * @area: area, which is complete
 *
 * Context: may sleep.
 * Return: the heap, or an error that was logged: -EEXIST if there is a heap of
 * that name, -ENOMEM.
 */
struct gcma_heap *gcma_heap_add(struct gcma_area *area)
{
	struct gcma_heap *heap;
	int err;

	heap = kzalloc(sizeof(*heap), GFP_KERNEL);
	if (!heap)
		return ERR_PTR(-ENOMEM);
	heap->area = area;
	snprintf(heap->name, sizeof(heap->name), "gcma-%s", area->name);
	snprintf(heap->node, sizeof(heap->node), "dma_heap/%s", area->name);
	if (node_exists(heap->node)) {
		pr_err("gcma: %s: /dev/%s exists already\n", area->name,
		       heap->node);
		err = -EEXIST;
		goto free_heap;
	}
	heap->misc.minor = MISC_DYNAMIC_MINOR;
	heap->misc.name = heap->name;
	heap->misc.nodename = heap->node;
	heap->misc.fops = &heap_fops;
	err = misc_register(&heap->misc);
	if (err) {
		pr_err("gcma: %s: no device for the heap (error %d)\n",
		       area->name, err);
		goto free_heap;
	}
	return heap;

free_heap:
	kfree(heap);
	return ERR_PTR(err);
}

/**
 * gcma_heap_remove - remove the heap of an area that nobody uses
 * @heap: heap
 *
 * Context: may sleep.
 */
void gcma_heap_remove(struct gcma_heap *heap)
{
	misc_deregister(&heap->misc);
	kfree(heap);
}
