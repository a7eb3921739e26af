//! inotify: what each change is told of, how events are merged, cut and lost.

use super::harness::Arg::{N, Out, S};
use super::harness::{Arg, World};
use libc::*;

/// An event as it is read: (watch, mask, whether it has a cookie, name).
type Told = (i32, u32, bool, String);
/// A call that succeeds, and what is told of it: (mask, whether it has a cookie, name).
type Case<'a> = (&'a str, &'a [Arg<'a>], &'a [(u32, bool, &'a str)]);

/// A world in which `/tmp/d` is watched, and the instance.
fn watched(mask: u32) -> (World, i64) {
    let mut w = World::new();
    assert_eq!(w.call("mkdir", &[S("/tmp/d"), N(0o755)]), 0);
    let instance = w.call("inotify_init1", &[N(IN_NONBLOCK.into())]);
    assert!(instance >= 0, "{instance}");
    assert_eq!(w.call("inotify_add_watch", &[N(instance), S("/tmp/d"), N(mask.into())]), 1);
    (w, instance)
}
fn made(w: &mut World, path: &str) -> i64 {
    w.call("open", &[S(path), N((O_CREAT | O_RDWR).into()), N(0o644)])
}
/// Everything that waits to be read.
fn told(w: &mut World, instance: i64) -> Vec<Told> {
    let n = w.call("read", &[N(instance), Out, N(4096)]);
    if n == -i64::from(EAGAIN) {
        return Vec::new();
    }
    let mut rest = w.result(usize::try_from(n).expect("events")).to_vec();
    let mut events = Vec::new();
    while !rest.is_empty() {
        let word = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().expect("four bytes"));
        let len = word(12) as usize;
        let name = String::from_utf8_lossy(&rest[16..16 + len]).trim_end_matches('\0').to_owned();
        events.push((word(0).cast_signed(), word(4), word(8) != 0, name));
        rest.drain(..16 + len);
    }
    events
}

#[test]
fn changes_of_names_are_told_with_the_name() {
    let (mut w, instance) = watched(IN_CREATE | IN_DELETE | IN_MOVE | IN_ATTRIB | IN_CLOSE_WRITE);
    let cases: &[Case<'_>] = &[
        ("mkdir", &[S("/tmp/d/sub"), N(0o755)], &[(IN_CREATE | IN_ISDIR, false, "sub")]),
        ("symlink", &[S("x"), S("/tmp/d/link")], &[(IN_CREATE, false, "link")]),
        ("chmod", &[S("/tmp/d/sub"), N(0o700)], &[(IN_ATTRIB | IN_ISDIR, false, "sub")]),
        (
            "rename",
            &[S("/tmp/d/link"), S("/tmp/d/other")],
            &[(IN_MOVED_FROM, true, "link"), (IN_MOVED_TO, true, "other")],
        ),
        ("rename", &[S("/tmp/d/other"), S("/tmp/out")], &[(IN_MOVED_FROM, true, "other")]),
        ("rename", &[S("/tmp/out"), S("/tmp/d/in")], &[(IN_MOVED_TO, true, "in")]),
        ("unlink", &[S("/tmp/d/in")], &[(IN_DELETE, false, "in")]),
        ("rmdir", &[S("/tmp/d/sub")], &[(IN_DELETE | IN_ISDIR, false, "sub")]),
        ("mkdir", &[S("/tmp/elsewhere"), N(0o755)], &[]),
    ];
    for (name, args, expected) in cases {
        assert_eq!(w.call(name, args), 0, "{name} {args:?}");
        let expected: Vec<Told> =
            expected.iter().map(|(mask, moved, name)| (1, *mask, *moved, (*name).into())).collect();
        assert_eq!(told(&mut w, instance), expected, "{name} {args:?}");
    }
    let fd = made(&mut w, "/tmp/d/file");
    w.close(fd);
    let expected = [(1, IN_CREATE, false, "file".to_owned()), (1, IN_CLOSE_WRITE, false, "file".to_owned())];
    assert_eq!(told(&mut w, instance), expected);
}

#[test]
fn what_was_not_asked_for_is_not_told() {
    let (mut w, instance) = watched(IN_DELETE);
    let fd = made(&mut w, "/tmp/d/file");
    w.close(fd);
    assert_eq!(told(&mut w, instance), []);
    assert_eq!(w.call("unlink", &[S("/tmp/d/file")]), 0);
    assert_eq!(told(&mut w, instance), [(1, IN_DELETE, false, "file".to_owned())]);
}

#[test]
fn a_watch_ends_with_what_it_watches_or_by_request() {
    let (mut w, instance) = watched(IN_DELETE_SELF);
    assert_eq!(w.call("rmdir", &[S("/tmp/d")]), 0);
    let expected = [(1, IN_DELETE_SELF | IN_ISDIR, false, String::new()), (1, IN_IGNORED, false, String::new())];
    let seen = told(&mut w, instance);
    assert_eq!(seen.last(), expected.last());
    assert_eq!(seen[0].1 & IN_DELETE_SELF, IN_DELETE_SELF);
    assert_eq!(w.call("inotify_rm_watch", &[N(instance), N(1)]), -i64::from(EINVAL), "it is gone");

    let (mut w, instance) = watched(IN_CREATE);
    assert_eq!(w.call("inotify_rm_watch", &[N(instance), N(1)]), 0);
    assert_eq!(told(&mut w, instance), [(1, IN_IGNORED, false, String::new())]);
    assert!(made(&mut w, "/tmp/d/file") >= 0);
    assert_eq!(told(&mut w, instance), []);
}

#[test]
fn the_same_event_again_is_one_event() {
    let (mut w, instance) = watched(IN_ATTRIB);
    for mode in [0o700, 0o711, 0o755] {
        assert_eq!(w.call("chmod", &[S("/tmp/d"), N(mode)]), 0);
    }
    assert_eq!(told(&mut w, instance), [(1, IN_ATTRIB | IN_ISDIR, false, String::new())]);
}

#[test]
fn watches_are_refused_as_linux_does() {
    let (mut w, instance) = watched(IN_CREATE);
    let cases: &[(&str, &[Arg<'_>], i64)] = &[
        ("inotify_add_watch", &[N(instance), S("/tmp/none"), N(IN_CREATE.into())], -i64::from(ENOENT)),
        ("inotify_add_watch", &[N(instance), S("/tmp/d"), N(0)], -i64::from(EINVAL)),
        ("inotify_add_watch", &[N(999), S("/tmp/d"), N(IN_CREATE.into())], -i64::from(EBADF)),
        ("inotify_add_watch", &[N(instance), S("/tmp/d"), N((IN_CREATE | IN_MASK_CREATE).into())], -i64::from(EEXIST)),
        ("inotify_add_watch", &[N(instance), S("/tmp/d"), N((IN_DELETE | IN_MASK_ADD).into())], 1),
        ("inotify_add_watch", &[N(instance), S("/tmp"), N((IN_CREATE | IN_ONLYDIR).into())], 2),
        ("inotify_init1", &[N(1)], -i64::from(EINVAL)),
        ("inotify_rm_watch", &[N(instance), N(7)], -i64::from(EINVAL)),
        ("read", &[N(instance), Out, N(4096)], -i64::from(EAGAIN)),
    ];
    for (name, args, expected) in cases {
        assert_eq!(w.call(name, args), *expected, "{name} {args:?}");
    }
    assert!(made(&mut w, "/tmp/d/file") >= 0);
    assert_eq!(w.call("read", &[N(instance), Out, N(16)]), -i64::from(EINVAL), "no room for one event");
    assert_eq!(w.call("unlink", &[S("/tmp/d/file")]), 0);
    let masks: Vec<u32> = told(&mut w, instance).iter().map(|told| told.1).collect();
    assert_eq!(masks, [IN_CREATE, IN_DELETE], "IN_MASK_ADD added");
}
