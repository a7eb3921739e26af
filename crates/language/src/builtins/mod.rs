//! The builtins of the language: one file per concern, and the table of names that are known but not supported.

mod assertions;
pub(crate) mod bounds;
mod control;
mod domain;
mod faults;
mod files;
pub(crate) mod machine;
mod matrix;
mod oracle;
mod sources;
pub(crate) mod temporal;
mod topology;
mod unsupported;
pub(crate) mod weights;
mod world;

use crate::values::unsupported::Unsupported;
use starlark::environment::{Globals, GlobalsBuilder, LibraryExtension};

/// Everything that a specification can name without defining it.
pub(crate) fn globals() -> Globals {
    let extensions = [
        LibraryExtension::StructType,
        LibraryExtension::SetType,
        LibraryExtension::Json,
        LibraryExtension::Print,
        LibraryExtension::Map,
        LibraryExtension::Filter,
        LibraryExtension::Partial,
    ];
    let mut builder = GlobalsBuilder::extended_by(&extensions);
    bounds::bounds(&mut builder);
    topology::topology(&mut builder);
    sources::sources(&mut builder);
    builder.namespace("observe", |namespace| {
        sources::observe(namespace);
        refuse(namespace, "observe.", unsupported::OBSERVE);
    });
    faults::faults(&mut builder);
    world::links(&mut builder);
    world::machines(&mut builder);
    domain::domain(&mut builder);
    matrix::matrix(&mut builder);
    builder.namespace("match", |namespace| {
        domain::matchers(namespace);
    });
    assertions::assertions(&mut builder);
    control::control(&mut builder);
    temporal::temporal(&mut builder);
    oracle::oracle(&mut builder);
    files::files(&mut builder);
    refuse(&mut builder, "", unsupported::BUILTINS);
    builder.build()
}

/// Names that are there only to say that they are not supported.
fn refuse(builder: &mut GlobalsBuilder, prefix: &str, names: &[(&str, &'static str)]) {
    for (name, instead) in names {
        builder.set(name, Unsupported { name: format!("{prefix}{name}"), instead });
    }
}
