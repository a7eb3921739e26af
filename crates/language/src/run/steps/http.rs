//! Steps over HTTP: a request and its answer, over a connection of its own. An answer that sends the client elsewhere is
//! followed, as browsers and the clients of most languages do.

use super::{Action, TIMEOUT, exchange, noted};
use crate::args::{Call, brief};
use crate::diagnostic::{Diagnostic, interrupted};
use crate::values::response::Response;
use model::{ServiceId, Stopped, VirtualTime};
use protocol::http;

/// How often a step is sent elsewhere before it gives up.
const REDIRECTS_MAX: usize = 10;

/// What is asked for, and where.
struct Asked {
    method: String,
    to: (ServiceId, u16),
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Action<'_, '_> {
    pub(super) fn http(&self, mut call: Call<'_>) -> starlark::Result<Response> {
        let path = call.next("path")?.map(|v| call.text("path", v)).transpose()?.unwrap_or_else(|| "/".to_owned());
        let body = match call.next("body")? {
            None => String::new(),
            Some(value) => value.unpack_str().map(str::to_owned).ok_or_else(|| {
                call.bad("body", &format!("must be a string, not {}", brief(value)))
                    .help("for JSON, write json.encode(…)")
            })?,
        };
        let headers = call.named("headers").map(|v| call.text_pairs("headers", v)).transpose()?.unwrap_or_default();
        let call_name = call.builtin().to_owned();
        call.finish()?;
        let method = self.step.method.to_uppercase();
        let asked = Asked { method, to: (self.target, self.interface.port), path: path.clone(), headers, body };
        let request = self.request(&asked).map_err(|why| Diagnostic::argument(format!("{call_name}(): {why}")))?;
        let began = self.live.machine.now();
        let told: Vec<String> = asked.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let details = [("path", path.clone()), ("headers", noted(&told.join("; "))), ("body", noted(&asked.body))];
        self.note_send(&format!("{} {path}", asked.method), details);
        let answer = self.ask(asked, request, began.after(TIMEOUT)).map_err(interrupted)?;
        let duration_ms = self.since(began);
        let response = match answer {
            Ok(parsed) => Response {
                status: parsed.status(),
                body: String::from_utf8_lossy(parsed.body()).trim().to_owned(),
                error: String::new(),
                duration_ms,
            },
            Err(error) => Response { status: 0, body: String::new(), error, duration_ms },
        };
        let status = (response.status != 0).then(|| i64::from(response.status));
        self.note_recv(Some(&path), status, &response.body, &response.error, duration_ms);
        Ok(response)
    }

    fn request(&self, asked: &Asked) -> Result<Vec<u8>, String> {
        let host = format!("{}:{}", self.live.plan.name(asked.to.0), asked.to.1);
        http::request(&asked.method, &host, &asked.path, &asked.headers, asked.body.as_bytes())
            .map_err(|why| why.to_string())
    }

    /// Asks, and asks where it is sent. The inner error is why there is no answer.
    fn ask(
        &self,
        mut asked: Asked,
        mut request: Vec<u8>,
        deadline: VirtualTime,
    ) -> Result<Result<http::Response, String>, Stopped> {
        for _ in 0..=REDIRECTS_MAX {
            let talk = |connection| exchange(self.live, connection, &request, deadline);
            let response = match self.connected(asked.to, deadline, talk)? {
                Ok(response) => response,
                Err(why) => return Ok(Err(why)),
            };
            let elsewhere = response.header("location").filter(|_| matches!(response.status(), 301..=303 | 307 | 308));
            let Some(location) = elsewhere else { return Ok(Ok(response)) };
            match self.resolve(&asked, location) {
                Ok((to, path)) => (asked.to, asked.path) = (to, path),
                Err(why) => return Ok(Err(why)),
            }
            if response.status() <= 303 && asked.method != "GET" {
                (asked.method, asked.body) = ("GET".to_owned(), String::new());
            }
            request = match self.request(&asked) {
                Ok(request) => request,
                Err(why) => return Ok(Err(format!("sent to {location:?}: {why}"))),
            };
        }
        Ok(Err(format!("sent elsewhere more than {REDIRECTS_MAX} times")))
    }

    /// The host, the port and the path that a location means to who has asked there.
    fn resolve(&self, asked: &Asked, location: &str) -> Result<((ServiceId, u16), String), String> {
        let Some(rest) = location.strip_prefix("http://") else {
            if location.contains("://") {
                return Err(format!("sent to {location:?}, which is not plain http"));
            }
            let directory = &asked.path[..asked.path.rfind('/').map_or(0, |at| at + 1)];
            let path = if location.starts_with('/') { location.to_owned() } else { format!("{directory}{location}") };
            return Ok((asked.to, path));
        };
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (name, port) = host.rsplit_once(':').unwrap_or((host, "80"));
        let port = port.parse().map_err(|_| format!("sent to {location:?}, which has no port"))?;
        let id = match name {
            "localhost" | "127.0.0.1" => Some(asked.to.0),
            name => self.live.plan.id(name),
        };
        let id = id.ok_or_else(|| format!("sent to {location:?}, which is no service"))?;
        Ok(((id, port), if path.is_empty() { "/".to_owned() } else { path.to_owned() }))
    }
}
