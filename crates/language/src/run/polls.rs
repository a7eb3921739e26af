//! Polls: a service that is asked again and again while a test runs, each answer a `poll` event.
//!
//! ```text
//!   the test's body ──────────────────────────────────────────> over: polls end
//!   a poll:   wait ── ask ── wait ── ask ── wait ──────────────┘
//! ```
//!
//! A poll is a task beside the test's. Its waiting keeps nobody waiting: it is no reason for the world not to come to
//! rest, nor for a deadlock not to be one, so polls happen only while something else is going to.

use crate::run::steps::{exchange, exchange_line};
use crate::session::Live;
use model::event::{Note, Value};
use model::machine::Branch;
use model::plan::{Check, Poll, Service};
use model::{ServiceId, Stopped};
use protocol::http;
use std::cell::Cell;

/// How much of an answer is noted.
const NOTED_CHARS: usize = 2_000;

/// Runs a test's body beside the polls of its plan; what the body answers, or that the world has ended.
pub(super) fn beside<T>(live: &Live<'_>, body: impl FnOnce() -> T) -> Result<T, Stopped> {
    let services = live.plan.ids().filter_map(|id| Some((id, live.plan.service(id)?)));
    let polls: Vec<_> = services.flat_map(|(id, s)| s.polls.iter().map(move |poll| (id, s, poll))).collect();
    if polls.is_empty() {
        return Ok(body());
    }
    let (answer, is_over) = (Cell::new(None), Cell::new(false));
    let mut branches: Vec<Branch<'_>> = vec![Box::new(|| {
        answer.set(Some(body()));
        is_over.set(true);
        live.machine.dismiss();
    })];
    for (id, service, poll) in polls {
        let is_over = &is_over;
        branches.push(Box::new(move || {
            // It ends with the test or with the world.
            let _ended: Result<(), Stopped> = ask_again_and_again(live, id, service, poll, is_over);
        }));
    }
    live.machine.parallel(branches)?;
    answer.into_inner().ok_or(Stopped)
}

fn ask_again_and_again(
    live: &Live<'_>,
    id: ServiceId,
    service: &Service,
    poll: &Poll,
    is_over: &Cell<bool>,
) -> Result<(), Stopped> {
    while !is_over.get() && live.machine.linger(live.machine.now().after(poll.interval))? {
        let answer = ask(live, id, service, poll)?;
        if is_over.get() {
            break;
        }
        let mut fields: Vec<(Box<str>, Value)> =
            vec![("service".into(), service.name.as_str().into()), ("url".into(), poll.url.as_str().into())];
        match answer {
            Ok((status, body)) => {
                fields.extend(status.map(|status| ("status".into(), Value::Int(i64::from(status)))));
                let body: String = body.trim().chars().take(NOTED_CHARS).collect();
                fields.push(("body".into(), body.into()));
            }
            Err(why) => fields.push(("error".into(), why.into())),
        }
        live.machine.note(Note { kind: "poll".into(), fields });
    }
    Ok(())
}

/// Asks once: the status, if the answer has one, and the body; or why there is no answer.
fn ask(
    live: &Live<'_>,
    id: ServiceId,
    service: &Service,
    poll: &Poll,
) -> Result<Result<(Option<u16>, String), String>, Stopped> {
    let machine = live.machine;
    let deadline = machine.now().after(poll.health.timeout);
    let connection = match machine.connect(id, poll.health.port, deadline)? {
        Ok(connection) => connection,
        Err(errno) => return Ok(Err(format!("connect: {}", errno.message()))),
    };
    let answer = match (&poll.health.check, &poll.line) {
        (Check::Http(path), _) => {
            let host = format!("{}:{}", service.name, poll.health.port);
            match http::request("GET", &host, path, &[], b"") {
                Err(why) => Err(why.to_string()),
                Ok(request) => exchange(live, connection, &request, deadline)?
                    .map(|response| (Some(response.status()), String::from_utf8_lossy(response.body()).into_owned())),
            }
        }
        (Check::Tcp | Check::Ping | Check::Answers, Some(line)) => {
            exchange_line(live, connection, line, deadline)?.map(|line| (None, line))
        }
        (Check::Tcp | Check::Ping | Check::Answers, None) => Ok((None, String::new())),
    };
    machine.close(connection);
    Ok(answer)
}
