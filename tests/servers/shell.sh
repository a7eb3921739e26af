# program: bash and coreutils
# work: pipelines, process substitution, job control signals, traps, sort, xargs, find, timeout
set -o pipefail
cd /tmp
seq 1 1000 | shuf --random-source=/bin/ls | sort -n | tail -1
diff <(seq 3) <(printf '1\n2\n3\n') && echo same
trap 'echo usr1' USR1; kill -USR1 $$
sleep 100 & kill $!; wait $!; echo $?
set -m; sleep 50 & kill -STOP %1; sleep 0.1; jobs | grep -o Stopped; kill -CONT %1; kill %1; wait; set +m
timeout 5 sleep 3600; echo $?
mkdir -p a/b && touch a/b/{1..20} && find a -type f | xargs -n 5 -P 4 echo | wc -l
tar cf - a | (mkdir c && tar xf - -C c) && ls c/a/b | wc -l
yes | head -100000 | md5sum | cut -c1-8
(exit 7) | cat; echo $?
printf 'b\na\n' | sort --parallel=2 | tr '\n' ' '; echo
dd if=/dev/zero bs=4k count=10 status=none | wc -c
date -u +%F; stat -c %s a/b/1; ln -s a l; readlink l; env -i /bin/echo env; nproc
# expect: 1000
# expect: same
# expect: usr1
# expect: 143
# expect: Stopped
# expect: 124
# expect: 4
# expect: 20
# expect: 7
# expect: a b 
# expect: 40960
# expect: 2024-01-01
# expect: 0
# expect: a
# expect: env
# expect: 2
