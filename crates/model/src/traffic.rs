//! What is overheard of a service's connections: messages that it takes from its clients become `topic` events.
//!
//! The kernel shows a listener the bytes of a connection as the service reads and sends them, and keeps it with the
//! connection. What protocol is spoken is the listener's business; the kernel knows none.

use crate::glob::Glob;
use std::fmt;

/// Listens to one connection of a service.
pub trait Overhear: fmt::Debug {
    /// The service has read these bytes.
    fn received(&mut self, bytes: &[u8]);
    /// The service sends these bytes: what messages it has taken by that.
    fn sent(&mut self, bytes: &[u8]) -> Vec<Heard>;
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The service has taken a message.
    Message(Message),
    /// From here on the connection is not understood; why.
    Lost(String),
}

/// A message that a broker has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The channel, stream or queue.
    pub topic: String,
    /// Where the broker has put it, if it says so.
    pub offset: Option<String>,
    /// What it says.
    pub body: String,
}

/// Makes a listener for a new connection.
#[derive(Clone, Copy)]
pub struct Listener(pub fn() -> Box<dyn Overhear>);

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

impl PartialEq for Listener {
    fn eq(&self, other: &Listener) -> bool {
        std::ptr::fn_addr_eq(self.0, other.0)
    }
}

impl Eq for Listener {}

/// A port at which a service is overheard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// The port.
    pub port: u16,
    /// Whose messages become events.
    pub topics: Vec<Glob>,
    /// Who listens.
    pub listener: Listener,
}
