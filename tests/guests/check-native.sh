#!/bin/bash
# Compile every guest program and run it twice on this machine.
#   check-native.sh [DIRECTORY [NAME...]]
# DIRECTORY (default /tmp/fbsim-guests) receives NAME, NAME.static for the
# programs whose header says static-too, and NAME.out, what each one printed.
# Fails when a program does not compile, fails, takes longer than 10 s, or does
# not print the same the second time. See README.md.
set -u
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd) || exit 1

# check BINARY LOG: run twice, compare; problems go to LOG
check() {
	local bin=$1 log=$2 turn code
	for turn in 1 2; do
		timeout -k 1 10 "$bin" </dev/null >"$bin.out$turn" 2>"$bin.err"
		code=$?
		if [ $code -ne 0 ]; then
			if [ $code -eq 124 ]; then
				echo "$(basename "$bin"): no end after 10 s (run $turn)"
			else
				echo "$(basename "$bin"): exit $code (run $turn)"
			fi
			head -n 20 "$bin.err"
		fi >>"$log"
	done
	if ! cmp -s "$bin.out1" "$bin.out2"; then
		echo "$(basename "$bin"): printed differently the second time"
		diff "$bin.out1" "$bin.out2" | head -n 20
	fi >>"$log"
	mv "$bin.out1" "$bin.out"
	rm -f "$bin.out2" "$bin.err"
}

# one DIRECTORY SOURCE: one job of the loop below
one() {
	local dir=$1 src=$2 name log kind flags
	name=$(basename "$src" .c)
	log=$dir/$name.log
	: >"$log"
	local kinds=dynamic
	head -n 5 "$src" | grep -qw 'static-too' && kinds="dynamic static"
	for kind in $kinds; do
		local bin=$dir/$name
		flags=
		[ $kind = static ] && bin=$bin.static flags=-static
		# shellcheck disable=SC2086
		if "${CC:-gcc}" -O1 -Wall -Wextra -Werror -pthread $flags -o "$bin" "$src" 2>"$bin.err"; then
			check "$bin" "$log"
		else
			{
				echo "$(basename "$bin"): does not compile"
				head -n 10 "$bin.err"
			} >>"$log"
			rm -f "$bin.err"
		fi
	done
	if [ -f "$dir/$name.static.out" ] && ! cmp -s "$dir/$name.out" "$dir/$name.static.out"; then
		echo "$name: the static program prints something else" >>"$log"
	fi
	if [ -s "$log" ]; then
		cat "$log"
		return 1
	fi
	rm -f "$log"
}

if [ "${1-}" = --one ]; then
	one "$2" "$3"
	exit
fi

dir=${1:-/tmp/fbsim-guests}
[ $# -gt 0 ] && shift
mkdir -p "$dir" || exit 1
dir=$(cd "$dir" && pwd) || exit 1

if [ $# -gt 0 ]; then
	sources=()
	for name in "$@"; do sources+=("$here/$name.c"); done
else
	sources=("$here"/*.c)
fi
for src in "${sources[@]}"; do
	name=$dir/$(basename "$src" .c)
	rm -f "$name" "$name".static "$name".out "$name".static.out "$name".log
done

if printf '%s\0' "${sources[@]}" | xargs -0 -n 1 -P 2 bash "$here/check-native.sh" --one "$dir"; then
	echo "${#sources[@]} programs, all good"
else
	bad=0
	for src in "${sources[@]}"; do
		[ -s "$dir/$(basename "$src" .c).log" ] && bad=$((bad + 1))
	done
	echo "${#sources[@]} programs, $bad with problems" >&2
	exit 1
fi
