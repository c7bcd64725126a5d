#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: damage.sh [PART...]: directories, inodes, links, blocks, counts, bitmaps,
# attributes; all of them without PART. One thing is wrong with a volume: what a call says
# that meets it, what the log says, that errors= is followed, that all else works on, and
# that e2fsck repairs it.
# shellcheck source=tests/ext2mfr/lib.sh disable=SC2317
. /surety/tests/ext2mfr/lib.sh
sound=/tmp/sound
unclean='Structure needs cleaning'

sound_volume() {
	make_volume 2M -t ext2 -b 1024 -g 1024 -N 200 -I 128 -m 0 && mount_as ext2mfr || return 1
	mkdir -p "$at/a/b" "$at/dir"
	for name in keep dir/first dir/second dir/third linked held; do
		echo "$name" >"$at/$name"
	done
	for name in one two; do
		yes $name | head -c 3072 >"$at/$name"
	done
	ln "$at/linked" "$at/again"
	ln -s keep "$at/fast"
	ln -s "$(printf 'slow%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18)" "$at/slow"
	echo 1 >"$at/shares" && echo 2 >"$at/shares-too" &&
		setfattr -n trusted.one -v two "$at/shares" "$at/shares-too" || return 1
	umount "$at" && consistent && dd if="$disk" of=$sound bs=1M count=2
}

# What damage is aimed at, and what is to be free after it.
find_places() {
	first=$(debugfs -R 'blocks /one' "$disk" 2>/dev/null | cut -d ' ' -f 1)
	attributes=$(debugfs -R 'stat /shares' "$disk" 2>/dev/null |
		sed -n 's/.*File ACL: \([0-9]*\).*/\1/p')
	free=$(dumpe2fs -h "$disk" 2>/dev/null | sed -n 's/^Free blocks: *//p')
	check_has "the places to damage are found" '^[0-9]+ [0-9]+ [0-9]+$' "$first $attributes $free"
}

# damage COMMAND...: of debugfs.
damage() {
	umount "$at" 2>/dev/null
	dd if=$sound of="$disk" bs=1M conv=notrunc 2>/dev/null
	printf '%s\n' "$@" | debugfs -w -f - "$disk" >/tmp/debugfs 2>&1 &&
		! cmp -s -n 2097152 $sound "$disk" || { cat /tmp/debugfs; return 1; }
}

start() {
	dmesg -C && mount_as ext2mfr "$1"
}

# use COMMANDS: of a shell, in the volume; all that is said.
use() {
	(cd "$at" && sh -c "$1") >/tmp/said 2>&1
	sync
}

says() {
	grep -q -e "$1" /tmp/said || { cat /tmp/said; return 1; }
}

# logs LINES REGEX: so many lines of the volume are in the log, and all match.
logs() {
	dmesg | grep 'ext2mfr (vda): ' | grep -v 'read-only from now' >/tmp/log
	[ "$(wc -l </tmp/log)" = "$1" ] && [ "$(grep -c -e "$2" /tmp/log)" = "$1" ] ||
		{ cat /tmp/log; return 1; }
}

works_on() {
	[ "$(cat "$at/keep")" = keep ] || return 1
	if [ "$1" = continue ]; then
		! dmesg | grep -q 'read-only from now' && mkdir "$at/more" &&
			echo more >"$at/more/more" && [ "$(cat "$at/more/more")" = more ]
	else
		dmesg | grep -q 'vda): read-only from now' || return 1
		mkdir "$at/more" >/tmp/said 2>&1
		says 'Read-only file system'
	fi
}

marked() {
	dumpe2fs -h "$disk" 2>/dev/null | grep -q '^Filesystem state: .*errors'
}

repaired() {
	e2fsck -fy "$disk"
	consistent && mount_as ext2mfr && [ "$(cat "$at/keep")" = keep ] &&
		echo more >"$at/more-yet" && umount "$at"
}

# met POLICY LINES SAID LOGGED USE COMMAND...
met() {
	policy=$1 lines=$2 said=$3 logged=$4 used=$5
	shift 5
	damage "$@" && start "errors=$policy" || return 1
	use "$used"
	says "$said" && logs "$lines" "$logged" && works_on "$policy" && umount "$at" && marked || return 1
	[ "$policy" = remount-ro ] || repaired
}

# found WHAT LINES SAID LOGGED USE COMMAND...
found() {
	what=$1
	shift
	check "$what: errors=continue" met continue "$@"
	check "$what: errors=remount-ro" met remount-ro "$@"
}

# passes SAID USE COMMAND...: nobody can see that it is wrong, and it does no harm.
passes() {
	said=$1 used=$2
	shift 2
	damage "$@" && start errors=remount-ro || return 1
	use "$used"
	says "$said" && logs 0 . && works_on continue && umount "$at" && ! marked && repaired
}

refused() {
	damage "$@" && dmesg -C || return 1
	mount_as ext2mfr >/tmp/said 2>&1
	says "$unclean" && logs 1 'counts of group 0 are impossible' && repaired
}

# The descriptors say what is free; what the superblock says is put right.
wrong_sums() {
	damage 'ssv free_blocks_count 7' 'ssv free_inodes_count 3' && start errors=remount-ro &&
		[ "$(stat -f -c %f "$at")" = "$free" ] && umount "$at" && consistent
}

no_bitmap() {
	damage 'freeb 1' 'freeb 1025' && start errors=continue || return 1
	use 'echo text | tee new'
	says "$unclean" && logs 2 'bitmap of group [01] frees' && [ "$(cat "$at/keep")" = keep ] &&
		umount "$at" && marked && repaired
}

directories() {
	found "a directory names the one above it" 1 "$unclean" 'e2m_lookup: .* which this one is in' \
		'ls a/b/loop' 'ln /a /a/b/loop'
	found "a directory names the root" 1 "$unclean" 'e2m_lookup: .* which this one is in' \
		'ls a/b/loop' 'ln / /a/b/loop'
	# What was read before it is given first.
	found "an entry of length 0" 2 "$unclean" 'bad entry in directory block 0' \
		'ls dir' 'zap_block -f /dir -o 28 -l 2 -p 0 0'
	found "an entry longer than its block" 1 "$unclean" 'bad entry in directory block 0' \
		'cat dir/second' 'zap_block -f /dir -o 28 -l 2 -p 4 0'
	found "a name longer than its entry" 1 "$unclean" 'bad entry in directory block 0' \
		'stat dir/second' 'zap_block -f /dir -o 30 -l 1 -p 255 0'
	found "an entry for an inode that cannot be" 1 "$unclean" 'impossible inode number 4294967295' \
		'cat dir/first' 'zap_block -f /dir -o 24 -l 4 -p 255 0'
	found "an entry for an inode that is free" 1 "$unclean" 'entry for free inode' \
		'cat one' 'clri /one'
	found "a directory of size 0" 1 "$unclean" 'impossible size' 'ls dir' 'sif /dir size 0'
}

inodes() {
	found "an unknown type" 1 "$unclean" 'unknown type' 'cat one' 'sif /one mode 0170644'
	found "a file of negative size" 1 "$unclean" 'impossible size' \
		'cat one' 'sif /one size 0x8000000000000000'
	found "a symbolic link of length 0" 1 "$unclean" 'impossible size' 'ls fast' 'sif /fast size 0'
	found "a symbolic link longer than an inode" 1 "$unclean" 'impossible symbolic link' \
		'ls fast' 'sif /fast size 61'
	found "a symbolic link longer than a block" 1 "$unclean" 'impossible size' \
		'ls slow' 'sif /slow size 1024'
	found "a symbolic link longer than its text" 1 "$unclean" 'symbolic link of a wrong length' \
		'readlink -v slow' 'sif /slow size 80'
	check "a size that no file can have: it can be cut" passes 'File too large.*3$' \
		'echo more | dd of=one oflag=append conv=notrunc 2>&1 | tr "\n" " "; truncate -s 3 one && wc -c <one' \
		'sif /one size 0x4000000000000000'
}

links() {
	found "an inode in use without a link" 1 "$unclean" 'in use without a link' \
		'cat one' 'sif /one links_count 0'
	found "more names than links" 1 removed 'more names than links' \
		'cat linked again && rm linked && cat again && rm again && echo removed' \
		'sif /linked links_count 1'
	found "a name that is left of a file that is gone" 1 "$unclean" 'entry for free inode' \
		'rm linked; cat again' 'sif /linked links_count 1'
	check "more links than names" passes removed 'rm one && echo removed' 'sif /one links_count 7'
}

blocks() {
	found "a block of two files is freed once" 1 "^removed $((free + 5))\$" \
		"1 of blocks $first+1 were free already" \
		'rm one two && sync && stat -f -c "removed %f" .' "sif /two block[0] $first"
	check "too small a count of blocks: the data are there" passes 3072 \
		'wc -c <one; rm one' 'sif /one blocks 2'
	check "too small a count of blocks: it ends at 0" passes '^0$' \
		': >one; stat -c %b one' 'sif /one blocks 2'
	check "no count of blocks: the data are there" passes 3072 'wc -c <one; rm one' \
		'sif /one blocks 0'
	check "too large a count of blocks" passes 3072 'wc -c <one; rm one' \
		'sif /one blocks 100000'
}

counts() {
	check "wrong sums in the superblock" wrong_sums
	check "more free than there is room for: refused" refused 'set_bg 0 free_blocks_count 65535'
	check "fewer free blocks than there are: all are counted" passes 'No space left.* 0$' \
		'head -c 100000 /dev/zero 2>&1 >new | tr "\n" " "; stat -f -c %f .; rm new' \
		'set_bg 0 free_blocks_count 5' 'set_bg 1 free_blocks_count 5'
	check "more free blocks than there are" passes 'No space left' \
		'head -c 3000000 /dev/zero >new; rm new' \
		'set_bg 0 free_blocks_count 1000' 'set_bg 1 free_blocks_count 1000'
	check "more free inodes than there are" passes 'No space left' \
		'seq -f new-%.0f 200 | xargs touch; rm new-*' \
		'set_bg 0 free_inodes_count 100' 'set_bg 1 free_inodes_count 100'
}

bitmaps() {
	found "a bitmap frees the volume's own: another group serves" 1 '^text$' \
		'bitmap of group 0 frees' 'echo text >new && cat new' 'freeb 1'
	check "all bitmaps free the volume's own: nothing is given" no_bitmap
	found "a bitmap frees the root's inode: another group serves" 1 made \
		'bitmap of group 0 frees' 'mkfifo new && echo made' 'freei <2>'
	found "a bitmap offers an inode that is in use" 1 "$unclean" 'bitmap offers an inode in use' \
		'exec 5<held; touch new' 'freei /held'
	found "an inode is freed twice" 1 removed 'inode .* was free already' \
		'rm held && echo removed' 'freei /held'
}

# Other fields of a block of attributes: tests/xattr/damage.sh.
attributes() {
	found "attributes of more files than are counted: freed once" 1 "^removed $((free + 3))\$" \
		"attribute block $attributes: impossible count of references" \
		'rm shares shares-too && sync && stat -f -c "removed %f" .' \
		"zap_block -o 4 -l 1 -p 1 $attributes"
	check "a wrong hash of attributes" passes twotwo \
		'setfattr -n trusted.one -v two one; getfattr --only-values -n trusted.one one shares' \
		"zap_block -o 12 -l 4 -p 85 $attributes"
}

check "a volume with one of everything" sound_volume
find_places
[ $# -gt 0 ] || set -- directories inodes links blocks counts bitmaps attributes
for part; do
	"$part"
done
umount "$at" 2>/dev/null
check "the module unloads" rmmod ext2mfr
finish
