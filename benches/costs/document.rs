//! docs/performance.md: the parts between markers are replaced, the rest is left as it is.

use crate::programs::root;
use crate::row::{Row, table};
use std::fs;

const DOCUMENT: &str = "docs/performance.md";

/// Replaces the section of a family. One that has no place yet goes to the end of the document.
pub(crate) fn replace(name: &str, title: &str, rows: &[Row]) {
    replace_part(name, &format!("### {title}\n\n{}", table(rows)));
}

/// Replaces what is said about the machine that measured.
pub(crate) fn replace_machine() {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("an unknown processor", |(_, name)| name.trim());
    let cpus = info.lines().filter(|line| line.starts_with("processor")).count();
    let release = read("/proc/sys/kernel/osrelease");
    replace_part("machine", &format!("Machine of the figures: {model}, {cpus} CPUs, Linux {}.\n", release.trim()));
}

/// Where the curves are, for links from the document.
pub(crate) fn curve_path(name: &str) -> std::path::PathBuf {
    let directory = root().join("docs/performance");
    fs::create_dir_all(&directory).expect("a directory for the curves");
    directory.join(format!("{name}.svg"))
}

fn replace_part(name: &str, part: &str) {
    let path = root().join(DOCUMENT);
    let text = fs::read_to_string(&path).expect("the document is there");
    fs::write(&path, replaced(&text, name, part)).expect("the document can be written");
}

fn replaced(text: &str, name: &str, part: &str) -> String {
    let (start, end) = (format!("<!-- bench {name}: generated -->\n"), format!("<!-- end of bench {name} -->\n"));
    let part = format!("{start}\n{}\n\n{end}", part.trim());
    match text.split_once(&start).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1))) {
        Some((before, after)) => format!("{before}{part}{after}"),
        None => format!("{}\n\n{part}", text.trim_end()),
    }
}
