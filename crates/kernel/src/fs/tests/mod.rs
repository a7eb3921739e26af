//! The file system against tables of cases, and against a directory of the host.

mod cases;
mod content;
mod harness;
mod machine;
mod notify;
mod real;
mod virtual_files;
