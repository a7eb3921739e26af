//! Accepting connections: a thread for each.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::log;

/// How long a connection may stay silent before its thread gives up on it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a peer may take to accept an answer.
const SEND_TIMEOUT: Duration = Duration::from_secs(2);

/// The pause after a failed accept, so that a lasting failure does not become a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Serves `listener` for ever, calling `handle` in a new thread for each connection.
///
/// Whatever goes wrong with one connection is logged and ends that connection only.
pub fn serve<H>(service: &'static str, listener: &TcpListener, handle: H) -> !
where
    H: Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
{
    let handle = Arc::new(handle);
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                let handle = Arc::clone(&handle);
                let thread = thread::Builder::new().spawn(move || {
                    if let Err(error) = converse(stream, &*handle) {
                        log_error(service, "connection_error", &error);
                    }
                });
                if let Err(error) = thread {
                    log_error(service, "thread_error", &error);
                }
            }
            Err(error) => {
                log_error(service, "accept_error", &error);
                thread::sleep(ACCEPT_PAUSE);
            }
        }
    }
}

fn converse(stream: TcpStream, handle: &dyn Fn(TcpStream) -> io::Result<()>) -> io::Result<()> {
    stream.set_read_timeout(Some(IDLE_TIMEOUT))?;
    stream.set_write_timeout(Some(SEND_TIMEOUT))?;
    handle(stream)
}

fn log_error(service: &str, action: &str, error: &io::Error) {
    log::Line::new(service).with("action", action).with("error", error.to_string()).write();
}
