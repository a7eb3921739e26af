//! `stat` and its kin, in the layouts of x86-64.

use super::at::{behind, reach_at};
use super::dated::date;
use super::inode::{Node, Volume};
use super::path::Goal;
use super::virt::Device;
use crate::abi::errno::EINVAL;
use crate::caller::Caller;
use crate::file::{Object, Target};
use crate::syscall::{Sys, done};
use crate::world::{Kernel, Owner};
use model::{ServiceId, VirtualTime};

/// What the `stat` calls tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meta {
    pub(crate) device: u64,
    pub(crate) ino: u64,
    pub(crate) nlink: u64,
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) rdev: u64,
    pub(crate) size: u64,
    pub(crate) blocks: u64,
    pub(crate) atime: VirtualTime,
    pub(crate) mtime: VirtualTime,
    pub(crate) ctime: VirtualTime,
    pub(crate) btime: VirtualTime,
}

const BLOCK_SIZE: u64 = 4096;
/// Where the inode numbers of pipes and sockets start.
const OBJECT_INO: u64 = 1 << 20;
/// The device number that pipes and sockets show.
const OBJECT_DEVICE: u64 = 13;

impl Kernel {
    /// What is known about a goal.
    pub(crate) fn meta(&self, service: ServiceId, goal: Goal) -> Meta {
        let who = self.owner(service);
        match goal {
            Goal::Inode(ino) => self.inode_meta(service, ino),
            Goal::File(file) => match self.open_file(file).target {
                Target::Inode(inode) => self.inode_meta(inode.service, inode.ino),
                Target::Object(object) => {
                    let mode = match self.files.objects.get(&object) {
                        Some(Object::Socket(_)) => libc::S_IFSOCK | 0o777,
                        Some(Object::Pipe(_)) | None => libc::S_IFIFO | 0o600,
                        // Anonymous inodes have no type at all.
                        Some(_) => 0o600,
                    };
                    object_meta(who, OBJECT_INO + u64::from(object.0), mode)
                }
                // The standard streams are pipes to whoever runs the world.
                Target::Console { stderr } => {
                    object_meta(who, OBJECT_INO - 2 + u64::from(stderr), libc::S_IFIFO | 0o600)
                }
            },
        }
    }
    fn inode_meta(&self, service: ServiceId, ino: u64) -> Meta {
        let inode = self.tree(service).get(ino);
        let shown = if let Node::Opened { of, .. } = inode.node { of } else { ino };
        Meta {
            device: inode.volume.device(),
            ino: shown,
            nlink: inode.nlink(),
            mode: inode.kind() | inode.mode,
            uid: inode.uid,
            gid: inode.gid,
            rdev: if let Node::Device(device) = &inode.node { Device::number(*device) } else { 0 },
            size: inode.size(),
            blocks: match &inode.node {
                Node::File(data) => data.allocated(),
                Node::Directory(_) if inode.volume == Volume::Root => BLOCK_SIZE / 512,
                _ => 0,
            },
            atime: inode.atime,
            mtime: inode.mtime,
            ctime: inode.ctime,
            btime: inode.btime,
        }
    }
}

fn object_meta(who: Owner, ino: u64, mode: u32) -> Meta {
    let at = VirtualTime::EPOCH;
    Meta {
        device: OBJECT_DEVICE,
        ino,
        nlink: 1,
        mode,
        uid: who.uid,
        gid: who.gid,
        rdev: 0,
        size: 0,
        blocks: 0,
        atime: at,
        mtime: at,
        ctime: at,
        btime: at,
    }
}

/// Seconds and nanoseconds.
fn split(at: VirtualTime) -> (u64, u64) {
    (at.0 / 1_000_000_000, at.0 % 1_000_000_000)
}

/// `struct stat`
fn stat_bytes(m: &Meta) -> [u8; 144] {
    let mut out = [0; 144];
    let mut put = |at: usize, value: u64| out[at..at + 8].copy_from_slice(&value.to_le_bytes());
    put(0, m.device);
    put(8, m.ino);
    put(16, m.nlink);
    put(24, u64::from(m.mode) | u64::from(m.uid) << 32);
    put(32, u64::from(m.gid));
    put(40, m.rdev);
    put(48, m.size);
    put(56, BLOCK_SIZE);
    put(64, m.blocks);
    for (i, at) in [m.atime, m.mtime, m.ctime].into_iter().enumerate() {
        let (seconds, nanos) = split(at);
        put(72 + 16 * i, seconds);
        put(80 + 16 * i, nanos);
    }
    out
}

/// `struct statx`
fn statx_bytes(m: &Meta) -> [u8; 256] {
    let mut out = [0; 256];
    let mut put = |at: usize, value: u64, len: usize| out[at..at + len].copy_from_slice(&value.to_le_bytes()[..len]);
    put(0, u64::from(libc::STATX_BASIC_STATS | libc::STATX_BTIME), 4);
    put(4, BLOCK_SIZE, 4);
    put(16, m.nlink, 4);
    put(20, u64::from(m.uid), 4);
    put(24, u64::from(m.gid), 4);
    put(28, u64::from(m.mode), 2);
    put(32, m.ino, 8);
    put(40, m.size, 8);
    put(48, m.blocks, 8);
    for (i, at) in [m.atime, m.btime, m.ctime, m.mtime].into_iter().enumerate() {
        let (seconds, nanos) = split(at);
        put(64 + 16 * i, seconds, 8);
        put(72 + 16 * i, nanos, 4);
    }
    for (i, device) in [m.rdev, m.device].into_iter().enumerate() {
        put(128 + 8 * i, device >> 8 & 0xfff, 4);
        put(132 + 8 * i, device & 0xff | device >> 12 & 0xf_ff00, 4);
    }
    out
}

fn stat_at(c: &mut Caller<'_>, dirfd: i32, path: u64, into: u64, flags: i32) -> Sys {
    let known = libc::AT_EMPTY_PATH | libc::AT_SYMLINK_NOFOLLOW | libc::AT_NO_AUTOMOUNT;
    if flags & !known != 0 {
        return Err(EINVAL);
    }
    let path = c.read_path(path)?;
    let goal = reach_at(c, dirfd, &path, flags)?;
    date(c, goal, &path);
    let bytes = stat_bytes(&c.k.meta(c.id.service, goal));
    c.write(into, &bytes)?;
    done(0)
}

/// `stat(path, into)`
pub(crate) fn stat(c: &mut Caller<'_>) -> Sys {
    stat_at(c, libc::AT_FDCWD, c.arg(0), c.arg(1), 0)
}
/// `lstat(path, into)`
pub(crate) fn lstat(c: &mut Caller<'_>) -> Sys {
    stat_at(c, libc::AT_FDCWD, c.arg(0), c.arg(1), libc::AT_SYMLINK_NOFOLLOW)
}
/// `newfstatat(dirfd, path, into, flags)`
pub(crate) fn newfstatat(c: &mut Caller<'_>) -> Sys {
    stat_at(c, c.int(0), c.arg(1), c.arg(2), c.int(3))
}
/// `fstat(fd, into)`
pub(crate) fn fstat(c: &mut Caller<'_>) -> Sys {
    let process = c.process_id();
    // Not AT_FDCWD, which only paths know.
    let file = c.k.file_of(process, c.int(0))?;
    let goal = c.k.goal_of(c.id.service, file);
    date(c, goal, "");
    let bytes = stat_bytes(&c.k.meta(c.id.service, goal));
    c.write(c.arg(1), &bytes)?;
    done(0)
}
/// `statx(dirfd, path, flags, mask, into)`
pub(crate) fn statx(c: &mut Caller<'_>) -> Sys {
    let (flags, mask) = (c.int(2), c.arg(3) as u32);
    let sync = libc::AT_STATX_SYNC_TYPE;
    let known = libc::AT_EMPTY_PATH | libc::AT_SYMLINK_NOFOLLOW | libc::AT_NO_AUTOMOUNT | sync;
    if flags & !known != 0 || flags & sync == sync || mask & libc::STATX__RESERVED as u32 != 0 {
        return Err(EINVAL);
    }
    // A null path means the empty one, from Linux 6.11 on; older ones say EFAULT, which no program relies on.
    let (goal, path) = if c.arg(1) == 0 && flags & libc::AT_EMPTY_PATH != 0 {
        (behind(c, c.int(0))?, String::new())
    } else {
        let path = c.read_path(c.arg(1))?;
        (reach_at(c, c.int(0), &path, flags)?, path)
    };
    date(c, goal, &path);
    let bytes = statx_bytes(&c.k.meta(c.id.service, goal));
    c.write(c.arg(4), &bytes)?;
    done(0)
}
