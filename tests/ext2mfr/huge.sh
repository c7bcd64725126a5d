#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: huge.sh: a volume as large as 32-bit block numbers allow, on /dev/vda.
# shellcheck source=tests/ext2mfr/lib.sh disable=SC2317
. /surety/tests/ext2mfr/lib.sh

filled() {
	[ "$(stat -f -c %b "$at")" -gt 4200000000 ] &&
		for nr in 1 2 3 4 5 6 7 8; do
			mkdir "$at/dir$nr" &&
				dd if=/dev/urandom of="$at/dir$nr/file" bs=64k count=8 2>/dev/null || return 1
		done
	(cd "$at" && md5sum dir*/file) >/tmp/sums
}

same_contents() {
	(cd "$at" && md5sum --quiet -c /tmp/sums)
}

modprobe ext4
check "a volume of 16 TiB mounts" mount_as ext2mfr
check "directories and files all over it" filled
diag "blocks: $(cd "$at" && for nr in 1 5 8; do filefrag -v dir$nr/file | awk '$1 == "0:" { printf "%s ", $4 }'; done)"
check "unmount" umount "$at"
check "ext4.ko reads the same" mount_as ext4 ro
check "equal contents" same_contents
check "unmount" umount "$at"
finish
