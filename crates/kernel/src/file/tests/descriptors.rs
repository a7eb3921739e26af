//! Descriptors: duplicates, flags, ranges, and what happens at fork, exec and exit.

use super::world::{BASE, PROCESS, World, fails};
use crate::abi::errno::{EBADF, EFAULT, EINVAL, EMFILE, ENOTTY, EPERM};
use crate::file::{FdTable, Target};
use proptest::prelude::*;

#[test]
fn duplicates_share_the_description() {
    let mut w = World::new();
    let fd = w.ok("memfd_create", [BASE, 0]);
    w.write(fd, b"0123456789");
    let dup = w.ok("dup", [fd]);
    assert_eq!(w.ok("lseek", [dup, 2, libc::SEEK_SET as u64]), 2);
    assert_eq!(w.read(fd, 3), b"234");
    assert_eq!(w.ok("fcntl", [fd, libc::F_SETFL as u64, libc::O_NONBLOCK as u64]), 0);
    assert_eq!(w.ok("fcntl", [dup, libc::F_GETFL as u64, 0]), (libc::O_RDWR | libc::O_NONBLOCK) as u64);
    assert_eq!(w.call("dup2", [fd, 40]), Some(40));
    assert_eq!(w.call("dup2", [40, 40]), Some(40));
    assert_eq!(w.call("dup3", [40, 40, 0]), fails(EINVAL));
    assert_eq!(w.call("dup2", [41, 41]), fails(EBADF));
    assert_eq!(w.call("dup2", [fd, 64]), fails(EBADF), "beyond the limit");
    assert_eq!(w.call("dup3", [fd, 40, libc::O_CLOEXEC as u64]), Some(40), "the old one is closed");
    assert_eq!(w.ok("fcntl", [40, libc::F_GETFD as u64, 0]), 1);
    assert_eq!(w.k.open_file(w.k.file_of(PROCESS, fd as i32).unwrap()).references, 3);
    for fd in [fd, dup, 40] {
        w.ok("close", [fd]);
    }
    assert!(w.k.files.open.is_empty() && w.k.files.objects.is_empty());
    assert_eq!(w.call("close", [fd]), fails(EBADF));
}

#[test]
fn fcntl_duplicates_from_a_number_on() {
    let mut w = World::new();
    let fd = w.ok("eventfd", [0]);
    assert_eq!(w.call("fcntl", [fd, libc::F_DUPFD as u64, 10]), Some(10));
    assert_eq!(w.call("fcntl", [fd, libc::F_DUPFD_CLOEXEC as u64, 10]), Some(11));
    assert_eq!(w.ok("fcntl", [11, libc::F_GETFD as u64, 0]), 1);
    assert_eq!(w.call("fcntl", [fd, libc::F_DUPFD as u64, 64]), fails(EINVAL));
    assert_eq!(w.call("fcntl", [fd, libc::F_DUPFD as u64, 63]), Some(63));
    assert_eq!(w.call("fcntl", [fd, libc::F_DUPFD as u64, 63]), fails(EMFILE));
    assert_eq!(w.call("fcntl", [fd, 9999, 0]), fails(EINVAL));
    assert_eq!(w.k.complaints.len(), 1, "what is not known is reported");
    assert_eq!(w.call("fcntl", [60, libc::F_GETFD as u64, 0]), fails(EBADF));
}

#[test]
fn ranges_of_descriptors_close_at_once() {
    let mut w = World::new();
    for _ in 0..6 {
        w.ok("eventfd", [0]);
    }
    assert_eq!(w.call("close_range", [3, 2, 0]), fails(EINVAL));
    assert_eq!(w.call("close_range", [4, u64::from(u32::MAX), u64::from(libc::CLOSE_RANGE_CLOEXEC)]), Some(0));
    assert_eq!(w.call("close_range", [1, 2, 0]), Some(0));
    let open: Vec<i32> = w.k.processes[&PROCESS].fds.map.keys().copied().collect();
    assert_eq!(open, [0, 3, 4, 5]);
    w.k.close_on_exec(PROCESS);
    let open: Vec<i32> = w.k.processes[&PROCESS].fds.map.keys().copied().collect();
    assert_eq!(open, [0, 3]);
}

#[test]
fn forks_share_descriptions_and_exits_drop_them() {
    let mut w = World::new();
    let (r, wr) = w.pipe(libc::O_NONBLOCK);
    let parent = w.k.processes[&PROCESS].fds.clone();
    let child: FdTable = w.k.fork_files(&parent);
    w.ok("close", [wr]);
    w.write(wr, b"");
    assert_eq!(w.call("read", [r, BASE, 1]), fails(crate::abi::errno::EAGAIN), "the child still writes");
    for descriptor in child.map.values() {
        w.k.release_file(descriptor.file);
    }
    assert_eq!(w.call("read", [r, BASE, 1]), Some(0));
    w.k.close_process_files(PROCESS);
    assert!(w.k.files.open.is_empty() && w.k.files.objects.is_empty());
}

#[test]
fn ioctls_answer_what_files_answer() {
    let mut w = World::new();
    w.k.standard_streams(PROCESS);
    let (r, _) = w.pipe(0);
    for request in [0x5401, 0x5413, 0x540f] {
        assert_eq!(w.call("ioctl", [1, request, BASE]), fails(ENOTTY));
    }
    assert!(w.k.complaints.is_empty());
    assert_eq!(w.call("ioctl", [r, 0x1234, 0]), fails(ENOTTY));
    assert_eq!(w.k.complaints.len(), 1);
    w.poke(BASE, &1_u32.to_le_bytes());
    assert_eq!(w.ok("ioctl", [r, 0x5421, BASE]), 0);
    assert_eq!(w.ok("fcntl", [r, libc::F_GETFL as u64, 0]), libc::O_NONBLOCK as u64);
    assert_eq!(w.ok("ioctl", [r, 0x5451, 0]), 0);
    assert_eq!(w.ok("fcntl", [r, libc::F_GETFD as u64, 0]), 1);
    assert_eq!(w.ok("ioctl", [r, 0x5450, 0]), 0);
    assert_eq!(w.ok("fcntl", [r, libc::F_GETFD as u64, 0]), 0);
}

#[test]
fn paths_alone_allow_nothing() {
    let mut w = World::new();
    let file = w.k.add_file(Target::Console { stderr: false }, libc::O_PATH as u32, Some("/x".into()));
    let fd = w.k.install_fd(PROCESS, file, false, 0).unwrap() as u64;
    for call in ["read", "write", "lseek", "ioctl", "flock"] {
        assert_eq!(w.call(call, [fd, BASE, 1]), fails(EBADF), "{call}");
    }
    assert_eq!(w.call("fcntl", [fd, libc::F_SETFL as u64, 0]), fails(EBADF));
    assert_eq!(w.ok("fcntl", [fd, libc::F_GETFL as u64, 0]), libc::O_PATH as u64);
    assert_eq!(w.call("dup", [fd]), Some(1));
}

#[test]
fn memory_files_have_positions_sizes_and_seals() {
    let mut w = World::new();
    w.poke(BASE, b"name\0");
    let fd = w.ok("memfd_create", [BASE, u64::from(libc::MFD_ALLOW_SEALING)]);
    assert_eq!(w.k.file_label(PROCESS, fd as i32).as_deref(), Some("/memfd:name (deleted)"));
    w.write(fd, b"hello");
    assert_eq!(w.call("pwrite64", [fd, BASE + 0x1000, 5, 10]), Some(5));
    assert_eq!(w.call("pread64", [fd, BASE + 0x2000, 99, 3]), Some(12));
    assert_eq!(w.peek(BASE + 0x2000, 12), b"lo\0\0\0\0\0hello");
    assert_eq!(w.ok("lseek", [fd, 0, libc::SEEK_CUR as u64]), 5, "the position stayed");
    assert_eq!(w.ok("lseek", [fd, (-3_i64) as u64, libc::SEEK_END as u64]), 12);
    assert_eq!(w.read(fd, 10), b"llo");
    assert_eq!(w.call("lseek", [fd, u64::MAX, libc::SEEK_SET as u64]), fails(EINVAL));
    assert_eq!(w.call("lseek", [fd, 3, libc::SEEK_HOLE as u64]), Some(15));
    assert_eq!(w.call("lseek", [fd, 15, libc::SEEK_DATA as u64]), fails(crate::abi::errno::ENXIO));
    assert_eq!(w.call("pread64", [fd, BASE, 1, u64::MAX]), fails(EINVAL));
    assert_eq!(w.ok("ftruncate", [fd, 1 << 40]), 0);
    assert_eq!(w.call("pread64", [fd, BASE + 0x2000, 8, 12]), Some(8));
    assert_eq!(w.peek(BASE + 0x2000, 8), b"llo\0\0\0\0\0");
    assert_eq!(w.ok("ftruncate", [fd, 2]), 0);
    assert_eq!(w.ok("fcntl", [fd, libc::F_ADD_SEALS as u64, (libc::F_SEAL_SHRINK | libc::F_SEAL_GROW) as u64]), 0);
    assert_eq!(w.call("ftruncate", [fd, 1]), fails(EPERM));
    assert_eq!(w.call("pwrite64", [fd, BASE, 3, 0]), fails(EPERM));
    assert_eq!(w.call("pwrite64", [fd, BASE, 2, 0]), Some(2));
    assert_eq!(w.ok("fcntl", [fd, libc::F_GET_SEALS as u64, 0]), 6);
    assert_eq!(w.ok("fcntl", [fd, libc::F_ADD_SEALS as u64, libc::F_SEAL_SEAL as u64]), 0);
    assert_eq!(w.call("fcntl", [fd, libc::F_ADD_SEALS as u64, libc::F_SEAL_WRITE as u64]), fails(EPERM));
}

#[test]
fn objects_live_as_long_as_any_description() {
    let mut w = World::new();
    let fd = w.ok("eventfd2", [7, 0]);
    let target = w.k.open_file(w.k.file_of(PROCESS, fd as i32).unwrap()).target;
    let file = w.k.add_file(target, libc::O_RDONLY as u32, None);
    let again = w.k.install_fd(PROCESS, file, false, 0).unwrap() as u64;
    w.ok("close", [fd]);
    assert_eq!(w.read(again, 8), 7u64.to_le_bytes());
    w.ok("close", [again]);
    assert!(w.k.files.objects.is_empty());
    let (r, wr) = w.pipe(0);
    let target = w.k.open_file(w.k.file_of(PROCESS, wr as i32).unwrap()).target;
    let file = w.k.add_file(target, libc::O_WRONLY as u32, None);
    w.k.install_fd(PROCESS, file, false, 20).unwrap();
    w.ok("close", [wr]);
    assert_eq!(w.write(20, b"x"), Some(1));
    assert_eq!(w.read(r, 10), b"x");
    w.ok("close", [20]);
    assert_eq!(w.call("read", [r, BASE, 1]), Some(0));
}

#[test]
fn appending_ignores_positions() {
    let mut w = World::new();
    let fd = w.ok("memfd_create", [BASE, 0]);
    w.write(fd, b"abc");
    w.ok("fcntl", [fd, libc::F_SETFL as u64, libc::O_APPEND as u64]);
    w.ok("lseek", [fd, 0, 0]);
    w.write(fd, b"def");
    w.poke(BASE + 0x1000, b"ghi");
    w.ok("pwrite64", [fd, BASE + 0x1000, 3, 0]);
    w.poke_words(BASE, [BASE + 0x2000, 20]);
    assert_eq!(w.ok("preadv2", [fd, BASE, 1, 0, 0, 0]), 9);
    assert_eq!(w.peek(BASE + 0x2000, 9), b"abcdefghi");
    assert_eq!(w.ok("preadv2", [fd, BASE, 1, u64::MAX, 0, 0]), 3, "-1 is the current position");
    assert_eq!(w.call("preadv2", [fd, BASE, 1, 0, 0, 0x10]), fails(crate::abi::errno::EOPNOTSUPP));
    assert_eq!(w.call("preadv", [fd, super::world::NOWHERE, 1, 0, 0]), fails(EFAULT));
}

proptest! {
    #[test]
    fn the_lowest_free_number_is_given(steps in proptest::collection::vec((any::<bool>(), 0i32..12, 0i32..4), 0..60)) {
        let mut w = World::new();
        let fd = w.ok("eventfd", [0]) as i32;
        for (open, n, from) in steps {
            let taken: Vec<i32> = w.k.processes[&PROCESS].fds.map.keys().copied().collect();
            if open {
                let lowest = (from..).find(|fd| !taken.contains(fd)).expect("one is free");
                prop_assert_eq!(w.call("fcntl", [fd as u64, libc::F_DUPFD as u64, from as u64]), Some(i64::from(lowest)));
            } else if n != fd {
                let closed = w.call("close", [n as u64]);
                prop_assert_eq!(closed == Some(0), taken.contains(&n));
            }
        }
    }
}
