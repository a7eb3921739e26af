//! Names that many events share: the path behind a descriptor, the other end of a connection.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Text that is kept once for all the events that name it.
///
/// A world's kernel [shares](Label::share) one label among its events. A clone is text of its own: whoever keeps an
/// event may keep it for longer than the memory of the world it is from.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label(Arc<str>);

impl Label {
    /// The same text once more. Lives no longer than the memory in which the first one was made.
    #[must_use]
    pub fn share(&self) -> Label {
        Label(Arc::clone(&self.0))
    }
}

impl Clone for Label {
    fn clone(&self) -> Label {
        Label(Arc::from(&*self.0))
    }
}

impl Deref for Label {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl From<&str> for Label {
    fn from(text: &str) -> Label {
        Label(text.into())
    }
}
impl From<String> for Label {
    fn from(text: String) -> Label {
        Label(text.into())
    }
}
impl From<Box<str>> for Label {
    fn from(text: Box<str>) -> Label {
        Label(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_is_of_its_own_and_a_share_is_not() {
        let first = Label::from("redis:6379");
        let at = first.as_ptr();
        assert_eq!((first.share().as_ptr(), &*first.share()), (at, "redis:6379"));
        assert_ne!(first.clone().as_ptr(), at);
        assert_eq!(first.clone(), first);
    }
}
