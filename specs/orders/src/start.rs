//! How a service starts: its environment, its listener, and what it says when it cannot start.

use std::convert::Infallible;
use std::env;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::process::ExitCode;

use crate::bugs::{self, Bugs};
use crate::log;

/// Why a service did not start.
#[derive(Debug)]
pub enum StartError {
    /// An environment variable has a value that means nothing; exit code 2.
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong with its value.
        problem: String,
    },
    /// The system refused something the service needs; exit code 1.
    System {
        /// What the service was doing.
        doing: String,
        /// What the system answered.
        error: io::Error,
    },
}

impl StartError {
    /// An error about the value of an environment variable.
    pub fn variable(name: &'static str, problem: impl fmt::Display) -> Self {
        StartError::Variable { name, problem: problem.to_string() }
    }

    /// An error of the system while `doing` something.
    pub fn system(doing: impl Into<String>, error: io::Error) -> Self {
        StartError::System { doing: doing.into(), error }
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            StartError::Variable { .. } => ExitCode::from(2),
            StartError::System { .. } => ExitCode::from(1),
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Variable { name, problem } => write!(f, "{name}: {problem}"),
            StartError::System { doing, error } => write!(f, "{doing}: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

/// Runs a service for ever, or says on standard error why it could not start.
pub fn run(binary: &str, service: fn() -> Result<Infallible, StartError>) -> ExitCode {
    match service() {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("{binary}: {error}");
            error.exit_code()
        }
    }
}

/// The value of the environment variable `name`, or `default` when it is not set.
///
/// # Errors
/// When the value is not UTF-8.
pub fn variable(name: &'static str, default: &str) -> Result<String, StartError> {
    match env::var(name) {
        Ok(value) => Ok(value),
        Err(env::VarError::NotPresent) => Ok(default.to_owned()),
        Err(error @ env::VarError::NotUnicode(_)) => Err(StartError::variable(name, error)),
    }
}

/// The bugs that `ORDERS_BUGS` switches on.
///
/// # Errors
/// When the list names an unknown bug.
pub fn bugs() -> Result<Bugs, StartError> {
    variable(bugs::VARIABLE, "")?.parse().map_err(|error| StartError::variable(bugs::VARIABLE, error))
}

/// The address of another service, from the variable `name`: `host:port`, resolved once.
///
/// IPv4 goes first because the services listen on `0.0.0.0` unless told otherwise.
///
/// # Errors
/// When the value is no `host:port` or the host has no address.
pub fn peer(name: &'static str, default: &str) -> Result<SocketAddr, StartError> {
    let text = variable(name, default)?;
    let found: Vec<SocketAddr> =
        text.to_socket_addrs().map_err(|error| StartError::variable(name, format!("`{text}`: {error}")))?.collect();
    let ipv4 = found.iter().find(|address| address.is_ipv4());
    ipv4.or(found.first()).copied().ok_or_else(|| StartError::variable(name, format!("`{text}` has no address")))
}

/// Listens on the address in the variable `name` and logs that the service is ready.
///
/// # Errors
/// When the address cannot be listened on.
pub fn listen(service: &str, name: &'static str, default: &str) -> Result<TcpListener, StartError> {
    let address = variable(name, default)?;
    let listener =
        TcpListener::bind(&address).map_err(|error| StartError::system(format!("listening on {address}"), error))?;
    log::Line::new(service).with("action", "listening").with("address", address).write();
    Ok(listener)
}
