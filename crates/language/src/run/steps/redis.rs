//! Steps over redis: a command and its reply, over a connection of its own.

use super::{Action, TIMEOUT, converse, noted};
use crate::args::Call;
use crate::diagnostic::{Diagnostic, interrupted};
use crate::session::Live;
use crate::values::response::Response;
use model::{Connection, Stopped, VirtualTime};
use protocol::resp::{self, Reply, ReplyReader};
use serde_json::{Value as Json, json};
use starlark::values::Value;

impl Action<'_, '_> {
    /// Gives a command. What redis answers is `data["value"]`; an error of redis is the step's.
    pub(super) fn redis(&self, call: Call<'_>) -> starlark::Result<Response> {
        let Command { words, arguments } = command(&self.step.method, call)?;
        let began = self.live.machine.now();
        let deadline = began.after(TIMEOUT);
        self.note_send(&noted(&words.join(" ")), arguments);
        let request = resp::command(&words);
        let mut reader = ReplyReader::new();
        let talk = |connection| {
            converse(self.live, connection, &request, deadline, |received| match received {
                [] => Err("connection closed without a reply".to_owned()),
                received => reader.push(received).map_err(|why| why.to_string()),
            })
        };
        let reply = self.connected(self.to(), deadline, talk).map_err(interrupted)?;
        let answer = reply.and_then(|reply| match reply {
            Reply::Error(why) => Err(why),
            reply => Ok(json!({ "value": value(reply) })),
        });
        Ok(self.valued(answer, began))
    }
}

/// Whether redis answers: why not, if it does not.
pub(crate) fn ping(
    live: &Live<'_>,
    connection: Connection,
    deadline: VirtualTime,
) -> Result<Result<(), String>, Stopped> {
    let mut reader = ReplyReader::new();
    let reply = converse(live, connection, &resp::command(&["PING"]), deadline, |received| match received {
        [] => Err("connection closed without a reply".to_owned()),
        received => reader.push(received).map_err(|why| why.to_string()),
    })?;
    Ok(reply.and_then(|reply| match reply {
        // It serves, but not whoever does not say a password.
        Reply::Error(why) if ["NOAUTH", "WRONGPASS", "NOPERM"].iter().any(|code| why.starts_with(code)) => Ok(()),
        Reply::Error(why) => Err(why),
        _ => Ok(()),
    }))
}

/// A command to redis.
struct Command {
    words: Vec<String>,
    /// The step's arguments by name, for the log.
    arguments: Vec<(&'static str, String)>,
}

/// The command that a step with these arguments is.
fn command<'v>(method: &str, mut call: Call<'v>) -> Result<Command, Diagnostic> {
    let name = if method == "delete" { "del" } else { method };
    let mut command = Command { words: vec![name.to_uppercase()], arguments: Vec::new() };
    let parameters: &[&'static str] = match name {
        "get" | "del" | "incr" => &["key"],
        "set" | "lpush" | "rpush" => &["key", "value"],
        "lrange" => &["key", "start", "stop"],
        "keys" => &["pattern"],
        "command" => &["cmd"],
        _ => &[],
    };
    for parameter in parameters {
        let word = match call.next(parameter)? {
            Some(word) => text(&call, parameter, word)?,
            None if *parameter == "pattern" => "*".to_owned(),
            None => return Err(call.missing(parameter)),
        };
        command.arguments.push((if *parameter == "cmd" { "command" } else { parameter }, noted(&word)));
        command.words.push(word);
    }
    if name == "command" {
        let given = call.next("args")?.map(|args| call.list("args", args)).transpose()?.unwrap_or_default();
        let args: Vec<String> = given.into_iter().map(|word| text(&call, "args", word)).collect::<Result<_, _>>()?;
        command.arguments.push(("args", noted(&args.join(" "))));
        command.words.remove(0);
        command.words.extend(args);
    }
    call.finish()?;
    Ok(command)
}

/// A word of a command: text, or a number in its digits.
fn text<'v>(call: &Call<'v>, name: &str, word: Value<'v>) -> Result<String, Diagnostic> {
    match word.unpack_str() {
        Some(text) => Ok(text.to_owned()),
        None => {
            call.int(name, word).map(|n| n.to_string()).map_err(|_| call.not(name, "a string or a whole number", word))
        }
    }
}

fn value(reply: Reply) -> Json {
    match reply {
        Reply::Simple(text) | Reply::Error(text) => Json::from(text),
        Reply::Integer(number) => Json::from(number),
        Reply::Bulk(bytes) => Json::from(String::from_utf8_lossy(&bytes)),
        Reply::Array(replies) | Reply::Push(replies) => replies.into_iter().map(value).collect(),
        Reply::Nil => Json::Null,
    }
}
