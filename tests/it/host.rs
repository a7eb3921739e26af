//! What a run does to the host: nothing. No sockets, no ptrace, no files outside its own, no process that stays.

use crate::support::process::{Started, finish_within};
use crate::support::scratch::names_in;
use crate::support::{Ran, Scratch, build, command, fbsim, figure, is_root, skipped};
use nix::sys::signal::Signal;
use std::process::Command;
use std::time::Duration;

/// Calls that no process of a run may make: all sockets and ptrace.
const FORBIDDEN: [&str; 12] = [
    "socket(",
    "socketpair(",
    "connect(",
    "accept(",
    "accept4(",
    "bind(",
    "listen(",
    "sendto(",
    "recvfrom(",
    "sendmsg(",
    "recvmsg(",
    "ptrace(",
];

/// Runs a command under strace and returns what it printed, and the sockets and traces that it and all its children
/// asked the host for. `None` where strace is missing or may not trace.
#[track_caller]
fn traced(scratch: &Scratch, traced: Command, code: i32) -> Option<(Ran, Vec<String>)> {
    let log = scratch.at("strace");
    let mut probe = Command::new("strace");
    probe.args(["-o", "/dev/null", "true"]);
    if !probe.output().is_ok_and(|o| o.status.success()) {
        skipped("what a run asks of the host: strace is missing or may not trace here (`make setup` installs it)");
        return None;
    }
    let mut strace = Command::new("strace");
    strace.args(["-f", "-e", "trace=network,ptrace", "-e", "signal=none", "-o", &log]);
    strace.arg(traced.get_program()).args(traced.get_args());
    if let Some(directory) = traced.get_current_dir() {
        strace.current_dir(directory);
    }
    let ran = finish_within(strace, Duration::from_secs(300)).exits(code);
    let log = std::fs::read_to_string(&log).expect("what strace wrote");
    let ends = log.lines().filter(|l| l.contains("+++ ")).count();
    assert!(ends > 0, "strace saw no process end:\n{log}");
    let calls = log.lines().filter(|l| FORBIDDEN.iter().any(|call| l.contains(call))).map(str::to_owned).collect();
    Some((ran, calls))
}

#[test]
fn an_exploration_asks_the_host_for_no_socket_and_no_trace() {
    build::services();
    let scratch = Scratch::new("strace");
    let output = scratch.at("found");
    let args = ["explore", "specs/orders", "--seeds", "3", "--env", "ORDERS_BUGS=", "--output", &output];
    let Some((ran, calls)) = traced(&scratch, command(&args), 0) else { return };
    ran.says(&[" of 9 tests, ", " 0 failed, 0 inconclusive, 0 lost"]);
    assert!(calls.is_empty(), "{} calls:\n{}", calls.len(), calls.join("\n"));
    figure("strace of an exploration shows 0 sockets, connections and traces by any process");
}

#[test]
fn sockets_that_the_host_sees_natively_it_does_not_see_of_a_guest() {
    let scratch = Scratch::new("sockets");
    let program = build::program(&scratch, "outside");
    let Some((_, native)) = traced(&scratch, Command::new(&program), 0) else { return };
    assert!(native.iter().any(|l| l.contains("socket(")), "strace would not have noticed: {native:?}");
    let (ran, inside) = traced(&scratch, command(&["run", "--", &program]), 0).expect("strace was there before");
    assert_eq!(ran.stdout, "tcp 127.0.0.1: ECONNREFUSED\n", "{ran}");
    assert!(inside.is_empty(), "{inside:?}");
}

/// The lines of `outside.c` that speak of something.
fn lines<'r>(ran: &'r Ran, of: &str) -> Vec<&'r str> {
    ran.stdout.lines().filter_map(|l| l.strip_prefix(of)).map(|l| l.trim_start_matches([':', ' '])).collect()
}

#[test]
fn a_guest_reaches_no_address_outside() {
    let scratch = Scratch::new("address");
    let program = build::program(&scratch, "outside");
    // A listener of the host, on its own loopback: what the guest calls by that name is another machine.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port of the host");
    listener.set_nonblocking(true).expect("a listener");
    let port = listener.local_addr().expect("an address").port().to_string();
    let ran = fbsim(&["run", "--", &program, &port, "far"]).exits(0);
    let errnos = ["ENETUNREACH", "EHOSTUNREACH", "ETIMEDOUT", "ECONNREFUSED"];
    for to in ["tcp 8.8.8.8", "tcp 127.0.0.1", "udp 8.8.8.8"] {
        let results = lines(&ran, to);
        assert_eq!(results.len(), 1, "{ran}");
        let expected = if to.starts_with("udp") {
            results[0] == "ok" || errnos.contains(&results[0])
        } else {
            errnos.contains(&results[0])
        };
        assert!(expected, "{to}: {}\n{ran}", results[0]);
    }
    let knocked = listener.accept().map(|_| ()).expect_err("somebody reached the host's port");
    assert_eq!(knocked.kind(), std::io::ErrorKind::WouldBlock);
    // The same program does reach it natively, so the listener would have heard.
    let mut native = Command::new(&program);
    native.arg(&port);
    let native = crate::support::finish(native).exits(0);
    assert_eq!(lines(&native, "tcp 127.0.0.1"), ["ok"], "{native}");
    listener.accept().expect("the native program");
}

#[test]
fn a_guest_changes_no_file_of_the_host() {
    let scratch = Scratch::new("files");
    let program = build::program(&scratch, "writer");
    // Its own directory is shown to it, and so is the rest of the host; all of it belongs to the host. Only files that
    // nobody misses are named here: if this goes wrong, it goes wrong as whoever runs the tests.
    let elsewhere = Scratch::new("elsewhere");
    let kept = [scratch.file("kept", "as it was"), elsewhere.file("kept", "as it was")];
    let fresh = [scratch.at("fresh"), elsewhere.at("fresh")];
    let system = ["/etc/fbsim-was-here", "/usr/fbsim-was-here", "/fbsim-was-here", "/dev/fbsim-was-here"];
    let paths: Vec<&str> = kept.iter().chain(&fresh).map(String::as_str).chain(system).collect();
    let before = scratch.names();
    let ran = fbsim(&[&["run", "--", &program], &paths[..]].concat()).exits(0);
    for path in &paths {
        for what in ["create", "append", "truncate", "rename", "unlink", "chmod", "link", "mkdir"] {
            let results = lines(&ran, &format!("{what} {path}:"));
            assert_eq!(results.len(), 1, "{what} {path}\n{ran}");
            let errno = results[0];
            let refused = ["EACCES", "EROFS", "EPERM", "ENOENT", "EXDEV", "EEXIST", "ENOTDIR"].contains(&errno);
            assert!(refused, "{what} {path}: {errno}\n{ran}");
            if what == "create" && std::path::Path::new(path).parent().is_some_and(std::path::Path::is_dir) {
                assert!(["EACCES", "EROFS", "EPERM"].contains(&errno), "{what} {path}: {errno}\n{ran}");
            }
        }
    }
    for path in &kept {
        assert_eq!(std::fs::read(path).expect("a file"), b"as it was", "{path}");
    }
    assert_eq!((scratch.names(), elsewhere.names()), (before, vec!["kept".to_owned()]));
    for path in system {
        assert!(std::fs::symlink_metadata(path).is_err(), "{path} is there");
    }
    let refusals = paths.len() * 8;
    figure(&format!("{refusals} of {refusals} attempts to change the host's files got an errno"));
}

#[test]
fn what_a_guest_writes_into_its_overlay_stays_there() {
    let name = format!("fbsim-it-overlay-{}", std::process::id());
    let scratch = Scratch::new("overlay");
    let program = build::program(&scratch, "writer");
    for directory in ["/tmp", "/data", "/var/tmp"] {
        let path = format!("{directory}/{name}");
        let there = std::path::Path::new(directory).is_dir();
        let ran = fbsim(&["run", "--", &program, &path]).exits(0);
        if directory == "/tmp" {
            assert_eq!(lines(&ran, &format!("create {path}:")), ["ok"], "{ran}");
        }
        assert!(std::fs::symlink_metadata(&path).is_err(), "{path} is on the host");
        assert_eq!(std::path::Path::new(directory).is_dir(), there, "{directory}");
    }
    // And the next world knows nothing of it.
    let path = format!("/tmp/{name}");
    fbsim(&["run", "--", &program, &path]).exits(0);
    let cat = fbsim(&["run", "--", "/bin/cat", &path]).exits(1);
    assert!(cat.stderr.contains("No such file"), "{cat}");
}

#[test]
fn a_guest_signals_no_process_of_the_host() {
    // The number of this test's own process, which a stray kill(2) would end.
    let own = std::process::id().to_string();
    let ran = fbsim(&[
        "run",
        "--",
        "/bin/sh",
        "-c",
        &format!("kill -9 {own}; kill -9 -{own}; kill -TERM {own}; echo still here"),
    ]);
    ran.exits(0).says(&["still here", "No such process"]);
}

#[test]
fn nothing_is_left_when_the_command_is_killed() {
    build::services();
    let scratch = Scratch::new("killed");
    let output = scratch.at("found");
    let args = ["explore", "specs/orders", "--seeds", "100000", "--env", "ORDERS_BUGS=", "--output", &output];
    let mut started = Started::new(command(&args));
    started.wait_for(" runs, ");
    // The command, its workers, and what the workers run: the count below would notice them.
    let alive = started.processes().len();
    assert!(alive >= 3, "only {alive} processes of a search are seen");
    started.signal(Signal::SIGKILL);
    let ran = started.finish_all(Duration::from_secs(30));
    assert_eq!(ran.code(), 137, "{ran}");
    figure(&format!("{alive} processes of a search are gone {:.1?} after it was started and killed", ran.took));
}

/// Children, grandchildren, and daemons that were forked twice and have a session of their own, all of which wait for
/// ever, while the first process goes on forking.
const FAMILY: &str = "mkfifo /tmp/never; exec 3<>/tmp/never
    (cat <&3 & (cat <&3 & cat <&3 & wait) & wait) &
    for daemon in 1 2 3; do (setsid sh -c 'cat <&3 & cat <&3 & cat <&3' &); done
    sleep 1; echo up; while sleep 1; do :; done";

#[test]
fn what_guests_forked_ends_with_the_command_and_with_its_worker() {
    for whom in ["the command", "its worker"] {
        let mut started = Started::new(command(&["run", "--", "/bin/bash", "-c", FAMILY]));
        started.wait_for("up");
        let alive = started.processes().len();
        assert!(alive >= 14, "only {alive} processes of a world are seen");
        let killed = started.elapsed();
        match whom {
            "the command" => started.signal(Signal::SIGKILL),
            _ => nix::sys::signal::kill(started.worker(), Signal::SIGKILL).expect("a worker"),
        }
        let ran = started.finish_all(Duration::from_secs(30));
        let took = ran.took.saturating_sub(killed);
        assert!(ran.code() != 0, "{ran}");
        figure(&format!("{alive} processes of a world are gone {took:.2?} after {whom} was killed"));
        assert!(took < Duration::from_secs(3), "{took:?} after {whom} was killed\n{ran}");
    }
}

#[test]
fn an_ordinary_user_needs_no_more_than_root() {
    if !is_root() {
        skipped("running as another user: only root can become one");
        return;
    }
    let mut run = Command::new("setpriv");
    let scratch = Scratch::for_everybody("user");
    let fbsim = scratch.copy(crate::support::fbsim_path());
    run.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--no-new-privs", "--bounding-set=-all", "--"]);
    run.args([&fbsim, "run", "--", "/bin/sh", "-c", "echo one | cat; echo two"]).current_dir("/");
    let ran = crate::support::finish(run).exits(0);
    assert_eq!(ran.stdout, "one\ntwo\n", "{ran}");
    assert!(names_in(scratch.path()).len() == 1, "something was left beside it");
}
