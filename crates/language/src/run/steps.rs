//! Steps: what a test does to a service over the network, as a client on the host `test`.
//!
//! ```text
//!   http.rs               tcp  (here)           redis.rs           udp.rs
//!     └──────────────────────┴─── converse ────────┘                  └─ datagrams
//! ```
//!
//! A step is seen in the log as `step_send` when it begins and `step_recv` when it ends. An HTTP step answers a response
//! whatever happens; one that could not be made has status 0, is false, and says why; so do those of redis and UDP. A
//! line over TCP has nothing to say that with, so it fails the test.

mod http;
mod redis;
mod udp;

pub(crate) use redis::ping;

use crate::args::Call;
use crate::diagnostic::{Diagnostic, Violation, interrupted};
use crate::session::{Live, driver};
use crate::values::response::Response;
use crate::values::service::Step;
use model::event::{Note, Value as FieldValue};
use model::plan::Interface;
use model::{Connection, ServiceId, Stopped, VirtualDuration, VirtualTime};
use protocol::http::{Progress, Response as HttpResponse};
use protocol::tcp_line;
use serde_json::Value as Json;
use starlark::eval::Evaluator;
use starlark::values::Value;

/// How long a step may take.
const TIMEOUT: VirtualDuration = VirtualDuration::secs(30);
/// How much of a body is noted.
const NOTED_CHARS: usize = 200;

/// Takes a step with the arguments it was called with.
pub(crate) fn take<'v>(
    step: &Step,
    interface: &Interface,
    call: Call<'v>,
    eval: &mut Evaluator<'v, '_, '_>,
) -> starlark::Result<Value<'v>> {
    let live = driver(eval, &format!("{step}()"))?;
    let target = live.plan.id(&step.service.name).ok_or_else(|| {
        Diagnostic::argument(format!(
            "the service {:?} was not declared when the specification was loaded",
            step.service.name
        ))
    })?;
    let action = Action { live, step, interface, target };
    match interface.protocol.as_str() {
        "http" => Ok(eval.heap().alloc(action.http(call)?)),
        "redis" => Ok(eval.heap().alloc(action.redis(call)?)),
        "udp" => Ok(eval.heap().alloc(action.udp(call)?)),
        _ => {
            let (answer, duration_ms) = action.line(call)?;
            let target = &step.service.name;
            match (step.method.as_str(), answer) {
                ("send", Ok(line)) => Ok(eval.heap().alloc(line)),
                ("send", Err(why)) => Err(Violation::new(format!("tcp send to {target} failed: {why}")).into()),
                (_, Ok(body)) => Ok(eval.heap().alloc(Response { body, duration_ms, ..Response::default() })),
                (_, Err(error)) => Ok(eval.heap().alloc(Response { error, duration_ms, ..Response::default() })),
            }
        }
    }
}

/// A step in progress.
struct Action<'a, 'e> {
    live: &'a Live<'e>,
    step: &'a Step,
    interface: &'a Interface,
    target: ServiceId,
}

impl Action<'_, '_> {
    /// One line there and one back, or why not; and how long it took, in ms.
    fn line(&self, mut call: Call<'_>) -> starlark::Result<(Result<String, String>, i64)> {
        let data = call.required("data")?;
        let data = call.text("data", data)?;
        call.finish()?;
        let machine = self.live.machine;
        let began = machine.now();
        let deadline = began.after(TIMEOUT);
        self.note_send(&format!("send {}", noted(data.trim_end())), [("body", noted(&data))]);
        let talk = |connection| exchange_line(self.live, connection, &data, deadline);
        let answer = self.connected(self.to(), deadline, talk).map_err(interrupted)?;
        let (line, error) = match &answer {
            Ok(line) => (line.as_str(), ""),
            Err(error) => ("", error.as_str()),
        };
        let took = self.since(began);
        self.note_recv(None, None, line, error, took);
        Ok((answer, took))
    }

    fn to(&self) -> (ServiceId, u16) {
        (self.target, self.interface.port)
    }

    /// Says something over a connection of its own. The inner error is why there is no answer.
    fn connected<T>(
        &self,
        to: (ServiceId, u16),
        deadline: VirtualTime,
        talk: impl FnOnce(Connection) -> Result<Result<T, String>, Stopped>,
    ) -> Result<Result<T, String>, Stopped> {
        let machine = self.live.machine;
        match machine.connect(to.0, to.1, deadline)? {
            Err(errno) => Ok(Err(format!("connect: {}", errno.message()))),
            Ok(connection) => {
                let answer = talk(connection)?;
                machine.close(connection);
                Ok(answer)
            }
        }
    }

    /// What a step answers that has a value and no status: the value as JSON in the body. It is noted, too.
    fn valued(&self, answer: Result<Json, String>, began: VirtualTime) -> Response {
        let (body, error) = match answer {
            Ok(value) => (value.to_string(), String::new()),
            Err(error) => (String::new(), error),
        };
        let duration_ms = self.since(began);
        self.note_recv(None, None, &body, &error, duration_ms);
        Response { status: 0, body, error, duration_ms }
    }

    fn since(&self, began: VirtualTime) -> i64 {
        (self.live.machine.now().since(began).0 / 1_000_000) as i64
    }

    fn note_send<'n>(&self, summary: &str, details: impl IntoIterator<Item = (&'n str, String)>) {
        let mut fields = self.about();
        fields.extend(details.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.into(), v.into())));
        fields.push(("summary".into(), summary.into()));
        self.live.machine.note(Note { kind: "step_send".into(), fields });
    }

    fn note_recv(&self, path: Option<&str>, status: Option<i64>, body: &str, error: &str, duration_ms: i64) {
        let mut fields = self.about();
        fields.extend(path.map(|path| ("path".into(), path.into())));
        fields.extend(status.map(|status| ("status_code".into(), FieldValue::Int(status))));
        fields.push(("success".into(), FieldValue::Bool(error.is_empty())));
        fields.push(("duration_ms".into(), FieldValue::Int(duration_ms)));
        let summary = match (status, error) {
            (Some(status), _) => format!("{status} in {duration_ms}ms"),
            (None, "") => format!("answered in {duration_ms}ms"),
            (None, error) => format!("{error} after {duration_ms}ms"),
        };
        let text = [("error", error.to_owned()), ("body", noted(body)), ("summary", summary)];
        fields.extend(text.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.into(), v.into())));
        self.live.machine.note(Note { kind: "step_recv".into(), fields });
    }

    fn about(&self) -> Vec<(Box<str>, FieldValue)> {
        vec![
            ("target".into(), self.step.service.name.as_str().into()),
            ("method".into(), self.step.method.as_str().into()),
            ("interface".into(), self.interface.name.as_str().into()),
            ("protocol".into(), self.interface.protocol.as_str().into()),
        ]
    }
}

/// Sends a request and reads the response to its end. The inner error is why there is none.
pub(crate) fn exchange(
    live: &Live<'_>,
    connection: Connection,
    request: &[u8],
    deadline: VirtualTime,
) -> Result<Result<HttpResponse, String>, Stopped> {
    let mut response = HttpResponse::new();
    converse(live, connection, request, deadline, |received| {
        let progress = if received.is_empty() {
            response.finish_at_eof().map(|()| Progress::Done)
        } else {
            response.push(received)
        };
        match progress {
            Ok(Progress::More) => Ok(None),
            Ok(Progress::Done) => Ok(Some(std::mem::replace(&mut response, HttpResponse::new()))),
            Err(why) => Err(why.to_string()),
        }
    })
}

/// Sends a line and reads one. The inner error is why there is none.
pub(crate) fn exchange_line(
    live: &Live<'_>,
    connection: Connection,
    data: &str,
    deadline: VirtualTime,
) -> Result<Result<String, String>, Stopped> {
    let mut reader = tcp_line::LineReader::new();
    converse(live, connection, &tcp_line::line(data), deadline, |received| {
        if !received.is_empty() {
            return Ok(reader.push(received));
        }
        reader.finish_at_eof().map(Some).ok_or_else(|| "connection closed without a line".to_owned())
    })
}

/// Sends a request and reads until `read` has made an answer of what arrived; it is given nothing at the end of the
/// stream, and must then answer or fail. The inner error is why there is no answer.
fn converse<T>(
    live: &Live<'_>,
    connection: Connection,
    request: &[u8],
    deadline: VirtualTime,
    mut read: impl FnMut(&[u8]) -> Result<Option<T>, String>,
) -> Result<Result<T, String>, Stopped> {
    if let Err(errno) = live.machine.send(connection, request, deadline)? {
        return Ok(Err(format!("send: {}", errno.message())));
    }
    loop {
        let received = match live.machine.receive(connection, deadline)? {
            Ok(bytes) => bytes,
            Err(errno) => return Ok(Err(format!("receive: {}", errno.message()))),
        };
        match read(&received) {
            Ok(Some(answer)) => return Ok(Ok(answer)),
            Ok(None) => {}
            Err(why) => return Ok(Err(why)),
        }
    }
}

fn noted(text: &str) -> String {
    text.chars().take(NOTED_CHARS).collect()
}
