//! What belongs to a service's machine: the disk that fills, and the user that owns what is made.

use super::harness::{Arg::*, World};
use crate::abi::errno::ENOSPC;
use model::plan::{Hardware, User};

fn word(bytes: &[u8], n: usize) -> u64 {
    u64::from_le_bytes(bytes[n * 8..n * 8 + 8].try_into().expect("eight bytes"))
}

#[test]
fn a_disk_is_full_once_its_bytes_are_written_and_has_room_again_when_a_file_is_gone() {
    let mut w = World::new();
    w.k.config.hosts[1].hardware = Hardware { disk: 64 << 10, ..Hardware::default() };
    let open = |w: &mut World, name: &str| w.call("open", &[S(name), N(0o102), N(0o644)]);
    let bytes = vec![7; 40 << 10];
    let (a, b) = (open(&mut w, "/data/a"), open(&mut w, "/data/b"));
    assert_eq!(w.call("write", &[N(a), B(&bytes), N(bytes.len() as i64)]), 40 << 10);
    assert_eq!(w.call("write", &[N(b), B(&bytes), N(bytes.len() as i64)]), 24 << 10, "what has room is written");
    assert_eq!(w.call("write", &[N(b), B(b"x"), N(1)]), -i64::from(ENOSPC.0));
    assert_eq!(w.call("fallocate", &[N(b), N(0), N(0), N(40 << 10)]), -i64::from(ENOSPC.0));
    assert_eq!(w.call("pwrite64", &[N(b), B(b"x"), N(1), N(0)]), 1, "what is there can be overwritten");
    assert_eq!(w.call("statfs", &[S("/data"), Out]), 0);
    let shown = w.result(40).to_vec();
    assert_eq!((word(&shown, 3), word(&shown, 4)), (0, 0), "nothing is free");
    assert!(word(&shown, 2) > 16, "the machine's own files take space besides");
    assert_eq!(w.call("unlink", &[S("/data/a")]), 0);
    assert_eq!(w.call("close", &[N(a)]), 0);
    assert_eq!(w.call("write", &[N(b), B(b"x"), N(1)]), 1);
}

#[test]
fn a_service_has_its_own_user() {
    let mut w = World::new();
    w.k.config.hosts[1].user = User { name: "db".into(), uid: 70, gid: 71, home: "/var/lib/db".into() };
    assert_eq!(w.call("getuid", &[]), 70);
    assert_eq!(w.call("getgid", &[]), 71);
    assert_eq!(w.call("mkdir", &[S("/var/lib/db/x"), N(0o755)]), 0);
    assert_eq!(w.call("stat", &[S("/var/lib/db/x"), Out]), 0);
    let shown = w.result(40).to_vec();
    assert_eq!((word(&shown, 3) >> 32, word(&shown, 4) & 0xffff_ffff), (70, 71));
    let fd = w.call("open", &[S("/etc/passwd"), N(0), N(0)]);
    assert!(w.call("read", &[N(fd), Out, N(4096)]) > 0);
    let text = String::from_utf8_lossy(w.result(200)).into_owned();
    assert!(text.contains("\ndb:x:70:71:db:/var/lib/db:/bin/sh\n"), "{text}");
}
