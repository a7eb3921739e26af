//! Standard streams.

use super::world::{BASE, PROCESS, World, fails};
use crate::abi::errno::{EBADF, ESPIPE};
use model::{Body, LineSource};

fn lines(w: &World) -> Vec<(LineSource, String)> {
    let line = |body: &Body| match body {
        Body::Line(line) => Some((line.source, line.text.to_string())),
        _ => None,
    };
    w.k.log.iter().filter_map(|e| line(&e.body)).collect()
}

#[test]
fn lines_become_events_when_they_are_complete() {
    let mut w = World::new();
    w.k.config.console = true;
    w.k.standard_streams(PROCESS);
    w.write(1, b"half a ");
    w.write(2, b"error\n");
    w.write(1, b"line\nanother\nrest");
    let (out, err) = (LineSource::Stdout, LineSource::Stderr);
    let expected = [(err, "error"), (out, "half a line"), (out, "another")];
    assert_eq!(lines(&w), expected.map(|(s, t)| (s, t.to_owned())));
    assert_eq!(w.k.console.len(), 3);
    assert_eq!(w.k.console[1], (true, b"error\n".to_vec()));
    w.k.close_process_files(PROCESS);
    assert_eq!(lines(&w).last(), Some(&(out, "rest".to_owned())));
}

#[test]
fn standard_streams_are_no_files() {
    let mut w = World::new();
    w.k.standard_streams(PROCESS);
    assert_eq!(w.call("read", [0, BASE, 10]), Some(0));
    assert_eq!(w.call("read", [1, BASE, 10]), fails(EBADF));
    assert_eq!(w.call("write", [0, BASE, 10]), fails(EBADF));
    assert_eq!(w.call("lseek", [1, 0, 0]), fails(ESPIPE));
    assert_eq!(w.call("pwrite64", [1, BASE, 1, 0]), fails(ESPIPE));
}

#[test]
fn observed_files_speak_in_lines() {
    use crate::file::Target;
    use crate::fs::InodeRef;
    let mut w = World::new();
    let mut open = |path: &str| {
        let inode = InodeRef { service: PROCESS.service, ino: path.len() as u64 };
        w.k.add_file(Target::Inode(inode), libc::O_RDWR as u32, Some(path.into()))
    };
    let (observed, other) = (open("/data/a.wal"), open("/data/a.log"));
    let thread = PROCESS.thread(PROCESS.pid);
    w.k.wal_write(thread, observed, 0, b"one\ntw");
    w.k.wal_write(thread, other, 0, b"other\n");
    w.k.wal_write(thread, observed, 6, b"o\nlost");
    w.k.wal_write(thread, observed, 0, b"three\n");
    let texts: Vec<String> = lines(&w).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["one", "two", "three"]);
}
