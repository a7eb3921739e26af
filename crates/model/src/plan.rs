//! What is to be run: the services of a specification and the names of its tests. Made by `language`, or directly by
//! `fbsim run` for a single program; carried out by `recorder` and `replayer`.

use crate::causality::Tracking;
use crate::event::LineSource;
use crate::glob::Glob;
use crate::ids::ServiceId;
use crate::time::VirtualDuration;
use crate::traffic::Traffic;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The system under test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The services in declaration order; [`ServiceId`] n is `services[n - 1]` (0 is the driver).
    pub services: Vec<Service>,
    /// The tests in the order in which they are shown.
    pub tests: Vec<String>,
    /// Whether some test asks which events led to which.
    pub causality: Tracking,
}

/// A program that runs on a simulated host of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Its name, which is also its host name.
    pub name: String,
    /// The program on the host's file system.
    pub binary: String,
    /// `argv[1..]`.
    pub args: Vec<String>,
    /// Its environment, in the order in which it is passed.
    pub env: Vec<(String, String)>,
    /// What it listens on.
    pub interfaces: Vec<Interface>,
    /// Services that must be ready before this one starts.
    pub depends_on: Vec<ServiceId>,
    /// How to tell that it is ready.
    pub health: Option<Health>,
    /// Files whose appended lines become `wal` events.
    pub observe_wal: Vec<Glob>,
    /// Files whose appended lines become `topic` events.
    pub observe_topic: Vec<Glob>,
    /// Ports whose messages become `topic` events.
    pub observe_traffic: Vec<Traffic>,
    /// What it is asked again and again while a test runs.
    pub polls: Vec<Poll>,
    /// How its lines are decoded, besides those that are JSON objects, by where they are written.
    pub decoders: Vec<(LineSource, LineDecoder)>,
    /// Named groups of calls.
    pub ops: Vec<Op>,
    /// Host paths it may read besides its program and the system's libraries, as `(host path, path inside)`.
    pub mounts: Vec<(String, String)>,
    /// Directories of its own that are empty at first, besides `/data`, `/tmp` and its home.
    pub disks: Vec<String>,
    /// What its machine has.
    pub hardware: Hardware,
    /// Who it runs as.
    pub user: User,
}

/// What a simulated machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hardware {
    /// Processors that programs see, 1 to 64.
    pub processors: u32,
    /// Memory in bytes. Programs get no more than this in private and shared anonymous memory: beyond it is `ENOMEM`.
    pub memory: u64,
    /// Size of the disk in bytes; what is written in the world fills it: beyond it is `ENOSPC`.
    pub disk: u64,
}

impl Default for Hardware {
    fn default() -> Hardware {
        Hardware { processors: 2, memory: 4 << 30, disk: 64 << 30 }
    }
}

/// The user that the programs of a service run as: one without privileges, for their whole life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Name, also that of its group.
    pub name: String,
    /// User id; not 0.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Absolute path of its home: a directory of its own, empty at first.
    pub home: String,
}

impl Default for User {
    fn default() -> User {
        User { name: "user".to_owned(), uid: 1000, gid: 1000, home: "/home/user".to_owned() }
    }
}

impl FromStr for User {
    type Err = &'static str;

    /// Reads `postgres`, `postgres:70` or `postgres:70:70`.
    fn from_str(text: &str) -> Result<User, &'static str> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let good = name.chars().next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        if !good {
            return Err("must be a name, as in \"postgres\" or \"postgres:70\"");
        }
        let number = |part: Option<&str>, otherwise: u32| part.map_or(Ok(otherwise), str::parse::<u32>);
        let uid = number(parts.next(), User::default().uid).map_err(|_| "has an id that is no number")?;
        let gid = number(parts.next(), uid).map_err(|_| "has a group id that is no number")?;
        if name == "root" || uid == 0 {
            return Err("cannot be root: programs run without privileges");
        }
        if parts.next().is_some() {
            return Err("has more than a name, a user id and a group id");
        }
        Ok(User { name: name.to_owned(), uid, gid, home: format!("/home/{name}") })
    }
}

/// Most processors of a machine.
pub const PROCESSORS_MAX: u32 = 64;
/// Least and most bytes of memory or disk.
pub const SIZES: RangeInclusive<u64> = 1 << 20..=1 << 50;

/// Reads a size: `512MB`, `2GiB` or a number of bytes; units are powers of 1,024.
pub fn bytes_of(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let shift = match text[digits..].trim().to_ascii_lowercase().trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// How fields are read from a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineDecoder {
    /// `key=value key="two words"`.
    Logfmt,
    /// The named groups of this regular expression.
    Regex(String),
}

/// A named group of system calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Op {
    /// Its name, usable as a fault keyword.
    pub name: String,
    /// The calls, by name.
    pub calls: Vec<String>,
    /// Only on paths that match.
    pub path: Option<Glob>,
}

/// A port that a service listens on and the protocol spoken there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name within the service.
    pub name: String,
    /// `http`, `tcp`, …
    pub protocol: String,
    /// The port.
    pub port: u16,
}

/// A readiness check, polled in virtual time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// What to do.
    pub check: Check,
    /// The port to connect to.
    pub port: u16,
    /// Give up after this long.
    pub timeout: VirtualDuration,
}

/// What a service is asked again and again; each answer is a `poll` event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// As the specification says it.
    pub url: String,
    /// What to ask, where, and how long to wait for an answer.
    pub health: Health,
    /// The line to send, where lines are spoken.
    pub line: Option<String>,
    /// Time between an answer and the next question.
    pub interval: VirtualDuration,
}

/// What a readiness check does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// The port accepts a connection.
    Tcp,
    /// `GET path` answers 2xx or 3xx.
    Http(String),
    /// `GET /` is answered, by whatever status below 500.
    Answers,
    /// Redis answers `PING`, or that it wants a password first.
    Ping,
}

impl Plan {
    /// The name of a service; `test` for the driver.
    pub fn name(&self, id: ServiceId) -> &str {
        match id.index().checked_sub(1) {
            None => "test",
            Some(i) => self.services.get(i).map_or("?", |s| &s.name),
        }
    }
    /// The id of the service with this name.
    pub fn id(&self, name: &str) -> Option<ServiceId> {
        self.services.iter().position(|s| s.name == name).map(|i| ServiceId(i as u16 + 1))
    }
    /// A service by id; `None` for the driver.
    pub fn service(&self, id: ServiceId) -> Option<&Service> {
        self.services.get(id.index().checked_sub(1)?)
    }
    /// Ids of all services in declaration order.
    pub fn ids(&self) -> impl Iterator<Item = ServiceId> + use<> {
        (1..=self.services.len() as u16).map(ServiceId)
    }
}
