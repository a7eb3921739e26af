//! Links the command so that it starts quickly: where it stays, and with few libraries to look for.
//!
//! A program that may lie anywhere is put together at every start: 67,000 addresses on 220 pages, half a millisecond.
//! What runs unprivileged programs on behalf of their owner gains nothing by a secret place. The place is one that neither
//! guests nor what the host maps by itself ever gets.
//!
//! The compiler's own library asks the processor ten questions when it is loaded, each of which costs a virtual machine
//! six microseconds. Linked into the program, it is asked for nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-bin=fbsim=-Wl,--no-pie");
    println!("cargo::rustc-link-arg-bin=fbsim=-Wl,-z,keep-text-section-prefix");
    println!("cargo::rustc-link-arg-bin=fbsim=-Wl,--image-base=0x5a0000000000");
    let scripts = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it")).join("libraries");
    std::fs::create_dir_all(&scripts).expect("the output directory can be written to");
    // Found before the shared libraries of the same names.
    static_instead(&scripts, "libgcc_s.so", &["libgcc_eh.a", "libgcc.a"]);
    println!("cargo::rustc-link-arg-bin=fbsim=-L{}", scripts.display());
}

/// Has the linker take archives where it is told to take a shared library; if the host has them.
fn static_instead(scripts: &Path, shared: &str, archives: &[&str]) {
    let found: Option<Vec<String>> = archives.iter().map(|archive| find(archive)).collect();
    let script = scripts.join(shared);
    match found {
        Some(paths) => {
            let text = format!("/* GNU ld script */\nGROUP ( {} )\n", paths.join(" "));
            std::fs::write(script, text).expect("the output directory can be written to");
        }
        // A script of an earlier build would name what is gone.
        None => drop(std::fs::remove_file(script)),
    }
}

/// Where the C compiler has a library.
fn find(archive: &str) -> Option<String> {
    let output = Command::new("cc").arg(format!("-print-file-name={archive}")).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    Path::new(&path).is_absolute().then_some(path)
}
