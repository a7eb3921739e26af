//! What is observed of a service besides its calls: its output and files with their decoders, messages that go through it,
//! and what it answers when it is asked.

use crate::args::{Call, Named};
use crate::diagnostic::Diagnostic;
use crate::suggest;
use crate::values::health::{Decoder, HealthCheck, Observation, PollSource};
use crate::values::service::Observed;
use model::plan::{Interface, LineDecoder, Poll};
use model::traffic::Traffic;
use model::{Glob, LineSource, VirtualDuration};
use protocol::redis_traffic::REDIS;
use regex::Regex;
use starlark::environment::GlobalsBuilder;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::tuple::UnpackTuple;

#[starlark_module]
pub(super) fn sources(builder: &mut GlobalsBuilder) {
    /// How fields are read from lines: "json", "logfmt", or "regex" with a pattern. Lines that are JSON objects are
    /// decoded in any case.
    fn decoder<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Decoder> {
        let mut call = Call::new("decoder", args, kwargs);
        let name = call.required("name")?;
        let name = call.text("name", name)?;
        match name.as_str() {
            "json" => Ok(plain(call, None)?),
            "logfmt" => Ok(plain(call, Some(LineDecoder::Logfmt))?),
            "regex" => Ok(regex(call)?),
            _ => {
                let names = ["json", "logfmt", "regex"];
                let why = call.bad("name", &format!("is unknown: {name:?}")).help("there are: json, logfmt, regex");
                Err(why.help_if(suggest::hint(&name, names)).focus(&name).into())
            }
        }
    }

    /// `decoder("json")`.
    fn json_decoder<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Decoder> {
        Ok(plain(Call::new("json_decoder", args, kwargs), None)?)
    }
    /// `decoder("logfmt")`.
    fn logfmt_decoder<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Decoder> {
        Ok(plain(Call::new("logfmt_decoder", args, kwargs), Some(LineDecoder::Logfmt))?)
    }
    /// `decoder("regex", pattern = …)`.
    fn regex_decoder<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Decoder> {
        Ok(regex(Call::new("regex_decoder", args, kwargs))?)
    }
    /// `observe.stdout(…)`.
    fn stdout<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Observation> {
        Ok(stream(Call::new("stdout", args, kwargs), LineSource::Stdout)?)
    }
    /// `observe.poll(…)`.
    fn poll<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Observation> {
        Ok(poll_of(Call::new("poll", args, kwargs))?)
    }
    /// `observe.topic(…)`.
    fn topic<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Observation> {
        Ok(messages(Call::new("topic", args, kwargs))?)
    }
    /// `observe.stderr(…)`.
    fn stderr<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Observation> {
        Ok(stream(Call::new("stderr", args, kwargs), LineSource::Stderr)?)
    }
}

fn plain(call: Call<'_>, decoder: Option<LineDecoder>) -> Result<Decoder, Diagnostic> {
    call.finish()?;
    Ok(Decoder(decoder))
}

fn regex(mut call: Call<'_>) -> Result<Decoder, Diagnostic> {
    let pattern = call.required("pattern")?;
    let pattern = call.text("pattern", pattern)?;
    call.finish()?;
    match Regex::new(&pattern) {
        Err(why) => {
            let last = why.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            Err(Diagnostic::argument(format!("the pattern {pattern:?} is no regular expression: {last}"))
                .focus(pattern))
        }
        Ok(regex) if regex.capture_names().flatten().next().is_none() => {
            let message = format!("the pattern {pattern:?} names no group, so no field would come of it");
            Err(Diagnostic::argument(message).help("write (?P<name>…)").focus(pattern))
        }
        Ok(_) => Ok(Decoder(Some(LineDecoder::Regex(pattern)))),
    }
}

#[starlark_module]
pub(super) fn observe(builder: &mut GlobalsBuilder) {
    /// Makes lines on standard output events; they are in any case.
    fn stdout<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Observation> {
        Ok(stream(Call::new("observe.stdout", args, kwargs), LineSource::Stdout)?)
    }
    /// Makes lines on standard error events; they are in any case.
    fn stderr<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Observation> {
        Ok(stream(Call::new("observe.stderr", args, kwargs), LineSource::Stderr)?)
    }
    /// Makes lines appended to matching files `wal` events.
    fn wal<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Observation> {
        Ok(files(Call::new("observe.wal", args, kwargs))?)
    }
    /// Makes messages `topic` events: what clients publish through a service that speaks redis, by channel or stream; of
    /// another broker the lines appended to the files in which it keeps its topics.
    fn topic<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Observation> {
        Ok(messages(Call::new("observe.topic", args, kwargs))?)
    }
    /// Asks the service again and again while a test runs, and makes each answer a `poll` event.
    fn poll<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Observation> {
        Ok(poll_of(Call::new("observe.poll", args, kwargs))?)
    }
    /// Makes lines appended to matching files `wal` events: another name for `observe.wal`.
    fn tail<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] kwargs: Named<'v>,
    ) -> starlark::Result<Observation> {
        Ok(files(Call::new("observe.tail", args, kwargs))?)
    }
}

/// Reads `observe = […]` of a service.
pub(super) fn observed(call: &mut Call<'_>, name: &str, interfaces: &[Interface]) -> Result<Observed, Diagnostic> {
    let redis = || interfaces.iter().filter(|interface| interface.protocol == "redis");
    let (mut observed, mut topics) = (Observed::default(), Vec::new());
    for value in call.named("observe").map(|v| call.list("observe", v)).transpose()?.unwrap_or_default() {
        let (source, decoder) = match Observation::from_value(value) {
            Some(Observation::Wal(glob, decoder)) => {
                observed.wal.push(glob.clone());
                (LineSource::Wal, decoder)
            }
            Some(Observation::Topic(topic, decoder)) => {
                match redis().next() {
                    Some(_) => topics.push(Glob::field(topic)),
                    None => observed.topic.push(Glob::path(topic)),
                }
                (LineSource::Topic, decoder)
            }
            Some(Observation::Poll(poll)) => {
                let health = poll.check.of(name, interfaces)?;
                let (url, line) = (poll.url.clone(), poll.line.clone());
                observed.polls.push(Poll { url, health, line, interval: poll.interval });
                continue;
            }
            Some(Observation::Stream(source, decoder)) => (*source, decoder),
            None => return Err(call.not("observe", "a list of observe.stdout(), observe.wal(…)", value)),
        };
        observed.decoders.extend(decoder.0.clone().map(|decoder| (source, decoder)));
    }
    if !topics.is_empty() {
        let traffic = redis().map(|i| Traffic { port: i.port, topics: topics.clone(), listener: REDIS });
        observed.traffic = traffic.collect();
    }
    Ok(observed)
}

/// Files whose lines are events.
fn files(mut call: Call<'_>) -> Result<Observation, Diagnostic> {
    let path = call.required("path")?;
    let path = call.text("path", path)?;
    let decoder = take_decoder(&mut call)?;
    call.finish()?;
    Ok(Observation::Wal(Glob::path(&path), decoder))
}

/// `poll(…)`: `http://` asks by GET, `tcp://` connects, and says a line if it is given one.
fn poll_of(mut call: Call<'_>) -> Result<Observation, Diagnostic> {
    call.refuse("command", "ask the service: url = \"http://localhost:PORT/path\" or \"tcp://localhost:PORT\"")?;
    let url = call.required("url")?;
    let url = call.text("url", url)?;
    let interval = call.next("interval")?.map(|v| call.duration("interval", v)).transpose()?;
    let interval = interval.unwrap_or(VirtualDuration::millis(500));
    if interval == VirtualDuration::ZERO {
        return Err(call.bad("interval", "must be above 0"));
    }
    let timeout = call.named("timeout").map(|v| call.duration("timeout", v)).transpose()?;
    let timeout = timeout.unwrap_or(VirtualDuration::secs(5));
    let line = call.named("send").map(|v| call.text("send", v)).transpose()?;
    call.finish()?;
    let check = match url.strip_prefix("tcp://") {
        Some(address) => HealthCheck::parse("tcp", address, timeout)?,
        None if line.is_some() => return Err(call_bad_line(&url)),
        None => HealthCheck::parse("http", &url, timeout)?,
    };
    Ok(Observation::Poll(Box::new(PollSource { url, check, line, interval })))
}

fn call_bad_line(url: &str) -> Diagnostic {
    Diagnostic::argument(format!("poll(): `send` is a line for tcp://…, and {url:?} is asked by GET")).focus("send")
}

/// `topic(…)`: the name, or the path, is told apart when the service is known.
fn messages(mut call: Call<'_>) -> Result<Observation, Diagnostic> {
    for name in ["broker", "group"] {
        call.refuse(name, "the broker is the service that it is observed at: service(observe = [topic(…)])")?;
    }
    let named = call.named("path");
    let topic = match (call.next("topic")?, named) {
        (Some(topic), None) | (None, Some(topic)) => call.text("topic", topic)?,
        (None, None) => return Err(call.missing("topic")),
        (Some(_), Some(_)) => return Err(call.bad("path", "is given beside `topic`: give one of them")),
    };
    let decoder = take_decoder(&mut call)?;
    call.finish()?;
    Ok(Observation::Topic(topic, decoder))
}

fn stream(mut call: Call<'_>, source: LineSource) -> Result<Observation, Diagnostic> {
    let decoder = take_decoder(&mut call)?;
    call.finish()?;
    Ok(Observation::Stream(source, decoder))
}

fn take_decoder(call: &mut Call<'_>) -> Result<Decoder, Diagnostic> {
    match call.next("decoder")? {
        Some(value) => Decoder::from_value(value).cloned().ok_or_else(|| call.not("decoder", "a decoder(…)", value)),
        None => Ok(Decoder::default()),
    }
}
