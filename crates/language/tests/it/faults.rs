//! Faults in place: which rules, in what order, for how long, and what is noted about them.

use crate::shop::{Bug, Shop};
use crate::toy::Toy;
use crate::{failure, good};
use model::event::Body;
use model::{Event, Value, Verdict};

const SHOP: &str = "load(\"shop.star\", \"api\", \"db\", \"inventory\")\n
def order():
    return api.post(path = \"/orders\", body = \"{}\")
";

/// The notes about faults, without what follows from the shop.
fn faults(log: &[Event]) -> Vec<String> {
    let note = |event: &Event| {
        let Body::Note(note) = &event.body else { return None };
        let text = |name: &str| match note.get(name) {
            Some(Value::Text(text)) => format!(" {text}"),
            Some(Value::Int(n)) => format!(" {name}={n}"),
            _ => String::new(),
        };
        let words = ["service", "rule", "assumption", "label", "considered", "fired", "hint"].map(text).concat();
        note.kind.starts_with("fault_").then(|| format!("{}{words}", note.kind))
    };
    log.iter().filter_map(note).collect()
}

#[track_caller]
fn run(body: &str) -> (Verdict, Vec<String>) {
    let spec = good(&format!("{SHOP}{body}"));
    let shop = Shop::new(Bug::None);
    let toy = Toy::new(spec.plan(), &shop).fires(&[true, false, true]);
    let verdict = spec.run(&spec.tests()[0].name, &toy);
    (verdict, faults(&toy.log()))
}

#[test]
fn a_window_begins_and_ends() {
    let (verdict, notes) = run("
def test_window():
    assert_eq(fault(db, write = deny(\"EIO\", label = \"disk\"), run = order).status, 500)
    assert_eq(order().status, 200)
");
    assert_eq!(verdict, Verdict::Held);
    assert_eq!(
        notes,
        ["fault_applied db deny(EIO) on write pwrite64 writev disk", "fault_removed db disk considered=1 fired=1"]
    );
}

#[test]
fn rules_stack_and_the_first_wins() {
    let (verdict, notes) = run("
slow = fault_assumption(\"slow\", target = db, write = delay(\"1s\"))
broken = fault_assumption(\"broken\", target = db, persist = deny(\"ENOSPC\"), fsync = allow())
all = fault_assumption(\"all\", faults = [broken, slow])

def test_stack():
    # The outer one is first, and it delays: nothing is denied.
    assert_eq(fault(slow, run = lambda: fault(broken, run = order)).status, 200)
    assert_eq(fault(all, run = order).status, 500)
");
    assert_eq!(verdict, Verdict::Held);
    assert_eq!(notes[0], "fault_applied db delay(1s) on write pwrite64 writev slow");
    assert_eq!(notes[1], "fault_applied db deny(ENOSPC) on write pwrite64 writev fsync fdatasync of /data/* broken");
    assert_eq!(notes[2], "fault_applied db allow() on fsync fdatasync broken");
    assert_eq!(notes[3], "fault_removed db considered=0 fired=0", "{notes:#?}");
    assert!(notes[4].starts_with("fault_zero_traffic db") && notes[4].ends_with("db made none of these calls"));
}

#[test]
fn two_assumptions_on_one_service_are_both_in_place() {
    let (verdict, notes) = run("
slow = fault_assumption(\"slow\", target = db, fsync = delay(\"1s\"))
broken = fault_assumption(\"broken\", target = db, write = deny(\"EIO\"))
fault_scenario(\"both\", scenario = order, faults = [slow, broken], expect = lambda r: assert_eq(r.status, 500))
");
    assert_eq!(verdict, Verdict::Held);
    assert_eq!(notes.iter().filter(|n| n.starts_with("fault_applied")).count(), 2);
    assert_eq!(notes.iter().filter(|n| n.starts_with("fault_removed")).count(), 2);
}

#[test]
fn probabilities_and_limits_reach_the_machine() {
    let (verdict, notes) = run("
def test_flaky():
    def several():
        return [order().status for _ in range(4)]
    assert_eq(fault(api, connect = deny(\"ETIMEDOUT\", probability = \"50%\"), run = several), [503, 200, 503, 200])
    assert_eq(fault(api, connect = deny(\"ETIMEDOUT\", max_fires = 2), run = several), [503, 503, 200, 200])
");
    assert_eq!(verdict, Verdict::Held);
    assert_eq!(notes[0], "fault_applied api deny(ETIMEDOUT) on connect with probability 50%");
    assert_eq!(notes[2], "fault_applied api deny(ETIMEDOUT) on connect at most 2 times");
}

#[test]
fn started_faults_last_until_stopped_or_the_end() {
    let (verdict, notes) = run("
def test_started():
    fault_start(api, connect = deny(\"ECONNREFUSED\"))
    assert_eq(order().status, 503)
    fault_stop(api)
    assert_eq(order().status, 200)
    fault_start(db, write = deny(\"EIO\"))
    fault_all([api, inventory], connect = deny(\"ECONNREFUSED\"), run = order)
");
    assert_eq!(verdict, Verdict::Held);
    let removed: Vec<&String> = notes.iter().filter(|n| n.starts_with("fault_removed")).collect();
    assert_eq!(
        removed,
        [
            "fault_removed api considered=1 fired=1",
            "fault_removed api considered=1 fired=1",
            "fault_removed inventory considered=0 fired=0",
            "fault_removed db considered=0 fired=0",
        ]
    );
}

#[test]
fn faults_are_removed_when_a_test_fails() {
    let (verdict, notes) = run("
def test_fails():
    fault(api, connect = deny(\"ECONNREFUSED\"), run = lambda: fail(\"no\"))
");
    assert_eq!(failure(verdict).message, "no");
    assert_eq!(notes[1], "fault_removed api considered=0 fired=0");
}

#[test]
fn a_fault_that_must_fire() {
    let matrix = |target: &str| {
        format!(
            "
a = fault_assumption(\"a\", target = {target}, connect = deny(\"ECONNREFUSED\"))
fault_matrix(scenarios = [order], faults = [a], require_faults_fire = True)
"
        )
    };
    assert_eq!(run(&matrix("api")).0, Verdict::Held);
    let failure = failure(run(&matrix("db")).0);
    assert_eq!((failure.kind.as_str(), failure.property.as_str()), ("assertion", "matrix_order_a"));
    assert!(failure.message.starts_with("FB0301: no fault fired"));
}
