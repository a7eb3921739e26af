//! Monitors and concurrency: what sees which event, what state it keeps, and how branches take turns.

use crate::shop::{Bug, Shop};
use crate::toy::Toy;
use crate::{failure, good};
use model::{Failure, Verdict};

const SHOP: &str = "load(\"shop.star\", \"api\", \"db\", \"inventory\")\n
def order():
    return api.post(path = \"/orders\", body = \"{}\")
";

#[track_caller]
fn run(body: &str, test: &str) -> Verdict {
    let spec = good(&format!("{SHOP}{body}"));
    let shop = Shop::new(Bug::None);
    let toy = Toy::new(spec.plan(), &shop);
    spec.run(test, &toy)
}

/// The failure of `test_a`, as kind, property and message.
#[track_caller]
fn fails(body: &str) -> (String, String, String) {
    let Failure { kind, property, message, at, .. } = failure(run(body, "test_a"));
    assert!(at.is_some(), "a monitor speaks at an event");
    (kind, property, message)
}

#[test]
fn a_monitor_keeps_state_in_the_module_and_every_test_starts_afresh() {
    let body = "
seen = {\"count\": 0}
ids = set()

def at_most_two(event):
    seen[\"count\"] += 1
    ids.add(event.seq)
    if seen[\"count\"] > 2:
        fail(\"three lines:\", len(ids))

def test_a():
    monitor(at_most_two, type = \"stdout\", service = \"inventory\")
    for i in range(orders):
        order()
    assert_eq(seen[\"count\"], orders)
";
    for _ in 0..2 {
        assert_eq!(run(&format!("orders = 2\n{body}"), "test_a"), Verdict::Held);
    }
    let expected = ("monitor".into(), "at_most_two".into(), "three lines: 3".into());
    assert_eq!(fails(&format!("orders = 3\n{body}")), expected);
}

#[test]
fn a_stateful_monitor_looks_at_every_test_unless_it_is_claimed() {
    let body = "
stock = monitor(\"stock_falls\", on = match.event(type = \"stdout\", service = \"inventory\"),
    state_init = 30,
    update = lambda e, s: int(e.stock),
    check = lambda e, s: s > 28)
CLAIM
def test_a():
    order()
    order()
";
    let (kind, property, message) = fails(&body.replace("CLAIM", ""));
    assert_eq!((kind.as_str(), property.as_str()), ("monitor", "stock_falls"));
    assert!(message.starts_with("the check fails in state 28 at #"), "{message}");
    let claimed =
        body.replace("CLAIM", "other = fault_assumption(\"o\", target = db, fsync = allow(), monitors = [stock])");
    assert_eq!(run(&claimed, "test_a"), Verdict::Held);
}

#[test]
fn the_world_stops_at_the_event() {
    let body = "
def no_confirmation(event):
    if event.type == \"stdout\" and \"confirmed\" in event.body:
        fail(\"confirmed\")

def test_a():
    monitor(no_confirmation)
    order()
    sleep(\"1s\")
    fail(\"the test went on\")
";
    let spec = good(&format!("{SHOP}{body}"));
    let shop = Shop::new(Bug::None);
    let toy = Toy::new(spec.plan(), &shop);
    let failure = failure(spec.run("test_a", &toy));
    assert_eq!(failure.message, "confirmed");
    let last = toy.log().last().map(|e| e.index);
    assert_eq!(failure.at, last, "nothing happens after the event that a monitor fails at");
}

#[test]
fn monitors_may_look_but_not_act() {
    for (call, name) in
        [("sleep(\"1s\")", "sleep()"), ("api.get(path = \"/\")", "api.get()"), ("monitor(len)", "monitor()")]
    {
        let body = format!("def m(e):\n    {call}\ndef test_a():\n    monitor(m, type = \"stdout\")\n    order()\n");
        let (kind, property, message) = fails(&body);
        assert_eq!((kind.as_str(), property.as_str()), ("error", "m"));
        assert!(message.starts_with(&format!("[FB0115] {name} cannot be called from a monitor")), "{message}");
    }
}

#[test]
fn an_assumption_watches_for_its_window() {
    let body = "
def never(event):
    fail(\"saw\", event.type)

a = fault_assumption(\"a\", target = db, fsync = deny(\"EIO\"), monitors = [monitor(never, type = \"wal\")])

def test_a():
    fault(a, run = lambda: WITHIN)
    order()
";
    assert_eq!(run(&body.replace("WITHIN", "None"), "test_a"), Verdict::Held);
    assert_eq!(fails(&body.replace("WITHIN", "order()")).2, "saw wal");
}

#[test]
fn windows_that_overlap_share_a_monitor() {
    let body = "
count = monitor(\"count\", on = match.event(type = \"wal\"), state_init = 0,
    update = lambda e, n: n + 1, check = lambda e, n: n < 3)
a = fault_assumption(\"a\", target = db, fsync = deny(\"EIO\"), monitors = [count])

def window(pause, orders):
    def go():
        for i in range(orders):
            sleep(pause)
            order()
    return lambda: fault(a, run = go)

def test_a():
    parallel(window(\"1ms\", 1), window(\"50ms\", 2))
";
    let (kind, property, message) = fails(body);
    assert_eq!((kind.as_str(), property.as_str()), ("monitor", "count"));
    assert!(message.starts_with("the check fails in state 3"), "{message}");
}

#[test]
fn a_service_filter_sees_what_is_done_to_the_service() {
    let body = "
def seen(event):
    if event.type == \"TYPE\":
        fail(event.type, event.service, event.get(\"target\", \"-\"))

def test_a():
    monitor(seen, service = \"api\")
    fault(api, fsync = allow(), run = order)
";
    assert_eq!(fails(&body.replace("TYPE", "step_send")).2, "step_send test api");
    assert_eq!(fails(&body.replace("TYPE", "syscall")).2, "syscall api -");
    assert_eq!(fails(&body.replace("TYPE", "fault_applied")).2, "fault_applied api -");
}

const BRANCHES: &str = "
log = []

def branch(name, steps):
    def go():
        for i in range(steps):
            log.append(name)
            sleep(\"1ms\")
        return name
    return go

def test_a():
    results = parallel(branch(\"a\", 3), branch(\"b\", 2), branch(\"c\", 1))
    assert_eq(results, [\"a\", \"b\", \"c\"])
    print(\"\".join(log))
";

#[test]
fn branches_take_turns_as_the_machine_decides() {
    let spec = good(&format!("{SHOP}{BRANCHES}"));
    let shop = Shop::new(Bug::None);
    for (schedule, expected) in
        [(vec![], "abcaba"), (vec![2, 2, 1, 1, 1, 0], "cbbaaa"), (vec![0, 0, 0, 0, 2, 1], "aaacbb")]
    {
        let toy = Toy::new(spec.plan(), &shop);
        *toy.schedule.borrow_mut() = schedule.into_iter().rev().collect();
        let mut printed = String::new();
        let verdict = spec.run_printing("test_a", &toy, &mut |line| printed.push_str(line));
        assert_eq!((verdict, printed.as_str()), (Verdict::Held, expected));
        assert!(toy.turns.borrow().len() >= 9);
    }
}

#[test]
fn the_first_branch_that_fails_speaks() {
    let body = "
def later(message):
    sleep(\"1s\")
    fail(message)

def test_a():
    parallel(lambda: sleep(\"5s\"), lambda: later(\"second\"), lambda: fail(\"third\"))
";
    let failure = failure(run(body, "test_a"));
    assert_eq!((failure.kind.as_str(), failure.message.as_str()), ("assertion", "second"));
    assert_eq!(failure.location.as_deref(), Some("spec.star:8:5"));
}

#[test]
fn a_monitor_stops_all_branches() {
    let body = "
def never(event):
    fail(\"saw\", event.raw)

def test_a():
    monitor(never, type = \"wal\")
    parallel(order, lambda: [sleep(\"1ms\") for i in range(1000)], order)
    fail(\"the test went on\")
";
    assert_eq!(fails(body).0, "monitor");
}

#[test]
fn a_list_that_is_walked_by_one_branch_cannot_be_changed_by_another() {
    let body = "
items = [1, 2, 3]

def walk():
    for i in items:
        sleep(\"1ms\")

def test_a():
    parallel(walk, lambda: items.append(4))
";
    let failure = failure(run(body, "test_a"));
    assert_eq!(failure.kind, "error");
    assert!(failure.message.contains("utat"), "{failure}");
}
