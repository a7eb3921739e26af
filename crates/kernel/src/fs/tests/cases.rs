//! Calls and what they return, family by family.

use super::harness::Arg::{B, N, Out, S};
use super::harness::{Arg, PROCESS, World};
use crate::host::ImageKind;
use libc::*;

/// Makes each call and compares its result.
#[track_caller]
fn check(world: &mut World, cases: &[(&str, &[Arg<'_>], i64)]) {
    for (name, args, expected) in cases {
        assert_eq!(world.call(name, args), *expected, "{name} {args:?}");
    }
}
fn no(errno: i32) -> i64 {
    -i64::from(errno)
}
const CREATE: i64 = (O_CREAT | O_RDWR) as i64;
const CWD: Arg<'static> = N(AT_FDCWD as i64);

#[test]
fn the_image_is_shown_and_cannot_be_changed() {
    let mut w = World::new();
    let fd = w.open("/lib/libc.so.6", O_RDONLY | O_CLOEXEC);
    assert_eq!(fd, 0);
    assert_eq!(w.k.inode_path(w.inode(fd)), "/usr/lib/libc.so.6");
    assert_eq!(w.k.inode_content(w.inode(fd)), crate::fs::Content::Image("/usr/lib/libc.so.6".into()));
    assert_eq!(w.read_at(fd, 9_990, 100).unwrap(), [7; 10]);
    check(
        &mut w,
        &[
            ("fstat", &[N(fd), Out], 0),
            ("open", &[S("/usr/lib/libc.so.6"), N(O_RDWR.into())], no(EACCES)),
            ("open", &[S("/usr/lib/new"), N(CREATE), N(0o644)], no(EACCES)),
            ("open", &[S("/new"), N(CREATE), N(0o644)], no(EACCES)),
            ("unlink", &[S("/usr/bin/tool")], no(EACCES)),
            ("rename", &[S("/usr/bin"), S("/usr/sbin")], no(EACCES)),
            ("chmod", &[S("/usr/bin/tool"), N(0o777)], no(EPERM)),
            ("open", &[S("/private/secret"), N(0)], no(EACCES)),
            ("open", &[S("/usr/lib/missing.so"), N(0)], no(ENOENT)),
            ("open", &[S("/usr/lib/missing.so"), N(0)], no(ENOENT)),
            ("access", &[S("/etc/ld.so.preload"), N(R_OK.into())], no(ENOENT)),
            ("access", &[S("/etc/localtime"), N(F_OK.into())], no(ENOENT)),
            ("access", &[S("/etc/ld.so.cache"), N(R_OK.into())], 0),
            ("access", &[S("/usr/bin/tool"), N(X_OK.into())], 0),
            ("access", &[S("/usr/bin/tool"), N(W_OK.into())], no(EACCES)),
            ("access", &[S("/etc/passwd"), N(8)], no(EINVAL)),
        ],
    );
    let twice: Vec<_> = w.host.asked.iter().filter(|(_, n)| **n > 1).collect();
    assert!(twice.is_empty(), "asked more than once: {twice:?}");
}

#[test]
fn files_of_the_image_are_copied_as_they_are_written() {
    let mut w = World::new();
    let fd = w.open("/srv/open/file", O_RDWR);
    assert_eq!(w.write_at(fd, 4_095, b"ab").unwrap(), 2);
    assert_eq!(w.read_at(fd, 4_094, 4).unwrap(), b"xabx");
    assert_eq!(w.k.inode_content(w.inode(fd)), crate::fs::Content::Bytes);
    assert_eq!(w.call("ftruncate", &[N(fd), N(8_500)]), 0);
    assert_eq!(w.call("ftruncate", &[N(fd), N(9_000)]), 0);
    assert_eq!(w.read_at(fd, 8_499, 3).unwrap(), [b'x', 0, 0], "what was cut off does not come back");
    assert_eq!(w.host.image["/srv/open/file"].1, [b'x'; 9_000]);
    check(
        &mut w,
        &[
            ("rename", &[S("/srv/open/file"), S("/srv/open/other")], 0),
            ("access", &[S("/srv/open/file"), N(0)], no(ENOENT)),
            ("unlink", &[S("/srv/open/other")], 0),
        ],
    );
    assert_eq!(w.list("/srv/open"), [".", ".."]);
    assert_eq!(w.list("/srv"), [".", "..", "open"]);
}

#[test]
fn opening_refuses_what_linux_refuses() {
    let mut w = World::new();
    let long = "n".repeat(256);
    check(
        &mut w,
        &[
            ("open", &[S("f"), N(CREATE), N(0o666)], 0),
            ("open", &[S("f"), N(CREATE | i64::from(O_EXCL)), N(0o666)], no(EEXIST)),
            ("mkdir", &[S("d"), N(0o777)], 0),
            ("symlink", &[S("loop"), S("loop")], 0),
            ("symlink", &[S("nowhere"), S("dangling")], 0),
            ("symlink", &[S("f"), S("to-f")], 0),
            ("open", &[S(""), N(0)], no(ENOENT)),
            ("open", &[S("f/"), N(0)], no(ENOTDIR)),
            ("open", &[S("f/x"), N(0)], no(ENOTDIR)),
            ("open", &[S("missing/x"), N(CREATE)], no(ENOENT)),
            ("open", &[S("new/"), N(CREATE)], no(EISDIR)),
            ("open", &[S("d"), N(O_RDWR.into())], no(EISDIR)),
            ("open", &[S("d"), N(CREATE)], no(EISDIR)),
            ("open", &[S("."), N(CREATE)], no(EISDIR)),
            ("open", &[S("f"), N(O_DIRECTORY.into())], no(ENOTDIR)),
            ("open", &[S("loop"), N(0)], no(ELOOP)),
            ("open", &[S("to-f"), N(O_NOFOLLOW.into())], no(ELOOP)),
            ("open", &[S("dangling"), N(CREATE | i64::from(O_EXCL))], no(EEXIST)),
            ("open", &[S(&long), N(0)], no(ENAMETOOLONG)),
            ("open", &[S("/dev/tty"), N(O_RDWR.into())], no(ENXIO)),
            ("openat", &[N(77), S("f"), N(0)], no(EBADF)),
            ("openat", &[N(0), S("f"), N(0)], no(ENOTDIR)),
            ("open", &[N(16), N(0)], no(EFAULT)),
            ("open", &[S("dangling"), N(CREATE), N(0o666)], 1),
            ("access", &[S("nowhere"), N(0)], 0),
            ("open", &[S("f"), N(i64::from(O_RDONLY | O_TRUNC))], 2),
            ("open", &[S("."), N(i64::from(O_TMPFILE | O_RDWR)), N(0o600)], 3),
            ("open", &[S("."), N(i64::from(O_TMPFILE)), N(0o600)], no(EINVAL)),
            ("openat2", &[CWD, S("f"), B(&[0; 24]), N(24)], 4),
            ("openat2", &[CWD, S("f"), B(&[0; 24]), N(8)], no(EINVAL)),
            ("openat2", &[CWD, S("f"), B(&[[0; 16], [8; 16]].concat()), N(24)], no(EINVAL)),
        ],
    );
    assert_eq!(w.list("."), [".", "..", "d", "dangling", "f", "loop", "nowhere", "to-f"]);
    let limit = &mut w.k.process_mut(PROCESS).limits[RLIMIT_NOFILE as usize].0;
    *limit = 5;
    assert_eq!(w.open("f", 0), no(EMFILE));
}

#[test]
fn a_write_ahead_log_lives_its_life() {
    let mut w = World::new();
    let fd = w.open("/data/wal", O_CREAT | O_RDWR | O_APPEND);
    assert_eq!(w.write_at(fd, 0, b"one\n").unwrap(), 4);
    assert_eq!(w.k.inode_durable(w.inode(fd)), None);
    check(&mut w, &[("fdatasync", &[N(fd)], 0)]);
    assert_eq!(w.write_at(fd, 4, b"two\n").unwrap(), 4);
    assert_eq!(w.k.inode_durable(w.inode(fd)), Some(4));
    check(
        &mut w,
        &[
            ("fallocate", &[N(fd), N(0), N(0), N(1 << 20)], 0),
            ("fstat", &[N(fd), Out], 0),
            ("link", &[S("/data/wal"), S("/data/wal.2")], 0),
            ("unlink", &[S("/data/wal")], 0),
        ],
    );
    assert_eq!(w.word(48), 1 << 20);
    assert_eq!(w.word(64), 8, "a hole takes no space");
    assert_eq!(w.link("/proc/self/fd/0"), "/data/wal.2");
    check(
        &mut w,
        &[
            ("rename", &[S("/data/wal.2"), S("/data/wal")], 0),
            ("unlink", &[S("/data/wal")], 0),
            ("fallocate", &[N(fd), N((FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE).into()), N(1), N(2)], 0),
            ("fallocate", &[N(fd), N(FALLOC_FL_PUNCH_HOLE.into()), N(1), N(2)], no(EOPNOTSUPP)),
            ("fallocate", &[N(fd), N(0), N(0), N(0)], no(EINVAL)),
            ("ftruncate", &[N(fd), N(-1)], no(EINVAL)),
            ("fstat", &[N(fd), Out], 0),
        ],
    );
    assert_eq!(w.word(16), 0, "no links are left");
    assert_eq!(w.read_at(fd, 0, 8).unwrap(), b"o\0\0\ntwo\n");
    assert_eq!(w.link("/proc/self/fd/0"), "/data/wal (deleted)");
    let inode = w.inode(fd);
    w.close(fd);
    assert!(w.k.tree(inode.service).find(inode.ino).is_some(), "a crash could bring its name back");
    check(&mut w, &[("sync", &[], 0)]);
    assert!(w.k.tree(inode.service).find(inode.ino).is_none(), "its last use is gone");
}

#[test]
fn names_are_made_moved_and_removed_as_on_linux() {
    let mut w = World::new();
    check(
        &mut w,
        &[
            ("mkdir", &[S("a"), N(0o777)], 0),
            ("mkdir", &[S("a/b/"), N(0o777)], 0),
            ("mkdir", &[S("a"), N(0o777)], no(EEXIST)),
            ("mkdir", &[S("/"), N(0o777)], no(EEXIST)),
            ("mkdir", &[S("x/y"), N(0o777)], no(ENOENT)),
            ("creat", &[S("f"), N(0o644)], 0),
            ("rmdir", &[S("a")], no(ENOTEMPTY)),
            ("rmdir", &[S("f")], no(ENOTDIR)),
            ("rmdir", &[S("a/.")], no(EINVAL)),
            ("rmdir", &[S("a/..")], no(ENOTEMPTY)),
            ("rmdir", &[S("/")], no(EBUSY)),
            ("unlink", &[S("a")], no(EISDIR)),
            ("unlink", &[S("f/")], no(ENOTDIR)),
            ("unlink", &[S("none")], no(ENOENT)),
            ("unlinkat", &[CWD, S("a/b"), N(7)], no(EINVAL)),
            ("rename", &[S("a"), S("a/b/c")], no(EINVAL)),
            ("rename", &[S("a/b"), S("a")], no(ENOTEMPTY)),
            ("rename", &[S("a"), S("f")], no(ENOTDIR)),
            ("rename", &[S("f"), S("a")], no(EISDIR)),
            ("rename", &[S("f"), S("g/")], no(ENOTDIR)),
            ("rename", &[S("none"), S("g")], no(ENOENT)),
            ("rename", &[S("f"), S("/dev/shm/f")], no(EXDEV)),
            ("rename", &[S("a/."), S("z")], no(EBUSY)),
            ("renameat2", &[CWD, S("f"), CWD, S("a"), N(1)], no(EEXIST)),
            ("renameat2", &[CWD, S("f"), CWD, S("h"), N(2)], no(ENOENT)),
            ("renameat2", &[CWD, S("f"), CWD, S("a"), N(3)], no(EINVAL)),
            ("renameat2", &[CWD, S("f"), CWD, S("a"), N(2)], 0),
            ("open", &[S("f/b"), N(O_DIRECTORY.into())], 1),
            ("linkat", &[CWD, S("a"), CWD, S("l"), N(0)], 0),
            ("link", &[S("f"), S("m")], no(EPERM)),
            ("link", &[S("a"), S("l")], no(EEXIST)),
            ("link", &[S("/usr/bin/tool"), S("t")], no(EPERM)),
            ("rename", &[S("a"), S("l")], 0),
            ("access", &[S("a"), N(0)], 0),
            ("symlink", &[S(""), S("s")], no(ENOENT)),
            ("symlink", &[S("t"), S("a")], no(EEXIST)),
            ("symlink", &[S("t"), S("s/")], no(ENOENT)),
            ("readlink", &[S("a"), Out, N(10)], no(EINVAL)),
            ("readlink", &[S("a"), Out, N(0)], no(EINVAL)),
            ("mknod", &[S("n"), N((S_IFREG | 0o600).into())], 0),
            ("mknod", &[S("p"), N((S_IFIFO | 0o600).into())], 0),
            ("mount", &[S("/"), S("/"), S("x"), N(0)], no(EPERM)),
            ("chroot", &[S("/data")], no(EPERM)),
        ],
    );
    assert_eq!(w.list("/data"), [".", "..", "a", "f", "l", "n", "p"]);
}

#[test]
fn the_working_directory_follows_its_directory() {
    let mut w = World::new();
    check(
        &mut w,
        &[
            ("getcwd", &[Out, N(5)], no(ERANGE)),
            ("getcwd", &[Out, N(100)], 6),
            ("mkdir", &[S("a"), N(0o777)], 0),
            ("mkdir", &[S("a/b"), N(0o777)], 0),
            ("chdir", &[S("a/b")], 0),
            ("rename", &[S("/data/a"), S("/data/z")], 0),
            ("getcwd", &[Out, N(100)], 10),
            ("creat", &[S("f"), N(0o644)], 0),
            ("access", &[S("/data/z/b/f"), N(0)], 0),
            ("chdir", &[S("f")], no(ENOTDIR)),
            ("fchdir", &[N(0)], no(ENOTDIR)),
            ("unlink", &[S("f")], 0),
            ("rmdir", &[S("../b")], 0),
            ("getcwd", &[Out, N(100)], no(ENOENT)),
            ("creat", &[S("g"), N(0o644)], no(ENOENT)),
            ("chdir", &[S("/data")], 0),
            ("umask", &[N(0o077)], 0o022),
            ("umask", &[N(0o077)], 0o077),
        ],
    );
    assert_eq!(w.k.absolute(PROCESS, "../x/./y//z"), "/x/y/z");
    assert_eq!(w.k.absolute_at(PROCESS, 77, "x"), "x");
}

#[test]
fn attributes_change_and_show() {
    let mut w = World::new();
    let epoch: Vec<u8> = [[5u64, 7], [9, 11]].concat().iter().flat_map(|n| n.to_le_bytes()).collect();
    let bad: Vec<u8> = [[5u64, 1_000_000_000], [9, 11]].concat().iter().flat_map(|n| n.to_le_bytes()).collect();
    check(
        &mut w,
        &[
            ("creat", &[S("f"), N(0o666)], 0),
            ("chmod", &[S("f"), N(0o4711)], 0),
            ("chown", &[S("f"), N(1000), N(1000)], 0),
            ("chown", &[S("f"), N(0), N(-1)], no(EPERM)),
            ("fchown", &[N(0), N(-1), N(-1)], 0),
            ("utimensat", &[CWD, S("f"), B(&epoch), N(0)], 0),
            ("utimensat", &[CWD, S("f"), B(&bad), N(0)], no(EINVAL)),
            ("utimensat", &[CWD, S("/etc/passwd"), N(0), N(0)], no(EACCES)),
            ("utimensat", &[CWD, S("/etc/passwd"), B(&epoch), N(0)], no(EPERM)),
            ("fsync", &[N(0)], 0),
            ("fsync", &[N(9)], no(EBADF)),
            ("sync_file_range", &[N(0), N(0), N(0), N(8)], no(EINVAL)),
            ("fadvise64", &[N(0), N(0), N(0), N(6)], no(EINVAL)),
            ("statfs", &[S("/proc"), Out], 0),
            ("newfstatat", &[N(0), S(""), Out, N(AT_EMPTY_PATH.into())], 0),
        ],
    );
    assert_eq!(w.word(24) as u32, S_IFREG | 0o4711);
    assert_eq!((w.word(72), w.word(80), w.word(88), w.word(96)), (5, 7, 9, 11));
    let statx = [N(0), S(""), N(AT_EMPTY_PATH.into()), N(0xfff), Out];
    assert_eq!(w.call("statx", &statx), 0);
    assert_eq!(w.word(112), 9);
    assert_eq!(w.word(28) as u16, (S_IFREG | 0o4711) as u16);
    assert_eq!(w.word(136), 8 | 1 << 32);
    assert_eq!(w.call("stat", &[S("f/"), Out]), no(ENOTDIR));
    assert_eq!(w.call("statx", &[CWD, S("f"), N(1), N(0), Out]), no(EINVAL));
}

#[test]
fn descriptors_of_directories_and_paths() {
    let mut w = World::new();
    for i in 1..=41 {
        let target = if i == 1 { "end".to_owned() } else { format!("l{}", i - 1) };
        assert_eq!(w.call("symlink", &[S(&target), S(&format!("l{i}"))]), 0);
    }
    let empty = N(AT_EMPTY_PATH.into());
    let path = N((O_PATH | O_NOFOLLOW).into());
    let mut how = [0; 32];
    check(
        &mut w,
        &[
            ("creat", &[S("end"), N(0o600)], 0),
            ("access", &[S("l40"), N(0)], 0),
            ("access", &[S("l41"), N(0)], no(ELOOP)),
            ("open", &[S("."), N(O_DIRECTORY.into())], 1),
            ("mkdirat", &[N(1), S("sub"), N(0o700)], 0),
            ("openat", &[N(1), S("sub/../end"), N(0)], 2),
            ("unlinkat", &[N(1), S("sub"), N(AT_REMOVEDIR.into())], 0),
            ("open", &[S("l1"), path], 3),
            ("readlinkat", &[N(3), S(""), Out, N(9)], 3),
            ("readlinkat", &[N(2), S(""), Out, N(9)], no(ENOENT)),
            ("newfstatat", &[N(3), S(""), Out, empty], 0),
            ("newfstatat", &[N(2), S(""), Out, N(0)], no(ENOENT)),
            ("newfstatat", &[N(2), S(""), Out, N(1)], no(EINVAL)),
            ("faccessat", &[N(3), S("x"), N(0)], no(ENOTDIR)),
            ("fchmod", &[N(3), N(0)], no(EBADF)),
            ("fsync", &[N(3)], no(EBADF)),
            ("fstat", &[CWD, Out], no(EBADF)),
            ("getdents", &[N(2), Out, N(100)], no(ENOTDIR)),
            ("getdents", &[N(1), Out, N(48)], 48),
            ("openat2", &[CWD, S("end"), B(&how), N(32)], 4),
            ("linkat", &[N(2), S(""), CWD, S("again"), empty], 0),
            ("rename", &[S("again"), S("end")], 0),
        ],
    );
    assert_eq!(&w.result(48)[18..20], b".\0", "the old layout has the name right after the length");
    how[24] = 1;
    assert_eq!(w.call("openat2", &[CWD, S("end"), B(&how), N(32)]), no(E2BIG));
}

#[test]
fn listing_survives_removal_in_the_middle() {
    let mut w = World::new();
    assert_eq!(w.call("mkdir", &[S("d"), N(0o755)]), 0);
    for i in 0..20 {
        let fd = w.open(&format!("d/{i:02}"), O_CREAT | O_WRONLY);
        w.close(fd);
    }
    let fd = w.open("d", O_DIRECTORY);
    assert_eq!(w.call("getdents64", &[N(fd), Out, N(20)]), no(EINVAL), "no room for one");
    let mut seen = 0;
    loop {
        let n = w.call("getdents64", &[N(fd), Out, N(100)]);
        if n == 0 {
            break;
        }
        for name in super::harness::entries(w.result(n as usize)) {
            if !name.starts_with('.') {
                seen += 1;
                assert_eq!(w.call("unlink", &[S(&format!("d/{name}"))]), 0);
            }
        }
    }
    assert_eq!(seen, 20);
    assert_eq!(w.call("rmdir", &[S("d")]), 0);
    assert_eq!(w.call("getdents64", &[N(fd), Out, N(100)]), no(ENOENT));
}

#[test]
fn listing_asks_the_image_about_no_name() {
    let mut w = World::new();
    w.host.put("/srv/l", ImageKind::Directory, 0o777, b"");
    for name in ["a", "b", "c"] {
        w.host.file(&format!("/srv/l/{name}"), 0o644, name.as_bytes());
    }
    w.host.put("/srv/l/dir", ImageKind::Directory, 0o755, b"");
    w.host.put("/srv/l/link", ImageKind::Symlink("a".into()), 0o777, b"");
    assert_eq!(w.text("/srv/l/b"), "b");
    let types = |w: &mut World| {
        let fd = w.open("/srv/l", O_DIRECTORY);
        let n = w.call("getdents64", &[N(fd), Out, N(4096)]);
        w.close(fd);
        super::harness::numbered(w.result(n as usize))
    };
    let listed = types(&mut w);
    let kinds: Vec<_> = listed.iter().map(|(name, _, kind)| (&**name, *kind)).collect();
    let (dir, file, link) = (libc::DT_DIR, libc::DT_REG, libc::DT_LNK);
    assert_eq!(kinds, [(".", dir), ("..", dir), ("a", file), ("b", file), ("c", file), ("dir", dir), ("link", link)]);
    for name in ["a", "c", "dir", "link"] {
        assert_eq!(w.host.asked.get(&format!("/srv/l/{name}")), None, "{name}: nobody has looked at it");
    }
    // What is looked at later is what was listed, under the number that was told.
    check(
        &mut w,
        &[
            ("unlink", &[S("/srv/l/c")], 0),
            ("mkdir", &[S("/srv/l/dir"), N(0o755)], no(EEXIST)),
            ("rmdir", &[S("/srv/l/none")], no(ENOENT)),
            ("lstat", &[S("/srv/l/link"), Out], 0),
        ],
    );
    assert_eq!(Some(w.word(8)), listed.iter().find(|(name, ..)| name == "link").map(|(_, ino, _)| *ino));
    assert_eq!(w.list("/srv/l"), [".", "..", "a", "b", "dir", "link"]);
    let without: Vec<_> = listed.into_iter().filter(|(name, ..)| name != "c").collect();
    assert_eq!(types(&mut w), without, "numbers stay");
}

#[test]
fn mounts_show_the_image_elsewhere() {
    let mounts =
        [("/tmp/app/bin", "/usr/bin"), ("/lib/extra", "/usr/bin/tool"), ("/private/x", "/usr/bin"), ("/q", "/no")];
    let mut w = World::with_mounts(&mounts);
    check(
        &mut w,
        &[
            ("access", &[S("/tmp/app/bin/tool"), N(X_OK.into())], 0),
            ("access", &[S("/usr/lib/extra"), N(X_OK.into())], 0),
            ("access", &[S("/usr/lib/libc.so.6"), N(R_OK.into())], 0),
            ("access", &[S("/private/x/tool"), N(X_OK.into())], 0),
            ("access", &[S("/q"), N(0)], no(ENOENT)),
            ("creat", &[S("/tmp/app/new"), N(0o644)], no(EACCES)),
            ("creat", &[S("/var/run/pid"), N(0o644)], 0),
        ],
    );
    let fd = w.open("/tmp/app/bin/tool", 0);
    assert_eq!(w.k.inode_content(w.inode(fd)), crate::fs::Content::Image("/usr/bin/tool".into()));
    assert_eq!(w.k.inode_path(w.inode(fd)), "/tmp/app/bin/tool");
    assert_eq!(w.list("/run"), [".", "..", "pid"]);
}

#[test]
fn a_source_is_as_old_as_its_compiled_module_says() {
    const EPOCH: u64 = 1_704_067_200;
    let module = |flags: u32, seconds: u32, size: u32| {
        [0x0a0d_0da7, flags, seconds, size].into_iter().flat_map(u32::to_le_bytes).collect::<Vec<u8>>()
    };
    let table = [
        ("of its time and size", "m.cpython-311.pyc", module(0, 77, 5), 77),
        ("of another size", "m.cpython-311.pyc", module(0, 77, 6), EPOCH),
        ("by its hash", "m.cpython-311.pyc", module(1, 77, 5), EPOCH),
        ("cut short", "m.cpython-311.pyc", vec![0; 12], EPOCH),
        ("of another name", "mm.cpython-311.pyc", module(0, 77, 5), EPOCH),
    ];
    for (what, name, bytes, want) in table {
        let mut w = World::new();
        w.host.put("/usr/lib/__pycache__", ImageKind::Directory, 0o755, b"");
        w.host.file(&format!("/usr/lib/__pycache__/{name}"), 0o644, &bytes);
        w.host.file("/usr/lib/m.py", 0o644, b"a = 1");
        assert_eq!(w.call("stat", &[S("/usr/lib/m.py"), Out]), 0);
        assert_eq!(w.word(88), want, "{what}");
    }
    // What an interpreter is called is learnt from the first module; one that has none in the same way is looked for.
    let mut w = World::new();
    for (directory, name) in [("/usr/lib", "m.cpython-311"), ("/srv", "m.cpython-311"), ("/opt", "m.cpython-312.opt-1")]
    {
        w.host.put(directory, ImageKind::Directory, 0o755, b"");
        w.host.put(&format!("{directory}/__pycache__"), ImageKind::Directory, 0o755, b"");
        w.host.file(&format!("{directory}/__pycache__/{name}.pyc"), 0o644, &module(0, 77, 5));
        w.host.file(&format!("{directory}/m.py"), 0o644, b"a = 1");
        w.host.file(&format!("{directory}/n.py"), 0o644, b"a = 1");
        assert_eq!(w.call("stat", &[S(&format!("{directory}/m.py")), Out]), 0);
        assert_eq!(w.word(88), 77, "{name} of {directory}");
        assert_eq!(w.call("stat", &[S(&format!("{directory}/n.py")), Out]), 0);
        assert_eq!(w.word(88), EPOCH, "there is none in {directory}");
    }
    // A link's compiled module lies beside the link.
    let mut w = World::new();
    w.host.put("/usr/lib/__pycache__", ImageKind::Directory, 0o755, b"");
    w.host.file("/usr/lib/__pycache__/m.cpython-311.pyc", 0o644, &module(0, 77, 5));
    w.host.file("/srv/m.py", 0o644, b"a = 1");
    w.host.put("/usr/lib/m.py", ImageKind::Symlink("/srv/m.py".into()), 0o777, b"");
    assert_eq!(w.call("stat", &[S("/usr/lib/m.py"), Out]), 0);
    assert_eq!(w.word(88), 77);
}
