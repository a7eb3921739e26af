//! How cost grows with the number of seeds, services and threads; a curve each.

use crate::measure::{Measured, Sample, Skip, compare_each, rounds};
use crate::plot::{Curve, draw};
use crate::programs::{Cpus, Programs, inside, seconds};
use crate::row::{Figure, Row, Unit, Wanted};
use crate::seeds::{demo_rate, told_rate};
use crate::{Extent, document, memory};
use std::fmt::Write as _;

const ROUNDS: usize = 3;

pub(crate) fn measure(programs: &Programs, extent: Extent) -> Vec<Row> {
    programs.on(Cpus::All);
    let mut rows = seeds(programs, extent);
    programs.on(Cpus::One);
    rows.extend(services(programs));
    rows.extend(threads(programs));
    rows
}

/// Rows of a figure at several sizes, each beside the first, and their curve.
fn series(name: &str, unit: Unit, axes: [&str; 2], points: Vec<(u64, Measured<Sample>)>) -> Vec<Row> {
    let known = points.iter().filter_map(|(size, sample)| Some((*size as f64, sample.as_ref().ok()?.median())));
    let curve = Curve { title: name, axes, points: known.collect() };
    draw(&document::curve_path(&name.replace(' ', "-")), &curve);
    let first = points.first().and_then(|(_, sample)| sample.clone().ok());
    let mut rows = Vec::new();
    for (size, sample) in points {
        let figure = Figure::new(&format!("{name}: {size}"), unit, "the first of the series", Wanted::Nothing);
        let first = first.clone().ok_or_else(|| Skip("the first of the series is missing".to_owned()));
        rows.push(figure.row(sample.and_then(|sample| Ok([sample, first?]))));
    }
    rows
}

fn seeds(programs: &Programs, extent: Extent) -> Vec<Row> {
    let mut sizes = vec![1_000, 10_000];
    if extent == Extent::Long {
        sizes.push(100_000);
    }
    let (mut rates, mut peaks) = (Vec::new(), Vec::new());
    for n in sizes {
        let (rate, peak) = memory::peak_while(|| demo_rate(programs, n).map(Sample::once));
        rates.push((n, rate));
        peaks.push((n, Ok(Sample::once(peak))));
    }
    let mut rows = series("seeds per second by number of seeds", Unit::PerSecond, ["seeds", "seeds per second"], rates);
    rows.extend(series("memory by number of seeds", Unit::Bytes, ["seeds", "bytes"], peaks));
    rows
}

fn services(programs: &Programs) -> Vec<Row> {
    let points = [1, 3, 10, 30].map(|n| {
        let path = programs.guests.join(format!("services{n}.star"));
        let measured = || {
            std::fs::write(&path, many_services(n)).map_err(|e| Skip(e.to_string()))?;
            let mut command = programs.fbsim(&["explore", "--seeds", "60"]);
            command.arg(&path);
            Ok(1.0 / told_rate(command)? / n as f64)
        };
        (n, rounds(ROUNDS, [&measured]).map(|[sample]| sample))
    });
    series("time per seed and service by services", Unit::Seconds, ["services", "seconds"], points.to_vec())
}

/// So many stocks, each asked once.
fn many_services(count: u64) -> String {
    let mut spec = String::from("stocks = []\n");
    for n in 0..count {
        let _ = writeln!(
            spec,
            "s{n} = service(\"s{n}\", interface(\"main\", \"tcp\", 5001), binary = \"orders-inventory\", \
             env = {{\"STOCK\": \"widget=40\"}}, healthcheck = tcp(\"localhost:5001\"))\nstocks.append(s{n})"
        );
    }
    spec + "\ndef test_stocks():\n    for s in stocks:\n        assert_eq(s.send(data = \"STOCK widget\"), \"OK 40\")\n"
}

fn threads(programs: &Programs) -> Vec<Row> {
    let (mut rows, mut points) = (Vec::new(), Vec::new());
    for threads in [2, 16, 128, 1024] {
        let command = |n: u64| programs.guest("handoff", &["threads", &n.to_string(), &threads.to_string()]);
        let within = |n| seconds(inside(programs, &command(n)));
        let measured = compare_each(ROUNDS, &within, &|n| seconds(command(n)), threads);
        points.extend(measured.iter().map(|[sample, _]| (threads as f64, sample.median())));
        let figure =
            Figure::new(&format!("time per turn by threads: {threads}"), Unit::Nanos, "native", Wanted::Nothing);
        rows.push(figure.row(measured));
    }
    let curve = Curve { title: "time per turn by threads", axes: ["threads", "nanoseconds"], points };
    draw(&document::curve_path("time-per-turn-by-threads"), &curve);
    rows
}
