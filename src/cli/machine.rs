//! The machine that `fbsim run` gives its program, as far as it is not the usual one.

use clap::Args;
use model::plan::{Hardware, PROCESSORS_MAX, SIZES, User, bytes_of};

/// What is asked of the machine: results depend on it, so a saved case says it too.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Machine {
    /// Processors that the program sees
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(PROCESSORS_MAX)))]
    pub(crate) cpus: Option<u32>,
    /// Memory, such as 512MB or 2GiB
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) memory: Option<u64>,
    /// Size of the disk
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) disk: Option<u64>,
    /// Who the program runs as: NAME, NAME:UID or NAME:UID:GID, not root
    #[arg(long, value_name = "USER", value_parser = user)]
    pub(crate) user: Option<String>,
}

impl Machine {
    pub(crate) fn hardware(&self) -> Hardware {
        let usual = Hardware::default();
        Hardware {
            processors: self.cpus.unwrap_or(usual.processors),
            memory: self.memory.unwrap_or(usual.memory),
            disk: self.disk.unwrap_or(usual.disk),
        }
    }
    pub(crate) fn user(&self) -> User {
        self.user.as_ref().and_then(|user| user.parse().ok()).unwrap_or_default()
    }
    /// What a saved case says of it: pairs of a name and a value.
    pub(crate) fn facts(&self) -> Vec<(String, String)> {
        let facts = [
            ("cpus", self.cpus.map(|n| n.to_string())),
            ("memory", self.memory.map(|n| n.to_string())),
            ("disk", self.disk.map(|n| n.to_string())),
            ("user", self.user.clone()),
        ];
        facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
    /// The machine that a saved case speaks of.
    pub(crate) fn of(fact: impl Fn(&str) -> Option<String>) -> Machine {
        let number = |name: &str| fact(name).and_then(|value| value.parse().ok());
        Machine {
            cpus: fact("cpus").and_then(|value| value.parse().ok()),
            memory: number("memory"),
            disk: number("disk"),
            user: fact("user"),
        }
    }
}

fn size(text: &str) -> Result<u64, String> {
    let bytes = bytes_of(text).filter(|n| SIZES.contains(n));
    bytes.ok_or_else(|| "must be a size of at least 1 MB, such as 512MB or 2GiB".to_owned())
}

fn user(text: &str) -> Result<String, String> {
    text.parse::<User>().map(|_| text.to_owned()).map_err(str::to_owned)
}
