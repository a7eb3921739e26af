//! Random sequences of calls on pipes, counters and an epoll, compared with a model that keeps of each object only
//! what its readiness depends on, and of each interest whether an edge is due.

use super::world::{BASE, World, fails};
use crate::abi::errno::EAGAIN;
use crate::file::pipe::CAPACITY;
use libc::{EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLET, EPOLLIN, EPOLLONESHOT, EPOLLOUT};
use proptest::prelude::*;
use std::collections::VecDeque;

const PAGES: usize = CAPACITY / 4096;

/// Descriptors 0, 1: ends of a pipe; 2, 3: ends of another; 4, 5: counters.
const DESCRIPTORS: usize = 6;

#[derive(Clone, Copy, Debug)]
enum Step {
    Read(usize, usize),
    Write(usize, usize),
    Add(usize, i32),
    Modify(usize, i32),
    Delete(usize),
    Wait,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fd = 0..DESCRIPTORS;
    let events = (1..4_u32, 0..3_u32).prop_map(|(what, how)| {
        let what = if what & 1 != 0 { EPOLLIN } else { 0 } | if what & 2 != 0 { EPOLLOUT } else { 0 };
        what | [0, EPOLLET, EPOLLONESHOT][how as usize]
    });
    let sizes = prop_oneof![Just(1_usize), Just(4096), Just(4097), Just(30_000), Just(70_000)];
    let step = prop_oneof![
        4 => (fd.clone(), sizes.clone()).prop_map(|(fd, n)| Step::Read(fd, n)),
        6 => (fd.clone(), sizes).prop_map(|(fd, n)| Step::Write(fd, n)),
        2 => (fd.clone(), events.clone()).prop_map(|(fd, e)| Step::Add(fd, e)),
        1 => (fd.clone(), events).prop_map(|(fd, e)| Step::Modify(fd, e)),
        1 => fd.prop_map(Step::Delete),
        4 => Just(Step::Wait),
    ];
    proptest::collection::vec(step, 1..60)
}

#[derive(Clone, Copy, Debug)]
struct Interest {
    events: i32,
    /// Something of interest happened since the last report.
    edge: bool,
    off: bool,
}

#[derive(Debug, Default)]
struct Model {
    /// Pages of the pipes: bytes in each, and how many of them were read.
    pages: [VecDeque<(usize, usize)>; 2],
    /// Values of the counters, under 2 and 3.
    levels: [usize; 4],
    interests: [Option<Interest>; DESCRIPTORS],
}

impl Model {
    fn object(fd: usize) -> usize {
        if fd < 4 { fd / 2 } else { fd - 2 }
    }
    fn readiness(&self, fd: usize) -> i32 {
        let (readable, writable) = match self.pages.get(Self::object(fd)) {
            Some(pages) => (!pages.is_empty(), pages.len() < PAGES),
            None => (self.levels[Self::object(fd)] > 0, true),
        };
        let reads = fd >= 4 || fd.is_multiple_of(2);
        let writes = fd >= 4 || !reads;
        (if reads && readable { EPOLLIN } else { 0 }) | if writes && writable { EPOLLOUT } else { 0 }
    }
    fn happened(&mut self, object: usize, what: i32) {
        for fd in (0..DESCRIPTORS).filter(|fd| Self::object(*fd) == object) {
            if let Some(interest) = &mut self.interests[fd] {
                interest.edge |= !interest.off && interest.events & what != 0;
            }
        }
    }
    fn set(&mut self, fd: usize, events: i32, edge: bool) {
        let edge = edge || self.readiness(fd) & events != 0;
        self.interests[fd] = Some(Interest { events, edge, off: false });
    }
    fn report(&mut self) -> Vec<(u32, u64)> {
        let mut reported = Vec::new();
        for fd in 0..DESCRIPTORS {
            let ready = self.readiness(fd);
            let Some(interest) = &mut self.interests[fd] else { continue };
            let bits = ready & interest.events;
            let level = interest.events & EPOLLET == 0;
            let due = !interest.off && bits != 0 && (level || interest.edge);
            if due {
                reported.push((bits as u32, fd as u64));
                interest.off = interest.events & EPOLLONESHOT != 0;
            }
            // A level-triggered interest that was reported is asked again whatever happens, also if it has become
            // edge-triggered by then.
            interest.edge = due && level && !interest.off;
        }
        reported
    }
    /// The result of a call, `Err` for `EAGAIN`.
    fn read(&mut self, fd: usize, n: usize) -> Result<usize, ()> {
        let object = Self::object(fd);
        let Some(pages) = self.pages.get_mut(object) else {
            let level = std::mem::take(&mut self.levels[object]);
            if level == 0 {
                return Err(());
            }
            self.happened(object, EPOLLOUT);
            return Ok(8);
        };
        let full = pages.len() >= PAGES;
        let mut left = n;
        while let Some((len, taken)) = pages.front_mut().filter(|_| left > 0) {
            let part = (*len - *taken).min(left);
            *taken += part;
            left -= part;
            if taken == len {
                pages.pop_front();
            }
        }
        if left == n {
            return Err(());
        }
        if full && pages.len() < PAGES {
            self.happened(object, EPOLLOUT);
        }
        Ok(n - left)
    }
    fn write(&mut self, fd: usize, n: usize) -> Result<usize, ()> {
        let object = Self::object(fd);
        let Some(pages) = self.pages.get_mut(object) else {
            self.levels[object] += n;
            self.happened(object, EPOLLIN);
            return Ok(8);
        };
        let odd = n % 4096;
        let mut left = n;
        if let Some((len, _)) = pages.back_mut().filter(|(len, _)| *len + odd <= 4096) {
            *len += odd;
            left -= odd;
        }
        while left > 0 && pages.len() < PAGES {
            let part = left.min(4096);
            pages.push_back((part, 0));
            left -= part;
        }
        if left == n {
            return Err(());
        }
        self.happened(object, EPOLLIN);
        Ok(n - left)
    }
}

fn run(steps: &[Step]) {
    let mut w = World::new();
    let mut model = Model::default();
    let (a, b) = (w.pipe(libc::O_NONBLOCK), w.pipe(libc::O_NONBLOCK));
    let (c, d) = (w.ok("eventfd2", [0, libc::EFD_NONBLOCK as u64]), w.ok("eventfd2", [0, libc::EFD_NONBLOCK as u64]));
    let fds = [a.0, a.1, b.0, b.1, c, d];
    let epoll = w.ok("epoll_create1", [0]);
    let expect = |result: Result<usize, ()>| result.map_or(fails(EAGAIN), |n| Some(n as i64));
    let buffer = BASE + 0x4_0000;
    for step in steps {
        match *step {
            Step::Read(fd, n) if fd >= 4 || fd % 2 == 0 => {
                assert_eq!(w.call("read", [fds[fd], buffer, n.max(8) as u64]), expect(model.read(fd, n.max(8))));
            }
            Step::Write(fd, n) if fd >= 4 => {
                w.poke_words(buffer, [n as u64]);
                assert_eq!(w.call("write", [fds[fd], buffer, 8]), expect(model.write(fd, n)));
            }
            Step::Write(fd, n) if fd % 2 == 1 => {
                assert_eq!(w.call("write", [fds[fd], buffer, n as u64]), expect(model.write(fd, n)));
            }
            Step::Read(..) | Step::Write(..) => {}
            Step::Add(fd, events) => {
                let added = w.ctl(epoll, EPOLL_CTL_ADD, fds[fd], events, fd as u64) == Some(0);
                assert_eq!(added, model.interests[fd].is_none());
                if added {
                    model.set(fd, events, false);
                }
            }
            Step::Modify(fd, events) => {
                let modified = w.ctl(epoll, EPOLL_CTL_MOD, fds[fd], events, fd as u64) == Some(0);
                assert_eq!(modified, model.interests[fd].is_some());
                if let Some(before) = model.interests[fd] {
                    model.set(fd, events, before.edge);
                }
            }
            Step::Delete(fd) => {
                let deleted = w.ctl(epoll, EPOLL_CTL_DEL, fds[fd], 0, 0) == Some(0);
                assert_eq!(deleted, model.interests[fd].take().is_some());
            }
            Step::Wait => {
                let mut reported = w.ready(epoll, 100);
                reported.sort_by_key(|(_, fd)| *fd);
                assert_eq!(reported, model.report());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn epoll_reports_what_the_model_reports(steps in steps()) {
        run(&steps);
    }
}
