#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: what ext2mfr wrote ext4.ko reads, and the other way round; and
# what e2fsprogs say of it.
# usage: interchange.sh BLOCK_SIZE...
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"

# A tree with attributes, lists and flags of all kinds.
fill() {
	mkdir "$1" "$1/heirs"
	setfacl -d -m u:1000:rwx,g:1001:r-x,m::rwx "$1/heirs"
	for i in 1 2 3 4 5 6 7 8; do
		echo text >"$1/$i"
	done
	setfattr -n user.same -v "the same" "$1"/[1-8]
	echo text >"$1/heirs/file"
	mkdir "$1/heirs/one" "$1/heirs/two"
	setfattr -n user.empty "$1/1"
	setfattr -n user.binary -v 0x00ff10000a "$1/2"
	setfattr -n user.Größe -v "$(value 500 7)" "$1/3"
	setfattr -n trusted.t -v 1 "$1/3"
	setfattr -n security.s -v 22 "$1/3"
	setfacl -m u:1000:rw,u:1002:r,g:1001:-,m::rw "$1/4"
	setfattr -x user.same "$1/5"
	chattr +dAS "$1/6"
	chattr +dDT "$1/heirs"
	ln -s 1 "$1/link"
	setfattr -h -n trusted.link -v "of the link" "$1/link"
	chattr -v 4711 "$1/7"
}

# All of it, as programs see it. No name has a blank.
tell() {
	(
		cd "$1" || exit 3
		find . -printf '%p %y %m %n %s %b\n' | sort
		find . | sort | xargs getfattr -h -m - -e hex -d
		find . ! -type l | sort | xargs getfacl -pn
		find . ! -type l | sort | xargs lsattr -vd
	) 2>&1
}

load page,memcg
for block; do
	modprobe ext4 2>/dev/null
	make "$block"
	attach ext2mfr
	fill /mnt/ours
	tell /mnt/ours >/tmp/ours
	sound "blocks of $block, written by ext2mfr"
	attach ext4
	tell /mnt/ours >/tmp/theirs
	check "ext4 sees what ext2mfr wrote" diff /tmp/ours /tmp/theirs
	fill /mnt/theirs
	tell /mnt/theirs >/tmp/theirs
	# Changes to the other's blocks: shared, own, to be freed.
	setfattr -n user.same -v "by ext4" /mnt/ours/1
	setfattr -x user.same /mnt/ours/8
	rm /mnt/ours/6
	tell /mnt/ours >/tmp/changed
	sound "changed by ext4"
	attach ext2mfr
	tell /mnt/theirs >/tmp/ours
	check "ext2mfr sees what ext4 wrote" diff /tmp/theirs /tmp/ours
	tell /mnt/ours >/tmp/ours
	check "and what it changed" diff /tmp/changed /tmp/ours
	setfattr -n user.same -v "by ext2mfr" /mnt/theirs/1
	setfattr -x user.same /mnt/theirs/8
	setfacl -b /mnt/theirs/4
	rm /mnt/theirs/6
	tell /mnt/theirs >/tmp/ours
	sound "changed by ext2mfr"
	check_has "debugfs lists attributes" "user.same.*the same" \
		"$(debugfs -R 'ea_list /ours/2' "$disk" 2>&1)"
	debugfs -w -R 'ea_set /ours/7 user.by_debugfs written' "$disk" 2>/dev/null
	attach ext4
	tell /mnt/theirs >/tmp/theirs
	check "ext4 sees the changes" diff /tmp/ours /tmp/theirs
	umount /mnt
	attach ext2mfr
	check_is "ext2mfr sees what debugfs set" written \
		"$(getfattr --absolute-names --only-values -n user.by_debugfs /mnt/ours/7)"
	check "and can add to it" setfattr -n user.after -v 1 /mnt/ours/7
	rm -r /mnt/ours /mnt/theirs
	sound "all removed"
done
check "ext2mfr unloads" rmmod ext2mfr
finish
