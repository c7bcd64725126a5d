// SPDX-License-Identifier: GPL-2.0
/*
 * Capture video into DMA-BUFs of a heap and check every pixel of every frame.
 *
 *	gcma_capture VIDEO HEAP FRAMES
 *
 * VIDEO is a capture device of the vivid driver, which draws colour bars. The
 * buffers are filled with a pattern before they are queued, so that a pixel that
 * the driver did not write is seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUFFERS	4
#define BARS	8
#define POISON	0xa5

struct buffer {
	int fd;
	uint8_t *p;
};

static struct v4l2_format format = {
	.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
	.fmt.pix = { .width = 640, .height = 480,
		     .pixelformat = V4L2_PIX_FMT_YUYV,
		     .field = V4L2_FIELD_NONE },
};

static void fail(const char *what)
{
	printf("not ok - capture: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void must(int fd, unsigned long request, void *arg, const char *what)
{
	if (ioctl(fd, request, arg))
		fail(what);
}

/* The driver writes the time over the picture unless told not to. */
static void set_control(int video, const char *name, int value)
{
	struct v4l2_queryctrl query = { .id = V4L2_CTRL_FLAG_NEXT_CTRL };

	for (; !ioctl(video, VIDIOC_QUERYCTRL, &query);
	     query.id |= V4L2_CTRL_FLAG_NEXT_CTRL) {
		struct v4l2_control control = { .id = query.id, .value = value };

		if (!strcmp((char *)query.name, name)) {
			must(video, VIDIOC_S_CTRL, &control, name);
			return;
		}
	}
	printf("# no control \"%s\"\n", name);
}

static void access_begins(struct buffer *b, bool begins)
{
	struct dma_buf_sync sync = {
		.flags = DMA_BUF_SYNC_RW |
			 (begins ? DMA_BUF_SYNC_START : DMA_BUF_SYNC_END),
	};

	must(b->fd, DMA_BUF_IOCTL_SYNC, &sync, "synchronisation");
}

static void queue(int video, struct buffer *buffers, unsigned int index)
{
	struct v4l2_buffer vb = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_DMABUF,
		.index = index,
		.m.fd = buffers[index].fd,
	};

	access_begins(&buffers[index], true);
	memset(buffers[index].p, POISON, format.fmt.pix.sizeimage);
	access_begins(&buffers[index], false);
	must(video, VIDIOC_QBUF, &vb, "queueing a buffer");
}

/* A bar is of one colour: each pair of pixels (Y, U, Y, V) is as its first one. */
static bool bar_right(const uint8_t *bar, unsigned int bytes)
{
	/* No colour of the bars has such a component. */
	if (bar[0] != bar[2] || memchr(bar, POISON, bytes))
		return false;
	return !memcmp(bar, bar + 4, bytes - 4);
}

/* Colour bars: luma falls from bar to bar, and all lines are alike. */
static bool bars_right(const uint8_t *p)
{
	unsigned int line = format.fmt.pix.bytesperline;
	unsigned int bytes = 2 * format.fmt.pix.width;

	for (unsigned int bar = 0; bar < BARS; bar++) {
		const uint8_t *start = p + bar * bytes / BARS;

		if (!bar_right(start, bytes / BARS) ||
		    (bar && start[0] >= start[-4]))
			return false;
	}
	for (unsigned int y = 1; y < format.fmt.pix.height; y++)
		if (memcmp(p, p + y * line, bytes))
			return false;
	return true;
}

static void make_buffers(int heap, struct buffer *buffers)
{
	for (unsigned int i = 0; i < BUFFERS; i++) {
		struct dma_heap_allocation_data data = {
			.len = format.fmt.pix.sizeimage,
			.fd_flags = O_RDWR | O_CLOEXEC,
		};

		must(heap, DMA_HEAP_IOCTL_ALLOC, &data, "allocation");
		buffers[i].fd = data.fd;
		buffers[i].p = mmap(NULL, data.len, PROT_READ | PROT_WRITE,
				    MAP_SHARED, data.fd, 0);
		if (buffers[i].p == MAP_FAILED)
			fail("mapping a buffer");
	}
}

/* One frame: wait for it, look at it, queue its buffer again. */
static bool one_frame(int video, struct buffer *buffers, uint32_t *sequence,
		      unsigned int *lost)
{
	struct v4l2_buffer vb = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_DMABUF,
	};
	struct pollfd ready = { .fd = video, .events = POLLIN };
	bool ok;

	if (poll(&ready, 1, 60000) != 1)
		fail("waiting for a frame");
	must(video, VIDIOC_DQBUF, &vb, "taking a buffer");
	access_begins(&buffers[vb.index], true);
	ok = !(vb.flags & V4L2_BUF_FLAG_ERROR) &&
	     vb.bytesused == format.fmt.pix.sizeimage &&
	     bars_right(buffers[vb.index].p);
	access_begins(&buffers[vb.index], false);
	*lost += vb.sequence - *sequence - 1;
	*sequence = vb.sequence;
	queue(video, buffers, vb.index);
	return ok;
}

int main(int argc, char **argv)
{
	struct v4l2_requestbuffers request = {
		.count = BUFFERS,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_DMABUF,
	};
	enum v4l2_buf_type type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	struct buffer buffers[BUFFERS];
	unsigned int frames, wrong = 0, lost = 0, i;
	uint32_t sequence = -1;
	int video, heap, input = 0;

	if (argc != 4)
		return 2;
	frames = strtoul(argv[3], NULL, 0);
	video = open(argv[1], O_RDWR);
	heap = open(argv[2], O_RDONLY);
	if (video < 0 || heap < 0)
		fail(video < 0 ? argv[1] : argv[2]);
	ioctl(video, VIDIOC_S_INPUT, &input);
	set_control(video, "OSD Text Mode", 2);
	must(video, VIDIOC_S_FMT, &format, "the format");
	must(video, VIDIOC_REQBUFS, &request, "asking for DMA-BUF buffers");
	make_buffers(heap, buffers);
	for (i = 0; i < BUFFERS; i++)
		queue(video, buffers, i);
	must(video, VIDIOC_STREAMON, &type, "starting");
	for (i = 0; i < frames; i++)
		wrong += !one_frame(video, buffers, &sequence, &lost);
	must(video, VIDIOC_STREAMOFF, &type, "stopping");

	printf("# %ux%u, %u bytes a frame, %u frames, %u not taken in time\n",
	       format.fmt.pix.width, format.fmt.pix.height,
	       format.fmt.pix.sizeimage, frames, lost);
	printf("%s - capture: %u of %u frames show the test pattern in every pixel\n",
	       wrong ? "not ok" : "ok", frames - wrong, frames);
	return wrong ? 1 : 0;
}
