//! The client's half of HTTP/1.1: [`request`] makes the bytes of a request, [`Response`] reads those of the answer.
//!
//! One request per connection: every request says `Connection: close`. Redirects are answers like any other.

mod chunked;
mod response;

pub use response::{BODY_BYTES_MAX, HEAD_BYTES_MAX, Progress, Response, ResponseError};

use std::fmt::Write as _;

/// A request that cannot be written as HTTP/1.1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The target of a request is a path, and a path has neither spaces nor control characters.
    #[error("bad path {0:?}: it must start with '/' and have no spaces or control characters")]
    Path(String),
    /// A header whose name or value would break the request apart.
    #[error("bad header {0:?}: a name is letters, digits and dashes, a value has no line breaks")]
    Header(String),
}

/// The bytes of a request. `Host`, `Connection` and, where there may be a body, `Content-Length` are added unless
/// `headers` has them.
///
/// # Errors
/// If the path or a header would not survive being written on a line of its own.
pub fn request(
    method: &str,
    host: &str,
    path: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Vec<u8>, RequestError> {
    if !path.starts_with('/') || path.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(RequestError::Path(path.to_owned()));
    }
    let has = |name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    let mut line = |name: &str, value: &str| {
        let _ = write!(head, "{name}: {value}\r\n");
    };
    if !has("host") {
        line("Host", host);
    }
    if !has("connection") {
        line("Connection", "close");
    }
    let may_have_body = !body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH");
    if may_have_body && !has("content-length") {
        line("Content-Length", &body.len().to_string());
    }
    for (name, value) in headers {
        let good_name = !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(&c));
        if !good_name || value.chars().any(|c| c.is_control() && c != '\t') {
            return Err(RequestError::Header(name.clone()));
        }
        line(name, value);
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, headers: &[(&str, &str)], body: &str, expected: &str) {
        let headers: Vec<_> = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let bytes = request(method, "api:8080", "/x", &headers, body.as_bytes()).expect("a good request");
        assert_eq!(String::from_utf8(bytes).expect("UTF-8"), expected);
    }

    #[test]
    fn requests_are_written_in_full() {
        check("GET", &[], "", "GET /x HTTP/1.1\r\nHost: api:8080\r\nConnection: close\r\n\r\n");
        check(
            "POST",
            &[("Content-Type", "application/json")],
            "{}",
            "POST /x HTTP/1.1\r\nHost: api:8080\r\nConnection: close\r\nContent-Length: 2\r\n\
             Content-Type: application/json\r\n\r\n{}",
        );
        check("GET", &[("host", "other")], "", "GET /x HTTP/1.1\r\nConnection: close\r\nhost: other\r\n\r\n");
        check("PUT", &[], "", "PUT /x HTTP/1.1\r\nHost: api:8080\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    }

    #[test]
    fn nothing_can_be_smuggled_in() {
        for path in ["", "x", "/a b", "/a\r\nX: y"] {
            assert!(matches!(request("GET", "h", path, &[], b""), Err(RequestError::Path(_))), "{path:?}");
        }
        for (name, value) in [("", "v"), ("a b", "v"), ("a", "v\r\nb: c"), ("a:", "v")] {
            let headers = [(name.to_owned(), value.to_owned())];
            assert!(matches!(request("GET", "h", "/", &headers, b""), Err(RequestError::Header(_))), "{name:?}");
        }
    }
}
