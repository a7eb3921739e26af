//! Readiness checks and what else `service()` takes: `tcp(…)`, `http(…)`, `ready()`, `op(…)`, `observe.…`.

use crate::diagnostic::Diagnostic;
use allocative::Allocative;
use model::plan::{Check, Health, Interface, LineDecoder};
use model::{Glob, LineSource, VirtualDuration};
use starlark::any::ProvidesStaticType;
use starlark::starlark_simple_value;
use starlark::values::{NoSerialize, StarlarkValue, starlark_value};
use std::fmt;

/// A readiness check before it is known whose it is.
#[derive(Clone, Debug, PartialEq, Eq, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct HealthCheck {
    #[allocative(skip)]
    pub(crate) check: Check,
    /// Host and port, if the check names them.
    pub(crate) address: Option<(String, u16)>,
    #[allocative(skip)]
    pub(crate) timeout: VirtualDuration,
}

/// A named group of system calls.
#[derive(Clone, Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct OpValue {
    pub(crate) calls: Vec<String>,
    #[allocative(skip)]
    pub(crate) path: Option<Glob>,
}

/// Something to watch a service by.
#[derive(Clone, Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) enum Observation {
    /// Its standard output or error; these become events in any case.
    Stream(#[allocative(skip)] LineSource, Decoder),
    /// Files whose appended lines become events.
    Wal(#[allocative(skip)] Glob, Decoder),
    /// Topics: names at a service that speaks redis, else files in which a broker keeps them, one record a line.
    Topic(String, Decoder),
    /// What it answers when it is asked.
    Poll(#[allocative(skip)] Box<PollSource>),
}

/// A poll before its service is known.
#[derive(Clone, Debug)]
pub(crate) struct PollSource {
    pub(crate) url: String,
    pub(crate) check: HealthCheck,
    pub(crate) line: Option<String>,
    pub(crate) interval: VirtualDuration,
}

/// How lines are decoded, besides those that are JSON objects, which always are.
#[derive(Clone, Debug, Default, PartialEq, Eq, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct Decoder(#[allocative(skip)] pub(crate) Option<LineDecoder>);

starlark_simple_value!(HealthCheck);
starlark_simple_value!(OpValue);
starlark_simple_value!(Observation);
starlark_simple_value!(Decoder);

#[starlark_value(type = "healthcheck")]
impl<'v> StarlarkValue<'v> for HealthCheck {}
#[starlark_value(type = "op")]
impl<'v> StarlarkValue<'v> for OpValue {}
#[starlark_value(type = "observation")]
impl<'v> StarlarkValue<'v> for Observation {}
#[starlark_value(type = "decoder")]
impl<'v> StarlarkValue<'v> for Decoder {}

impl fmt::Display for HealthCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("healthcheck")
    }
}
impl fmt::Display for OpValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "op({:?})", self.calls)
    }
}
impl fmt::Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("observation")
    }
}
impl fmt::Display for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("decoder(\"json\")")
    }
}

impl HealthCheck {
    /// Reads `host:port` or `[http://]host:port/path`.
    pub(crate) fn parse(kind: &str, address: &str, timeout: VirtualDuration) -> Result<HealthCheck, Diagnostic> {
        let rest = address.strip_prefix("http://").filter(|_| kind == "http").unwrap_or(address);
        let (host_port, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let bad = |why: &str| {
            let example = if kind == "http" { "localhost:8080/health" } else { "localhost:5432" };
            Diagnostic::argument(format!("{kind}(): bad address {address:?}: {why}"))
                .help(format!("write it as \"{example}\""))
                .focus(address)
        };
        if rest.starts_with("https:") {
            return Err(bad("readiness checks speak plain http"));
        }
        let (host, port) = host_port.rsplit_once(':').ok_or_else(|| bad("it has no port"))?;
        let port = port.parse().ok().filter(|p| *p != 0).ok_or_else(|| bad("the port is not a number up to 65535"))?;
        let check = match kind {
            "http" => Check::Http(if path.is_empty() { "/".to_owned() } else { path.to_owned() }),
            _ if path.is_empty() => Check::Tcp,
            _ => return Err(bad("a tcp check has no path")),
        };
        Ok(HealthCheck { check, address: Some((host.to_owned(), port)), timeout })
    }

    /// The check of a particular service.
    pub(crate) fn of(&self, service: &str, interfaces: &[Interface]) -> Result<Health, Diagnostic> {
        let (check, port) = match (&self.address, interfaces) {
            (Some((host, port)), _) => {
                if !matches!(host.as_str(), "localhost" | "127.0.0.1" | "0.0.0.0" | "") && host != service {
                    let message = format!("service(): the healthcheck of {service} asks the host {host:?}");
                    return Err(Diagnostic::argument(message)
                        .help("a service is asked itself: write localhost, or its name")
                        .focus(host));
                }
                (self.check.clone(), *port)
            }
            (None, [first, ..]) => (asked(first)?, first.port),
            (None, []) => {
                return Err(Diagnostic::argument("service(): ready() needs a service that has an interface"));
            }
        };
        Ok(Health { check, port, timeout: self.timeout })
    }
}

/// How a service is asked whether it is ready, in what its interface speaks.
fn asked(interface: &Interface) -> Result<Check, Diagnostic> {
    match interface.protocol.as_str() {
        "http" => Ok(Check::Answers),
        "redis" => Ok(Check::Ping),
        "udp" => {
            Err(Diagnostic::argument(format!("service(): ready() cannot ask {:?}, which speaks udp", interface.name))
                .help("leave the healthcheck out, or await a line that the service writes"))
        }
        _ => Ok(Check::Tcp),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let parse = |kind, address| HealthCheck::parse(kind, address, VirtualDuration::ZERO).ok();
        let found = |kind, address| parse(kind, address).map(|h| (h.check, h.address.expect("an address").1));
        assert_eq!(found("tcp", "localhost:5432"), Some((Check::Tcp, 5432)));
        assert_eq!(found("http", "localhost:80/health"), Some((Check::Http("/health".into()), 80)));
        assert_eq!(found("http", "http://api:80"), Some((Check::Http("/".into()), 80)));
        for (kind, bad) in
            [("tcp", "localhost"), ("tcp", "h:0"), ("tcp", "h:1/x"), ("http", "https://h:1/"), ("tcp", "h:x")]
        {
            assert_eq!(parse(kind, bad), None, "{bad}");
        }
    }
}
