//! Specifications against a toy machine: what is declared, what is refused, and what a run does.

mod causes;
mod errors;
mod faults;
mod inventory;
mod monitors;
mod names;
mod refused;
mod run;
mod shop;
mod snippets;
mod tidy;
mod toy;
mod traps;

use language::{LoadOptions, Spec, SpecError, SpecSource};
use model::{Failure, Verdict};

/// Loads a specification from text; `load()` reads from the fixtures.
pub(crate) fn load(text: &str) -> Result<Spec, SpecError> {
    load_with(text, &[])
}

pub(crate) fn load_with(text: &str, overrides: &[(&str, &str)]) -> Result<Spec, SpecError> {
    let source = SpecSource { path: "spec.star".into(), text: text.into() };
    let env_overrides = overrides.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    let resolve_binary = |name: &str, _: Option<&language::Build>| {
        if name.contains("missing") { Err("no such file".to_owned()) } else { Ok(format!("/bin/{name}")) }
    };
    let resolve_path = |name: &str| {
        if name.contains("missing") { Err("no such file".to_owned()) } else { Ok(format!("/spec/{name}")) }
    };
    let build = |build: &language::Build| {
        if build.command.contains(&"false".to_owned()) { Err("it exits with 1".to_owned()) } else { Ok(()) }
    };
    let options =
        LoadOptions { env_overrides, resolve_binary: &resolve_binary, resolve_path: &resolve_path, build: &build };
    language::load(source, &fixture, options)
}

/// The text of a fixture.
pub(crate) fn fixture(name: &str) -> Result<String, String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read_to_string(path).map_err(|e| e.to_string())
}

/// Loads a specification that has to be right.
#[track_caller]
pub(crate) fn good(text: &str) -> Spec {
    load(text).unwrap_or_else(|e| panic!("{e}"))
}

/// The failure of a verdict that has to be one.
#[track_caller]
pub(crate) fn failure(verdict: Verdict) -> Failure {
    match verdict {
        Verdict::Failed(failure) => failure,
        other => panic!("expected a failure, got {other:?}"),
    }
}
