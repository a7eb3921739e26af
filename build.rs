//! Links the command where it stays: at one address, rather than anywhere.
//!
//! A program that may lie anywhere is put together at every start: 67,000 addresses on 220 pages, half a millisecond, and
//! `fbsim run` starts it twice. What runs unprivileged programs on behalf of their owner gains nothing by a secret place.
//! The place is one that neither guests nor what the host maps by itself ever gets.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-bin=fbsim=-Wl,--no-pie");
    println!("cargo::rustc-link-arg-bin=fbsim=-Wl,--image-base=0x5a0000000000");
}
