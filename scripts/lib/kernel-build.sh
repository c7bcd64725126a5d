# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Kernels built from Debian's source package with this repository's fragments.

kernel_compile() {
	local suite=$1 source=$2 new=${*: -1} fragment
	# Beside the entry to be, and gone with it if this fails.
	local work=$new/.work
	mkdir -p "$work"
	for fragment in "${@:3:$#-3}"; do
		cat "$REPO/scripts/configs/$fragment.config" || return 1
	done >"$work/fragments"
	step "building from $source; this takes 10 minutes and more (log: $CACHE/kernels/build.log)"
	logged "$CACHE/kernels/build.log" tree_run "$suite" "" "$work" 0:0 \
		nice -n 19 sh /surety/scripts/lib/compile-kernel "$source" || return 1
	as_root chown -R "$(id -u):$(id -g)" "$work"
	cp -a --reflink=auto "$work/result/." "$new/" && rm -rf "$work" || return 1
	echo "$suite" >"$new/suite"
	echo "$source ${*:3:$#-3}" >"$new/origin"
}

kernel_build() {
	local name=$1
	kernel_row "$name" || kernel_unknown "$name"
	[ "$row_how" = source ] || die "$name is a kernel of Debian's: use 'get'"
	tree_need "$row_suite"
	(with_lock "$CACHE/kernels.lock" kernel_new "$name" \
		kernel_compile "$row_suite" "${row_what[@]}")
}
