# program: sqlite3
# package: sqlite3
# work: write-ahead logging with three processes at once, checkpoint, integrity check, roll back
cd /tmp
sqlite3 t.db 'pragma journal_mode=wal; create table t(a integer primary key, b); insert into t values (1, 0)'
for i in 1 2 3; do
  (for j in 1 2 3 4 5; do sqlite3 -cmd '.timeout 10000' t.db 'begin immediate; update t set b = b + 1; insert into t(b) values (7); commit'; done) &
done
wait
sqlite3 t.db 'select b from t where a = 1; select count(*) from t'
sqlite3 t.db 'begin; delete from t; rollback; select count(*) from t'
sqlite3 t.db 'pragma wal_checkpoint(truncate); pragma integrity_check; pragma journal_mode=delete'
# expect: wal
# expect: 15
# expect: 16
# expect: 16
# expect: 0|0|0
# expect: ok
# expect: delete
