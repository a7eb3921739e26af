//! What the three services of the order system share.
//!
//! ```text
//!             HTTP                 line protocol
//!   client ─────────▶ orders-api ───────────────▶ orders-inventory   stock, in memory
//!                          │      line protocol
//!                          └────────────────────▶ orders-db          orders, write-ahead file
//! ```
//!
//! Each service is an ordinary program: threads, blocking sockets, the standard library.
//! The binaries own what a service does; this library owns how services start, log, listen and talk to
//! each other, and which planted bugs are switched on ([`bugs`]).

pub mod bugs;
pub mod json;
pub mod line;
pub mod log;
pub mod server;
pub mod start;
pub mod sync;
