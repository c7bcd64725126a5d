#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: calls.sh OPERATIONS BLOCK-SIZE...: what system calls do, and random
# operations against a model.
# shellcheck source=tests/ext2mfr/lib.sh disable=SC2317
. /surety/tests/ext2mfr/lib.sh
operations=$1
shift
# Let writeback race with everything.
echo 10 >/proc/sys/vm/dirty_writeback_centisecs
echo 5 >/proc/sys/vm/dirty_expire_centisecs

# The checker prints lines of its own.
checker() {
	(cd "$at" && /surety-bin/ext2mfr_check "$@") ||
		tests_failed=$((tests_failed + 1))
}

# ext4.ko opens no file that would be too long if all of its pointer blocks were there.
shorten_for_ext4() {
	[ "$size" != 4096 ] || {
		mount_as ext2mfr && truncate -s 2194719883264 "$at/longest" && umount "$at"
	}
}

for size; do
	diag "blocks of $size bytes"
	make_volume 64M -t ext2 -b "$size" -N 40000
	check "mount" mount_as ext2mfr
	checker names
	checker data
	in_short || checker limits
	checker random-data "$operations" "$size"
	checker random-names "$operations" "$size"
	checker longest
	before=$(describe "$at/names")
	check "unmount" umount "$at"
	check "e2fsck finds nothing" consistent
	shorten_for_ext4
	check "ext4.ko mounts it" mount_as ext4 ro
	check_is "ext4.ko sees the same names" "$before" "$(describe "$at/names")"
	diag "as ext4.ko reads it"
	checker longest-again
	umount "$at"
done
check "the module unloads" rmmod ext2mfr
finish
