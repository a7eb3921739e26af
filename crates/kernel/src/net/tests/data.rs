//! Whatever the interleaving, the latencies and the parts that are moved, a stream's bytes arrive whole and in order.

use super::*;
use crate::abi::errno::EAGAIN;
use model::{Kind, Point};
use proptest::prelude::*;

/// Latencies and parts from a list, over and over.
#[derive(Debug)]
struct Latencies(Vec<u32>, usize);

impl Source for Latencies {
    fn choose(&mut self, point: &Point<'_>) -> u32 {
        assert!(matches!(point.kind, Kind::Latency | Kind::Transfer), "{point:?}");
        self.1 += 1;
        self.0[self.1 % self.0.len()] % point.alternatives
    }
}

#[derive(Clone, Debug)]
enum Act {
    /// A connection's end sends so many bytes.
    Send(usize, bool, usize),
    /// A connection's end receives at most so many.
    Receive(usize, bool, usize),
    /// The clock moves to the next timer.
    Step,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..3_usize, any::<bool>(), 1..150_000_usize).prop_map(|(c, side, n)| Act::Send(c, side, n)),
        (0..3_usize, any::<bool>(), 1..150_000_usize).prop_map(|(c, side, n)| Act::Receive(c, side, n)),
        Just(Act::Step),
    ]
}

/// One direction: how much was accepted for sending and how much was received.
#[derive(Clone, Copy, Default)]
struct Flow {
    sent: usize,
    received: usize,
}

fn byte(stream: usize, at: usize) -> u8 {
    (stream * 101 + at * 7 + at / 251) as u8
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn streams_lose_nothing(latencies in prop::collection::vec(0..6_u32, 1..20), acts in prop::collection::vec(act(), 1..120)) {
        let mut w = World::with(Box::new(Latencies(latencies, 0)));
        let (server, client) = (w.thread(1), w.thread(2));
        let listener = w.server(server, "0.0.0.0:80", 5);
        let mut ends = Vec::new();
        for _ in 0..3 {
            let c = w.client(client, "10.0.0.2:80");
            ends.push((c, w.accept(server, listener)));
        }
        let mut flows = [Flow::default(); 6];
        let end = |connection: usize, of_client: bool| match of_client {
            true => (client, ends[connection].0),
            false => (server, ends[connection].1),
        };
        let receive = |w: &mut World, flows: &mut [Flow; 6], connection: usize, by_client: bool, max: usize| {
            let stream = connection * 2 + usize::from(!by_client);
            let (t, fd) = end(connection, by_client);
            match w.recv(t, fd, max) {
                Err(error) => assert_eq!(error, errno(EAGAIN)),
                Ok(bytes) => {
                    let at = flows[stream].received;
                    assert!(bytes.iter().enumerate().all(|(i, b)| *b == byte(stream, at + i)), "bytes out of order");
                    flows[stream].received += bytes.len();
                }
            }
        };
        for act in acts {
            match act {
                Act::Step => drop(w.step()),
                Act::Receive(connection, by_client, max) => receive(&mut w, &mut flows, connection, by_client, max),
                Act::Send(connection, by_client, n) => {
                    let stream = connection * 2 + usize::from(by_client);
                    let (t, fd) = end(connection, by_client);
                    let from = flows[stream].sent;
                    let bytes: Vec<u8> = (from..from + n).map(|at| byte(stream, at)).collect();
                    let at = w.put(&bytes);
                    let flags = libc::MSG_DONTWAIT as u64;
                    let sent = w.now(t, "sendto", &[fd as u64, at, n as u64, flags, 0, 0]);
                    prop_assert!(sent == errno(EAGAIN) || sent > 0);
                    flows[stream].sent += sent.max(0) as usize;
                    let waiting = flows[stream].sent - flows[stream].received;
                    prop_assert!(waiting <= 212_992, "no more is under way than fits");
                }
            }
        }
        w.settle();
        for connection in 0..3 {
            for by_client in [false, true] {
                // Each read takes a byte at least, and one in so many takes all.
                while w.k.socket_available(w.object(end(connection, by_client).0, end(connection, by_client).1)) > 0 {
                    receive(&mut w, &mut flows, connection, by_client, 150_000);
                }
            }
        }
        for flow in flows {
            prop_assert_eq!(flow.sent, flow.received);
        }
    }
}
