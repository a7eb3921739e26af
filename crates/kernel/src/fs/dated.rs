//! When a file of the image was last changed.
//!
//! The host's times are nothing to a run: the same files have others on every machine. So files of the image were last
//! changed at the epoch, unless the image itself says something else. Python does: a compiled module begins with the
//! time of the source that it was made from, and whoever starts it with a source of another time compiles it again, in
//! every process of every run. So a source is as old as the module that was made from it says.

use super::inode::{Inode, Node};
use super::path::Goal;
use crate::caller::Caller;
use crate::host::Host;
use model::VirtualTime;
use std::collections::{BTreeMap, BTreeSet};

/// Where the interpreter keeps compiled modules, beside their sources.
const COMPILED: &str = "__pycache__";
/// A compiled module's header: magic, flags, time of the source, its size.
const HEADER: usize = 16;

/// The compiled modules that were asked about.
#[derive(Debug, Default)]
pub(crate) struct Modules {
    /// The names of those in a directory, sorted: `NAME.cpython-311.pyc`.
    directories: BTreeMap<String, Vec<String>>,
    /// What the names that were seen say after that of their source: `cpython-311`. A module of an interpreter that is
    /// known is found without its directory's help.
    tags: BTreeSet<String>,
}

/// Finds out when what a goal leads to was last changed, if that is a file of the image that was not looked at yet.
/// A source that was `asked` for by a symbolic link has its compiled module beside the link.
pub(super) fn date(c: &mut Caller<'_>, goal: Goal, asked: &str) {
    let Goal::Inode(ino) = goal else { return };
    let service = c.service();
    let Some(path) = undated(c.k.tree(service).get(ino)).map(str::to_owned) else { return };
    let size = c.k.tree(service).get(ino).size();
    let link = (asked.starts_with('/') && asked != path).then_some(asked);
    let modules = &mut c.k.fs.modules;
    let at = [Some(&*path), link].into_iter().flatten().find_map(|path| modules.time_of(c.host, path, size));
    if let Some(at) = at {
        c.k.tree_mut(service).get_mut(ino).mtime = at;
    }
}

/// The path in the image of a source that nobody has changed or dated.
fn undated(inode: &Inode) -> Option<&str> {
    let Node::File(data) = &inode.node else { return None };
    data.pristine().filter(|path| inode.mtime == VirtualTime::EPOCH && path.ends_with(".py"))
}

impl Modules {
    fn time_of(&mut self, host: &mut dyn Host, source: &str, size: u64) -> Option<VirtualTime> {
        let (directory, name) = source.rsplit_once('/')?;
        let name = name.strip_suffix(".py")?;
        let directory = format!("{directory}/{COMPILED}");
        let known = |tag: &String| time_in(host, &format!("{directory}/{name}.{tag}.pyc"), size);
        if let Some(time) = self.tags.iter().find_map(known) {
            return Some(time);
        }
        if !self.directories.contains_key(&directory) {
            let modules: Vec<String> = host.image_list(&directory).into_iter().map(|(module, _)| module).collect();
            self.tags.extend(modules.iter().filter_map(|module| Some(tag_of(module)?.1.to_owned())));
            self.directories.insert(directory.clone(), modules);
        }
        let modules = &self.directories[&directory];
        let first = modules.partition_point(|module| **module < *name);
        let of_it = modules[first..].iter().take_while(|module| module.starts_with(name));
        let compiled = of_it.filter(|module| tag_of(module).is_some_and(|(of, _)| of == name));
        compiled.into_iter().find_map(|module| time_in(host, &format!("{directory}/{module}"), size))
    }
}

/// Of which source a compiled module is, and for which interpreter.
fn tag_of(module: &str) -> Option<(&str, &str)> {
    module.strip_suffix(".pyc")?.split_once('.')
}

/// The time of its source that a compiled module tells, if it is one that goes by times and its source had this size.
fn time_in(host: &mut dyn Host, module: &str, size: u64) -> Option<VirtualTime> {
    let mut header = [0; HEADER];
    if host.image_read(module, 0, &mut header) != HEADER {
        return None;
    }
    let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let (flags, seconds, len) = (word(4), word(8), word(12));
    (flags == 0 && len == size as u32).then(|| VirtualTime(u64::from(seconds) * 1_000_000_000))
}
