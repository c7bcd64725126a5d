// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that move a file's data.
 *
 * New bytes go into the worker's copy before they are written; when a call
 * fails the file is forgotten, so that the copy never has to be undone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "storm.h"

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Split a transfer in three, for the vector calls. */
static void split(struct iovec *vector, unsigned char *data, size_t length)
{
	vector[0].iov_base = data;
	vector[0].iov_len = length / 3;
	vector[1].iov_base = data + length / 3;
	vector[1].iov_len = length / 3;
	vector[2].iov_base = data + 2 * (length / 3);
	vector[2].iov_len = length - 2 * (length / 3);
}

/* Write new bytes at @offset, by one of the calls that do so. */
static bool write_at(int fd, struct file *file, size_t offset, size_t length)
{
	unsigned char *data = file->data + offset;
	struct iovec vector[3];

	fill(data, length);
	split(vector, data, length);
	switch (draw(4)) {
	case 0:
		return full("pwrite", pwrite(fd, data, length, offset), length);
	case 1:
		return full("pwritev", pwritev(fd, vector, 3, offset), length);
	case 2:
		if (seen("lseek", lseek(fd, offset, SEEK_SET)) == -1)
			return false;
		return full("write", write(fd, data, length), length);
	default:
		if (seen("lseek", lseek(fd, offset, SEEK_SET)) == -1)
			return false;
		return full("writev", writev(fd, vector, 3), length);
	}
}

/* Read at @offset by one of the calls that do so, and compare. */
static void read_at(int fd, struct file *file, size_t offset, size_t length)
{
	unsigned char *data = me->buffer;
	struct iovec vector[3];
	bool got = false;

	memset(data, 0x5a, length);
	split(vector, data, length);
	switch (draw(4)) {
	case 0:
		got = full("pread", pread(fd, data, length, offset), length);
		break;
	case 1:
		got = full("preadv", preadv(fd, vector, 3, offset), length);
		break;
	case 2:
		if (seen("lseek", lseek(fd, offset, SEEK_SET)) != -1)
			got = full("read", read(fd, data, length), length);
		break;
	default:
		if (seen("lseek", lseek(fd, offset, SEEK_SET)) != -1)
			got = full("readv", readv(fd, vector, 3), length);
	}
	if (got)
		check_content(file, data, offset, length, "read");
}

static int open_file(struct file *file, int flags)
{
	return seen("open", open(file->name, flags | O_CLOEXEC));
}

static void close_file(int fd)
{
	seen("close", close(fd));
}

/* A range inside the file, up to a chunk. */
static void pick_range(const struct file *file, size_t *offset, size_t *length)
{
	*offset = file->size ? draw(file->size) : 0;
	*length = draw(smaller(CHUNK_MAX, file->size - *offset) + 1);
}

void op_create(void)
{
	struct file *file = pick(ABSENT);
	size_t size, done, length;
	int fd;

	if (!file)
		return;
	fresh_name(file->name, "f");
	file->size = 0;
	memset(file->data, 0, FILE_MAX);
	forget(file);
	if (draw(4))
		fd = seen("open", open(file->name, O_CREAT | O_EXCL | O_RDWR |
				       O_CLOEXEC, 0644));
	else
		fd = seen("creat", creat(file->name, 0644));
	if (fd == -1)
		return;

	size = draw(2) ? draw(12 * 1024) : draw(FILE_MAX / 2);
	for (done = 0; done < size; done += length) {
		length = smaller(1 + draw(CHUNK_MAX), size - done);
		if (!write_at(fd, file, done, length))
			break;
		wrote(file, done, length);
	}
	if (seen("close", close(fd)) != -1 && done >= size)
		file->state = KNOWN;
}

void op_read(void)
{
	struct file *file = pick(KNOWN);
	size_t offset, length;
	struct stat status;
	int i, fd;

	if (!file)
		return;
	fd = open_file(file, O_RDONLY);
	if (fd == -1)
		return;
	if (seen("fstat", fstat(fd, &status)) != -1 &&
	    (size_t)status.st_size != file->size)
		mismatch("size of %s is %lld, must be %zu", file->name,
			 (long long)status.st_size, file->size);
	if (!draw(3))
		seen("fadvise", posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	for (i = 0; i < 2; i++) {
		pick_range(file, &offset, &length);
		read_at(fd, file, offset, length);
	}
	close_file(fd);
}

void op_overwrite(void)
{
	struct file *file = pick(KNOWN);
	size_t offset, length;
	int fd;

	if (!file)
		return;
	fd = open_file(file, O_RDWR);
	if (fd == -1)
		return;
	/* Anywhere, so that holes and growth occur as well. */
	offset = draw(FILE_MAX - 1);
	length = 1 + draw(smaller(CHUNK_MAX, FILE_MAX - offset));
	if (write_at(fd, file, offset, length)) {
		wrote(file, offset, length);
		read_at(fd, file, offset, length);
	} else {
		forget(file);
	}
	close_file(fd);
}

void op_append(void)
{
	struct file *file = pick(KNOWN);
	unsigned char *data;
	size_t length;
	int fd;

	if (!file || file->size == FILE_MAX)
		return;
	fd = open_file(file, O_WRONLY | O_APPEND);
	if (fd == -1)
		return;
	length = 1 + draw(smaller(CHUNK_MAX, FILE_MAX - file->size));
	data = file->data + file->size;
	fill(data, length);
	if (full("write", write(fd, data, length), length))
		wrote(file, file->size, length);
	else
		forget(file);
	close_file(fd);
}

void op_truncate(void)
{
	struct file *file = pick(KNOWN);
	size_t size = draw(FILE_MAX + 1);
	int fd, done;

	if (!file)
		return;
	if (draw(2)) {
		done = seen("truncate", truncate(file->name, size));
	} else {
		fd = open_file(file, O_RDWR);
		if (fd == -1)
			return;
		done = seen("ftruncate", ftruncate(fd, size));
		close_file(fd);
	}
	if (done == -1)
		forget(file);
	else
		resized(file, size);
}

void op_mmap(void)
{
	struct file *file = pick(KNOWN);
	size_t offset, length;
	unsigned char *map;
	int fd;

	if (!file || !file->size)
		return;
	fd = open_file(file, O_RDWR);
	if (fd == -1)
		return;
	map = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (seen("mmap", map == MAP_FAILED ? -1 : 0) == -1)
		goto out;
	pick_range(file, &offset, &length);
	check_content(file, map + offset, offset, length, "mmap");
	fill(file->data + offset, length);
	memcpy(map + offset, file->data + offset, length);
	if (seen("msync", msync(map, file->size, MS_SYNC)) == -1)
		forget(file);
	munmap(map, file->size);
	if (file->state == KNOWN)
		read_at(fd, file, offset, length);
out:
	close_file(fd);
}

void op_direct(void)
{
	struct file *file = pick(KNOWN);
	size_t offset, length;
	long got;
	int fd;

	if (!file)
		return;
	fd = seen_or("open", open(file->name, O_RDWR | O_DIRECT | O_CLOEXEC),
		     unsupported_direct);
	if (fd == -1)
		return;
	offset = draw((FILE_MAX - CHUNK_MAX) / 4096) * 4096;
	length = (1 + draw(CHUNK_MAX / 4096)) * 4096;
	fill(me->direct, length);
	got = seen_or("pwrite-direct", pwrite(fd, me->direct, length, offset),
		      unsupported_direct);
	if (got == (long)length) {
		memcpy(file->data + offset, me->direct, length);
		wrote(file, offset, length);
		memset(me->direct, 0, length);
		if (full("pread-direct", pread(fd, me->direct, length, offset),
			 length))
			check_content(file, me->direct, offset, length,
				      "direct read");
	} else {
		/* Not offered, failed, or cut short: none tells what is there. */
		forget(file);
	}
	close_file(fd);
}

/* Throw away what a failed splice left, so that the next finds it empty. */
static void drain_pipe(void)
{
	while (read(me->pipe[0], me->buffer, FILE_MAX) > 0)
		;
}

/* Through the pipe, in as many turns as it takes. */
static bool splice_all(int in, int out, size_t length)
{
	while (length) {
		long got = seen("splice", splice(in, NULL, me->pipe[1], NULL,
						 length, 0));

		if (got <= 0)
			return false;
		length -= got;
		while (got) {
			long put = seen("splice", splice(me->pipe[0], NULL, out,
							 NULL, got, 0));

			if (put <= 0)
				return false;
			got -= put;
		}
	}
	return true;
}

static bool copy_by(unsigned int how, int in, int out, size_t length)
{
	bool done;
	long got;

	switch (how) {
	case 0:
		return full("sendfile", sendfile(out, in, NULL, length),
			    length);
	case 1:
		done = splice_all(in, out, length);
		if (!done)
			drain_pipe();
		return done;
	default:
		got = seen_or("copy_file_range",
			      copy_file_range(in, NULL, out, NULL, length, 0),
			      unsupported);
		if (got == -1)	/* begin again, otherwise */
			return copy_by(0, in, out, length);
		return (size_t)got == length;
	}
}

/* Copy the beginning of a file to a new one within the kernel. */
void op_copy(void)
{
	struct file *from = pick(KNOWN), *to = pick(ABSENT);
	size_t length;
	int in, out;

	if (!from || !to || !from->size)
		return;
	in = open_file(from, O_RDONLY);
	if (in == -1)
		return;
	fresh_name(to->name, "c");
	forget(to);
	out = seen("open", open(to->name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC,
				0600));
	if (out == -1)
		goto close_in;
	length = 1 + draw(smaller(CHUNK_MAX, from->size));
	if (copy_by(draw(3), in, out, length)) {
		memset(to->data, 0, FILE_MAX);
		memcpy(to->data, from->data, length);
		to->size = length;
		to->state = KNOWN;
		read_at(out, to, 0, length);
	}
	close_file(out);
close_in:
	close_file(in);
}

void op_sync(void)
{
	struct file *file = pick(KNOWN);
	int fd;

	if (!file)
		return;
	fd = open_file(file, O_RDWR);
	if (fd == -1)
		return;
	switch (draw(8)) {
	case 0:
		sync();
		break;
	case 1:
		seen("syncfs", syncfs(fd));
		break;
	case 2:
	case 3:
		seen("fdatasync", fdatasync(fd));
		break;
	case 4:
		seen("sync_file_range",
		     sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
		break;
	default:
		seen("fsync", fsync(fd));
	}
	close_file(fd);
}

void op_fallocate(void)
{
	struct file *file = pick(KNOWN);
	size_t offset, length;
	int fd;

	if (!file)
		return;
	fd = open_file(file, O_RDWR);
	if (fd == -1)
		return;
	offset = draw(FILE_MAX - 1);
	length = 1 + draw(FILE_MAX - offset);
	if (seen_or("fallocate", fallocate(fd, 0, offset, length),
		    unsupported) != -1)
		wrote(file, offset, length);
	else if (errno != EOPNOTSUPP)
		forget(file);
	close_file(fd);
}

/* Read a file of the tree that was there before, and compare its checksum. */
void op_tree(void)
{
	const struct tree_file *file;
	char path[PATH_MAX];
	uint32_t sum = sum_start();
	size_t done = 0;
	long got;
	int fd;

	if (!me->tree_files)
		return;
	file = &me->tree[draw(me->tree_files)];
	snprintf(path, sizeof(path), "%s/%s", me->tree_root, file->path);
	fd = seen("open", open(path, O_RDONLY | O_CLOEXEC));
	if (fd == -1)
		return;
	do {
		got = seen("read", read(fd, me->buffer, CHUNK_MAX));
		if (got > 0) {
			sum = sum_add(sum, me->buffer, got);
			done += got;
		}
	} while (got > 0);
	if (!got && (done != file->size || sum_end(sum, done) != file->sum))
		mismatch("%s: %zu bytes of %zu, checksum %s", file->path, done,
			 file->size, done == file->size ? "differs" : "of part");
	close_file(fd);
}
