//! Random calls on a directory of the simulation and on one of the host: results, errnos and what is left agree.

use super::harness::Arg::{N, Out, S};
use super::harness::World;
use proptest::prelude::*;
use std::fs;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// What is done, with paths relative to the directory.
#[derive(Clone, Debug)]
enum Op {
    Write { path: String, how: u8, offset: u64, len: usize, fill: u8 },
    Read(String),
    Truncate(String, u64),
    Rename(String, String),
    Link(String, String),
    Unlink(String),
    Mkdir(String),
    Rmdir(String),
    Symlink(String, String),
    ReadLink(String),
    Stat(String),
    Lstat(String),
    List(String),
}

fn name() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("a"), Just("b"), Just("c"), Just("d")]
}
/// Paths that stay below the directory.
fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => name().prop_map(str::to_owned),
        4 => (name(), name()).prop_map(|(a, b)| format!("{a}/{b}")),
        2 => (name(), name(), name()).prop_map(|(a, b, c)| format!("{a}/{b}/{c}")),
        1 => name().prop_map(|a| format!("{a}/")),
        1 => name().prop_map(|a| format!("{a}//.")),
        1 => name().prop_map(|a| format!("./{a}/..")),
        1 => (name(), name()).prop_map(|(a, b)| format!("{a}/../{b}")),
    ]
}
/// Targets of links. None leads to a directory above, so that no path leaves [`Scratch`]: one level up there are only
/// files that were made by writing through a link.
fn target() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => name().prop_map(str::to_owned),
        2 => (name(), name()).prop_map(|(a, b)| format!("{a}/{b}")),
        1 => name().prop_map(|a| format!("{a}/")),
        1 => name().prop_map(|a| format!("../{a}")),
        1 => name().prop_map(|a| format!("./{a}")),
    ]
}
fn op() -> impl Strategy<Value = Op> {
    let offset = prop_oneof![3 => 0..20u64, 1 => 4090..4100u64, 1 => 0..40_000u64];
    let size = prop_oneof![Just(0), 0..20u64, 4000..9000u64];
    prop_oneof![
        4 => (path(), 0..4u8, offset, 0..9000usize, any::<u8>())
            .prop_map(|(path, how, offset, len, fill)| Op::Write { path, how, offset, len, fill }),
        2 => path().prop_map(Op::Read),
        2 => (path(), size).prop_map(|(p, n)| Op::Truncate(p, n)),
        4 => (path(), path()).prop_map(|(a, b)| Op::Rename(a, b)),
        2 => (path(), path()).prop_map(|(a, b)| Op::Link(a, b)),
        2 => path().prop_map(Op::Unlink),
        4 => path().prop_map(Op::Mkdir),
        2 => path().prop_map(Op::Rmdir),
        2 => (target(), path()).prop_map(|(a, b)| Op::Symlink(a, b)),
        1 => path().prop_map(Op::ReadLink),
        1 => path().prop_map(Op::Stat),
        1 => path().prop_map(Op::Lstat),
        1 => path().prop_map(Op::List),
    ]
}

/// What an operation tells: text that both sides must agree on, or an errno.
type Told = Result<String, i32>;

fn described(kind: char, size: u64, nlink: u64) -> String {
    match kind {
        'd' => "d".to_owned(),
        kind => format!("{kind} {size} {nlink}"),
    }
}

/// The host's side.
fn real(base: &Path, op: &Op) -> Told {
    let at = |path: &str| {
        // Not `Path::join`, which would tidy the path up.
        PathBuf::from(format!("{}/{path}", base.display()))
    };
    let told = |meta: fs::Metadata| {
        let kind = if meta.is_dir() {
            'd'
        } else if meta.is_symlink() {
            'l'
        } else {
            'f'
        };
        described(kind, meta.len(), meta.nlink())
    };
    let result = match op {
        Op::Write { path, how, offset, len, fill } => options(*how)
            .open(at(path))
            .and_then(|f| f.write_all_at(&vec![*fill; *len], *offset))
            .map(|()| String::new()),
        Op::Read(path) => fs::File::open(at(path)).and_then(|f| {
            let mut bytes = vec![0; 1 << 16];
            let n = f.read_at(&mut bytes, 0)?;
            Ok(format!("{:?}", &bytes[..n]))
        }),
        Op::Truncate(path, size) => {
            fs::OpenOptions::new().write(true).open(at(path)).and_then(|f| f.set_len(*size)).map(|()| String::new())
        }
        Op::Rename(a, b) => fs::rename(at(a), at(b)).map(|()| String::new()),
        Op::Link(a, b) => fs::hard_link(at(a), at(b)).map(|()| String::new()),
        Op::Unlink(path) => fs::remove_file(at(path)).map(|()| String::new()),
        Op::Mkdir(path) => fs::create_dir(at(path)).map(|()| String::new()),
        Op::Rmdir(path) => fs::remove_dir(at(path)).map(|()| String::new()),
        Op::Symlink(a, b) => std::os::unix::fs::symlink(a, at(b)).map(|()| String::new()),
        Op::ReadLink(path) => fs::read_link(at(path)).map(|p| p.display().to_string()),
        Op::Stat(path) => fs::metadata(at(path)).map(told),
        Op::Lstat(path) => fs::symlink_metadata(at(path)).map(told),
        Op::List(path) => fs::read_dir(at(path)).map(|entries| {
            let name = |e: io::Result<fs::DirEntry>| e.expect("an entry").file_name().into_string().expect("text");
            let mut names: Vec<String> = entries.map(name).collect();
            names.sort();
            names.join(" ")
        }),
    };
    result.map_err(|e| e.raw_os_error().expect("an errno"))
}
fn options(how: u8) -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true).truncate(how == 2).create(how == 1 || how == 2).create_new(how == 3);
    options
}

/// The simulation's side.
fn simulated(w: &mut World, op: &Op) -> Told {
    let at = |path: &str| format!("/data/r/{path}");
    let errno = |value: i64| if value < 0 { Err(-value as i32) } else { Ok(value) };
    match op {
        Op::Write { path, how, offset, len, fill } => {
            let extra = [0, libc::O_CREAT, libc::O_CREAT | libc::O_TRUNC, libc::O_CREAT | libc::O_EXCL];
            let fd = errno(w.open(&at(path), libc::O_WRONLY | libc::O_CLOEXEC | extra[usize::from(*how)]))?;
            let written = w.write_at(fd, *offset, &vec![*fill; *len]);
            w.close(fd);
            written.map(|_| String::new()).map_err(|e| e.0)
        }
        Op::Read(path) => {
            let fd = errno(w.open(&at(path), libc::O_RDONLY))?;
            let bytes = w.read_at(fd, 0, 1 << 16);
            w.close(fd);
            bytes.map(|b| format!("{b:?}")).map_err(|e| e.0)
        }
        Op::Truncate(path, size) => {
            let fd = errno(w.open(&at(path), libc::O_WRONLY))?;
            let result = w.call("ftruncate", &[N(fd), N(*size as i64)]);
            w.close(fd);
            errno(result).map(|_| String::new())
        }
        Op::Rename(a, b) => errno(w.call("rename", &[S(&at(a)), S(&at(b))])).map(|_| String::new()),
        Op::Link(a, b) => errno(w.call("link", &[S(&at(a)), S(&at(b))])).map(|_| String::new()),
        Op::Unlink(path) => errno(w.call("unlink", &[S(&at(path))])).map(|_| String::new()),
        Op::Mkdir(path) => errno(w.call("mkdir", &[S(&at(path)), N(0o777)])).map(|_| String::new()),
        Op::Rmdir(path) => errno(w.call("rmdir", &[S(&at(path))])).map(|_| String::new()),
        Op::Symlink(a, b) => errno(w.call("symlink", &[S(a), S(&at(b))])).map(|_| String::new()),
        Op::ReadLink(path) => errno(w.call("readlink", &[S(&at(path)), Out, N(4096)])).map(|_| w.link(&at(path))),
        Op::Stat(path) => {
            errno(w.call("stat", &[S(&at(path)), Out]))?;
            Ok(told(w))
        }
        Op::Lstat(path) => {
            errno(w.call("lstat", &[S(&at(path)), Out]))?;
            Ok(told(w))
        }
        Op::List(path) => {
            let fd = errno(w.open(&at(path), libc::O_DIRECTORY))?;
            w.close(fd);
            Ok(w.list(&at(path))[2..].join(" "))
        }
    }
}
fn told(w: &World) -> String {
    let kind = match w.word(24) as u32 & libc::S_IFMT {
        libc::S_IFDIR => 'd',
        libc::S_IFLNK => 'l',
        _ => 'f',
    };
    described(kind, w.word(48), w.word(16))
}

/// Compares all that is left below a directory.
fn compare(w: &mut World, base: &Path, dir: &str) {
    let list = Op::List(dir.to_owned());
    let names = real(base, &list);
    assert_eq!(simulated(w, &list), names, "names in {dir}");
    for name in names.expect("a directory").split_whitespace() {
        let path = format!("{dir}/{name}");
        let meta = real(base, &Op::Lstat(path.clone())).expect("it is there");
        let ops = match meta.as_bytes()[0] {
            b'd' => {
                compare(w, base, &path);
                continue;
            }
            b'l' => [Op::Lstat(path.clone()), Op::ReadLink(path)],
            _ => [Op::Lstat(path.clone()), Op::Read(path)],
        };
        for op in ops {
            assert_eq!(simulated(w, &op), real(base, &op), "{op:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn agrees_with_the_host(ops in prop::collection::vec(op(), 1..60)) {
        let base = Scratch::new();
        let mut w = World::new();
        prop_assert_eq!(w.call("mkdir", &[S("/data/r"), N(0o777)]), 0);
        for (i, op) in ops.iter().enumerate() {
            let (a, b) = (simulated(&mut w, op), real(&base.inner(), op));
            prop_assert_eq!(a, b, "step {}: {:?}", i, op);
        }
        compare(&mut w, &base.inner(), ".");
    }
}

/// A directory of the host that is removed at the end, with room for links that lead one level up.
#[derive(Debug)]
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Scratch {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let unique = format!("fbsim-fs-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        // Preferably in memory: a disk makes this slow.
        let shm = PathBuf::from("/dev/shm");
        let base = if shm.is_dir() { shm } else { std::env::temp_dir() };
        let scratch = Scratch(base.join(unique));
        fs::create_dir_all(scratch.inner()).expect("a scratch directory");
        scratch
    }
    fn inner(&self) -> PathBuf {
        self.0.join("r")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind in a temporary directory does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}
