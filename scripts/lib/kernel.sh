# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Kernels in the cache. An entry CACHE/kernels/NAME holds
#
#   vmlinuz  config  System.map  (vmlinux, see kernel-image.sh)
#   release   what uname -r says
#   suite     whose tree builds modules for it
#   origin    what it was made from
#   root/     usr/lib/modules, usr/src, usr/lib/linux-kbuild-*
#
# and is complete whenever it exists: it is made beside and renamed.

. "$REPO/scripts/lib/kernel-image.sh"

KERNEL_TABLE=$REPO/scripts/configs/kernels

kernel_path() {
	echo "$CACHE/kernels/$1"
}

kernel_names() {
	awk '!/^#/ && NF { print $1 }' "$KERNEL_TABLE"
}

# kernel_row NAME: sets row_how, row_suite and the array row_what.
kernel_row() {
	local line
	line=$(awk -v n="$1" '!/^#/ && $1 == n' "$KERNEL_TABLE")
	[ -n "$line" ] || return 1
	read -r _ row_how row_suite line <<<"$line"
	read -ra row_what <<<"$line"
}

kernel_present() {
	[ -f "$(kernel_path "$1")/release" ]
}

kernel_release() {
	cat "$(kernel_path "$1")/release"
}

kernel_suite() {
	cat "$(kernel_path "$1")/suite"
}

kernel_unknown() {
	die "no kernel '$1'; known: $(kernel_names | paste -sd' ')$(kernel_extra)"
}

# Imported under a name that is not in the table.
kernel_extra() {
	local entry
	for entry in "$CACHE"/kernels/*/release; do
		[ -e "$entry" ] || continue
		entry=$(basename "$(dirname "$entry")")
		kernel_row "$entry" || printf ' %s' "$entry"
	done
}

# Why kernel_new(), which calls what calls this, makes no entry.
kernel_refuse() {
	# shellcheck disable=SC2154 # kernel_new()'s own
	die "$name: not added: $*"
}

# kernel_new NAME COMMAND...: make an entry: COMMAND fills the directory that is
# its last argument; then the entry is completed and renamed into place.
kernel_new() {
	local name=$1 new
	shift
	new=$CACHE/kernels/.new.$name.$$
	mkdir -p "$CACHE/kernels"
	# What a run that was killed has left; nobody else is here now.
	as_root rm -rf "$CACHE"/kernels/.new.* "$CACHE"/kernels/.old.* "$CACHE"/kernels/.work
	# shellcheck disable=SC2064 # the path as it is now
	trap "as_root rm -rf '$new'" EXIT
	mkdir -p "$new/root/usr/lib" "$new/root/usr/src"
	"$@" "$new" || kernel_refuse "as said above"
	kernel_complete "$new" || kernel_refuse "as said above"
	kernel_remove "$name"
	mv "$new" "$(kernel_path "$name")"
	trap - EXIT
	step "kernel $name is ready: $(kernel_release "$name")"
}

# An entry is there or not, never in part.
kernel_remove() {
	local old=$CACHE/kernels/.old.$1.$$
	[ -e "$(kernel_path "$1")" ] || return 0
	mv "$(kernel_path "$1")" "$old" && as_root rm -rf "$old"
}

# Bring an unpacked kernel into the common form: modules uncompressed (the
# initramfs loads them with busybox) and indexed, build link in place.
kernel_complete() {
	local new=$1 release
	if [ -d "$new/root/lib" ]; then
		mv "$new"/root/lib/modules "$new/root/usr/lib/modules" &&
			rmdir "$new/root/lib" || return 1
	fi
	release=$(cd "$new"/root/usr/lib/modules/*/kernel/.. && basename "$(pwd -P)") ||
		kernel_refuse "there are no modules in it"
	[ -s "$new/vmlinuz" ] && [ -s "$new/config" ] ||
		kernel_refuse "there is no kernel image, or no configuration, in it"
	ln -sfn "/usr/src/linux-headers-$release" "$new/root/usr/lib/modules/$release/build"
	[ -f "$new/root/usr/src/linux-headers-$release/Makefile" ] ||
		kernel_refuse "there are no headers for $release in it"
	find "$new/root/usr/lib/modules" -name '*.ko.xz' -exec xz -d {} + || return 1
	tree_run "$(cat "$new/suite")" "" "$new" "$(id -u):$(id -g)" \
		depmod -b /out/root/usr "$release" 2>"$new/depmod.log" ||
		{ cat "$new/depmod.log" >&2; return 1; }
	rm -f "$new/depmod.log"
	image_prepare "$new"
	echo "$release" >"$new/release"
}

# Debian's own kernel: the packages are resolved and fetched by the tree's apt.
kernel_fetch() {
	local suite=$1 new=${*: -1}
	local packages=("${@:2:$#-2}")
	mkdir "$new/debs"
	step "fetching ${packages[*]} ($suite)"
	LOGGED_LINES=5 logged "$CACHE/kernels/fetch.log" tree_run "$suite" "" "$new/debs" 0:0 \
		sh /surety/scripts/lib/fetch-kernel "${packages[@]}" ||
		kernel_refuse "cannot fetch ${packages[*]}: is there a network?"
	as_root chown -R "$(id -u):$(id -g)" "$new/debs"
	local deb
	for deb in "$new"/debs/*.deb; do
		dpkg-deb -x "$deb" "$new/all" || return 1
	done
	basename -a "$new"/debs/*.deb >"$new/origin"
	echo "$suite" >"$new/suite"
	mv "$new"/all/boot/vmlinuz-* "$new/vmlinuz" &&
		mv "$new"/all/boot/config-* "$new/config" &&
		mv "$new"/all/boot/System.map-* "$new/System.map" || return 1
	local part
	for part in src lib; do
		[ ! -d "$new/all/usr/$part" ] || cp -a "$new/all/usr/$part/." "$new/root/usr/$part/" || return 1
	done
	[ ! -d "$new/all/lib/modules" ] || mv "$new/all/lib/modules" "$new/root/usr/lib/modules"
	rm -rf "$new/debs" "$new/all"
}

kernel_get() {
	local name=$1
	kernel_present "$name" && return 0
	kernel_new "$name" kernel_fetch "$row_suite" "${row_what[@]}"
}

# A ready-made kernel: bzImage, config, System.map and root/ in one archive.
kernel_unpack() {
	local archive=$1 new=$2
	tar -C "$new" -xf "$archive" 2>"$new/tar.log" ||
		kernel_refuse "$archive cannot be unpacked: $(grep -v '^tar: Exiting' "$new/tar.log" | tail -n 1)"
	rm -f "$new/tar.log"
	[ ! -e "$new/bzImage" ] || mv "$new/bzImage" "$new/vmlinuz"
	[ -f "$new/suite" ] || echo "$DEFAULT_SUITE" >"$new/suite"
	kernel_stamp "$archive" >"$new/origin"
}

kernel_stamp() {
	printf '%s %s\n' "$(basename "$1")" "$(sha256sum <"$1" | cut -c1-32)"
}

kernel_import() {
	local archive=$1 name
	[ -f "$archive" ] && [ -r "$archive" ] || die "$archive: no such archive, or not readable"
	name=$(basename "$archive")
	name=${name%.tar*}
	[[ $name =~ ^[a-z0-9][a-z0-9.-]*$ ]] || die "$archive: its name does not give a kernel name"
	if kernel_present "$name" &&
	   [ "$(kernel_stamp "$archive")" = "$(cat "$(kernel_path "$name")/origin")" ]; then
		say "$name is imported already"
		return 0
	fi
	tree_need "$DEFAULT_SUITE"
	step "importing $name"
	(with_lock "$CACHE/kernels.lock" kernel_new "$name" kernel_unpack "$archive")
}

# Make sure that kernel NAME can be used; fetches what can be fetched.
kernel_need() {
	local name=$1
	if kernel_present "$name"; then
		tree_need "$(kernel_suite "$name")"
		return 0
	fi
	kernel_row "$name" || kernel_unknown "$name"
	[ "$row_how" = debian ] ||
		die "kernel $name is not there: 'scripts/kernels build $name' makes it, 'scripts/kernels import FILE' takes a ready one"
	tree_need "$row_suite"
	(with_lock "$CACHE/kernels.lock" kernel_get "$name")
}
