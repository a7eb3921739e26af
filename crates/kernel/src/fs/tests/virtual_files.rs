//! `/proc`, `/sys`, `/dev` and the synthetic part of `/etc`.

use super::harness::Arg::{N, Out, S};
use super::harness::{PROCESS, SERVICE, THREAD, World};
use crate::file::Target;
use libc::*;

#[test]
fn every_virtual_file_can_be_read() {
    let mut w = World::new();
    let mut left = vec!["/proc".to_owned(), "/sys".to_owned()];
    let mut files = 0;
    while let Some(dir) = left.pop() {
        for name in w.list(&dir).into_iter().filter(|n| !n.starts_with('.')) {
            let path = format!("{dir}/{name}");
            if dir.ends_with("/fd") || dir.ends_with("/fdinfo") {
                // The descriptor that the directory was read through is closed by now.
                continue;
            }
            assert_eq!(w.call("lstat", &[S(&path), Out]), 0, "{path}");
            match w.word(24) as u32 & S_IFMT {
                S_IFDIR => left.push(path),
                S_IFREG => {
                    w.text(&path);
                    files += 1;
                }
                _ => {}
            }
        }
    }
    assert!(files >= 90, "{files}");
}

#[test]
fn proc_shows_the_process() {
    let mut w = World::new();
    assert_eq!(w.link("/proc/self"), "100");
    assert_eq!(w.link("/proc/thread-self"), "100/task/100");
    assert_eq!(w.link("/proc/self/exe"), "/usr/bin/tool");
    assert_eq!(w.link("/proc/100/cwd"), "/data");
    assert_eq!(w.text("/proc/self/cmdline"), "tool\0-v\0");
    assert_eq!(
        w.text("/proc/self/maps"),
        "00100000-00200000 rw-p 00000000 00:00 0                                  [heap]\n\
         4fffe003f000-4fffe0040000 r-xp 00000000 00:00 0                          [vdso]\n"
    );
    assert_eq!(w.text("/proc/self/comm"), "tool\n");
    let fields: Vec<String> = w.text("/proc/self/stat").split_whitespace().map(str::to_owned).collect();
    assert_eq!((fields.len(), &*fields[0], &*fields[1], &*fields[2]), (52, "100", "(tool)", "R"));
    assert_eq!((&*fields[19], &*fields[21], &*fields[22]), ("1", "100000", "1048576"));
    assert!(w.text("/proc/self/status").contains("VmSize:\t    1024 kB\n"));
    assert!(
        w.text("/proc/self/limits")
            .contains("Max open files            1024                 4096                 files")
    );
    let fd = w.open("/proc/self/comm", O_RDWR);
    assert_eq!(w.write_at(fd, 0, b"a-name-that-is-too-long\n").unwrap(), 24);
    assert_eq!(w.k.threads[&THREAD].name, "a-name-that-is-");
    assert_eq!(w.read_at(fd, 0, 99).unwrap(), b"a-name-that-is-\n");
    assert_eq!(w.open("/proc/self/status", O_RDWR), -i64::from(EACCES));
    assert_eq!(w.open("/proc/7/status", 0), -i64::from(ENOENT));
    assert_eq!(w.open("/proc/self/task/7/comm", 0), -i64::from(ENOENT));
    assert_eq!(w.list("/proc/self/fd"), [".", "..", "0", "1"]);
    assert_eq!(w.call("mkdir", &[S("/proc/x"), N(0o755)]), -i64::from(EACCES));
}

#[test]
fn links_of_descriptors_lead_to_what_is_open() {
    let mut w = World::new();
    let console = w.k.add_file(Target::Console { stderr: true }, O_WRONLY as u32, None);
    w.k.install_fd(PROCESS, console, false, 2).unwrap();
    assert_eq!(w.link("/dev/stderr"), "/proc/self/fd/2");
    let fd = w.open("/dev/stderr", O_WRONLY);
    assert_eq!(w.k.open_file(w.file(fd)).target, Target::Console { stderr: true });
    assert!(w.link("/proc/self/fd/2").starts_with("pipe:["));
    assert_eq!(w.call("stat", &[S("/dev/stderr"), Out]), 0);
    assert_eq!(w.word(24) as u32 & S_IFMT, S_IFIFO);
    let fd = w.open("f", O_CREAT | O_RDWR);
    w.write_at(fd, 0, b"text").unwrap();
    assert_eq!(w.call("unlink", &[S("f")]), 0);
    assert_eq!(w.text(&format!("/proc/self/fd/{fd}")), "text");
    let follow = N(AT_SYMLINK_FOLLOW.into());
    let temporary = w.open("/data", O_TMPFILE | O_RDWR);
    let cwd = N(AT_FDCWD.into());
    let path = format!("/proc/self/fd/{temporary}");
    assert_eq!(w.call("linkat", &[cwd, S(&path), cwd, S("g"), follow]), 0);
    assert_eq!(w.link(&path), "/data/g");
    let path = format!("/proc/self/fd/{fd}");
    assert_eq!(w.call("linkat", &[cwd, S(&path), cwd, S("h"), follow]), -i64::from(ENOENT));
}

#[test]
fn devices_do_what_they_do() {
    let mut w = World::new();
    let fd = w.open("/dev/null", O_RDWR);
    assert_eq!(w.read_at(fd, 0, 9).unwrap(), b"");
    assert_eq!(w.write_at(fd, 0, b"gone").unwrap(), 4);
    let fd = w.open("/dev/full", O_RDWR);
    assert_eq!(w.read_at(fd, 0, 2).unwrap(), [0, 0]);
    assert_eq!(w.write_at(fd, 0, b"x").unwrap_err().0, ENOSPC);
    let fd = w.open("/dev/urandom", O_RDONLY);
    let (a, b) = (w.read_at(fd, 0, 16).unwrap(), w.read_at(fd, 0, 16).unwrap());
    assert_ne!(a, b);
    let mut again = World::new();
    let fd = again.open("/dev/random", O_RDONLY);
    assert_eq!(again.read_at(fd, 0, 16).unwrap(), a, "the same seed, the same bytes");
    assert_eq!(w.call("stat", &[S("/dev/null"), Out]), 0);
    assert_eq!((w.word(24) as u32, w.word(40)), (S_IFCHR | 0o666, 0x103));
    assert_eq!(w.call("creat", &[S("/dev/shm/seg"), N(0o600)]), 1 + 2);
    assert_eq!(w.list("/dev/shm"), [".", "..", "seg"]);
    assert_eq!(w.list("/dev/pts"), [".", ".."]);
    assert_eq!(w.open("/dev/tty", O_RDWR), -i64::from(ENXIO), "nobody has a terminal");
}

#[test]
fn the_machine_describes_itself() {
    let mut w = World::new();
    assert_eq!(w.text("/etc/hosts"), "127.0.0.1\tlocalhost\n10.0.0.1\ttest\n10.0.0.2\tdb\n");
    assert_eq!(w.text("/etc/hostname"), "db\n");
    assert!(w.text("/etc/passwd").contains("user:x:1000:1000:"));
    assert_eq!(w.text("/sys/devices/system/cpu/online"), "0-1\n");
    assert_eq!(w.list("/sys/fs/cgroup"), [".", ".."]);
    assert_eq!(w.text("/proc/uptime"), "1000.00 1000.00\n");
    let uuid = w.text("/proc/sys/kernel/random/boot_id");
    assert_eq!(uuid, w.text("/proc/sys/kernel/random/boot_id"));
    assert_eq!(w.text("/proc/mounts").lines().count(), 5);
    let inode = w.k.resolve(&mut w.host, SERVICE, "/proc/self/exe").unwrap();
    assert_eq!(w.k.inode_path(inode), "/usr/bin/tool");
}
