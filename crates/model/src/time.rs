//! Virtual time: nanoseconds on the one clock of a world. Never derived from a host clock.

use std::fmt;

/// A span of virtual time in nanoseconds. Arithmetic saturates: Java waits for `i64::MAX` ns in earnest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VirtualDuration(pub u64);

/// An instant of virtual time, in nanoseconds since the Unix epoch as the guests see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VirtualTime(pub u64);

impl VirtualTime {
    /// When every world starts: 2024-01-01T00:00:00Z.
    pub const EPOCH: VirtualTime = VirtualTime(1_704_067_200_000_000_000);
    /// Later than anything that happens.
    pub const NEVER: VirtualTime = VirtualTime(u64::MAX);
    /// This instant moved into the future; saturates at [`VirtualTime::NEVER`].
    #[must_use]
    pub fn after(self, by: VirtualDuration) -> VirtualTime {
        VirtualTime(self.0.saturating_add(by.0))
    }
    /// How long before this instant `earlier` was; zero if it was not.
    pub fn since(self, earlier: VirtualTime) -> VirtualDuration {
        VirtualDuration(self.0.saturating_sub(earlier.0))
    }
    /// Time since the world's epoch: what timelines show.
    pub fn elapsed(self) -> VirtualDuration {
        self.since(Self::EPOCH)
    }
}

impl VirtualDuration {
    /// No time.
    pub const ZERO: VirtualDuration = VirtualDuration(0);
    /// From microseconds.
    pub const fn micros(n: u64) -> Self {
        VirtualDuration(n.saturating_mul(1_000))
    }
    /// From milliseconds.
    pub const fn millis(n: u64) -> Self {
        VirtualDuration(n.saturating_mul(1_000_000))
    }
    /// From seconds.
    pub const fn secs(n: u64) -> Self {
        VirtualDuration(n.saturating_mul(1_000_000_000))
    }

    /// Parses a duration as Go's `time.ParseDuration` does: signed decimal numbers with units `ns us µs ms s m h`,
    /// concatenated (`"1h30m"`, `"1.5s"`); `"0"` needs no unit. Negative durations are refused.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: &str) -> Result<VirtualDuration, String> {
        let bad = |why: &str| Err(format!("bad duration {text:?}: {why} (examples: \"500ms\", \"1.5s\", \"1h30m\")"));
        let mut rest = text.strip_prefix('+').unwrap_or(text);
        if rest == "0" {
            return Ok(VirtualDuration::ZERO);
        }
        if rest.is_empty() {
            return bad("empty");
        }
        if rest.starts_with('-') {
            return bad("negative");
        }
        let mut total: u128 = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let (number, tail) = rest.split_at(digits);
            let unit_len = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
            let (unit, next) = tail.split_at(unit_len);
            let scale: u128 = match unit {
                "ns" => 1,
                "us" | "µs" | "μs" => 1_000,
                "ms" => 1_000_000,
                "s" => 1_000_000_000,
                "m" => 60_000_000_000,
                "h" => 3_600_000_000_000,
                "" => return bad("a number without a unit"),
                _ => return bad("unknown unit"),
            };
            let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
            if whole.is_empty() && fraction.is_empty() {
                return bad("no number before the unit");
            }
            let Ok(whole) = (if whole.is_empty() { Ok(0) } else { whole.parse::<u64>() }) else {
                return bad("not a number");
            };
            total += u128::from(whole) * scale;
            let mut place = scale;
            for digit in fraction.chars() {
                let Some(digit) = digit.to_digit(10) else { return bad("not a number") };
                place /= 10;
                total += u128::from(digit) * place;
            }
            rest = next;
        }
        u64::try_from(total).map(VirtualDuration).or_else(|_| bad("too long"))
    }
}

impl fmt::Display for VirtualDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, unit) = match self.0 {
            0 => return write!(f, "0s"),
            n if n < 1_000 => (n as f64, "ns"),
            n if n < 1_000_000 => (n as f64 / 1e3, "µs"),
            n if n < 1_000_000_000 => (n as f64 / 1e6, "ms"),
            n => (n as f64 / 1e9, "s"),
        };
        let text = format!("{value:.3}");
        write!(f, "{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(VirtualDuration::parse(text).ok().map(|d| d.0), expected, "{text:?}");
    }

    #[test]
    fn durations_read_as_go_reads_them() {
        check("0", Some(0));
        check("500ms", Some(500_000_000));
        check("1.5s", Some(1_500_000_000));
        check("1h30m", Some(5_400_000_000_000));
        check("100us", Some(100_000));
        check("7µs", Some(7_000));
        check(".5s", Some(500_000_000));
        for bad in ["", "5", "-1s", "s", "1x", "1.2.3s", "99999999999999h"] {
            check(bad, None);
        }
    }

    #[test]
    fn durations_print_shortest() {
        assert_eq!(VirtualDuration(1_500_000_000).to_string(), "1.5s");
        assert_eq!(VirtualDuration(10).to_string(), "10ns");
        assert_eq!(VirtualDuration(500_000_000).to_string(), "500ms");
    }
}
