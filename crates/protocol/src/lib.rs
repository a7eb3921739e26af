//! What a specification's steps say on the wire, as pure encoders and incremental parsers: bytes in, values out. The
//! caller owns the connection, so the same code works over any transport and is tested without one.
//!
//! * [`http`] is the client's half of HTTP/1.1;
//! * [`tcp_line`] is one line each way;
//! * [`resp`] is what redis speaks, [`redis_traffic`] hears what is published through it;
//! * [`logfmt`] reads lines of logs.

pub mod http;
pub mod logfmt;
pub mod redis_traffic;
pub mod resp;
pub mod tcp_line;
