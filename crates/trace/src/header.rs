//! The header of a trace: what was run, in which environment, and how to run it again. Shown to people and compared by
//! a replay before it starts; nothing in it is needed to understand the events.

use crate::codec;
use crate::error::Malformed;
use model::Seed;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{self, Read};

/// What was run, and how to run it again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The version of fbsim that recorded the run.
    pub fbsim: String,
    /// The seed of the run.
    pub seed: Seed,
    /// The test that was run.
    pub test: String,
    /// The specification's path, as it was given.
    pub spec: String,
    /// The specification and every file that it loads.
    pub sources: Vec<SourceText>,
    /// The command line that runs the same again: the program and its arguments.
    pub rerun: Vec<String>,
    /// The services; [`model::ServiceId`] n is the n-th, from 1.
    pub services: Vec<ServiceFacts>,
    /// The search strategy, as text.
    pub strategy: String,
    /// The length of the ordinary run that the strategy was built for, in choices with alternatives.
    pub steps: u64,
    /// What else the run may depend on: processor, kernel, limits. Pairs of a name and a value.
    pub facts: Vec<(String, String)>,
}

/// A file of the specification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceText {
    /// Its path, as it was given or loaded.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// What is known about a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceFacts {
    /// Its name.
    pub name: String,
    /// The path of its program.
    pub binary: String,
    /// Over the program's bytes.
    pub fingerprint: Fingerprint,
    /// `argv[1..]`.
    pub args: Vec<String>,
    /// Its environment, in order.
    pub env: Vec<(String, String)>,
}

/// XXH3 over a file's bytes, or over what stands for them (a build ID, from format 2.2 on): tells whether a replay has the
/// same program before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// The fingerprint of a file's content.
    pub fn of(content: &[u8]) -> Fingerprint {
        Fingerprint(xxhash_rust::xxh3::xxh3_64(content))
    }
    /// What was printed.
    pub fn parse(text: &str) -> Option<Fingerprint> {
        u64::from_str_radix(text, 16).ok().map(Fingerprint)
    }
    /// The same of content that need not be in memory at once: it comes through `buffer`, of which the first `filled`
    /// bytes are its beginning.
    ///
    /// # Errors
    /// The reader's.
    pub fn of_reader(mut content: impl Read, buffer: &mut [u8], filled: usize) -> io::Result<Fingerprint> {
        let mut hash = xxhash_rust::xxh3::Xxh3Default::new();
        hash.update(&buffer[..filled]);
        loop {
            match content.read(buffer) {
                Ok(0) => return Ok(Fingerprint(hash.digest())),
                Ok(n) => hash.update(&buffer[..n]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[derive(Serialize, Deserialize)]
struct WireHeader {
    fbsim: String,
    seed: u64,
    test: String,
    spec: String,
    sources: Vec<(String, String)>,
    rerun: Vec<String>,
    services: Vec<WireService>,
    strategy: String,
    steps: u64,
    facts: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
struct WireService {
    name: String,
    binary: String,
    fingerprint: u64,
    args: Vec<String>,
    env: Vec<(String, String)>,
}

impl From<&Header> for WireHeader {
    fn from(header: &Header) -> Self {
        let header = header.clone();
        WireHeader {
            fbsim: header.fbsim,
            seed: header.seed.0,
            test: header.test,
            spec: header.spec,
            sources: header.sources.into_iter().map(|source| (source.path, source.text)).collect(),
            rerun: header.rerun,
            services: header.services.into_iter().map(WireService::from).collect(),
            strategy: header.strategy,
            steps: header.steps,
            facts: header.facts,
        }
    }
}

impl From<WireHeader> for Header {
    fn from(wire: WireHeader) -> Self {
        Header {
            fbsim: wire.fbsim,
            seed: Seed(wire.seed),
            test: wire.test,
            spec: wire.spec,
            sources: wire.sources.into_iter().map(|(path, text)| SourceText { path, text }).collect(),
            rerun: wire.rerun,
            services: wire.services.into_iter().map(ServiceFacts::from).collect(),
            strategy: wire.strategy,
            steps: wire.steps,
            facts: wire.facts,
        }
    }
}

impl From<ServiceFacts> for WireService {
    fn from(facts: ServiceFacts) -> Self {
        let ServiceFacts { name, binary, fingerprint, args, env } = facts;
        WireService { name, binary, fingerprint: fingerprint.0, args, env }
    }
}

impl From<WireService> for ServiceFacts {
    fn from(wire: WireService) -> Self {
        let WireService { name, binary, fingerprint, args, env } = wire;
        ServiceFacts { name, binary, fingerprint: Fingerprint(fingerprint), args, env }
    }
}

pub(crate) fn encode(header: &Header) -> Result<Vec<u8>, Malformed> {
    codec::encode(&WireHeader::from(header), "the header")
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Header, Malformed> {
    codec::decode::<WireHeader>(bytes, "the header").map(Header::from)
}
