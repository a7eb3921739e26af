# program: etcd 3.4, three nodes
# package: etcd-server etcd-client
# work: elect a leader, write through one member and read through another, lose a member, write on, start it again
export ETCDCTL_API=3
cd /tmp
cluster=n1=http://127.0.0.1:12380,n2=http://127.0.0.1:22380,n3=http://127.0.0.1:32380
start() {
  etcd --name "n$1" --data-dir "/tmp/d$1" --listen-client-urls "http://127.0.0.1:${1}2379" \
    --advertise-client-urls "http://127.0.0.1:${1}2379" --listen-peer-urls "http://127.0.0.1:${1}2380" \
    --initial-advertise-peer-urls "http://127.0.0.1:${1}2380" --initial-cluster $cluster >>"/tmp/log$1" 2>&1 &
}
start 1; start 2; third=$(start 3; echo $!)
sleep 5
etcdctl --endpoints=127.0.0.1:12379 member list | grep -c started
etcdctl --endpoints=127.0.0.1:12379 put a 1
etcdctl --endpoints=127.0.0.1:22379 get a --print-value-only
kill -9 "$third"
sleep 3
etcdctl --endpoints=127.0.0.1:12379,127.0.0.1:22379 put a 2
start 3
sleep 4
etcdctl --endpoints=127.0.0.1:32379 get a --print-value-only
etcdctl --endpoints=127.0.0.1:12379,127.0.0.1:22379,127.0.0.1:32379 endpoint health 2>&1 | grep -c 'is healthy'
# expect: 3
# expect: OK
# expect: 1
# expect: OK
# expect: 2
# expect: 3
