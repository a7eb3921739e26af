//! Lines: what programs write to their standard streams and to observed files becomes events, one per line.

use super::{FileId, Target};
use crate::fs::InodeRef;
use crate::process::ProcessId;
use crate::world::Kernel;
use model::{Body, Line, LineSource, ThreadId};
use std::collections::BTreeMap;

/// A line that is longer than this many bytes is cut into pieces of this length.
pub const LINE_MAX: usize = 64 << 10;

/// Beginnings of lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Of standard streams. Kept by process, not by description: the lines of processes that share a stream are not
    /// to be glued together.
    streams: BTreeMap<(ProcessId, LineSource), Vec<u8>>,
    /// Of observed files.
    files: BTreeMap<InodeRef, Tail>,
}

/// The beginning of a line at the end of an observed file.
#[derive(Debug, Default)]
struct Tail {
    bytes: Vec<u8>,
    /// Where the next byte of the line belongs.
    end: u64,
}

/// Adds bytes to the beginning of a line and takes the lines that are complete.
fn complete(partial: &mut Vec<u8>, bytes: &[u8], mut emit: impl FnMut(&[u8])) {
    for piece in bytes.split_inclusive(|b| *b == b'\n') {
        let (text, ends) = piece.strip_suffix(b"\n").map_or((piece, false), |text| (text, true));
        let mut text = text;
        while partial.len() + text.len() > LINE_MAX {
            let (head, rest) = text.split_at(LINE_MAX - partial.len());
            partial.extend_from_slice(head);
            emit(partial);
            partial.clear();
            text = rest;
        }
        partial.extend_from_slice(text);
        if ends {
            emit(partial);
            partial.clear();
        }
    }
}

fn event(source: LineSource, path: Option<&str>, text: &[u8]) -> Body {
    Body::Line(Line { source, path: path.map(Into::into), text: String::from_utf8_lossy(text).into() })
}

impl Kernel {
    /// A thread wrote to a standard stream: complete lines become events, and the supervisor gets the bytes if it
    /// wants them.
    pub fn console_write(&mut self, thread: ThreadId, source: LineSource, bytes: &[u8]) {
        if self.config.console {
            self.console.push((source == LineSource::Stderr, bytes.to_vec()));
        }
        let Some(process) = self.threads.get(&thread).map(|t| t.process) else { return };
        let now = self.clock.now();
        let partial = self.files.lines.streams.entry((process, source)).or_default();
        complete(partial, bytes, |text| {
            self.log.append(now, thread, event(source, None, text));
        });
    }
    /// A process has ended: what it wrote without a newline becomes a line after all.
    pub fn flush_console(&mut self, process: ProcessId) {
        for source in [LineSource::Stdout, LineSource::Stderr] {
            let Some(partial) = self.files.lines.streams.remove(&(process, source)) else { continue };
            if !partial.is_empty() {
                let (now, thread) = (self.clock.now(), process.thread(process.pid));
                self.log.append(now, thread, event(source, None, &partial));
            }
        }
    }
    /// A thread wrote to a file at this offset: if the specification observes the file as a log, complete lines
    /// become events. A write elsewhere than where the last one ended starts a new line.
    pub fn wal_write(&mut self, thread: ThreadId, file: FileId, at: u64, bytes: &[u8]) {
        let host = &self.config.hosts[thread.service.index()];
        if host.observe_wal.is_empty() && host.observe_topic.is_empty() {
            return;
        }
        let open = &self.files.open[&file];
        let (Target::Inode(inode), Some(path)) = (open.target, open.path.as_deref()) else { return };
        let source = match path {
            _ if host.observe_wal.iter().any(|g| g.matches(path)) => LineSource::Wal,
            _ if host.observe_topic.iter().any(|g| g.matches(path)) => LineSource::Topic,
            _ => return,
        };
        let now = self.clock.now();
        let tail = self.files.lines.files.entry(inode).or_default();
        if tail.end != at {
            tail.bytes.clear();
        }
        tail.end = at + bytes.len() as u64;
        complete(&mut tail.bytes, bytes, |text| {
            self.log.append(now, thread, event(source, Some(path), text));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE_MAX, complete};

    #[test]
    fn lines_are_put_together_and_cut() {
        let mut partial = Vec::new();
        let mut lines: Vec<Vec<u8>> = Vec::new();
        let mut feed = |bytes: &[u8]| complete(&mut partial, bytes, |l| lines.push(l.to_vec()));
        feed(b"one\ntw");
        feed(b"o\n\nthr");
        feed(&vec![b'x'; LINE_MAX]);
        feed(b"\n");
        assert_eq!(lines[..3], [b"one".to_vec(), b"two".to_vec(), b"".to_vec()]);
        assert_eq!((lines[3].len(), lines[4].len(), lines.len()), (LINE_MAX, 3, 5));
    }
}
