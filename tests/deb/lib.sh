# shellcheck shell=bash disable=SC2154,SC2034 # build comes from the test; server is for its end
# SPDX-License-Identifier: EUPL-1.2
# What both tests of the packages need to use them in another root. $build is the folder of the programs.

# deb_mounts ROOT: what programs in it need of /proc and /dev. Nothing of this machine's own /dev is mounted:
# whatever is removed below ROOT, it is only there. In a mount namespace alone, so that nothing stays mounted.
deb_mounts() {
	local dev=$1/dev n
	mount -t proc proc "$1/proc" && mount -t tmpfs -o mode=755 tmpfs "$dev" || return
	for n in null:3 zero:5 full:7 random:8 urandom:9; do
		mknod -m 666 "$dev/${n%:*}" c 1 "${n#*:}" || return
	done
	mkdir -m 1777 "$dev/shm" && ln -s /proc/self/fd "$dev/fd" && ln -s fd/0 "$dev/stdin" && ln -s fd/1 "$dev/stdout" &&
		ln -s fd/2 "$dev/stderr"
}

# deb_desk WORK DIR: a mandate for a file, that file, and a package made of it
deb_desk() {
	mkdir "$2" && tests/tools/new-mandate "$2" --immediate --from 2024-01-01 --sessions 20 --forms file \
		--scope google-timeline && mv "$2/mandate.json" "$2/file.json" && mv "$2/mandate.json.p7s" "$2/file.json.p7s" &&
		"$build/make-timeline" "$2/Timeline.json" 40 --from 2024-05-10 --days 15 &&
		KETEN_REGISTER=$1/register "$build/keten" import --from "$2/Timeline.json" --form file --mandate "$2/file.json" \
			--trust "$2/trust" --operator "$2/operator.pem" --case "$1/case" --out "$1/packages" --simulated &&
		mv "$1"/packages/*.asice "$2/package.asice"
}

# deb_screen WORK: a virtual screen; sets server and DISPLAY. Its socket has no file: every root reaches it.
deb_screen() {
	command -v Xvfb >/dev/null || return
	mkfifo "$1/display"
	Xvfb -displayfd 3 -screen 0 1280x900x24 -nolisten tcp -noreset -ac 3>"$1/display" 2>/dev/null &
	server=$!
	read -r number <"$1/display" && export DISPLAY=:$number
}
