//! Names of sockets: internet addresses, paths and abstract names of unix sockets.

use crate::wait::ObjectId;
use std::net::SocketAddr;

/// The address of a socket, as `bind`, `connect` and the message calls have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// `AF_UNSPEC`: dissolves an association.
    Unspecified,
    /// `AF_INET` or `AF_INET6`; addresses mapped from IPv4 are kept as IPv4.
    Inet {
        /// The address.
        address: SocketAddr,
        /// It was given as `AF_INET6`.
        v6: bool,
    },
    /// `AF_UNIX`.
    Unix(UnixName),
    /// `AF_NETLINK`: port and groups.
    Netlink(u32, u32),
}

/// The name of a unix socket as the program gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum UnixName {
    /// None.
    #[default]
    Unnamed,
    /// A path in the file system.
    Path(Vec<u8>),
    /// A name outside the file system; the zero byte in front is not part of it.
    Abstract(Vec<u8>),
}

/// What a name stands for: two ways to write one path lead to one inode.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum UnixKey {
    /// The inode that a path leads to.
    Inode(u64),
    /// An abstract name.
    Abstract(Vec<u8>),
}

/// Unix sockets of all hosts by name. Closing a socket frees what it is registered under; the inode of its path stays
/// until it is unlinked, and a name without a socket behind it refuses connections.
#[derive(Debug, Default)]
pub(crate) struct Names {
    map: std::collections::BTreeMap<(model::ServiceId, UnixKey), ObjectId>,
    next_auto: u32,
}

impl Names {
    /// The socket of this name.
    pub(super) fn find(&self, service: model::ServiceId, key: &UnixKey) -> Option<ObjectId> {
        self.map.get(&(service, key.clone())).copied()
    }
    /// Gives a name to a socket. False if it is taken.
    pub(super) fn insert(&mut self, service: model::ServiceId, key: UnixKey, socket: ObjectId) -> bool {
        let free = !self.map.contains_key(&(service, key.clone()));
        if free {
            self.map.insert((service, key), socket);
        }
        free
    }
    /// Frees a name. False if nobody had it.
    pub(super) fn remove(&mut self, service: model::ServiceId, key: &UnixKey) -> bool {
        self.map.remove(&(service, key.clone())).is_some()
    }
    /// An abstract name that nobody has, as the kernel makes them: five hexadecimal digits.
    pub(super) fn unused(&mut self, service: model::ServiceId) -> Vec<u8> {
        loop {
            let name = format!("{:05x}", self.next_auto & 0xf_ffff).into_bytes();
            self.next_auto = self.next_auto.wrapping_add(1);
            if self.find(service, &UnixKey::Abstract(name.clone())).is_none() {
                return name;
            }
        }
    }
}
