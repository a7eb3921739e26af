//! What it costs when the turn passes to another thread, process or service.

use crate::Extent;
use crate::measure::{Count, Measured, Sample, compare_each, rounds};
use crate::native::{Server, exchange};
use crate::programs::{Cpus, Programs, inside, number_of, seconds};
use crate::row::{Figure, Row, Unit, Wanted};
use std::time::Instant;

const ROUNDS: usize = 5;
const BARE: &str = "100000";

pub(crate) fn measure(programs: &Programs, _: Extent) -> Vec<Row> {
    programs.on(Cpus::One);
    let cond = Figure::new(
        "pthread ping-pong through a condition variable, per hand-off",
        Unit::Nanos,
        "native on one CPU",
        Wanted::Ratio(1.0, 0.2),
    );
    let pipes =
        Figure::new("two processes and two pipes, per hand-off", Unit::Nanos, "native on one CPU", Wanted::Nothing);
    let bare = Figure::new("the same", Unit::Nanos, "bare futex hand-off on one CPU", Wanted::Nothing);
    let tcp = Figure::new(
        "TCP 1-byte ping-pong between two services, per round trip",
        Unit::Nanos,
        "native on loopback, one CPU",
        Wanted::Ratio(1.0, 0.5),
    );
    vec![
        cond.row(against_native(programs, "cond")),
        pipes.row(against_native(programs, "pipes")),
        bare.row(against_bare(programs)),
        tcp.row(ping_pong(programs)),
    ]
}

fn against_native(programs: &Programs, kind: &str) -> Measured<[Sample; 2]> {
    let command = |n: u64| programs.guest("handoff", &[kind, &n.to_string()]);
    compare_each(ROUNDS, &|n| seconds(inside(programs, &command(n))), &|n| seconds(command(n)), 2)
}

fn against_bare(programs: &Programs) -> Measured<[Sample; 2]> {
    let within = |n: u64| seconds(inside(programs, &programs.guest("handoff", &["pipes", &n.to_string()])));
    let count = Count::lasting(&within, 2)?;
    rounds(ROUNDS, [&|| count.nanos_each(&within), &|| number_of(programs.guest("handoff", &["bare", BARE]))])
}

fn ping_pong(programs: &Programs) -> Measured<[Sample; 2]> {
    let within = |n: u64| seconds(programs.test("benches/specs/pong.star", &[("ROUNDS", n.to_string())]));
    let native = |n: u64| {
        let _pong = Server::start(programs.guest("relay", &["17000", "pong"]), 17000)?;
        let mut ping = programs.guest("relay", &["17001", "ping", "127.0.0.1", "17000"]);
        ping.env("ROUNDS", n.to_string());
        let _ping = Server::start(ping, 17001)?;
        let started = Instant::now();
        let answer = exchange(17001, b"GO\n")?;
        assert!(answer.starts_with(b"DONE 0"), "the bytes went to and fro");
        Ok(started.elapsed().as_secs_f64())
    };
    compare_each(ROUNDS, &within, &native, 1)
}
