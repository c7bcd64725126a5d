#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Each format: what ext2mfr writes ext4.ko reads, the other way round, and
# e2fsck finds nothing.
# shellcheck source=tests/ext2mfr/lib.sh disable=SC2317
. /surety/tests/ext2mfr/lib.sh

# Device numbers of both encodings.
make_special() {
	mkfifo "$1/pipe" && mknod "$1/null" c 1 3 && mknod "$1/sda1" b 8 1 &&
		mknod "$1/limit" c 255 255 && mknod "$1/large" b 259 300000
}

make_links() {
	for nr in 1 2 3 4 5 6 7 8 9; do
		ln -s "target-$nr" "$1/deep/link-$nr" && ln "$1/ext2mfr/dir.c" "$1/deep/hard-$nr" ||
			return 1
	done
	ln -s "$(printf 'long%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20)" \
		"$1/deep/slow"
}

fill_tree() {
	tree=$at/$1
	mkdir -p "$tree/deep/er/still" && cp -a /surety/ext2mfr /surety/docs "$tree/" &&
		make_links "$tree" && make_special "$tree" &&
		dd if=/dev/urandom of="$tree/data" bs=4k count=300 2>/dev/null &&
		dd if=/dev/urandom of="$tree/sparse" bs=1k count=3 seek=70000 2>/dev/null &&
		chown 70000:70001 "$tree/data" && chmod 4711 "$tree/data" &&
		touch -m -d '1995-01-02 03:04:05' "$tree/sparse" &&
		touch -a -d '1996-02-03 04:05:06' "$tree/data" &&
		rm -r "$tree/ext2mfr/super.c" "$tree/deep/hard-3"
}

# record TREE: all of it, with times of access; these stay as they are while the mount
# has them stay.
record() {
	describe "$1" && (cd "$1" && find . -printf '%p %A@\n' | whole_seconds)
}

# write_as TYPE NAME: ext4.ko counts a file's blocks once they are allocated.
write_as() {
	mount_as "$1" noatime && fill_tree "$2" && sync && record "$at/$2" >"/tmp/$2" &&
		umount "$at"
}

# read_as TYPE NAME
read_as() {
	mount_as "$1" ro || return 1
	record "$at/$2" >/tmp/seen
	umount "$at"
	diff "/tmp/$2" /tmp/seen
}

one_format() {
	format=$1
	shift
	check "$format: mke2fs" make_volume 48M "$@" || return
	check "$format: ext2mfr writes" write_as ext2mfr ours
	check "$format: e2fsck finds nothing" consistent
	check "$format: ext2mfr reads it again" read_as ext2mfr ours
	check "$format: ext4.ko reads it" read_as ext4 ours
	check "$format: ext4.ko writes" write_as ext4 theirs
	check "$format: ext2mfr reads that" read_as ext2mfr theirs
	check "$format: e2fsck still finds nothing" consistent
}

one_format '1 KiB blocks' -t ext2 -b 1024
one_format '2 KiB blocks, 256-byte inodes' -t ext2 -b 2048 -I 256
one_format '4 KiB blocks' -t ext2 -b 4096
[ "${1:-}" = long ] || finish
one_format 'revision 0' -t ext2 -r 0 -b 1024
one_format 'no filetype, no sparse_super' -t ext2 -b 1024 \
	-O ^filetype,^sparse_super,^resize_inode
one_format 'sparse_super2, 128-byte inodes' -t ext2 -b 1024 -I 128 \
	-O sparse_super2,^resize_inode
one_format 'meta_bg' -t ext2 -b 1024 -O meta_bg,^resize_inode
finish
