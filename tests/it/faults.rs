//! Every fault there is: a test in which a real program sees exactly its symptom, and a bug that it finds.

use crate::language::{explore, prepared};
use crate::support::{command, finish};

/// A fault, the tests of symptoms.star that show what programs see of it, and the bugs of node.c with the tests of
/// found.star that find them.
type Row = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

/// All builtins about faults. Those without a bug are no faults of their own but ways to put one in place, or to end it.
const FAULTS: &[Row] = &[
    (
        "deny",
        &["deny_by_descriptor_kind", "deny_by_path", "deny_by_peer", "nth_after_max_fires", "a_window_between_events"],
        &[("ignores", "saved_survives_failed_syncs")],
    ),
    (
        "delay",
        &["delay_of_a_call", "delay_on_a_link"],
        &[("unlocked", "counted_although_late"), ("hasty", "delivered_once_delay")],
    ),
    ("hold", &["hold_and_release"], &[("unlocked", "counted_although_held")]),
    ("release", &["hold_and_release"], &[]),
    ("allow", &["allow_shields_from_later_rules"], &[]),
    ("fault", &["deny_by_path", "a_failed_fsync_cleans_the_pages"], &[]),
    ("fault_all", &["faults_on_several_services"], &[]),
    ("fault_start", &["the_first_rule_that_fires_decides"], &[]),
    ("fault_stop", &["allow_shields_from_later_rules"], &[]),
    ("link", &["drop_costs_a_retransmission"], &[]),
    (
        "partition",
        &["partition_of_an_open_connection", "partition_one_way"],
        &[("eager", "confirmed_is_replicated"), ("twice", "delivered_once_partition")],
    ),
    ("partition_start", &["partition_isolates_the_leader"], &[]),
    ("partition_stop", &["partition_isolates_the_leader"], &[]),
    (
        "drop",
        &["drop_costs_a_retransmission", "datagrams_are_lost_doubled_and_reordered"],
        &[("hasty", "delivered_once_drop")],
    ),
    ("duplicate", &["datagrams_are_lost_doubled_and_reordered"], &[("naive", "heard_in_order_duplicate")]),
    ("reorder", &["datagrams_are_lost_doubled_and_reordered"], &[("naive", "heard_in_order_reorder")]),
    ("cut", &["cut_for_a_while"], &[("twice", "delivered_once_cut")]),
    ("reset", &["reset_of_an_open_connection"], &[("twice", "delivered_once_reset")]),
    (
        "crash",
        &["crash_and_restart", "a_crash_closes_connections", "crash_at_a_call_and_restart_by_itself"],
        &[("buffered", "saved_survives_a_kill")],
    ),
    ("restart", &["crash_and_restart"], &[]),
    ("pause", &["pause"], &[("pauseblind", "work_is_done_within_the_lease")]),
    ("resume", &["pause"], &[]),
    ("clock_jump", &["clocks"], &[("wallclock", "lease_is_held")]),
    ("clock_skew", &["clocks"], &[("stamps", "the_last_one_wins")]),
    ("disk_full", &["a_full_disk"], &[("fullblind", "saved_or_refused")]),
    (
        "lose_unsynced",
        &["what_is_not_synced_is_lost", "power_loss_is_silent"],
        &[("unsynced", "saved_survives_power_loss")],
    ),
    ("torn_write", &["a_power_loss_that_tears_keeps_what_is_synced"], &[("inplace", "pairs_are_whole")]),
    ("faults", &["nothing_from_the_menu"], &[]),
];

/// The builtins that need no bug of their own.
const WAYS: [&str; 12] = [
    "release",
    "allow",
    "fault",
    "fault_all",
    "fault_start",
    "fault_stop",
    "link",
    "partition_start",
    "partition_stop",
    "restart",
    "resume",
    "faults",
];

/// The text of a test of a specification: of a function, or of a scenario under faults.
fn text_of<'t>(spec: &'t str, test: &str) -> &'t str {
    let heads = [format!("\ndef test_{test}():"), format!("\nfault_scenario(\n    \"{test}\"")];
    let at = heads.iter().find_map(|head| spec.find(head)).unwrap_or_else(|| panic!("no test {test}"));
    let end = ["\ndef ", "\nfault_scenario(", "\n# ---"].iter().filter_map(|next| spec[at + 1..].find(next)).min();
    end.map_or(&spec[at..], |end| &spec[at..=at + end])
}

#[test]
fn every_fault_has_a_symptom_and_a_bug() {
    let mut listed: Vec<&str> = FAULTS.iter().map(|row| row.0).collect();
    let mut all = language::fault_names();
    listed.sort_unstable();
    all.sort_unstable();
    assert_eq!(listed, all, "the table has every builtin about faults");
    let read = |name: &str| std::fs::read_to_string(crate::support::fixture(name)).expect("the fixture");
    let (symptoms, found, node) = (read("faults/symptoms.star"), read("faults/found.star"), read("faults/node.c"));
    for (name, tests, bugs) in FAULTS {
        assert!(!tests.is_empty(), "{name} has no symptom");
        assert_eq!(bugs.is_empty(), WAYS.contains(name), "{name} finds nothing");
        for test in *tests {
            assert!(text_of(&symptoms, test).contains(&format!("{name}(")), "{test} does not use {name}");
        }
        for (bug, test) in *bugs {
            assert!(node.contains(&format!("bug(\"{bug}\")")), "node.c has no bug {bug}");
            assert!(found.contains(&format!("{name}(")), "found.star does not use {name}");
            assert!(found.contains(&format!("\"{test}\"")) || test.starts_with("delivered_once_"), "no test {test}");
        }
    }
}

#[test]
fn programs_see_each_fault_as_on_linux() {
    let scratch = prepared("faults", "node");
    let ran = finish(command(&["test", &scratch.at("symptoms.star"), "--output", &scratch.at("found")])).exits(0);
    let ran = ran.says(&["30 passed, 0 failed"]);
    for test in FAULTS.iter().flat_map(|row| row.1) {
        assert!(ran.stdout.contains(&format!("PASS test_{test} ")), "{test}: {ran}");
    }
}

#[test]
fn each_fault_finds_a_planted_bug() {
    let scratch = prepared("faults", "node");
    explore(&scratch, "found.star", "NODE_BUG=", &["--seeds", "60"]).exits(0);
    for (bug, test) in FAULTS.iter().flat_map(|row| row.2) {
        let more = ["--test", test, "--seeds", "10000"];
        let ran = explore(&scratch, "found.star", &format!("NODE_BUG={bug}"), &more).exits(1);
        ran.says(&[&format!("FAIL test_{test}  seed ")]);
    }
}
