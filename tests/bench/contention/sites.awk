# SPDX-License-Identifier: GPL-2.0
# The guest's histograms of stacks, of all turns of a driver's, to lines "WORK DRIVER CALLS ALL THROUGH OWN CUT
# DROPPED MISSED FIGURE SITES|OWN": how often a lock was waited for; by work of the module's
# (one of its functions is on the stack); for a lock that one of its functions takes;
# in stacks that are cut off, so that the module may be there unseen; the three places
# where most waited, then those among the module's own.
function most_frequent(key, site,   i, j, part, best, most, sites) {
	for (i = 1; i <= 3; i++) {
		most = 0
		for (j in site) {
			split(j, part, SUBSEP)
			if (part[1] == key && (site[j] > most || site[j] == most && part[2] < best)) {
				best = part[2]
				most = site[j]
			}
		}
		if (!most)
			break
		sites = sites (sites == "" ? "" : ", ") best " " most
		delete site[key, best]
	}
	return sites == "" ? "-" : sites
}
# Of the frames: what leads to the lock function and it; its callers; and, if that was
# an interrupt, what it came upon, which has no part in it.
function stack_ends(times,   i, name, caller, module, in_module, irq, takes) {
	for (i = 1; i <= frames; i++)
		if (frame[i] ~ /slowpath|^__lock_buffer|^__percpu_down/)
			break
	for (i++; i <= frames; i++) {
		name = frame[i]
		if (name ~ /^asm_(sysvec|common_interrupt)/) {
			irq = 1
			break
		}
		module = name ~ / \[/ ? name : ""
		sub(/.* \[/, "", module)
		sub(/\].*/, "", module)
		sub(/\+0x.*/, "", name)
		sub(/\.(constprop|isra|part|cold).*/, "", name)
		if (caller == "" && name !~ /^_raw_|^(__)?(mutex|down|percpu_down)_|^(__)?folio_lruvec_lock|^lock_buffer$/) {
			caller = name
			takes = module != "" && index(ours, " " module " ")
		}
		# The gate is on the way of every call, whatever the call does.
		if (module != "" && index(ours, " " module " ") && name != "ama_gate_run")
			in_module = 1
		# Who starts and stops the counting.
		if (name == "event_trigger_write")
			return
	}
	all[key] += times
	site[key, caller] += times
	if (takes) {
		own[key] += times
		own_site[key, caller] += times
	}
	if (in_module || takes)
		through[key] += times
	else if (!irq && frames >= 16)
		cut[key] += times
}
BEGIN {
	modules["ext2mfr"] = " ext2mfr ama_core "
	modules["ext4"] = " ext4 jbd2 mbcache "
	modules["dmem"] = " dmem "
	modules["linear"] = " dm_mod "
}
$1 == "run" {
	key = $2 " " $3
	if (!(key in calls))
		order[++keys] = key
	calls[key] += $4
	missed[key] += $5
	figure[key] += $6
	ours = modules[$3]
	next
}
/^{ (common_)?stacktrace:/ { frames = 0; next }
/^} hitcount:/ { stack_ends($3); next }
$1 == "Dropped:" { dropped[key] += $2 }
/^ +[^ ]+(\+0x| *$)/ && NF <= 2 { sub(/^ +/, ""); frame[++frames] = $0 }
END {
	for (k = 1; k <= keys; k++) {
		key = order[k]
		print key, calls[key], all[key] + 0, through[key] + 0, own[key] + 0, cut[key] + 0, \
			dropped[key] + 0, missed[key], figure[key], \
			most_frequent(key, site) "|" most_frequent(key, own_site)
	}
}
