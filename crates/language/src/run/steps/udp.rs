//! Steps over UDP: a datagram there, and one back unless none is wanted.

use super::{Action, TIMEOUT, noted};
use crate::args::Call;
use crate::diagnostic::{Diagnostic, interrupted};
use crate::values::response::Response;
use model::{Connection, Stopped, VirtualDuration, VirtualTime};
use serde_json::{Value as Json, json};

/// How long an answer is waited for, unless the step says otherwise.
const REPLY_MS: i64 = 5_000;

/// What a step sends, and how long it waits for an answer; `None` if it wants none.
struct Sent {
    bytes: Vec<u8>,
    wait: Option<VirtualDuration>,
}

impl Action<'_, '_> {
    /// Sends a datagram. The answer is `data["raw"]`, its length `data["size"]`.
    pub(super) fn udp(&self, call: Call<'_>) -> starlark::Result<Response> {
        let sent = sent(&self.step.method, call)?;
        let began = self.live.machine.now();
        let body = noted(&String::from_utf8_lossy(&sent.bytes));
        self.note_send(&format!("{} {}", self.step.method, body), [("body", body.clone())]);
        let opened = self.live.machine.associate(self.target, self.interface.port).map_err(interrupted)?;
        let answer = match opened {
            Err(errno) => Err(format!("connect: {}", errno.message())),
            Ok(connection) => {
                let answer = self.datagrams(connection, &sent, began).map_err(interrupted)?;
                self.live.machine.close(connection);
                answer
            }
        };
        Ok(self.valued(answer, began))
    }

    fn datagrams(&self, on: Connection, sent: &Sent, began: VirtualTime) -> Result<Result<Json, String>, Stopped> {
        let machine = self.live.machine;
        let deadline = began.after(sent.wait.unwrap_or(TIMEOUT));
        if let Err(errno) = machine.send(on, &sent.bytes, deadline)? {
            return Ok(Err(format!("send: {}", errno.message())));
        }
        let received = match sent.wait {
            None => Ok(Vec::new()),
            Some(_) => machine.receive(on, deadline)?,
        };
        let shown = |bytes: Vec<u8>| json!({ "raw": String::from_utf8_lossy(&bytes), "size": bytes.len() });
        Ok(received.map(shown).map_err(|errno| format!("receive: {}", errno.message())))
    }
}

fn sent(method: &str, mut call: Call<'_>) -> Result<Sent, Diagnostic> {
    let text = call.next("data")?.map(|v| call.text("data", v)).transpose()?;
    let hex = call.named("hex").map(|v| call.text("hex", v)).transpose()?;
    let bytes = match (text, hex) {
        (Some(text), None) => text.into_bytes(),
        (None, Some(hex)) => {
            bytes_of(&hex).ok_or_else(|| call.bad("hex", "must be pairs of hexadecimal digits, as in \"00ff\""))?
        }
        (Some(_), Some(_)) => return Err(call.bad("hex", "is given beside `data`: give one of them")),
        (None, None) => return Err(call.missing("data")),
    };
    let wait = match method {
        "send_no_reply" => None,
        _ => {
            let ms = call.named("timeout_ms").map(|v| call.int("timeout_ms", v)).transpose()?.unwrap_or(REPLY_MS);
            let ms = u64::try_from(ms).ok().filter(|ms| (1..=3_600_000).contains(ms));
            let ms = ms.ok_or_else(|| call.bad("timeout_ms", "must be between 1 and 3600000"))?;
            Some(VirtualDuration::millis(ms))
        }
    };
    call.finish()?;
    Ok(Sent { bytes, wait })
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    let digits: Vec<u8> = hex.bytes().map(digit).collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    pairs.remainder().is_empty().then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
