//! Names of the things in a world. All are small, ordered and stable from run to run: a thread is named by its
//! service and by its number within the service, never by anything the host chose.

use std::fmt;

/// A service of the plan, by position; [`ServiceId::DRIVER`] is the specification's own driver, the host `test`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(pub u16);

impl ServiceId {
    /// The participant that runs the specification's steps. Its host name is `test`.
    pub const DRIVER: ServiceId = ServiceId(0);
    /// True for the participant that runs the specification's steps.
    pub fn is_driver(self) -> bool {
        self == Self::DRIVER
    }
    /// Position as an index into a table that starts with the driver.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A thread: the service it belongs to and its thread number there. Numbers are handed out per service in creation
/// order, as Linux does within a pid namespace, so one service's history never renumbers another's threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadId {
    /// The service whose pid namespace the number is from.
    pub service: ServiceId,
    /// The thread number (`gettid`) within that namespace.
    pub tid: u32,
}

impl fmt::Display for ThreadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service.0, self.tid)
    }
}

/// Position of an event in a world's log, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventIndex(pub u64);

impl fmt::Display for EventIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}
