#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: loses-nothing.sh CRASHES: devices that freeze, devices that fail,
# volumes that fill up.
# shellcheck source=tests/ext2mfr/lib.sh disable=SC2317
. /surety/tests/ext2mfr/lib.sh
modprobe -a dm-mod dm-flakey 2>/dev/null
crashes=$1
sectors=$(blockdev --getsz "$disk")
dm=/dev/mapper/e2m

# device TABLE-TAIL...: switch the device under the volume, at once.
device() {
	kind=$1
	shift
	dmsetup suspend --noflush --nolockfs e2m &&
		dmsetup load e2m --table "0 $sectors $kind $*" && dmsetup resume e2m
}

start_device() {
	make_volume 64M -t ext2 -b "$1"
	dmsetup create e2m --table "0 $sectors linear $disk 0" && dmsetup mknodes &&
		mount -t ext2mfr "$dm" "$at"
}

# Files that are confirmed one by one, and noise beside them.
write_confirmed() {
	nr=0
	while :; do
		nr=$((nr + 1))
		dir=$at/dir-$((nr / 10))
		mkdir -p "$dir"
		dd if=/dev/urandom of="$dir/f$nr" bs=3000 count=$((nr % 40 + 1)) 2>/dev/null
		sync "$dir/f$nr" || return
		(cd "$at" && md5sum "dir-$((nr / 10))/f$nr") >>/tmp/confirmed
	done
}

make_noise() {
	nr=0
	while :; do
		nr=$((nr + 1))
		mkdir "$at/noise$nr"
		dd if=/dev/zero of="$at/noise$nr/a" bs=1k count=$((nr % 90)) 2>/dev/null
		ln "$at/noise$nr/a" "$at/noise$nr/b"
		mv "$at/noise$nr/b" "$at/noise$nr/c"
		rm -rf "$at/noise$((nr - 3))"
	done
}

crash() {
	: >/tmp/confirmed
	start_device "$1" || return 1
	write_confirmed 2>/dev/null &
	writer=$!
	make_noise 2>/dev/null &
	noise=$!
	sleep "$2"
	# Confirmed before the freeze is what counts.
	cp /tmp/confirmed /tmp/promised
	device flakey "$disk 0 0 3600 1 drop_writes"
	sleep 1
	kill "$writer" "$noise"
	wait "$writer" "$noise" 2>/dev/null
	umount "$at"
	dmsetup remove e2m
	e2fsck -fy "$disk" >/tmp/fsck 2>&1
	[ $? -le 1 ] || { cat /tmp/fsck; return 1; }
	consistent >/dev/null || return 1
	[ -s /tmp/promised ] || { echo 'nothing was confirmed'; return 1; }
	mount_as ext2mfr ro || return 1
	(cd "$at" && md5sum -c --quiet /tmp/promised)
	status=$?
	umount "$at"
	return $status
}

# The caller of write or fsync learns of it, and the volume can be repaired.
write_errors() {
	start_device 4096 || return 1
	echo before >"$at/file"
	sync
	device error
	if dd if=/dev/zero of="$at/file" bs=4k count=16 conv=notrunc,fsync 2>/dev/null; then
		echo 'fsync did not fail'
		return 1
	fi
	device linear "$disk 0"
	umount "$at"
	dmsetup remove e2m
	e2fsck -fy "$disk" >/dev/null 2>&1
	[ $? -le 1 ] && consistent
}

# Eight writers until nothing is left; then the counts must agree.
fill_up() {
	make_volume 24M -t ext2 -b 1024 -N 512 && mount_as ext2mfr || return 1
	for writer in 1 2 3 4 5 6 7 8; do
		mkdir "$at/$writer"
		(
			nr=0
			while dd if=/dev/zero of="$at/$writer/$nr" bs=7k count=$((writer * 9)) 2>/dev/null; do
				nr=$((nr + 1))
			done
		) &
	done
	wait
	: >"$at/one-more" 2>/dev/null
	df -k "$at" | tail -n 1
	free=$(stat -f -c '%f %d' "$at")
	umount "$at"
	consistent || return 1
	told=$(dumpe2fs -h "$disk" 2>/dev/null | sed -n 's/^Free \(blocks\|inodes\): *//p' | tr '\n' ' ')
	[ "$free " = "$told" ] || { echo "statfs: $free, e2fsck: $told"; return 1; }
}

for nr in $(seq "$crashes"); do
	size=$((1024 << (nr % 3)))
	check "crash $nr, blocks of $size: repaired without a question, confirmed data there" \
		crash "$size" "$((nr % 4 + 2))"
done
check "write errors reach fsync" write_errors
check "eight writers fill the volume, counts agree" fill_up
check "the module unloads" rmmod ext2mfr
finish
