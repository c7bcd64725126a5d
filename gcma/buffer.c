// SPDX-License-Identifier: GPL-2.0
/*
 * DMA-BUFs over pages of an area.
 *
 * A buffer is one contiguous range, so a device sees one segment and the
 * kernel's own mapping of memory serves as the buffer's. User space maps it
 * by page frame numbers, huge where the kernel sends huge faults here and the
 * addresses fit. The pages go back when the last reference to the DMA-BUF does,
 * which the kernel sees to when a process dies.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/iosys-map.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <compat_contig.h>

#include "gcma.h"
#include "heap.h"

/* A segment's length is 32 bits wide. */
#define SEGMENT_BYTES	SZ_1G

/**
 * struct gcma_buffer - a DMA-BUF's memory
 * @area:        where it is from
 * @list:        in gcma_area.buffers, under gcma_area.buffers_lock
 * @page:        first page
 * @len:         bytes, a multiple of the page size
 * @lock:        protects @attachments and their @mapped
 * @attachments: devices
 * @pid:         who asked for it: process
 * @comm:        and its name
 */
struct gcma_buffer {
	struct gcma_area *area;
	struct list_head list;
	struct page *page;
	size_t len;
	struct mutex lock;
	struct list_head attachments;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

struct attachment {
	struct list_head list;
	struct device *dev;
	struct sg_table table;
	bool mapped;
};

static unsigned long buffer_pages(const struct gcma_buffer *buffer)
{
	return buffer->len >> PAGE_SHIFT;
}

static int buffer_attach(struct dma_buf *dmabuf,
			 struct dma_buf_attachment *attach)
{
	struct gcma_buffer *buffer = dmabuf->priv;
	struct attachment *a;
	struct scatterlist *sg;
	unsigned int i;
	int err;

	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	err = sg_alloc_table(&a->table,
			     DIV_ROUND_UP_ULL(buffer->len, SEGMENT_BYTES),
			     GFP_KERNEL);
	if (err) {
		kfree(a);
		return err;
	}
	for_each_sgtable_sg(&a->table, sg, i) {
		size_t offset = (size_t)i * SEGMENT_BYTES;

		sg_set_page(sg, pfn_to_page(page_to_pfn(buffer->page) +
					    (offset >> PAGE_SHIFT)),
			    min_t(size_t, SEGMENT_BYTES, buffer->len - offset), 0);
	}
	a->dev = attach->dev;
	attach->priv = a;

	mutex_lock(&buffer->lock);
	list_add(&a->list, &buffer->attachments);
	mutex_unlock(&buffer->lock);
	return 0;
}

static void buffer_detach(struct dma_buf *dmabuf,
			  struct dma_buf_attachment *attach)
{
	struct gcma_buffer *buffer = dmabuf->priv;
	struct attachment *a = attach->priv;

	mutex_lock(&buffer->lock);
	list_del(&a->list);
	mutex_unlock(&buffer->lock);
	sg_free_table(&a->table);
	kfree(a);
}

static struct sg_table *buffer_map(struct dma_buf_attachment *attach,
				   enum dma_data_direction dir)
{
	struct gcma_buffer *buffer = attach->dmabuf->priv;
	struct attachment *a = attach->priv;
	int err;

	err = dma_map_sgtable(attach->dev, &a->table, dir, 0);
	if (err)
		return ERR_PTR(err);
	mutex_lock(&buffer->lock);
	a->mapped = true;
	mutex_unlock(&buffer->lock);
	return &a->table;
}

static void buffer_unmap(struct dma_buf_attachment *attach,
			 struct sg_table *table, enum dma_data_direction dir)
{
	struct gcma_buffer *buffer = attach->dmabuf->priv;
	struct attachment *a = attach->priv;

	mutex_lock(&buffer->lock);
	a->mapped = false;
	mutex_unlock(&buffer->lock);
	dma_unmap_sgtable(attach->dev, table, dir, 0);
}

static int buffer_begin_cpu(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct gcma_buffer *buffer = dmabuf->priv;
	struct attachment *a;

	mutex_lock(&buffer->lock);
	list_for_each_entry(a, &buffer->attachments, list)
		if (a->mapped)
			dma_sync_sgtable_for_cpu(a->dev, &a->table, dir);
	mutex_unlock(&buffer->lock);
	return 0;
}

static int buffer_end_cpu(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct gcma_buffer *buffer = dmabuf->priv;
	struct attachment *a;

	mutex_lock(&buffer->lock);
	list_for_each_entry(a, &buffer->attachments, list)
		if (a->mapped)
			dma_sync_sgtable_for_device(a->dev, &a->table, dir);
	mutex_unlock(&buffer->lock);
	return 0;
}

#if COMPAT_HUGE_PFN_FAULT
static vm_fault_t buffer_fault(struct vm_fault *vmf)
{
	struct gcma_buffer *buffer = vmf->vma->vm_private_data;

	if (vmf->pgoff >= buffer_pages(buffer))
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address,
			      page_to_pfn(buffer->page) + vmf->pgoff);
}

static vm_fault_t buffer_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	struct gcma_buffer *buffer = vma->vm_private_data;
	unsigned long start = vmf->address & PMD_MASK;
	unsigned long pgoff, pfn;

	if (order != PMD_ORDER || start < vma->vm_start ||
	    start + PMD_SIZE > vma->vm_end)
		return VM_FAULT_FALLBACK;
	pgoff = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);
	pfn = page_to_pfn(buffer->page) + pgoff;
	if (!IS_ALIGNED(pfn, 1UL << PMD_ORDER) ||
	    pgoff + (1UL << PMD_ORDER) > buffer_pages(buffer))
		return VM_FAULT_FALLBACK;
	/* No one asks which pages were written, so map for writing at once. */
	return compat_insert_pmd(vmf, pfn, vma->vm_flags & VM_WRITE);
}

static const struct vm_operations_struct buffer_vm_ops = {
	.fault		= buffer_fault,
	.huge_fault	= buffer_huge_fault,
};

static int map_pages(struct gcma_buffer *buffer, struct vm_area_struct *vma)
{
	compat_vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &buffer_vm_ops;
	vma->vm_private_data = buffer;
	return 0;
}
#else
static int map_pages(struct gcma_buffer *buffer, struct vm_area_struct *vma)
{
	return remap_pfn_range(vma, vma->vm_start,
			       page_to_pfn(buffer->page) + vma->vm_pgoff,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}
#endif

static int buffer_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct gcma_buffer *buffer = dmabuf->priv;

	/* A private mapping would copy; that the range lies inside was checked. */
	if (!(vma->vm_flags & (VM_SHARED | VM_MAYSHARE)))
		return -EINVAL;
	return map_pages(buffer, vma);
}

static int buffer_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct gcma_buffer *buffer = dmabuf->priv;

	iosys_map_set_vaddr(map, page_address(buffer->page));
	return 0;
}

static void buffer_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	iosys_map_clear(map);
}

static void buffer_release(struct dma_buf *dmabuf)
{
	struct gcma_buffer *buffer = dmabuf->priv;
	struct gcma_area *area = buffer->area;

	mutex_lock(&area->buffers_lock);
	list_del(&buffer->list);
	mutex_unlock(&area->buffers_lock);
	gcma_release(area, buffer->page, buffer_pages(buffer));
	mutex_destroy(&buffer->lock);
	kfree(buffer);
	/* Last: from now on the area can be removed. */
	gcma_area_unhold(area);
}

static const struct dma_buf_ops buffer_ops = {
	.attach			= buffer_attach,
	.detach			= buffer_detach,
	.map_dma_buf		= buffer_map,
	.unmap_dma_buf		= buffer_unmap,
	.begin_cpu_access	= buffer_begin_cpu,
	.end_cpu_access		= buffer_end_cpu,
	.mmap			= buffer_mmap,
	.vmap			= buffer_vmap,
	.vunmap			= buffer_vunmap,
	.release		= buffer_release,
};

/* Aligned for huge mappings if that is to be had, else anywhere. */
static struct page *buffer_alloc(struct gcma_area *area, size_t len)
{
	unsigned long nr = len >> PAGE_SHIFT;
	struct page *page = NULL;

	if (len >= PMD_SIZE)
		page = gcma_alloc(area, nr, PMD_SHIFT - PAGE_SHIFT,
				  GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);
	return page ?: gcma_alloc(area, nr, 0, GFP_KERNEL | __GFP_ZERO);
}

/**
 * gcma_buffer_export - make a DMA-BUF of zeroed memory of an area
 * @area:     area
 * @len:      bytes, a multiple of the page size, not 0
 * @fd_flags: access mode of its file
 *
 * Context: may sleep.
 * Return: the DMA-BUF, or -ENOMEM.
 */
struct dma_buf *gcma_buffer_export(struct gcma_area *area, size_t len,
				   u32 fd_flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct gcma_buffer *buffer;
	struct dma_buf *dmabuf;
	int err = -ENOMEM;

	buffer = kzalloc(sizeof(*buffer), GFP_KERNEL);
	if (!buffer)
		return ERR_PTR(-ENOMEM);
	if (!gcma_area_hold(area)) {
		kfree(buffer);
		return ERR_PTR(-ENODEV);
	}
	buffer->area = area;
	buffer->len = len;
	buffer->pid = task_tgid_nr(current);
	get_task_comm(buffer->comm, current);
	INIT_LIST_HEAD(&buffer->attachments);
	mutex_init(&buffer->lock);
	buffer->page = buffer_alloc(area, len);
	if (!buffer->page)
		goto free_buffer;

	info.exp_name = area->name;
	info.ops = &buffer_ops;
	info.size = len;
	info.flags = fd_flags;
	info.priv = buffer;
	mutex_lock(&area->buffers_lock);
	list_add_tail(&buffer->list, &area->buffers);
	mutex_unlock(&area->buffers_lock);
	dmabuf = dma_buf_export(&info);
	if (!IS_ERR(dmabuf))
		return dmabuf;

	err = PTR_ERR(dmabuf);
	mutex_lock(&area->buffers_lock);
	list_del(&buffer->list);
	mutex_unlock(&area->buffers_lock);
	gcma_release(area, buffer->page, buffer_pages(buffer));
free_buffer:
	mutex_destroy(&buffer->lock);
	kfree(buffer);
	gcma_area_unhold(area);
	return ERR_PTR(err);
}

/**
 * gcma_buffers_show - list the DMA-BUFs of an area and who asked for them
 * @area: area
 * @seq:  where to
 *
 * Context: may sleep.
 */
void gcma_buffers_show(struct gcma_area *area, struct seq_file *seq)
{
	struct gcma_buffer *buffer;
	unsigned int attachments;
	struct attachment *a;

	seq_puts(seq, "pid comm bytes frame attachments\n");
	mutex_lock(&area->buffers_lock);
	list_for_each_entry(buffer, &area->buffers, list) {
		attachments = 0;
		mutex_lock(&buffer->lock);
		list_for_each_entry(a, &buffer->attachments, list)
			attachments++;
		mutex_unlock(&buffer->lock);
		seq_printf(seq, "%d %s %zu %#lx %u\n", buffer->pid, buffer->comm,
			   buffer->len, page_to_pfn(buffer->page), attachments);
	}
	mutex_unlock(&area->buffers_lock);
}
