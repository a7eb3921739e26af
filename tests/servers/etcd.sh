# program: etcd 3.4, one node
# package: etcd-server etcd-client
# work: put, get, transactions, watch, leases, compaction, restart from its log
export ETCDCTL_API=3
cd /tmp
start() { etcd --data-dir /tmp/d >>/tmp/log 2>&1 & server=$!; sleep 2; }
start
etcdctl put a 1
etcdctl put b 2
etcdctl get --prefix '' --keys-only | grep .
etcdctl watch a >/tmp/watch &
sleep 0.5
etcdctl put a 3
sleep 0.1
sed -n 3p /tmp/watch
printf 'value("a") = "3"\n\nput a 4\n\nput a 5\n\n' | etcdctl txn | head -1
lease=$(etcdctl lease grant 5 | cut -d' ' -f2)
etcdctl put --lease="$lease" brief x
etcdctl get brief --print-value-only
sleep 8
etcdctl get brief | wc -l
kill -9 $server
wait $server 2>/dev/null
start
etcdctl get a --print-value-only
etcdctl endpoint health 2>&1 | grep -c 'is healthy'
# expect: OK
# expect: OK
# expect: a
# expect: b
# expect: OK
# expect: 3
# expect: SUCCESS
# expect: OK
# expect: x
# expect: 0
# expect: 4
# expect: 1
