//! Connections that are overheard: what a service reads and sends on an observed port is shown to a listener, and the
//! messages that it makes of that become `topic` events, of the service and at the moment it answers.

use crate::net::connection::ConnectionId;
use crate::world::Kernel;
use model::traffic::{Heard, Message, Overhear};
use model::{Note, ServiceId, Value};

/// The side that accepted a connection.
const SERVER: usize = 1;

/// An end of a connection that somebody listens to.
struct Overheard<'a> {
    service: ServiceId,
    port: u16,
    listener: &'a mut (dyn Overhear + 'static),
}

impl Kernel {
    /// A side has read these bytes.
    pub(super) fn overhear_received(&mut self, connection: ConnectionId, side: usize, bytes: &[u8]) {
        if let Some(port) = self.overheard(connection, side) {
            port.listener.received(bytes);
        }
    }
    /// A side sends these bytes.
    pub(super) fn overhear_sent(&mut self, connection: ConnectionId, side: usize, bytes: &[u8]) {
        let Some(port) = self.overheard(connection, side) else { return };
        let Overheard { service, port, listener } = port;
        let heard = listener.sent(bytes);
        for heard in heard {
            self.tell_heard(service, port, heard);
        }
    }
    /// Who listens at the end of a connection that a service has accepted.
    fn overheard(&mut self, connection: ConnectionId, side: usize) -> Option<Overheard<'_>> {
        let connection = self.net.connections.get_mut(&connection).filter(|_| side == SERVER)?;
        let end = &connection.sides[SERVER];
        let (service, port) = (end.service, end.local.port());
        let traffic = &self.config.hosts[service.index()].observe_traffic;
        if traffic.is_empty() {
            return None;
        }
        let listener = connection.overheard.get_or_insert_with(|| {
            let traffic = traffic.iter().find(|traffic| traffic.port == port)?;
            Some((traffic.listener.0)())
        });
        listener.as_deref_mut().map(|listener| Overheard { service, port, listener })
    }
    fn tell_heard(&mut self, service: ServiceId, port: u16, heard: Heard) {
        let mut fields: Vec<(Box<str>, Value)> = Vec::new();
        match heard {
            Heard::Message(Message { topic, offset, body }) => {
                let traffic = &self.config.hosts[service.index()].observe_traffic;
                let wanted = traffic.iter().filter(|t| t.port == port).flat_map(|t| &t.topics);
                if !wanted.into_iter().any(|glob| glob.matches(&topic)) {
                    return;
                }
                fields.push(("topic".into(), topic.into()));
                fields.push(("partition".into(), Value::Int(0)));
                fields.extend(offset.map(|offset| ("offset".into(), offset.into())));
                fields.push(("body".into(), body.into()));
            }
            Heard::Lost(why) => fields.push(("error".into(), why.into())),
        }
        let note = Note { kind: "topic".into(), fields };
        self.log.note(self.clock.now(), self.current, note);
    }
}
