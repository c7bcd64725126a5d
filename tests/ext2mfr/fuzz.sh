#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: fuzz.sh FIRST COUNT: use images damaged by COUNT seeds from FIRST on.
# shellcheck source=tests/ext2mfr/lib.sh disable=SC2317
. /surety/tests/ext2mfr/lib.sh
images=/tmp/images

# fill BLOCK_SIZE: one of everything; names so long that the directory has two blocks.
fill() {
	pad=$(printf "%0$(($1 < 2048 ? $1 / 9 : 250))d" 0)
	mkdir -p "$at/dir/sub" "$at/many"
	for nr in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do
		echo "$nr" >"$at/many/$pad-$nr"
	done
	dd if=/dev/urandom of="$at/file" bs=1k count=40
	# Pointers of each level.
	for block in 0 20 $(($1 / 4 + 50)) $(($1 / 4 * $1 / 4 + $1 / 4 + 50)); do
		dd if=/dev/urandom of="$at/dir/sparse" bs="$1" count=1 seek=$block conv=notrunc
	done 2>/dev/null
	ln "$at/file" "$at/dir/hard"
	ln -s file "$at/fast"
	ln -s "$(printf 'slow%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18)" "$at/slow"
	mknod "$at/null" c 1 3
	mkfifo "$at/pipe"
}

# One block of attributes for two files, others for a list, a symbolic link, a directory.
add_attributes() {
	echo 1 >"$at/dir/shares" && echo 2 >"$at/listed" &&
		setfattr -n trusted.one -v two "$at/file" "$at/dir/shares" &&
		setfattr -h -n trusted.one -v three "$at/slow" &&
		setfacl -m u:1000:rw "$at/listed" && setfacl -d -m u:1000:rwx "$at/dir/sub"
}

# make_image NAME BLOCK_SIZE SIZE MKE2FS-OPTIONS...: small, so that it is soon written.
make_image() {
	name=$1 block_size=$2 size=$3
	shift 3
	make_volume "$size" -t ext2 -b "$block_size" "$@" && mount_as ext2mfr &&
		fill "$block_size" || return 1
	# They would make it another revision.
	[ "$name" = revision-0 ] || add_attributes || return 1
	umount "$at"
	e2fsck -fyD "$disk"
	[ "$name" = revision-0 ] || debugfs -R 'stat /many' "$disk" | grep -q 'Flags: 0x1000' ||
		{ echo 'the directory is not hashed'; return 1; }
	consistent && dd if="$disk" of="$images/$name" bs=1k count="${size%K}"
}

mkdir -p $images
check "1 KiB, two groups" make_image blocks-1024 1024 2048K -I 128 -g 1024 -N 200
check "revision 0" make_image revision-0 1024 2048K -r 0 -g 1024 -N 200
check "2 KiB, large inodes" make_image blocks-2048 2048 2048K -I 256 -g 512 -N 200
check "4 KiB, sparse_super2" make_image blocks-4096 4096 4096K -I 256 -g 512 -N 200 \
	-O ^resize_inode,sparse_super2
check "meta_bg, 34 groups" make_image meta_bg 1024 8705K -I 128 -g 256 -N 550 \
	-O ^resize_inode,meta_bg
if /surety-bin/ext2mfr_fuzz "$disk" "$1" "$2" $images/*; then
	ok "$2 damaged images from seed $1: used and left"
else
	not_ok "$2 damaged images from seed $1: used and left"
fi
# Its slab cache complains when an inode is left.
check "the module unloads" rmmod ext2mfr
diag "$(dmesg | grep -c 'ext2mfr (' ) lines about damage in the log"
finish
