//! Servers outside fbsim, for yardsticks.

use crate::measure::{Measured, Skip};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server is up after so long, or never.
const UP_WITHIN: Duration = Duration::from_secs(20);

/// A running server; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server(Child);

impl Server {
    /// Starts a server and waits until it accepts connections at a port.
    pub(crate) fn start(command: Command, port: u16) -> Measured<Server> {
        let server = Server::start_unasked(command)?;
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if started.elapsed() > UP_WITHIN {
                return Err(Skip(format!("nothing listens on port {port}")));
            }
            std::thread::sleep(Duration::from_micros(100));
        }
        Ok(server)
    }
    /// Starts a server and does not wait.
    pub(crate) fn start_unasked(mut command: Command) -> Measured<Server> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let name = command.get_program().to_string_lossy().into_owned();
        command.spawn().map(Server).map_err(|e| Skip(format!("{name}: {e}")))
    }
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends something and reads until the other side has nothing more to say.
pub(crate) fn exchange(port: u16, request: &[u8]) -> Measured<Vec<u8>> {
    let failed = |e: std::io::Error| Skip(format!("port {port}: {e}"));
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(failed)?;
    stream.set_read_timeout(Some(Duration::from_secs(120))).map_err(failed)?;
    stream.write_all(request).map_err(failed)?;
    let mut answer = Vec::new();
    // A server that keeps the connection open is told that nothing more will come.
    if request.starts_with(b"GO") {
        let mut line = [0; 64];
        let n = stream.read(&mut line).map_err(failed)?;
        answer.extend_from_slice(&line[..n]);
        return Ok(answer);
    }
    stream.shutdown(Shutdown::Write).map_err(failed)?;
    stream.read_to_end(&mut answer).map_err(failed)?;
    Ok(answer)
}

/// One HTTP request whose connection ends with the answer.
pub(crate) fn http(port: u16, method: &str, path: &str, body: &str) -> Measured<String> {
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let failed = |e: std::io::Error| Skip(format!("port {port}: {e}"));
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(failed)?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).map_err(failed)?;
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(failed)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
