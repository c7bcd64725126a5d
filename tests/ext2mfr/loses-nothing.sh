#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: loses-nothing.sh CRASHES: devices that freeze, devices that fail,
# volumes that fill up; and of what was somebody else's nothing is seen.
# shellcheck source=tests/ext2mfr/lib.sh disable=SC2317
. /surety/tests/ext2mfr/lib.sh
modprobe -a dm-mod dm-flakey 2>/dev/null
crashes=$1

# start_device BLOCK-SIZE [OPTIONS]
start_device() {
	umount "$at" 2>/dev/null
	[ ! -e "$dm" ] || dmsetup remove e2m
	make_volume 64M -t ext2 -b "$1"
	mount_switchable "${2:-rw}"
}

# Files that are confirmed one by one, and noise beside them. Who is killed may leave
# a child that is not done, and the volume busy; so they end by themselves.
write_confirmed() {
	nr=0
	while [ ! -e /tmp/enough ]; do
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
	while [ ! -e /tmp/enough ]; do
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
	rm -f /tmp/enough
	start_device "$1" || return 1
	write_confirmed 2>/dev/null &
	writer=$!
	make_noise 2>/dev/null &
	noise=$!
	sleep "$2"
	# Confirmed before the freeze is what counts.
	cp /tmp/confirmed /tmp/promised
	freeze_device
	sleep 1
	touch /tmp/enough
	wait "$writer" "$noise"
	umount "$at" || return 1
	dmsetup remove e2m || return 1
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

# Whoever writes learns of it, and metadata that cannot be written is an error of
# the volume, which then follows errors=.
write_errors() {
	start_device 4096 errors=remount-ro || return 1
	dd if=/dev/zero of="$at/file" bs=4k count=16 2>/dev/null
	dd if=/dev/zero of="$at/large" bs=4k count=16 2>/dev/null
	sync
	device flakey "$disk 0 0 3600 1 error_writes"
	for how in conv=notrunc,fsync 'conv=notrunc oflag=dsync' 'conv=notrunc oflag=direct'; do
		# shellcheck disable=SC2086
		fails_with 'Input/output error' dd if=/dev/urandom of="$at/file" bs=4k count=4 $how || return 1
	done
	# A pointer block waits for all metadata to be written.
	rm "$at/large"
	touch "$at/another"
	fails_with 'Input/output error' sync -f "$at" || return 1
	grep -q "^$dm $at ext2mfr ro[, ]" /proc/mounts || { grep "$at" /proc/mounts; return 1; }
	fails_with 'Read-only file system' touch "$at/third" || return 1
	device linear "$disk 0"
	umount "$at"
	dmsetup remove e2m
	dumpe2fs -h "$disk" 2>/dev/null | grep -q 'state: *not clean' || return 1
	e2fsck -fy "$disk" >/dev/null 2>&1
	[ $? -le 1 ] && consistent
}

# late_error HOW: the file's third block cannot be written, everything else can; the
# error comes while nobody waits for it.
late_error() {
	start_device 4096 errors=remount-ro || return 1
	dd if=/dev/urandom of="$at/file" bs=4k count=8 2>/dev/null
	sync
	block=$(debugfs -R 'bmap /file 2' "$dm" 2>/dev/null)
	[ "$block" -gt 0 ] && fail_block 4096 "$block" &&
		/surety-bin/late_errors "$1" "$at/file" 8192 || return 1
	touch "$at/other" && device linear "$disk 0" || return 1
	umount "$at" && dmsetup remove e2m && consistent
}

# What could not be written is not read again as it was before: with the device
# back, what was made meanwhile is there when it is used (so is a directory that is
# listed), and nothing is given away a second time.
device_returns() {
	start_device 4096 || return 1
	mkdir "$at/before"
	sync
	device flakey "$disk 0 0 3600 1 error_writes"
	for nr in 1 2 3 4 5 6 7 8; do
		echo "$nr" >"$at/before/$nr"
	done
	fails_with 'Input/output error' sync -f "$at" || return 1
	device linear "$disk 0"
	mkdir "$at/after"
	for nr in 1 2 3 4 5 6 7 8; do
		echo "$nr" >"$at/after/$nr"
		[ "$(cat "$at/before/$nr")" = "$nr" ] || return 1
		echo "$nr" >"$at/before/$nr"
	done
	ls "$at" "$at/before" >/dev/null
	sync -f "$at"
	umount "$at" && dmsetup remove e2m && consistent && mount_as ext2mfr ro || return 1
	for nr in 1 2 3 4 5 6 7 8; do
		[ "$(cat "$at/before/$nr" "$at/after/$nr")" = "$nr
$nr" ] || { echo "$nr was lost"; return 1; }
	done
	umount "$at"
	! dmesg | grep 'free already'
}

# full_as_told: the volume is full of what eight writers made; each was told of
# that by the error in /tmp/told-*, and the counts agree.
full_as_told() {
	for writer in 1 2 3 4 5 6 7 8; do
		grep -q 'No space left on device' "/tmp/told-$writer" || { cat "/tmp/told-$writer"; return 1; }
	done
	free=$(stat -f -c '%f %d' "$at")
	umount "$at"
	consistent || return 1
	told=$(dumpe2fs -h "$disk" 2>/dev/null | sed -n 's/^Free \(blocks\|inodes\): *//p' | tr '\n' ' ')
	[ "$free " = "$told" ] || { echo "statfs: $free, e2fsck: $told"; return 1; }
}

fill_blocks() {
	make_volume 24M -t ext2 -b 1024 -N 512 && mount_as ext2mfr || return 1
	for writer in 1 2 3 4 5 6 7 8; do
		mkdir "$at/$writer"
		(
			nr=0
			while dd if=/dev/zero of="$at/$writer/$nr" bs=7k count=$((writer * 9)) 2>"/tmp/told-$writer"; do
				nr=$((nr + 1))
			done
		) &
	done
	wait
	[ "$(stat -f -c %d "$at")" -gt 0 ] && full_as_told
}

fill_inodes() {
	make_volume 24M -t ext2 -b 1024 -N 256 && mount_as ext2mfr || return 1
	for writer in 1 2 3 4 5 6 7 8; do
		mkdir "$at/$writer"
		(
			nr=0
			while touch "$at/$writer/$nr" 2>"/tmp/told-$writer"; do
				nr=$((nr + 1))
			done
		) &
	done
	wait
	[ "$(stat -f -c %d "$at")" = 0 ] && full_as_told
}

# old_data BLOCK-SIZE
old_data() {
	make_volume 64M -t ext2 -b "$1" && mount_as ext2mfr &&
		(cd "$at" && /surety-bin/stale_readers $((crashes * 2))) &&
		umount "$at" && consistent
}

for nr in $(seq "$crashes"); do
	size=$((1024 << ((nr - 1) % 3)))
	check "crash $nr, blocks of $size: e2fsck -fy leaves nothing, confirmed data there" \
		crash "$size" "$((nr % 4 + 2)).$((nr * 37 % 100))"
done
check "write errors reach fsync, O_DSYNC, O_DIRECT and syncfs; errors= is followed" write_errors
check "a write error in the background reaches fsync of each descriptor, once" late_error fsync
check "and msync" late_error msync
check "and close, and whoever syncs behind that" late_error close
check "a device that fails for a time: nothing is given away twice" device_returns
check "eight writers run out of blocks: they are told, counts agree" fill_blocks
check "eight writers run out of inodes: they are told, counts agree" fill_inodes
for size in 1024 4096; do
	check "blocks of $size: who reads what is being filled sees nothing old" old_data $size
done
check "the module unloads" rmmod ext2mfr
finish
