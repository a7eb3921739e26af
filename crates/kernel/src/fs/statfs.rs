//! `statfs`: what each mounted file system is.

use super::at::{behind, reach};
use super::inode::Volume;
use super::path::{Follow, Goal};
use crate::caller::Caller;
use crate::syscall::{Sys, done};

/// Size of a block.
const BLOCK: u64 = 4096;
/// Inodes of the disk.
const FILES: u64 = 4 << 20;
const TMPFS_MAGIC: u64 = 0x0102_1994;
const PIPEFS_MAGIC: u64 = 0x5049_5045;
const SYSFS_MAGIC: u64 = 0x6265_6572;

/// `statfs(path, into)`
pub(crate) fn statfs(c: &mut Caller<'_>) -> Sys {
    let path = c.read_path(c.arg(0))?;
    let goal = reach(c, libc::AT_FDCWD, &path, Follow::Yes)?;
    answer(c, goal)
}
/// `fstatfs(fd, into)`
pub(crate) fn fstatfs(c: &mut Caller<'_>) -> Sys {
    let goal = behind(c, c.int(0))?;
    answer(c, goal)
}

fn answer(c: &mut Caller<'_>, goal: Goal) -> Sys {
    let volume = match goal {
        Goal::Inode(ino) => Some(c.k.tree(c.id.service).get(ino).volume),
        Goal::File(_) => None,
    };
    let service = c.service();
    let hardware = c.k.service(service).hardware;
    let disk = ((hardware.disk + c.k.tree(service).disk_own) / BLOCK, c.k.disk_free(service) / BLOCK, FILES);
    let memory = hardware.memory / 2 / BLOCK;
    let (magic, (blocks, free, files)) = match volume {
        Some(Volume::Root) => (libc::EXT4_SUPER_MAGIC as u64, disk),
        Some(Volume::Proc) => (libc::PROC_SUPER_MAGIC as u64, (0, 0, 0)),
        Some(Volume::Sys) => (SYSFS_MAGIC, (0, 0, 0)),
        Some(Volume::Dev | Volume::Shm) => (TMPFS_MAGIC, (memory, memory, memory)),
        None => (PIPEFS_MAGIC, (0, 0, 0)),
    };
    let device = volume.map_or(0, Volume::device);
    let mut out = [0; 120];
    for (i, word) in [magic, 4096, blocks, free, free, files, files, device, 255, 4096, 0].into_iter().enumerate() {
        out[i * 8..i * 8 + 8].copy_from_slice(&word.to_le_bytes());
    }
    c.write(c.arg(1), &out)?;
    done(0)
}
