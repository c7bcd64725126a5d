#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: huge.sh: a volume as large as 32-bit block numbers allow, on /dev/vda.
# shellcheck source=tests/ext2mfr/lib.sh disable=SC2317
. /surety/tests/ext2mfr/lib.sh

# Directories within directories go to groups far from each other.
filled() {
	[ "$(stat -f -c %b "$at")" -gt 4200000000 ] || return 1
	dir=$at
	for nr in 1 2 3 4 5 6 7 8 9 10 11 12; do
		dir=$dir/dir$nr
		mkdir "$dir" &&
			dd if=/dev/urandom of="$dir/file" bs=64k count=8 2>/dev/null || return 1
	done
	sync
	(cd "$at" && find . -name file -exec md5sum {} +) >/tmp/sums
}

# Block numbers that are negative where somebody took them for signed.
far_out() {
	find "$at" -name file -exec filefrag -v {} + |
		awk '$1 == "0:" { sub(/\.\..*/, "", $4); print $4 }' >/tmp/blocks
	diag "blocks: $(sort -n /tmp/blocks | paste -sd' ')"
	[ "$(sort -n /tmp/blocks | tail -n 1)" -gt 2147483648 ]
}

same_contents() {
	(cd "$at" && md5sum --quiet -c /tmp/sums)
}

modprobe ext4
check "a volume of 16 TiB mounts" mount_as ext2mfr
check "directories and files all over it" filled
check "some of them past half of it" far_out
check "unmount" umount "$at"
check "ext4.ko reads the same" mount_as ext4 ro
check "equal contents" same_contents
check "unmount" umount "$at"
finish
