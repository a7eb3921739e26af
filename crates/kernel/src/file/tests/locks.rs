//! Locks on files.

use super::world::{A, B, BASE, PROCESS, World, fails};
use crate::abi::errno::{EAGAIN, EBADF, EDEADLK, EINVAL};
use crate::file::{Descriptor, Target};
use crate::fs::InodeRef;
use crate::process::ProcessId;
use libc::{F_GETLK, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_RDLCK, F_SETLK, F_SETLKW, F_UNLCK, F_WRLCK};

const INODE: InodeRef = InodeRef { service: model::ServiceId(1), ino: 77 };

/// A new description of the file.
fn open(w: &mut World, flags: i32) -> u64 {
    let file = w.k.add_file(Target::Inode(INODE), flags as u32, None);
    w.k.install_fd(PROCESS, file, false, 0).unwrap() as u64
}
fn lock_by(w: &mut World, tid: u32, fd: u64, command: i32, kind: i32, start: u64, len: u64) -> Option<i64> {
    w.poke_words(BASE, [kind as u64, start, len, 0]);
    w.call_by(tid, "fcntl", [fd, command as u64, BASE])
}
fn lock(w: &mut World, fd: u64, command: i32, kind: i32, start: u64, len: u64) -> Option<i64> {
    lock_by(w, A, fd, command, kind, start, len)
}

#[test]
fn whole_file_locks_belong_to_the_description() {
    let mut w = World::new();
    let (one, two) = (open(&mut w, libc::O_RDWR), open(&mut w, libc::O_RDWR));
    let (sh, ex, un, nb) = (1, 2, 8, 4);
    assert_eq!(w.call("flock", [one, sh]), Some(0));
    assert_eq!(w.call("flock", [two, sh | nb]), Some(0));
    assert_eq!(w.call("flock", [one, ex | nb]), fails(EAGAIN), "and what was held is gone");
    assert_eq!(w.call("flock", [two, ex | nb]), Some(0));
    assert_eq!(w.call_by(B, "flock", [one, sh]), None);
    w.ok("flock", [two, un]);
    assert_eq!(w.retry(B), Some(0));
    assert_eq!(w.call_by(B, "flock", [two, ex]), None);
    let dup = w.ok("dup", [one]);
    w.ok("close", [one]);
    assert!(w.is_parked(B), "a duplicate keeps the lock");
    w.ok("close", [dup]);
    assert_eq!(w.retry(B), Some(0));
    assert_eq!(w.call("flock", [two, 3]), fails(EINVAL));
}

#[test]
fn record_locks_of_descriptions_exclude_each_other() {
    let mut w = World::new();
    let (one, two) = (open(&mut w, libc::O_RDWR), open(&mut w, libc::O_RDWR));
    assert_eq!(lock(&mut w, one, F_OFD_SETLK, F_WRLCK, 0, 10), Some(0));
    assert_eq!(lock(&mut w, two, F_OFD_SETLK, F_RDLCK, 9, 1), fails(EAGAIN));
    assert_eq!(lock(&mut w, two, F_OFD_SETLK, F_WRLCK, 10, 0), Some(0));
    assert_eq!(lock(&mut w, two, F_OFD_GETLK, F_RDLCK, 0, 0), Some(0));
    assert_eq!((w.word(BASE) & 0xffff, w.word(BASE + 8), w.word(BASE + 16)), (F_WRLCK as u64, 0, 10));
    assert_eq!(w.half(BASE + 24) as i32, -1);
    assert_eq!(lock_by(&mut w, B, two, F_OFD_SETLKW, F_WRLCK, 0, 4), None);
    assert_eq!(lock(&mut w, one, F_OFD_SETLK, F_UNLCK, 0, 2), Some(0));
    w.poke_words(BASE, [F_WRLCK as u64, 0, 4, 0]);
    assert_eq!(w.retry(B), None, "half of it is not enough");
    w.ok("close", [one]);
    assert_eq!(w.retry(B), Some(0));
    let read_only = open(&mut w, libc::O_RDONLY);
    assert_eq!(lock(&mut w, read_only, F_OFD_SETLK, F_WRLCK, 50, 1), fails(EBADF));
    assert_eq!(lock(&mut w, two, F_OFD_SETLK, 9, 0, 0), fails(EINVAL));
}

#[test]
fn record_locks_of_a_process_end_with_any_of_its_descriptors() {
    let mut w = World::new();
    let (one, two) = (open(&mut w, libc::O_RDWR), open(&mut w, libc::O_RDWR));
    assert_eq!(lock(&mut w, one, F_SETLK, F_WRLCK, 0, 0), Some(0));
    assert_eq!(lock(&mut w, two, F_SETLK, F_WRLCK, 0, 0), Some(0), "one process does not exclude itself");
    assert_eq!(lock(&mut w, two, F_OFD_SETLK, F_RDLCK, 0, 0), fails(EAGAIN), "but a description's lock does");
    assert_eq!(lock(&mut w, two, F_OFD_GETLK, F_RDLCK, 0, 0), Some(0));
    assert_eq!(w.half(BASE + 24), PROCESS.pid);
    w.ok("close", [two]);
    let two = open(&mut w, libc::O_RDWR);
    assert_eq!(lock(&mut w, two, F_OFD_SETLK, F_RDLCK, 0, 0), Some(0));
    assert_eq!(lock(&mut w, one, F_GETLK, F_WRLCK, 5, 1), Some(0));
    assert_eq!(w.word(BASE) & 0xffff, F_RDLCK as u64);
}

#[test]
fn processes_that_would_wait_for_each_other_are_told() {
    let mut w = World::new();
    let fd = open(&mut w, libc::O_RDWR);
    // A second process, of which only its thread and its descriptor matter.
    let other = ProcessId { pid: 101, ..PROCESS };
    let mut process = super::world::process(other);
    let file = w.k.file_of(PROCESS, fd as i32).unwrap();
    process.fds.insert(fd as i32, Descriptor { file, close_on_exec: false });
    w.k.open_file_mut(file).references += 1;
    w.k.processes.insert(other, process);
    w.k.thread_mut(PROCESS.thread(B)).process = other;
    assert_eq!(lock_by(&mut w, A, fd, F_SETLK, F_WRLCK, 0, 1), Some(0));
    assert_eq!(lock_by(&mut w, B, fd, F_SETLK, F_WRLCK, 1, 1), Some(0));
    assert_eq!(lock_by(&mut w, B, fd, F_SETLKW, F_WRLCK, 0, 1), None);
    assert_eq!(lock_by(&mut w, A, fd, F_SETLKW, F_WRLCK, 1, 1), fails(EDEADLK));
    assert_eq!(lock_by(&mut w, A, fd, F_SETLK, F_UNLCK, 0, 1), Some(0));
    w.poke_words(BASE, [F_WRLCK as u64, 0, 1, 0]);
    assert_eq!(w.retry(B), Some(0));
    assert_eq!(lock_by(&mut w, A, fd, F_SETLKW, F_WRLCK, 1, 1), None, "waiting in one direction is fine");
    w.k.close_process_files(other);
    w.poke_words(BASE, [F_WRLCK as u64, 1, 1, 0]);
    assert_eq!(w.retry(A), Some(0));
}
