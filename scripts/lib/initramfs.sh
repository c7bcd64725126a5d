# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The initramfs of a guest: busybox, the drivers that lead to the real root, and
# scripts/guest. In the initramfs-only guest also everything that the command needs.

# module_closure NAME KERNEL...: the modules that NAMEs need, in the order in
# which they load, as paths under the kernel's module directory. What is built
# into the kernel is skipped; what does not exist is an error.
module_closure() {
	local modules
	modules=$(kernel_path "$1")/root/usr/lib/modules/$(kernel_release "$1")
	shift
	awk -v wanted="$*" '
		function key(path) {
			sub(/.*\//, "", path); sub(/\.ko$/, "", path); gsub(/-/, "_", path)
			return path
		}
		FILENAME ~ /builtin$/ { builtin[key($1)] = 1; next }
		{
			sub(/:$/, "", $1)
			path[key($1)] = $1
			needs = ""
			for (i = NF; i > 1; i--)
				needs = needs " " $i
			need[key($1)] = needs
		}
		END {
			n = split(wanted, name, " ")
			for (i = 1; i <= n; i++) {
				k = key(name[i])
				if (k in builtin)
					continue
				if (!(k in path)) {
					print "no kernel module " name[i] >"/dev/stderr"
					exit 1
				}
				m = split(need[k] " " path[k], load, " ")
				for (j = 1; j <= m; j++)
					if (!seen[load[j]]++)
						print load[j]
			}
		}' "$modules/modules.builtin" "$modules/modules.dep"
}

initramfs_drivers() {
	local kernel=$1 stage=$2 modules path
	shift 2
	modules=$(kernel_path "$kernel")/root/usr/lib/modules/$(kernel_release "$kernel")
	mkdir "$stage/drivers"
	module_closure "$kernel" "$@" >"$stage/drivers/list" || return 1
	while read -r path; do
		cp "$modules/$path" "$stage/drivers/" || return 1
		basename "$path"
	done <"$stage/drivers/list" >"$stage/drivers/order"
}

# Programs with the libraries they are linked with, as they are in the tree.
initramfs_programs() {
	local stage=$1 tree
	shift
	[ $# -gt 0 ] || return 0
	tree=$(tree_path "$DEFAULT_SUITE")
	tree_run "$DEFAULT_SUITE" "" "" 0:0 sh /surety/scripts/lib/needed-files "$@" |
		while read -r path; do
			mkdir -p "$stage/$(dirname "$path")"
			cp -L "$tree/$path" "$stage/$path" || return 1
		done
}

# Files named in the command that are in the repository keep their place.
initramfs_repository() {
	local stage=$1 word
	shift
	for word; do
		word=${word#/surety/}
		case $word in
		/* | ../* | */../*) continue ;;
		esac
		[ -f "$REPO/$word" ] || continue
		mkdir -p "$stage/surety/$(dirname "$word")"
		cp "$REPO/$word" "$stage/surety/$word"
	done
}

# Everything for a guest without a root file system; what it needs is copied.
initramfs_complete() {
	local kernel=$1 stage=$2 share=$3 add
	shift 3
	# A shell that does not take busybox's commands for the programs asked for.
	local programs=(sh)
	for add in "${vm_add[@]}"; do
		if [ -f "$add" ]; then
			mkdir -p "$stage/add"
			cp "$add" "$stage/add/"
		else
			programs+=("$add")
		fi
	done
	initramfs_programs "$stage" "${programs[@]}" || return 1
	mkdir -p "$stage/modules" "$stage/surety-bin" "$stage/surety"
	cp -r "$BUILD/modules/$kernel/ko/." "$stage/modules/"
	[ ! -d "$BUILD/bin" ] || cp -r "$BUILD/bin/." "$stage/surety-bin/"
	[ ! -f "$REPO/tests/lib.sh" ] || { mkdir -p "$stage/surety/tests" && cp "$REPO/tests/lib.sh" "$stage/surety/tests/"; }
	initramfs_repository "$stage" "$@"
	[ -z "$share" ] || cp -rL "$share" "$stage/share"
}

initramfs_pack() {
	(cd "$1" && find . -print0 | sort -z | cpio -o -0 -H newc -R 0:0 --quiet --reproducible) >"$2"
}
