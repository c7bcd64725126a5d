#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: attributes, lists, flags, label and handles, as programs see them.
# usage: calls.sh BLOCK_SIZE...
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"

get() {
	getfattr --absolute-names --only-values -n "$1" "$2" 2>/dev/null
}

# Where $(get) would cut off: as a checksum.
get_sum() {
	getfattr --absolute-names --only-values -n "$1" "$2" | cksum
}

values() {
	cd /mnt || exit 3
	touch f
	check "set" setfattr -n user.one -v 1 f
	check_is "get" 1 "$(get user.one f)"
	check "replace" setfattr -n user.one -v "longer than before" f
	check_is "the new value" "longer than before" "$(get user.one f)"
	check "an empty value" setfattr -n user.empty f
	check_is "which is there" user.empty \
		"$(getfattr --absolute-names -d f | grep -o user.empty)"
	check "trusted" setfattr -n trusted.t -v T f
	check "security" setfattr -n security.s -v S f
	check_is "all listed" "security.s trusted.t user.empty user.one" \
		"$(getfattr -m - --absolute-names f | grep -v '^#' | xargs)"
	check_is "others do not see trusted ones" "security.s user.empty user.one" \
		"$(setpriv --reuid 1000 --clear-groups getfattr -m - --absolute-names f |
			grep -v '^#' | xargs)"
	check "remove" setfattr -x user.one f
	check_not "it is gone" get user.one f
	check_not "remove what is not there" setfattr -x user.one f
	check_not "no attribute of the system's" setfattr -n system.x -v 1 f
	ln -s f link
	check_not "user attributes not on symbolic links" setfattr -h -n user.x -v 1 link
	check "trusted ones on symbolic links" setfattr -h -n trusted.x -v link link
	check_is "the link still leads" f "$(readlink link)"
	long=$(printf '%0250d' 7)
	check "the longest name" setfattr -n "user.$long" -v L f
	check_is "and its value" L "$(get "user.$long" f)"
	check "a name in UTF-8" setfattr -n user.Größe -v 1 f
	chattr +i f
	check_not "not on an immutable file" setfattr -n user.two -v 1 f
	chattr -i f
	cd / || exit 3
	sound "values"
}

# The largest value is what header, entry and end leave.
sizes() {
	attach
	touch /mnt/large /mnt/many
	before=$(free_blocks)
	largest=$((block - 32 - 16 - 4 - 4))
	check "a value of $largest bytes" \
		setfattr -n user.a -v "$(value $largest 1)" /mnt/large
	check_is "comes back" "$(value $largest 1 | cksum)" "$(get_sum user.a /mnt/large)"
	check_has "one byte more does not fit" "No space left" \
		"$(setfattr -n user.a -v "$(value $((largest + 1)) 2)" /mnt/large 2>&1)"
	check_has "nor does another one" "No space left" \
		"$(setfattr -n user.b -v 1 /mnt/large 2>&1)"
	check_is "the old value stayed" "$(value $largest 1 | cksum)" \
		"$(get_sum user.a /mnt/large)"
	i=0
	while [ $i -lt 400 ] && setfattr -n user.n$i -v v$i /mnt/many 2>/dev/null; do
		i=$((i + 1))
	done
	check_is "many small ones until it is full" yes \
		"$([ $i -gt $((block / 40)) ] && [ $i -lt 400 ] && echo yes)"
	check_is "all of them listed" $i \
		"$(getfattr --absolute-names /mnt/many | grep -c ^user)"
	setfattr -x user.a /mnt/large
	rm /mnt/many
	check_is "no block is lost" "$before" "$(free_blocks)"
	sound "sizes"
}

sharing() {
	attach
	mkdir /mnt/d
	seq 1100 | sed 's,^,/mnt/d/,' | xargs touch
	seq 1100 | sed 's,^,/mnt/d/,' | xargs setfattr -n user.same -v "same for all"
	used=$(free_blocks)
	umount /mnt
	first=$(block_of d/1) last=$(block_of d/1100)
	check_is "1024 files share a block" "1024" "$(refs "$first")"
	check_is "the others another one" "76" "$(refs "$last")"
	check "sharing: e2fsck finds nothing" e2fsck -fn "$disk"
	attach
	setfattr -n user.same -v "not for 5" /mnt/d/5
	setfattr -x user.same /mnt/d/6
	check_is "a change is the file's own" "not for 5" "$(get user.same /mnt/d/5)"
	check_is "the others keep theirs" "same for all" "$(get user.same /mnt/d/7)"
	rm /mnt/d/7
	setfattr -n user.other -v 1 /mnt/d/8
	setfattr -x user.other /mnt/d/8
	umount /mnt
	check_is "a reference for each that changed is gone" "1021" "$(refs "$first")"
	check_is "and one block is the changed file's" "1" "$(refs "$(block_of d/5)")"
	check "changes: e2fsck finds nothing" e2fsck -fn "$disk"
	attach
	find /mnt/d -type f -delete
	check_is "no block is lost" $((used + 2)) "$(free_blocks)"
	sound "all removed"
}

lists() {
	attach
	umask 022
	echo text > /mnt/listed
	check "set a list" setfacl -m u:1000:rw,g:1001:r /mnt/listed
	check_is "get it" "user::rw- user:1000:rw- group::r-- group:1001:r-- mask::rw- other::r--" \
		"$(getfacl -cpn /mnt/listed | xargs)"
	check_is "the mask shows as the group's permissions" 664 "$(stat -c %a /mnt/listed)"
	check "it grants" setpriv --reuid 1000 --clear-groups sh -c 'echo more >> /mnt/listed'
	check_not "and only that" setpriv --reuid 1002 --clear-groups sh -c 'echo more >> /mnt/listed'
	chmod 600 /mnt/listed
	check_not "chmod takes it back by the mask" \
		setpriv --reuid 1000 --clear-groups cat /mnt/listed
	check_is "the mask" "mask::---" "$(getfacl -cpn /mnt/listed | grep mask)"
	check "a list that only says the permissions" setfacl -b -m u::rw,g::r,o::- /mnt/listed
	check_is "becomes the permissions" 640 "$(stat -c %a /mnt/listed)"
	check_is "and no attribute" "" "$(getfattr -m - --absolute-names /mnt/listed)"

	mkdir /mnt/lists
	check "set a default" setfacl -d -m u:1000:rwx,g::rx,o::- /mnt/lists
	mkdir /mnt/lists/sub
	echo text > /mnt/lists/file
	check_is "a directory inherits the default" "$(getfacl -cpnd /mnt/lists)" \
		"$(getfacl -cpnd /mnt/lists/sub)"
	check_has "and its list" "^user:1000:rwx" "$(getfacl -cpna /mnt/lists/sub)"
	check_is "a file inherits a list cut to its mode" \
		"user::rw- user:1000:rwx #effective:rw- group::r-x #effective:r-- mask::rw- other::---" \
		"$(getfacl -cpn /mnt/lists/file | xargs)"
	check_not "no default on a file" setfacl -d -m u:1000:r /mnt/lists/file
	check "remove the default" setfacl -k /mnt/lists
	check_is "a file then has none" 644 "$(touch /mnt/lists/plain && stat -c %a /mnt/lists/plain)"
	mkfifo /mnt/fifo
	check "a list on a pipe" setfacl -m u:1000:rw /mnt/fifo
	many=$(seq -f u:%g:r -s , 2000 $((2000 + block / 16)))
	check "a list of $((block / 16)) users" setfacl -m "$many" /mnt/listed
	check_is "is whole" $((block / 16 + 1)) "$(getfacl -cpn /mnt/listed | grep -c ^user:2)"
	umount /mnt
	attach ext2mfr
	check_is "lists survive the mount" $((block / 16 + 1)) \
		"$(getfacl -cpn /mnt/listed | grep -c ^user:2)"
	umount /mnt
	attach ext2mfr noacl,nouser_xattr
	check_not "none with noacl" setfacl -m u:1000:rw /mnt/lists/plain
	check_not "none with nouser_xattr" setfattr -n user.x -v 1 /mnt/lists/plain
	check "remount with them" mount -o remount,acl,user_xattr /mnt
	check "set a list then" setfacl -m u:1000:rw /mnt/lists/plain
	sound "lists"
}

flags() {
	attach
	mkdir /mnt/flags && cd /mnt/flags || exit 3
	echo text > f
	mkdir d
	for flag in i a s S A d u c; do
		chattr +$flag f && lsattr f | cut -d' ' -f1 | grep -q $flag ||
			not_ok "flag $flag"
		case $flag in
		i) check_not "an immutable file is not removed" rm -f f ;;
		a)
			check "an append-only file is appended to" sh -c 'echo more >> f'
			check_not "and not written" sh -c 'echo other > f'
			;;
		A)
			touch -a -d @1000 f
			cat f >/dev/null
			check_is "no access time is kept" 1000 "$(stat -c %X f)"
			;;
		esac
		chattr -$flag f
		! lsattr f | cut -d' ' -f1 | grep -q $flag || not_ok "flag $flag stays"
	done
	ok "flags are set, shown and cleared"
	chattr +DTSd d
	check_has "a directory's flags" "^-*SD-*d-*T-* d$" "$(lsattr -d d)"
	touch d/f
	mkdir d/s
	check_has "a file inherits its share" "^-*S-*d-* d/f$" "$(lsattr d/f)"
	check_has "a directory inherits" "^-*SD-*d-* d/s$" "$(lsattr -d d/s)"
	check_has "unknown flags are refused" "not supported" "$(chattr +C f 2>&1)"
	check "set the generation" chattr -v 4711 f
	check_is "get it" 4711 "$(lsattr -v f | awk '{ print $1 }')"
	check_not "others may not" setpriv --reuid 1000 --clear-groups chattr +d f
	cd / || exit 3
	chattr +i /mnt/flags/f
	sound "flags"
	check_has "the flag is on the disk" "Flags: 0x10" "$(debugfs -R 'stat flags/f' "$disk" 2>&1)"
	attach
	chattr -i /mnt/flags/f
	umount /mnt
}

volume() {
	e2label "$disk" "a name" || exit 3
	attach
	check "handles, generations, label, ioctls" /surety-bin/attr_calls /mnt "a name"
	umount /mnt
	check_is "the label is on the disk" "new label 16 by." "$(e2label "$disk")"
	check "volume: e2fsck finds nothing" e2fsck -fn "$disk"
}

load page,memcg
for block; do
	echo "# blocks of $block bytes"
	make "$block"
	attach
	values
	sizes
	sharing
	lists
	flags
	volume
done
check_is "nothing needed more than its bound" 0 "$(underruns)"
check "ext2mfr unloads" rmmod ext2mfr
finish
