//! What is tried, and in which order: large steps first.

use super::search::{Search, Stop};
use super::size::has_amount;
use model::Choice;
use std::collections::BTreeSet;

/// Runs every pass until a whole round of them changes nothing.
pub(super) fn until_nothing_changes(search: &mut Search<'_>) -> Result<(), Stop> {
    loop {
        let before = search.best().to_vec();
        search.enter("drop by kind");
        drop_groups(search, |choice| choice.kind)?;
        search.enter("drop by stream");
        drop_groups(search, |choice| (choice.kind, choice.stream))?;
        search.enter("straighten");
        straighten(search)?;
        search.enter("drop one by one");
        drop_groups(search, Choice::address)?;
        search.enter("lower");
        lower(search)?;
        if search.best() == before {
            return Ok(());
        }
    }
}

/// Delta debugging over groups of choices: leaves out all groups, then each half, each quarter, down to each single
/// group, from the last to the first. What was left out stays out.
fn drop_groups<K: Ord>(search: &mut Search<'_>, group: impl Fn(&Choice) -> K) -> Result<(), Stop> {
    let groups_of = |choices: &[Choice]| choices.iter().map(&group).collect::<BTreeSet<K>>().into_iter().collect();
    let mut groups: Vec<K> = groups_of(search.best());
    let mut size = groups.len();
    while size > 0 {
        let mut end = groups.len();
        while end > 0 {
            let start = end.saturating_sub(size);
            let dropped = &groups[start..end];
            let kept = search.best().iter().filter(|choice| dropped.binary_search(&group(choice)).is_err());
            if search.attempt(kept.copied().collect())? {
                groups = groups_of(search.best());
                end = start.min(groups.len());
            } else {
                end = start;
            }
        }
        size /= 2;
    }
    Ok(())
}

/// Delta debugging over stretches of the schedule: where the run went from one thread over others to another, it goes
/// there at once, or stays if it came back. The threads in between do their work when they are run next.
///
/// Leaving out a switch alone seldom works among many: the thread runs on, and the switches after it, which are
/// addressed by thread and call, find themselves in another order. Here what follows still starts with the thread
/// that it started with.
fn straighten(search: &mut Search<'_>) -> Result<(), Stop> {
    let mut switches = schedule_of(search.best());
    let mut size = switches.len().saturating_sub(1);
    while size > 0 {
        let mut end = switches.len();
        while end > size {
            let (first, last) = (switches[end - 1 - size], switches[end - 1]);
            if search.attempt(bypass(search.best(), &switches[end - 1 - size..end], first, last))? {
                switches = schedule_of(search.best());
                end = (end - size).min(switches.len());
            } else {
                end -= size.div_ceil(2);
            }
        }
        size /= 2;
    }
    Ok(())
}

fn schedule_of(choices: &[Choice]) -> Vec<Choice> {
    choices.iter().filter(|choice| choice.kind.is_schedule()).copied().collect()
}

/// The choices with a stretch of switches replaced by one from where it starts to where it ends.
fn bypass(choices: &[Choice], stretch: &[Choice], first: Choice, last: Choice) -> Vec<Choice> {
    let dropped: BTreeSet<_> = stretch.iter().map(Choice::address).collect();
    let direct = Choice { target: last.target, ..first };
    let keep = |choice: &Choice| match choice.address() {
        address if address == first.address() => (last.target != first.stream).then_some(direct),
        address => (!dropped.contains(&address)).then_some(*choice),
    };
    choices.iter().filter_map(keep).collect()
}

/// Makes delays shorter and parts larger: as small as can be at once, else by bisection.
fn lower(search: &mut Search<'_>) -> Result<(), Stop> {
    let addresses: Vec<_> = search.best().iter().filter(|choice| has_amount(choice)).map(Choice::address).collect();
    for address in addresses {
        // 0 is leaving the choice out, which was tried; the current amount is known to fail.
        let mut refused = 0;
        while let Some(position) = search.best().iter().position(|choice| choice.address() == address) {
            let current = search.best()[position].picked;
            if refused + 1 >= current {
                break;
            }
            let picked = if refused == 0 { 1 } else { refused + (current - refused) / 2 };
            let mut candidate = search.best().to_vec();
            candidate[position].picked = picked;
            if !search.attempt(candidate)? {
                refused = picked;
            }
        }
    }
    Ok(())
}
