#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: blocks of attributes that are damaged, each field on purpose and
# many bytes at random, give EUCLEAN and harm nothing.
# usage: damage.sh ROUNDS BLOCK_SIZE...
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
rounds=$1
shift

# poke OFFSET BYTE...: change bytes (in octal) of the block.
poke() {
	offset=$(($1 + where * block))
	shift
	for byte; do
		# shellcheck disable=SC2059 # the format is the byte
		printf "\\$byte"
	done | dd of="$disk" bs=1 seek=$offset conv=notrunc status=none
	blockdev --flushbufs "$disk"
}

prepare() {
	make "$block" 4M
	attach
	echo text >/mnt/f
	setfattr -n user.first -v "$(value 100 1)" /mnt/f
	setfattr -n user.second -v "$(value 30 2)" /mnt/f
	setfacl -m u:1000:rw /mnt/f
	cp -a /mnt/f /mnt/g
	umount /mnt
	where=$(block_of f)
	[ -n "$where" ] && [ "$where" = "$(block_of g)" ] || not_ok "no shared block"
	dd if="$disk" of=/tmp/volume bs=1M count=4 status=none
}

restore() {
	dd if=/tmp/volume of="$disk" bs=1M conv=notrunc status=none
	blockdev --flushbufs "$disk"
}

# word OFFSET: two bytes of the sound block, as a number.
word() {
	od -An -tu2 -j $(($1 + where * block)) -N 2 /tmp/volume | tr -d ' '
}

# Everything that looks at attributes, or changes them.
use() {
	getfattr --absolute-names -d -m - /mnt/f
	getfattr --absolute-names -n user.second /mnt/f
	getfacl -p /mnt/f
	setpriv --reuid 1000 --clear-groups cat /mnt/f
	cat /mnt/f
	setfattr -n user.new -v "$(value 20 3)" /mnt/f
	setfattr -x user.first /mnt/g
	setfacl -m u:1001:r /mnt/g
	chmod 640 /mnt/g
	rm -f /mnt/g
	sync
} >/tmp/used 2>&1

# damaged DESCRIPTION OFFSET BYTE...: reading says EUCLEAN, all else goes on.
damaged() {
	what=$1
	shift
	restore
	poke "$@"
	attach ext2mfr errors=continue
	check_has "$what" "Structure needs cleaning" \
		"$(getfattr --absolute-names -d -m - /mnt/f 2>&1)"
	check_has "$what: a change" "Structure needs cleaning" \
		"$(setfattr -n user.new -v 1 /mnt/f 2>&1)"
	check_is "$what: the file's data" text "$(cat /mnt/f)"
	umount /mnt
}

# Offsets of fields: the header's 32 bytes, the entries user.first and user.second
# of 24 bytes each, that of the list of 16 bytes.
fields() {
	damaged "a wrong magic number" 3 0
	damaged "no reference" 4 0 0 0 0
	damaged "too many references" 4 1 4 0 0
	damaged "two blocks" 8 2
	damaged "a name that is too long" 32 377
	damaged "a value behind the block" 34 374 377
	damaged "a value over the names" 34 40 0
	damaged "a value that is not aligned" 34 "$(printf %o $((block - 51 & 255)))"
	damaged "a value in another inode" 36 1
	damaged "a value that is too large" 40 0 20
	damaged "a value of four thousand million bytes" 40 377 377 377 377
	poke_list
	overlap
}

# Damage inside the list: the block is sound, the list is not.
poke_list() {
	restore
	list=$(word 82)
	poke "$list" 7
	attach ext2mfr errors=continue
	check_has "a list of an unknown version" "Structure needs cleaning" \
		"$(getfacl -p /mnt/f 2>&1)"
	check "the other attributes" getfattr --absolute-names -n user.first /mnt/f
	umount /mnt
	restore
	poke $((list + 4)) 3
	attach ext2mfr errors=continue
	check_has "a list with an unknown entry" "Structure needs cleaning" \
		"$(getfacl -p /mnt/f 2>&1)"
	umount /mnt
}

# The second entry's value where the first's is.
overlap() {
	restore
	first=$(word 34)
	# shellcheck disable=SC2046 # two bytes
	damaged "values that overlap" 58 $(printf '%o %o' $((first & 255)) $((first >> 8)))
}

policies() {
	restore
	poke 3 0
	attach ext2mfr errors=remount-ro
	getfattr --absolute-names -d /mnt/f >/dev/null 2>&1
	check_has "errors=remount-ro is followed" "ext2mfr ro" "$(grep /mnt /proc/mounts)"
	umount /mnt
	check_has "the volume is marked" "with errors" "$(dumpe2fs -h "$disk" 2>&1)"
	restore
	e2fsck -fy "$disk" >/dev/null 2>&1
	check "and clean after e2fsck" e2fsck -fn "$disk"
}

# The numbers come from a generator of our own, so that a round can be repeated.
random() {
	seed=$(((seed * 1103515245 + 12345) & 2147483647))
	number=$(((seed >> 8) % $1))
}

at_random() {
	seed=$block
	round=0
	while [ $round -lt "$rounds" ]; do
		round=$((round + 1))
		restore
		random 4
		changes=$((number + 1))
		while [ $changes -gt 0 ]; do
			# Names and values are at the ends.
			random 160
			[ $((changes % 2)) = 0 ] || number=$((block - 1 - number))
			offset=$number
			random 256
			poke $offset "$(printf %o $number)"
			changes=$((changes - 1))
		done
		attach ext2mfr errors=continue
		use
		umount /mnt || exit 3
		e2fsck -fy "$disk" >/tmp/fsck 2>&1
		e2fsck -fn "$disk" >/tmp/fsck 2>&1 && continue
		not_ok "round $round: e2fsck cannot make it sound"
		diag "$(tail /tmp/fsck)"
	done
	ok "$rounds rounds of random damage"
}

load page,memcg
for block; do
	prepare
	fields
	policies
	at_random
done
check "ext2mfr unloads" rmmod ext2mfr
finish
