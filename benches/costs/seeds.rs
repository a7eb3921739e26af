//! How fast seeds go by.

use crate::Extent;
use crate::measure::{Measured, Sample, Skip, rounds};
use crate::native::{Server, exchange, http};
use crate::programs::{Cpus, Programs, built, find, run};
use crate::row::{Figure, Row, Unit, Wanted};
use std::process::Command;
use std::time::Instant;

/// Seeds of the demo whose time is a figure.
const DEMO: u64 = 10_000;
const ORDER: &str = r#"{"item":"widget","qty":25}"#;

pub(crate) fn measure(programs: &Programs, _: Extent) -> Vec<Row> {
    programs.on(Cpus::All);
    let demo = format!("demo, {DEMO} seeds of the oversell test, bugs off");
    let demo = Figure::new(&demo, Unit::Seconds, "the services started natively as often", Wanted::AtMost(10.0, 4.0));
    let demo = demo.row(all_of_demo(programs));
    programs.on(Cpus::One);
    let rate = |name: &str, must, aim| {
        Figure::new(name, Unit::PerSecond, "native starts of the same", Wanted::AtLeast(must, aim))
    };
    let plain = Figure::new("demo, seeds per second and CPU", Unit::PerSecond, "native starts", Wanted::Nothing);
    vec![
        demo,
        plain.row(rates(&|| demo_rate(programs, 300), &|| native_demo(programs).map(|s| 1.0 / s))),
        rate("redis-server and ten commands, seeds per second and CPU", 400.0, 1500.0)
            .row(rates(&|| rate_of(programs, "benches/specs/redis.star", 300), &|| native_redis().map(|s| 1.0 / s))),
        rate("three etcd members and three puts, seeds per second and CPU", 20.0, 100.0)
            .row(rates(&|| rate_of(programs, "benches/specs/etcd.star", 20), &|| {
                native_etcd(programs).map(|s| 1.0 / s)
            })),
    ]
}

fn rates(within: &dyn Fn() -> Measured, native: &dyn Fn() -> Measured) -> Measured<[Sample; 2]> {
    rounds(3, [within, native])
}

fn all_of_demo(programs: &Programs) -> Measured<[Sample; 2]> {
    let within = demo_seconds(programs, DEMO)?;
    let [native] = rounds(5, [&|| native_demo(programs)])?;
    Ok([Sample::once(within), Sample::once(native.median() * DEMO as f64)])
}

/// How long a search of the demo takes that finds nothing, from the command to its verdict.
pub(crate) fn demo_seconds(programs: &Programs, seeds: u64) -> Measured {
    let arguments = ["explore", "specs/orders", "--test", "no_overselling", "--env", "ORDERS_BUGS=", "--seeds"];
    let mut command = programs.fbsim(&arguments);
    command.arg(seeds.to_string());
    Ok(run(command)?.0)
}

/// Seeds per second of the demo, as the command tells it.
pub(crate) fn demo_rate(programs: &Programs, seeds: u64) -> Measured {
    let arguments = ["explore", "specs/orders", "--test", "no_overselling", "--env", "ORDERS_BUGS=", "--seeds"];
    let mut command = programs.fbsim(&arguments);
    command.arg(seeds.to_string());
    told_rate(command)
}

fn rate_of(programs: &Programs, spec: &str, seeds: u64) -> Measured {
    let mut command = programs.fbsim(&["explore", spec, "--seeds", &seeds.to_string(), "--output"]);
    command.arg(programs.guests.join("failures"));
    told_rate(command)
}

/// The rate in the summary line of a search.
pub(crate) fn told_rate(command: Command) -> Measured {
    let (_, output) = run(command)?;
    let rate = output.lines().find_map(|line| line.strip_suffix(" seeds/s")?.rsplit(' ').next()?.parse().ok());
    rate.ok_or_else(|| Skip(format!("no rate in {output:?}")))
}

/// Seconds to start the demo's services, take the test's steps and stop them.
fn native_demo(programs: &Programs) -> Measured {
    let started = Instant::now();
    let wal = programs.guests.join("orders.wal");
    let _ = std::fs::remove_file(&wal);
    let service = |name: &str| {
        let mut command = Command::new(built().join(name));
        command.env("INVENTORY_LISTEN", "127.0.0.1:15001").env("DB_LISTEN", "127.0.0.1:15432").env("DB_WAL", &wal);
        command.env("API_ADDR", "127.0.0.1:18080").env("INVENTORY_ADDR", "127.0.0.1:15001");
        command.env("DB_ADDR", "127.0.0.1:15432").env("STOCK", "widget=40,gadget=10").env("ORDERS_BUGS", "");
        command
    };
    let _inventory = Server::start(service("orders-inventory"), 15001)?;
    let _db = Server::start(service("orders-db"), 15432)?;
    let _api = Server::start(service("orders-api"), 18080)?;
    http(18080, "POST", "/orders", ORDER)?;
    http(18080, "GET", "/orders/o1", "")?;
    http(18080, "GET", "/health", "")?;
    let last = http(18080, "POST", "/orders", ORDER)?;
    if !last.contains("rejected") {
        return Err(Skip(format!("the demo answers natively {last:?}")));
    }
    Ok(started.elapsed().as_secs_f64())
}

fn native_redis() -> Measured {
    let server = find("redis-server")?;
    let started = Instant::now();
    let mut command = Command::new(server);
    command.args(["--port", "16380", "--save", "", "--bind", "127.0.0.1"]);
    let _server = Server::start(command, 16380)?;
    for n in 0..10 {
        let request = if n < 5 { format!("SET key{n} {n}\r\n") } else { format!("INCR key{}\r\n", n - 5) };
        exchange(16380, request.as_bytes())?;
    }
    Ok(started.elapsed().as_secs_f64())
}

fn native_etcd(programs: &Programs) -> Measured {
    let etcd = find("etcd")?;
    let data = programs.guests.join("etcd");
    let _ = std::fs::remove_dir_all(&data);
    let started = Instant::now();
    let url = |port: u16| format!("http://127.0.0.1:{port}");
    let cluster = (0..3).map(|n| format!("m{n}={}", url(12390 + n))).collect::<Vec<_>>().join(",");
    let mut members = Vec::new();
    for n in 0..3 {
        let mut command = Command::new(&etcd);
        command
            .args(["--name", &format!("m{n}"), "--initial-cluster", &cluster, "--data-dir"])
            .arg(data.join(format!("{n}")));
        for option in ["--listen-client-urls", "--advertise-client-urls"] {
            command.arg(option).arg(url(12380 + n));
        }
        for option in ["--listen-peer-urls", "--initial-advertise-peer-urls"] {
            command.arg(option).arg(url(12390 + n));
        }
        members.push(Server::start_unasked(command)?);
    }
    while !http(12382, "GET", "/health", "").is_ok_and(|answer| answer.contains("true")) {
        if started.elapsed().as_secs() > 30 {
            return Err(Skip("etcd does not come up natively".to_owned()));
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    for value in ["YQ==", "Yg==", "Yw=="] {
        http(12380, "POST", "/v3/kv/put", &format!(r#"{{"key":"a2V5","value":"{value}"}}"#))?;
    }
    Ok(started.elapsed().as_secs_f64())
}
