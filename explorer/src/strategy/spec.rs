//! Strategies as people write them.

use std::fmt;
use std::str::FromStr;

/// A strategy and its parameters. As text: `ordinary`, `faults`, `random`, `random:preempt=1/16`, `pct:3`, `portfolio`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StrategySpec {
    /// Always alternative 0. Runs differ by guest entropy alone.
    Ordinary,
    /// The ordinary schedule, with faults, delays and short transfers.
    Faults,
    /// A random walk, which preempts a thread at each call with this probability; if absent, each run draws its own.
    Random {
        /// How likely a preemption is.
        preempt: Option<Odds>,
    },
    /// Random priorities with `depth - 1` random places where the running thread falls to the bottom.
    Pct {
        /// How many ordering constraints the bug sought for has; at least 1.
        depth: u32,
    },
    /// Different strategies for different seeds.
    #[default]
    Portfolio,
}

/// A probability as a fraction between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Odds {
    hits: u32,
    of: u32,
}

impl Odds {
    /// `hits` times in `of`; `None` unless it is between 0 and 1.
    pub fn new(hits: u32, of: u32) -> Option<Odds> {
        (of > 0 && hits <= of).then_some(Odds { hits, of })
    }
    /// Once in `of`.
    pub(crate) fn once_in(of: u32) -> Odds {
        Odds { hits: 1, of: of.max(1) }
    }
    /// A draw: true this often.
    pub(crate) fn draw(self, random: &mut model::rng::Random) -> bool {
        random.ratio(u64::from(self.hits), u64::from(self.of))
    }
}

impl StrategySpec {
    /// The largest depth that is accepted.
    pub const DEPTH_MAX: u32 = 64;
    /// Whether the length of the ordinary run matters to it.
    pub fn needs_steps(&self) -> bool {
        matches!(self, StrategySpec::Pct { .. } | StrategySpec::Portfolio)
    }
}

impl fmt::Display for Odds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.hits, self.of)
    }
}

impl fmt::Display for StrategySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StrategySpec::Ordinary => f.write_str("ordinary"),
            StrategySpec::Faults => f.write_str("faults"),
            StrategySpec::Random { preempt: None } => f.write_str("random"),
            StrategySpec::Random { preempt: Some(odds) } => write!(f, "random:preempt={odds}"),
            StrategySpec::Pct { depth } => write!(f, "pct:{depth}"),
            StrategySpec::Portfolio => f.write_str("portfolio"),
        }
    }
}

impl FromStr for Odds {
    type Err = String;
    fn from_str(text: &str) -> Result<Odds, String> {
        let odds = text.split_once('/').and_then(|(hits, of)| Odds::new(hits.parse().ok()?, of.parse().ok()?));
        odds.ok_or_else(|| format!("bad probability {text:?}: expected a fraction from 0/1 to 1/1, as 1/16"))
    }
}

impl FromStr for StrategySpec {
    type Err = String;
    fn from_str(text: &str) -> Result<StrategySpec, String> {
        let (name, argument) = text.split_once(':').map_or((text, None), |(name, argument)| (name, Some(argument)));
        let spec = match (name, argument) {
            ("ordinary", None) => StrategySpec::Ordinary,
            ("faults", None) => StrategySpec::Faults,
            ("portfolio", None) => StrategySpec::Portfolio,
            ("random", None) => StrategySpec::Random { preempt: None },
            ("random", Some(argument)) => {
                let odds = argument.strip_prefix("preempt=");
                let odds = odds.ok_or_else(|| format!("bad strategy {text:?}: expected random:preempt=1/16"))?;
                StrategySpec::Random { preempt: Some(odds.parse()?) }
            }
            ("pct", argument) => {
                let depth = argument.unwrap_or("3").parse().ok();
                let depth = depth.filter(|depth| (1..=Self::DEPTH_MAX).contains(depth));
                let bad = || format!("bad strategy {text:?}: expected pct:D with D from 1 to {}", Self::DEPTH_MAX);
                StrategySpec::Pct { depth: depth.ok_or_else(bad)? }
            }
            _ => {
                return Err(format!(
                    "unknown strategy {text:?}; known: ordinary faults random random:preempt=1/16 pct:3 portfolio"
                ));
            }
        };
        Ok(spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, printed: Result<&str, &str>) {
        let got = text.parse::<StrategySpec>().map(|spec| spec.to_string());
        match (got, printed) {
            (Ok(got), Ok(printed)) => assert_eq!(got, printed),
            (Err(got), Err(part)) => assert!(got.contains(part), "{got}"),
            (got, printed) => panic!("{text:?}: {got:?}, expected {printed:?}"),
        }
    }

    #[test]
    fn strategies_read_as_they_print() {
        for text in ["ordinary", "faults", "random", "random:preempt=1/16", "pct:3", "portfolio"] {
            check(text, Ok(text));
        }
        check("pct", Ok("pct:3"));
        check("pct:0", Err("from 1 to 64"));
        check("pct:many", Err("from 1 to 64"));
        check("random:3", Err("random:preempt=1/16"));
        check("random:preempt=2/1", Err("0/1 to 1/1"));
        check("random:preempt=1/0", Err("0/1 to 1/1"));
        check("portfolio:1", Err("unknown strategy"));
        check("dfs", Err("known: ordinary"));
    }
}
