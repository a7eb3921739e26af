//! What an idle world takes beyond what its services take anyway.

use crate::Extent;
use crate::measure::{Measured, Sample, Skip};
use crate::native::{Server, http};
use crate::programs::{Cpus, Programs, built};
use crate::row::{Figure, Row, Unit, Wanted};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

pub(crate) fn measure(programs: &Programs, _: Extent) -> Vec<Row> {
    programs.on(Cpus::All);
    let measured = world(programs);
    let total = measured.clone().map(|(inside, native)| [Sample::once(inside), Sample::once(native)]);
    let beyond = measured.map(|(inside, native)| Sample::once((inside - native).max(0.0)));
    let mib = f64::from(1 << 20);
    vec![
        Figure::new(
            "idle world of three services, beyond the services' own",
            Unit::Bytes,
            "proportional set sizes of worker and guests, less those of the services natively",
            Wanted::AtMost(24.0 * mib, 8.0 * mib),
        )
        .alone(beyond),
        Figure::new("the same world in all", Unit::Bytes, "the services natively", Wanted::Nothing).row(total),
    ]
}

fn world(programs: &Programs) -> Measured<(f64, f64)> {
    let wal = programs.guests.join("orders.wal");
    let service = |name: &str| {
        let mut command = Command::new(built().join(name));
        command.env("INVENTORY_LISTEN", "127.0.0.1:15001").env("DB_LISTEN", "127.0.0.1:15432").env("DB_WAL", &wal);
        command.env("API_ADDR", "127.0.0.1:18080").env("INVENTORY_ADDR", "127.0.0.1:15001");
        command.env("DB_ADDR", "127.0.0.1:15432");
        command
    };
    let natives = [
        Server::start(service("orders-inventory"), 15001)?,
        Server::start(service("orders-db"), 15432)?,
        Server::start(service("orders-api"), 18080)?,
    ];
    http(18080, "GET", "/health", "")?;
    // Measured at the same time, so that pages of files that both use count half for each.
    let command = Server::start_unasked(programs.fbsim(&["test", "benches/specs/idle.star"]))?;
    let started = Instant::now();
    let (mut last, mut steady) = (0, 0);
    // The test only counts once the services are up: then nothing changes any more.
    while steady < 20 {
        if started.elapsed() > Duration::from_secs(30) {
            return Err(Skip("the idle world does not come to rest".to_owned()));
        }
        std::thread::sleep(Duration::from_millis(50));
        let now = below(command.pid()).len();
        steady = if now == last && now >= 4 { steady + 1 } else { 0 };
        last = now;
    }
    let inside = below(command.pid()).into_iter().map(proportional_bytes).sum();
    let native = natives.iter().map(|server| proportional_bytes(server.pid())).sum();
    Ok((inside, native))
}

/// The most memory that all processes started meanwhile take together.
pub(crate) fn peak_while<R>(run: impl FnOnce() -> R) -> (R, f64) {
    let (ended, end) = mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        let mut peak: f64 = 0.0;
        while end.recv_timeout(Duration::from_millis(250)) == Err(mpsc::RecvTimeoutError::Timeout) {
            peak = peak.max(below(std::process::id()).into_iter().map(proportional_bytes).sum());
        }
        peak
    });
    let result = run();
    drop(ended);
    (result, watch.join().unwrap_or(0.0))
}

/// All processes below one: the worker and the guests.
fn below(root: u32) -> BTreeSet<u32> {
    let mut found = BTreeSet::from([root]);
    loop {
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let children = processes.filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let parent: u32 = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
            found.contains(&parent).then_some(pid)
        });
        let children: Vec<u32> = children.collect();
        let before = found.len();
        found.extend(children);
        if found.len() == before {
            found.remove(&root);
            return found;
        }
    }
}

fn proportional_bytes(pid: u32) -> f64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse().ok());
    line.unwrap_or(0.0) * 1024.0
}
