#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Blocks that cannot be read: who needs them gets EIO, errors= is followed where
# they are metadata, and with the device back nothing is lost.
# shellcheck source=tests/ext2mfr/lib.sh disable=SC2317
. /surety/tests/ext2mfr/lib.sh
modprobe -a dm-mod dm-flakey 2>/dev/null
size=1024
large=/tmp/large
metadata='inode directory directory-end pointers pointers-2 attributes link block-bitmap inode-bitmap'

# fill: one of each kind, with inodes in a block of the inode table that no other
# path leads through.
fill() {
	mkdir "$at/many" || return 1
	seq -f "$at/many/a-rather-long-name-%.0f" 500 | xargs touch || return 1
	echo alone >"$at/alone" && touch "$at/many/next" "$at/many/last" &&
		cp $large "$at/large" && cp $large "$at/larger" && touch "$at/attributed" "$at/growing" &&
		setfattr -n user.name -v value "$at/attributed" &&
		ln -s "$(printf '%0500d' 7)" "$at/link" && echo other >"$at/other"
}

debug() {
	debugfs -R "$1" "$disk" 2>/dev/null
}

# block_of KIND: where on the volume that is.
block_of() {
	case $1 in
	inode) debug 'imap /alone' | sed -n 's/.*located at block \([0-9]*\),.*/\1/p' ;;
	directory) debug 'bmap /many 2' ;;
	directory-end) debug 'bmap /many 14' ;;
	pointers) debug 'stat /large' | sed -n 's/.*(IND):\([0-9]*\).*/\1/p' ;;
	pointers-2) debug 'stat /larger' | sed -n 's/.*(DIND):\([0-9]*\).*/\1/p' ;;
	attributes) debug 'stat /attributed' | sed -n 's/.*File ACL: \([0-9]*\).*/\1/p' ;;
	link) debug 'bmap /link 0' ;;
	block-bitmap) dumpe2fs "$disk" 2>/dev/null | sed -n 's/.*Block bitmap at \([0-9]*\).*/\1/p' ;;
	inode-bitmap) dumpe2fs "$disk" 2>/dev/null | sed -n 's/.*node bitmap at \([0-9]*\).*/\1/p' ;;
	esac
}

# need KIND: a call that cannot do without it.
need() {
	case $1 in
	inode) cat "$at/alone" ;;
	directory | directory-end) ls "$at/many" ;;
	pointers) cmp $large "$at/large" ;;
	pointers-2) cmp $large "$at/larger" ;;
	attributes) getfattr --absolute-names -n user.name "$at/attributed" ;;
	link) readlink -v "$at/link" ;;
	block-bitmap) dd if=$large of="$at/growing" bs=1k count=1 conv=notrunc oflag=append ;;
	inode-bitmap) touch "$at/new" ;;
	esac
}

# The volume as it is before each test, and where each kind is on it.
make_image() {
	make_volume 8M -t ext2 -b $size && mount_as ext2mfr && fill && umount "$at" || return 1
	dd if="$disk" of=/tmp/image bs=1M count=8 2>/dev/null
	for kind in $metadata; do
		block=$(block_of "$kind")
		[ "${block:-0}" -gt 0 ] || { echo "$kind: where is it?"; return 1; }
		echo "$kind $block"
	done >/tmp/blocks
}

# start_image OPTIONS
start_image() {
	dd if=/tmp/image of="$disk" bs=1M 2>/dev/null
	mount_switchable "$1"
}

# mount_again: in five seconds no more than ten reports are made of a mounted volume.
mount_again() {
	umount "$at" && mount -t ext2mfr -o errors=continue "$dm" "$at"
}

# forget_cached: drop_caches keeps the blocks that were used last.
forget_cached() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	blockdev --flushbufs $dm
}

# fails KIND BLOCK: whoever needs it is told, and so is the log.
fails() {
	dmesg -C
	forget_cached && fail_block $size "$2" &&
		fails_with 'Input/output error' need "$1" || return 1
	dmesg | grep -q "ext2mfr (dm-[0-9]*): .*cannot read block $2$" || { dmesg; return 1; }
}

# ends: the device is as it was, and so is the volume; it is marked as one with errors.
ends() {
	umount "$at" && dmsetup remove e2m || return 1
	dumpe2fs -h "$disk" 2>/dev/null | grep -q '^Filesystem state:.* with errors' ||
		{ echo 'the error is not marked'; return 1; }
	consistent
}

# One after the other, and with the device back the same call succeeds.
errors_continue() {
	start_image errors=continue || return 1
	while read -r kind block; do
		mount_again && fails "$kind" "$block" || { echo "$kind"; return 1; }
		touch -d "@$block" "$at/other" && [ "$(stat -c %Y "$at/other")" = "$block" ] ||
			{ echo "$kind: nothing can be changed"; return 1; }
		device linear "$disk 0"
		need "$kind" >/dev/null || { echo "$kind: fails on"; return 1; }
	done </tmp/blocks
	ends
}

# Who reads again and again does not fill the log, and takes no report away from others.
reports_are_limited() {
	start_image errors=continue || return 1
	block=$(sed -n 's/^inode //p' /tmp/blocks)
	fails inode "$block" || return 1
	# shellcheck disable=SC2046
	! cat $(yes "$at/alone" | head -n 1000) 2>/dev/null || return 1
	[ "$(dmesg | grep -c "cannot read block $block")" -lt 500 ] ||
		{ echo 'one line for each'; return 1; }
	mount_again && fails inode "$block" || return 1
	device linear "$disk 0"
	need inode >/dev/null && ends
}

# recovers KIND: what is only read is there again; what changes something must not.
recovers() {
	device linear "$disk 0" && [ "$(cat "$at/other")" = other ] || return 1
	case $1 in
	*-bitmap) fails_with 'Read-only file system' need "$1" ;;
	*) need "$1" >/dev/null ;;
	esac
}

# becomes_read_only KIND
becomes_read_only() {
	start_image errors=remount-ro || return 1
	fails "$1" "$(sed -n "s/^$1 //p" /tmp/blocks)" || return 1
	grep -q "^$dm $at ext2mfr ro[, ]" /proc/mounts || { grep "$at" /proc/mounts; return 1; }
	fails_with 'Read-only file system' chmod 600 "$at/other" && recovers "$1" && ends &&
		mount_as ext2mfr && need "$1" >/dev/null && umount "$at" && consistent
}

# piece NUMBER OPTIONS: 4 KiB of the file are what was written.
piece() {
	dd if=$large of=/tmp/expected bs=4k skip="$1" count=1 2>/dev/null
	# shellcheck disable=SC2086
	dd if="$at/large" of=/tmp/seen bs=4k skip="$1" count=1 $2 && cmp /tmp/expected /tmp/seen
}

# Without the device's block the rest is to be had, directly all of it, otherwise
# what is not in the same folio.
around_unreadable() {
	fails_with 'Input/output error' piece 50 || return 1
	fails_with 'Input/output error' piece 50 iflag=direct || return 1
	for nr in 0 1 15 84 98 99; do
		piece $nr || return 1
	done
	for nr in 48 49 51 52; do
		piece $nr iflag=direct || return 1
	done
	fails_with 'Input/output error' dd if=/dev/zero of="$at/large" bs=100 seek=2049 count=1 conv=notrunc
}

# data_fails BLOCK-SIZE: only who reads that block is told; it is none of the volume's
# errors.
data_fails() {
	make_volume 8M -t ext2 -b "$1" && mount_as ext2mfr && cp $large "$at/large" &&
		umount "$at" || return 1
	block=$(debug "bmap /large $((204800 / $1))")
	mount_switchable errors=remount-ro || return 1
	dmesg -C
	fail_block "$1" "$block" && around_unreadable && touch "$at/new" || return 1
	! dmesg | grep 'ext2mfr (' || return 1
	device linear "$disk 0" && cmp $large "$at/large" && echo more >>"$at/large" &&
		umount "$at" && dmsetup remove e2m || return 1
	dumpe2fs -h "$disk" 2>/dev/null | grep -q '^Filesystem state: *clean$' && consistent
}

# Nothing can be read for a time.
all_fails() {
	start_image errors=continue && forget_cached || return 1
	device flakey "$disk 0 0 3600" || return 1
	for kind in $metadata; do
		fails_with 'Input/output error' need "$kind" || return 1
	done
	device linear "$disk 0"
	for kind in $metadata; do
		need "$kind" >/dev/null || { echo "$kind: fails on"; return 1; }
	done
	ends
}

# mount_fails BLOCK WHAT: it cannot be mounted until the block can be read.
mount_fails() {
	start_image ro && umount "$at" || return 1
	dmesg -C
	fail_block $size "$1"
	! mount -t ext2mfr $dm "$at" 2>/dev/null || return 1
	dmesg | grep -q "ext2mfr (dm-[0-9]*): cannot read.*$2" || { dmesg; return 1; }
	device linear "$disk 0" && mount -t ext2mfr $dm "$at" && need inode >/dev/null &&
		umount "$at" && dmsetup remove e2m && consistent
}

# attempt COMMAND...: what a failed one leaves is not in the next one's way.
attempt() {
	"$@" && return
	umount "$at"
	dmsetup remove e2m
	return 1
}

dd if=/dev/urandom of=$large bs=1k count=400 2>/dev/null
check "a volume with one of each" make_image
check "metadata cannot be read, errors=continue: EIO, lines in the log, all there afterwards" attempt errors_continue
check "a thousand such reads: fewer lines in the log, those of the next mount are there" \
	attempt reports_are_limited
check "nothing can be read for a time, errors=continue" attempt all_fails
check "the superblock cannot be read: no mount" attempt mount_fails 1 superblock
check "the descriptors cannot be read: no mount" attempt mount_fails 2 descriptors
check "data cannot be read, blocks of 1024: EIO for them alone" attempt data_fails 1024
check "data cannot be read, blocks of 4096: EIO for them alone" attempt data_fails 4096
[ -n "${SURETY_FULL:-}" ] || metadata='directory pointers block-bitmap'
for kind in $metadata; do
	check "$kind cannot be read: EIO, a line in the log, errors=remount-ro, all there afterwards" \
		attempt becomes_read_only $kind
done
check "the module unloads" rmmod ext2mfr
finish
