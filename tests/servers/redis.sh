# program: redis-server 7.0
# package: redis-server
# work: AOF and RDB, BGSAVE by fork, expiry, pub/sub, Lua, redis-cli and redis-benchmark, restart from the AOF, primary and replica
mkdir -p /tmp/a /tmp/b
redis-server --dir /tmp/a --appendonly yes --save 1 1 --repl-diskless-sync-delay 0 >/tmp/a.log &
sleep 1
redis-cli set greeting hello
redis-cli incrby counter 41
redis-cli eval 'return redis.call("incr", KEYS[1])' 1 counter
redis-cli set soon gone px 500
redis-cli subscribe news >/tmp/news &
sleep 0.1
redis-cli publish news extra
redis-cli bgsave
sleep 1
redis-cli exists soon
sed -n 6p /tmp/news
ls /tmp/a/dump.rdb
redis-server --dir /tmp/b --port 6380 --replicaof 127.0.0.1 6379 >/tmp/b.log &
sleep 2
redis-cli -p 6380 get counter
redis-cli set greeting changed
redis-cli wait 1 1000
redis-cli -p 6380 get greeting
redis-benchmark -q -t set,get,lpush -n 1000 -c 20 | tr '\r' '\n' | grep -c 'requests per second'
redis-cli shutdown 2>/dev/null
sleep 0.2
redis-server --dir /tmp/a --appendonly yes >/tmp/a2.log &
sleep 1
redis-cli get greeting
redis-cli llen mylist
# expect: OK
# expect: 41
# expect: 42
# expect: OK
# expect: 1
# expect: Background saving started
# expect: 0
# expect: extra
# expect: /tmp/a/dump.rdb
# expect: 42
# expect: OK
# expect: 1
# expect: changed
# expect: 3
# expect: changed
# expect: 1000
