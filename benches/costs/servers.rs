//! A real server under load, in one world.

use crate::Extent;
use crate::measure::{Measured, Sample, rounds};
use crate::native::Server;
use crate::programs::{Cpus, Programs, find, seconds};
use crate::row::{Figure, Row, Unit, Wanted};
use std::process::Command;

const ROUNDS: usize = 5;
const PORT: u16 = 16379;

pub(crate) fn measure(programs: &Programs, _: Extent) -> Vec<Row> {
    programs.on(Cpus::One);
    let row = |clients: u64, requests: u64| {
        let name = format!("redis-benchmark SET, {clients} clients, {requests} requests");
        let wanted = Wanted::Ratio(1.3, 0.8);
        Figure::new(&name, Unit::Seconds, "native on one CPU", wanted).row(redis(programs, clients, requests))
    };
    vec![row(1, 20_000), row(50, 20_000)]
}

/// How long the requests take, beyond a single one for each client.
fn redis(programs: &Programs, clients: u64, requests: u64) -> Measured<[Sample; 2]> {
    let (server, load) = (find("redis-server")?, find("redis-benchmark")?);
    let within = |n: u64| {
        let variables = [("CLIENTS", clients.to_string()), ("ROUNDS", n.to_string())];
        seconds(programs.test("benches/specs/redis-benchmark.star", &variables))
    };
    let mut command = Command::new(server);
    command.args(["--port", &PORT.to_string(), "--save", "", "--bind", "127.0.0.1"]);
    let _server = Server::start(command, PORT)?;
    let native = |n: u64| {
        let mut command = Command::new(&load);
        command.args(["-p", &PORT.to_string(), "-t", "set", "-q"]);
        command.args(["-c", &clients.to_string(), "-n", &n.to_string()]);
        seconds(command)
    };
    let beyond = |run: &dyn Fn(u64) -> Measured| Ok(run(requests)? - run(clients)?);
    rounds(ROUNDS, [&|| beyond(&within), &|| beyond(&native)])
}
