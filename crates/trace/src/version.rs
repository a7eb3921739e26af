//! The version of the format as types. A reader accepts its own major version and every minor version up to its own;
//! a minor version may only add what an older *file* can do without.

use std::fmt;
use thiserror::Error;

/// Changes when old readers or old files no longer make sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Major(pub u16);

/// Changes when something is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minor(pub u16);

/// The version that a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FormatVersion {
    /// Must be the reader's.
    pub major: Major,
    /// Must not be above the reader's.
    pub minor: Minor,
}

impl FormatVersion {
    /// What this crate writes, and the newest that it reads.
    pub const CURRENT: FormatVersion = FormatVersion { major: Major(2), minor: Minor(2) };

    /// Whether a reader of version `reader` understands a file of this version.
    ///
    /// # Errors
    /// Says which of the two is too old.
    pub fn check_readable_by(self, reader: FormatVersion) -> Result<(), VersionError> {
        let file = self;
        if file.major < reader.major {
            Err(VersionError::FileTooOld { file, reader })
        } else if file > reader {
            Err(VersionError::FileTooNew { file, reader })
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for FormatVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major.0, self.minor.0)
    }
}

/// Why a file of one version is closed to a reader of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum VersionError {
    /// Written by a later fbsim.
    #[error("the trace is in format {file} and this fbsim reads up to {reader}: read it with the fbsim that wrote it")]
    FileTooNew {
        /// The file's version.
        file: FormatVersion,
        /// The reader's version.
        reader: FormatVersion,
    },
    /// Written by an fbsim whose major version is no longer read.
    #[error(
        "the trace is in format {file} and this fbsim reads only {}.x: read it with an older fbsim, or record it again",
        .reader.major.0
    )]
    FileTooOld {
        /// The file's version.
        file: FormatVersion,
        /// The reader's version.
        reader: FormatVersion,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(file: (u16, u16), reader: (u16, u16), readable: bool) {
        let version = |(major, minor)| FormatVersion { major: Major(major), minor: Minor(minor) };
        assert_eq!(version(file).check_readable_by(version(reader)).is_ok(), readable, "{file:?} by {reader:?}");
    }

    #[test]
    fn majors_must_match_and_minors_may_be_older() {
        check((1, 0), (1, 0), true);
        check((1, 2), (1, 3), true);
        check((1, 3), (1, 2), false);
        check((2, 0), (1, 9), false);
        check((1, 9), (2, 0), false);
    }

    #[test]
    fn the_text_says_which_side_is_old() {
        let version = |major, minor| FormatVersion { major: Major(major), minor: Minor(minor) };
        let newer = version(2, 1).check_readable_by(version(1, 0)).unwrap_err().to_string();
        assert_eq!(
            newer,
            "the trace is in format 2.1 and this fbsim reads up to 1.0: read it with the fbsim that wrote it"
        );
        let older = version(1, 7).check_readable_by(version(2, 0)).unwrap_err().to_string();
        assert!(older.contains("format 1.7") && older.contains("only 2.x"), "{older}");
    }
}
