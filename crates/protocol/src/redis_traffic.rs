//! What is published through redis, overheard: `PUBLISH` on channels and `XADD` to streams, in the moment in which redis
//! says that it has them.
//!
//! ```text
//!   received  commands wait in a row for their replies; within MULTI their effects wait for EXEC
//!   sent      each reply is that of the first command in the row; an error of it means that nothing happened
//! ```
//!
//! A connection that subscribes, follows as a replica or monitors is sent what it did not ask for and publishes nothing
//! more: nobody listens to it from there on. What scripts publish is not heard.

use crate::resp::{Reply, ReplyError, ReplyReader};
use model::traffic::{Heard, Listener, Message, Overhear};
use serde_json::{Map, Value as Json};
use std::collections::VecDeque;

/// Listens to a connection to redis.
pub const REDIS: Listener = Listener(|| Box::new(RedisTraffic::default()));

/// See the module's documentation.
#[derive(Debug, Default)]
struct RedisTraffic {
    received: ReplyReader,
    sent: ReplyReader,
    /// Commands without a reply so far.
    asked: VecDeque<Command>,
    /// Commands of a transaction that redis has taken down, while there is one.
    queued: Option<Vec<Command>>,
    is_deaf: bool,
    lost: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Command {
    /// Something to a channel.
    Publish {
        topic: String,
        body: String,
    },
    /// An entry of a stream.
    Add {
        topic: String,
        body: String,
    },
    Multi,
    Exec,
    Discard,
    Other,
}

impl Overhear for RedisTraffic {
    fn received(&mut self, bytes: &[u8]) {
        if self.is_deaf {
            return;
        }
        self.received.feed(bytes);
        while !self.is_deaf {
            match self.received.next_command() {
                Ok(None) => return,
                Ok(Some(words)) => self.ask(&words),
                Err(why) => self.lose(why),
            }
        }
    }
    fn sent(&mut self, bytes: &[u8]) -> Vec<Heard> {
        let mut heard = Vec::new();
        if !self.is_deaf {
            self.sent.feed(bytes);
        }
        while !self.is_deaf {
            match self.sent.next_reply() {
                Ok(None) => break,
                Ok(Some(Reply::Push(_))) => {}
                Ok(Some(reply)) => self.answer(reply, &mut heard),
                Err(why) => self.lose(why),
            }
        }
        heard.extend(self.lost.take().map(Heard::Lost));
        heard
    }
}

impl RedisTraffic {
    fn lose(&mut self, why: ReplyError) {
        self.lost = Some(format!("not understood as redis: {why}"));
        self.stop();
    }
    fn stop(&mut self) {
        *self = RedisTraffic { is_deaf: true, lost: self.lost.take(), ..RedisTraffic::default() };
    }
    fn ask(&mut self, words: &[Vec<u8>]) {
        let Some(name) = words.first() else { return };
        match String::from_utf8_lossy(name).to_uppercase().as_str() {
            "SUBSCRIBE" | "PSUBSCRIBE" | "SSUBSCRIBE" | "MONITOR" | "SYNC" | "PSYNC" => self.stop(),
            "CLIENT" if words.get(1).is_some_and(|word| word.eq_ignore_ascii_case(b"reply")) => self.stop(),
            name => self.asked.push_back(command(name, &words[1..])),
        }
    }
    fn answer(&mut self, reply: Reply, heard: &mut Vec<Heard>) {
        let Some(command) = self.asked.pop_front() else { return };
        let is_taken_down = reply == Reply::Simple("QUEUED".to_owned());
        match (command, &mut self.queued) {
            (command, Some(queued)) if is_taken_down => queued.push(command),
            (Command::Multi, queued) => *queued = matches!(reply, Reply::Simple(_)).then(Vec::new),
            (Command::Discard, queued) => *queued = None,
            (Command::Exec, queued) => {
                let (queued, replies) = (queued.take().unwrap_or_default(), reply);
                let Reply::Array(replies) = replies else { return };
                heard.extend(queued.into_iter().zip(replies).filter_map(|(command, reply)| message(command, reply)));
            }
            (command, _) => heard.extend(message(command, reply)),
        }
    }
}

/// What a command with its arguments is.
fn command(name: &str, arguments: &[Vec<u8>]) -> Command {
    let text = |at: usize| arguments.get(at).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    match name {
        "MULTI" => Command::Multi,
        "EXEC" => Command::Exec,
        "DISCARD" => Command::Discard,
        "PUBLISH" | "SPUBLISH" => match (text(0), text(1)) {
            (Some(topic), Some(body)) => Command::Publish { topic, body },
            _ => Command::Other,
        },
        "XADD" => text(0).map_or(Command::Other, |topic| {
            let words: Vec<String> = (1..arguments.len()).filter_map(text).collect();
            Command::Add { topic, body: entry(&words) }
        }),
        _ => Command::Other,
    }
}

/// The fields of an entry as a JSON object. Before them stand options and the entry's id.
fn entry(words: &[String]) -> String {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        at += match word.to_uppercase().as_str() {
            "NOMKSTREAM" => 1,
            "LIMIT" => 2,
            "MAXLEN" | "MINID" => 2 + usize::from(words.get(at + 1).is_some_and(|w| w == "=" || w == "~")),
            _ => break,
        };
    }
    let fields = words.get(at + 1..).unwrap_or_default().chunks_exact(2);
    Json::Object(fields.map(|pair| (pair[0].clone(), Json::from(pair[1].as_str()))).collect::<Map<_, _>>()).to_string()
}

/// The message that a command was, now that redis has answered it.
fn message(command: Command, reply: Reply) -> Option<Heard> {
    let message = match (command, reply) {
        (Command::Publish { topic, body }, Reply::Integer(_)) => Message { topic, offset: None, body },
        (Command::Add { topic, body }, Reply::Bulk(id)) => {
            Message { topic, offset: Some(String::from_utf8_lossy(&id).into_owned()), body }
        }
        _ => return None,
    };
    Some(Heard::Message(message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp;

    /// What is heard when these commands are answered so, each shown in pieces of this size.
    fn heard(commands: &[u8], replies: &[u8], size: usize) -> Vec<String> {
        let mut traffic = (REDIS.0)();
        commands.chunks(size).for_each(|piece| traffic.received(piece));
        let heard: Vec<Heard> = replies.chunks(size).flat_map(|piece| traffic.sent(piece)).collect();
        let told = |heard: Heard| match heard {
            Heard::Message(Message { topic, offset, body }) => {
                format!("{topic} {} {body}", offset.unwrap_or_default())
            }
            Heard::Lost(why) => why,
        };
        heard.into_iter().map(told).collect()
    }

    fn given(commands: &[&str]) -> Vec<u8> {
        let words = |line: &&str| resp::command(&line.split(' ').collect::<Vec<_>>());
        commands.iter().flat_map(words).collect()
    }

    #[test]
    fn what_is_published_is_heard_when_it_is_answered() {
        let cases: [(&[&str], &str, &[&str]); 12] = [
            (&["PUBLISH news {\"a\":1}"], ":0\r\n", &["news  {\"a\":1}"]),
            (&["publish news x", "GET k", "PUBLISH news y"], ":2\r\n$-1\r\n:0\r\n", &["news  x", "news  y"]),
            (&["PUBLISH news x"], "-NOAUTH no\r\n", &[]),
            (&["PUBLISH news x"], "", &[]),
            (&["XADD s * a 1 b 2"], "$3\r\n1-0\r\n", &["s 1-0 {\"a\":\"1\",\"b\":\"2\"}"]),
            (&["XADD s NOMKSTREAM MAXLEN ~ 10 LIMIT 5 1-1 a 1"], "$3\r\n1-1\r\n", &["s 1-1 {\"a\":\"1\"}"]),
            (&["XADD s NOMKSTREAM * a 1"], "$-1\r\n", &[]),
            (
                &["MULTI", "PUBLISH n x", "XADD s * a 1", "EXEC", "PUBLISH n y"],
                "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n$3\r\n1-0\r\n:1\r\n",
                &["n  x", "s 1-0 {\"a\":\"1\"}", "n  y"],
            ),
            (&["MULTI", "PUBLISH n x", "DISCARD"], "+OK\r\n+QUEUED\r\n+OK\r\n", &[]),
            (&["MULTI", "PUBLISH n x", "EXEC"], "+OK\r\n+QUEUED\r\n*-1\r\n", &[]),
            (&["HELLO 3", "PUBLISH n x"], "%1\r\n+proto\r\n:3\r\n>2\r\n+message\r\n+hi\r\n:0\r\n", &["n  x"]),
            (&["SUBSCRIBE n", "PUBLISH n x"], "*3\r\n$9\r\nsubscribe\r\n$1\r\nn\r\n:1\r\n:0\r\n", &[]),
        ];
        for (commands, replies, expected) in cases {
            for size in [1, 7, 1000] {
                assert_eq!(heard(&given(commands), replies.as_bytes(), size), expected, "{commands:?} by {size}");
            }
        }
        assert_eq!(heard(b"PING\r\nPUBLISH n hi\r\n", b"+PONG\r\n:0\r\n", 1000), ["n  hi"], "commands in lines");
        assert_eq!(
            heard(b"*1\r\n:1\r\n", b"+OK\r\n", 3),
            ["not understood as redis: a command that is not made of strings"]
        );
    }
}
