//! Epolls that watch epolls: never in a circle, and only so deep.

use super::Epoll;
use crate::file::Object;
use crate::wait::ObjectId;
use crate::world::Kernel;

/// The longest chain of epolls, each watching the next, counted in links.
const LINKS_MAX: usize = 4;

impl Kernel {
    /// Whether `watcher` may watch `watched`: that makes no circle and no chain that is too long.
    pub(super) fn may_nest(&self, watcher: ObjectId, watched: ObjectId) -> bool {
        let down = self.links_down(watched, watcher, LINKS_MAX);
        down.is_some_and(|down| self.links_up(watcher, LINKS_MAX) + 1 + down <= LINKS_MAX)
    }
    /// Length of the longest chain that starts at an epoll; `None` if it is too long or meets `forbidden`.
    fn links_down(&self, from: ObjectId, forbidden: ObjectId, budget: usize) -> Option<usize> {
        if from == forbidden {
            return None;
        }
        let mut longest = 0;
        for next in self.files.get_epoll(from).into_iter().flat_map(Epoll::objects) {
            if matches!(self.files.objects.get(&next), Some(Object::Epoll(_))) {
                longest = longest.max(1 + self.links_down(next, forbidden, budget.checked_sub(1)?)?);
            }
        }
        Some(longest)
    }
    /// Length of the longest chain that ends at an epoll, as far as the budget goes.
    fn links_up(&self, to: ObjectId, budget: usize) -> usize {
        let Some(budget) = budget.checked_sub(1) else { return 0 };
        let watches = self.files.watchers.get(&to).into_iter().flatten();
        watches.map(|w| 1 + self.links_up(w.epoll, budget)).max().unwrap_or(0)
    }
}

impl Epoll {
    /// The objects it watches.
    fn objects(&self) -> impl Iterator<Item = ObjectId> {
        self.interests.values().filter_map(|i| i.object)
    }
}
