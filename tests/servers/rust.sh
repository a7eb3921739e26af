# program: Rust
# crate: tests/servers/rust
# work: a service of std with a thread for each connection, and one of tokio: TCP with clients, timers, timeouts, spawn_blocking, cancelled tasks
cd target/servers-rust/release || exit
./threads
./tasks
# expect: answers 400, the largest 10200
# expect: true after 30 s
# expect: told after 60 min
# expect: refused: connection refused
# expect: served 400, right 400, wrong 0
# expect: ten ticks in 10 min
# expect: timed out: true
# expect: answered: true
# expect: first: timer
# expect: cancelled: true
# expect: refused: true
