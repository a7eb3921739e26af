# program: PostgreSQL 15
# package: postgresql-15
# work: initdb, DDL, transactions, concurrent sessions, LISTEN/NOTIFY, checkpoint, vacuum, parallel query, crash and recovery
PATH=/usr/lib/postgresql/15/bin:$PATH
export PGHOST=/tmp PGUSER=user PGDATABASE=postgres PGDATA=/tmp/data LC_ALL=C
initdb -A trust >/tmp/initdb.log || cat /tmp/initdb.log
start() { postgres -k /tmp >>/tmp/log 2>&1 & server=$!; for _ in 1 2 3 4 5 6 7 8 9; do sleep 1; pg_isready -q && break; done; }
start
psql -qAtc 'create table t(id serial primary key, v int); insert into t(v) select generate_series(1, 1000)' -c 'select sum(v) from t'
psql -qAt <<'S' | sed 's/ received from.*//'
begin; update t set v = v + 1 where id = 1; rollback;
begin; update t set v = v + 10 where id = 2; commit;
create index on t(v);
checkpoint;
vacuum analyze t;
select v from t where id in (1, 2) order by id;
listen news; notify news, 'extra';
S
for i in 1 2 3 4; do psql -qAtc "begin; update t set v = v + 1 where id = 5; select pg_sleep(0.1); commit" >/dev/null & done
wait -n; sleep 2
psql -qAtc 'select v from t where id = 5'
psql -qAtc 'set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0; set min_parallel_table_scan_size = 0; select count(*) from t'
kill -9 $server
wait $server 2>/dev/null
sleep 3
start
psql -qAtc 'select count(*), sum(v) from t'
kill -INT $server
wait $server
grep -c 'database system is shut down' /tmp/log
# expect: 500500
# expect: 1
# expect: 12
# expect: Asynchronous notification "news" with payload "extra"
# expect: 9
# expect: 1000
# expect: 1000|500514
# expect: 1

