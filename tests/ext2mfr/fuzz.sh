#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: fuzz.sh FIRST COUNT: use images damaged by COUNT seeds from FIRST on.
# shellcheck source=tests/ext2mfr/lib.sh disable=SC2317
. /surety/tests/ext2mfr/lib.sh

# A small image that has one of everything.
make_image() {
	make_volume 2M -t ext2 -b 1024 -g 1024 -N 200 && mount_as ext2mfr || return 1
	mkdir -p "$at/dir/sub" "$at/many"
	for nr in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28; do
		echo "$nr" >"$at/many/a-file-with-a-rather-long-name-$nr"
	done
	dd if=/dev/urandom of="$at/file" bs=1k count=40 2>/dev/null
	dd if=/dev/urandom of="$at/dir/sparse" bs=1k count=2 seek=70000 2>/dev/null
	ln "$at/file" "$at/dir/hard"
	ln -s file "$at/fast"
	ln -s "$(printf 'slow%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18)" "$at/slow"
	mknod "$at/null" c 1 3
	mkfifo "$at/pipe"
	setfattr -n trusted.one -v two "$at/file" && setfattr -h -n trusted.one -v three "$at/slow" ||
		return 1
	umount "$at" && consistent && dd if="$disk" of=/tmp/image bs=1M count=2 2>/dev/null
}

check "an image with one of everything" make_image
if /surety-bin/ext2mfr_fuzz "$disk" /tmp/image "$1" "$2"; then
	ok "$2 damaged images from seed $1: used and left"
else
	not_ok "$2 damaged images from seed $1: used and left"
fi
# Its slab cache complains when an inode is left.
check "the module unloads" rmmod ext2mfr
diag "$(dmesg | grep -c 'ext2mfr (' ) lines about damage in the log"
finish
