//! Directories: sorted names over a source that is asked once per name.

use crate::host::ImageType;
use std::collections::BTreeMap;

/// A directory.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// Where names come from that are not among the entries.
    pub(crate) source: Source,
    /// Known names. `None`: the source has no such name, or it was removed in the world.
    pub(crate) entries: BTreeMap<Box<str>, Option<u64>>,
    /// Names of the source that were listed and that nobody has looked at yet.
    pub(crate) unseen: BTreeMap<Box<str>, Unseen>,
    /// True when every name of the source is among the entries or the unseen.
    pub(crate) complete: bool,
    /// Directories among the entries.
    pub(crate) subdirectories: u64,
    /// Names in the order in which they are being listed; the place in it is the cookie of `getdents64(2)`. Kept
    /// while the directory is open, so that a cookie means the same name whatever is removed meanwhile.
    pub(crate) listing: Vec<Box<str>>,
}

/// What a listing tells of a name: enough that the image is not asked about each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unseen {
    /// The number that its inode will have.
    pub(crate) ino: u64,
    /// What it is.
    pub(crate) kind: ImageType,
}

impl Unseen {
    /// Its `d_type`.
    pub(crate) fn d_type(self) -> u8 {
        match self.kind {
            ImageType::File => libc::DT_REG,
            ImageType::Directory => libc::DT_DIR,
            ImageType::Symlink => libc::DT_LNK,
        }
    }
}

/// Where the names of a directory come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nowhere: it was made in the world.
    #[default]
    Plain,
    /// A directory of the image.
    Image(Box<str>),
    /// The table of virtual files, below this path.
    Fixed(&'static str),
    /// A process (its pid), or one of its threads (the second number).
    Process(u32, Option<u32>),
    /// `/proc/<pid>/task`
    Tasks(u32),
    /// `/proc/<pid>/fd`
    Descriptors(u32),
    /// `/proc/<pid>/fdinfo`
    DescriptorInfos(u32),
    /// `/proc/PID/ns`
    Namespaces(u32),
}

impl Source {
    /// Whether the names depend on the state of the kernel.
    pub(crate) fn is_virtual(&self) -> bool {
        !matches!(self, Source::Plain | Source::Image(_))
    }
}

impl Directory {
    /// A directory with this source.
    pub(crate) fn of(source: Source) -> Directory {
        Directory { source, ..Directory::default() }
    }
    /// Its link count.
    pub(crate) fn nlink(&self) -> u64 {
        if self.source == Source::Plain { 2 + self.subdirectories } else { 1 }
    }
    /// Names that exist, sorted.
    pub(crate) fn names(&self) -> Vec<&str> {
        let seen = self.entries.iter().filter(|(_, ino)| ino.is_some()).map(|(name, _)| &**name);
        let mut names: Vec<&str> = seen.chain(self.unseen.keys().map(|name| &**name)).collect();
        // Two sorted runs, which this sort only merges.
        names.sort();
        names
    }
}
