//! What passed silently in the wider language (its inventory, section 1.12), and what it is here. Every sentence of that
//! section is a row of [`TRAPS`]; each row is an error, a failure or a warning, by code.
//!
//! ```text
//!   refuses  the specification does not load         fails  the test fails, and would pass there
//!   stops    the test ends with an error             warns  the test holds, with a warning
//!   holds    what could not be seen there is seen here
//! ```

use crate::shop::{Bug, Shop};
use crate::toy::Toy;
use crate::{good, load};
use model::Verdict;

enum Now {
    Refuses,
    Stops,
    Fails,
    Warns,
    Holds,
}

use Now::{Fails, Holds, Refuses, Stops, Warns};

/// The sentence, what it is now, the code (or what is said), and a specification that falls into it.
type Trap = (&'static str, Now, &'static str, &'static str);

/// What every specification begins with.
const SHOP: &str = "load(\"shop.star\", \"api\", \"db\", \"inventory\")

def order():
    return api.post(path = \"/orders\", body = \"{}\")

down = fault_assumption(\"down\", target = api, connect = deny(\"ECONNREFUSED\"))
idle = fault_assumption(\"idle\", target = inventory, connect = deny(\"ECONNREFUSED\"))
";

const TRAPS: &[Trap] = &[
    (
        "a misspelt system call in fault_assumption",
        Refuses,
        "FB0106",
        "fault_assumption(\"b\", target = db, conect = deny(\"EIO\"))\n",
    ),
    (
        "a misspelt system call through a variable",
        Refuses,
        "FB0106",
        "kw = {\"conect\": deny(\"EIO\")}\nfault_assumption(\"b\", target = db, **kw)\n",
    ),
    (
        "a filter's value that is not text matches everything",
        Fails,
        "none of",
        "def test_a():\n    order()\n    assert_eventually(status_code = 201)\n",
    ),
    (
        "a filter's value that cannot be compared",
        Stops,
        "FB0103",
        "def test_a():\n    assert_eventually(status_code = [200])\n",
    ),
    ("a filter's value of a monitor", Refuses, "FB0103", "monitor(order, status_code = [200])\n"),
    ("where that is no function", Stops, "FB0103", "def test_a():\n    assert_never(where = \"stdout\")\n"),
    (
        "a function by position is ignored",
        Fails,
        "must never happen",
        "def test_a():\n    assert_never(lambda e: e.type == \"service_ready\")\n",
    ),
    ("something else by position is ignored", Stops, "FB0103", "def test_a():\n    assert_never(\"stdout\")\n"),
    ("positional arguments of fault_matrix", Refuses, "FB0103", "fault_matrix([order], [down])\n"),
    ("positional arguments of fault_scenario after the name", Refuses, "FB0103", "fault_scenario(\"s\", order)\n"),
    (
        "a child of an assumption wins over its parent",
        Warns,
        "FB0308",
        "parent = fault_assumption(\"parent\", target = db, write = deny(\"EIO\"), faults = [
    fault_assumption(\"child\", target = db, write = delay(\"5ms\")),
])
fault_scenario(\"a\", scenario = order, faults = parent, expect = lambda r: assert_eq(r.status, 500))
",
    ),
    (
        "two assumptions on one service replace each other",
        Holds,
        "",
        "broken = fault_assumption(\"broken\", target = db, write = deny(\"EIO\", nth = 1))
slow = fault_assumption(\"slow\", target = db, write = delay(\"5ms\"))
def twice():
    return [order().status, order().status]
fault_scenario(\"a\", scenario = twice, faults = [broken, slow], expect = lambda r: assert_eq(r, [500, 200]))
",
    ),
    (
        "the same where one hides the other",
        Warns,
        "FB0308",
        "slow = fault_assumption(\"slow\", target = db, write = delay(\"5ms\"))
broken = fault_assumption(\"broken\", target = db, persist = deny(\"EIO\"), write = deny(\"EIO\"))
fault_scenario(\"a\", scenario = order, faults = [slow, broken], expect = lambda r: assert_eq(r.status, 200))
",
    ),
    (
        "an expect that answers False",
        Fails,
        "FB0309",
        "fault_scenario(\"a\", scenario = order, expect = lambda r: r.status == 503)\n",
    ),
    (
        "a matrix without expectations passes whatever does not raise",
        Warns,
        "FB0303",
        "fault_matrix(scenarios = [order], faults = [down])\n",
    ),
    (
        "a fault whose window has no such call, in a matrix",
        Fails,
        "FB0301",
        "fault_matrix(scenarios = [order], faults = [idle])\n",
    ),
    (
        "the same in a scenario",
        Warns,
        "FB0301",
        "fault_scenario(\"a\", scenario = order, faults = idle, expect = lambda r: assert_eq(r.status, 200))\n",
    ),
    (
        "the same in a body",
        Warns,
        "FB0301",
        "def test_a():\n    assert_eq(fault(inventory, connect = deny(\"EIO\"), run = order).status, 200)\n",
    ),
    (
        "one idle fault beside one that fires",
        Warns,
        "FB0301",
        "fault_scenario(\"a\", scenario = order, faults = [down, idle], expect = lambda r: assert_eq(r.status, 503))\n",
    ),
    (
        "a call that no fault mentions cannot be seen",
        Holds,
        "",
        "def test_a():\n    order()\n    assert_eventually(syscall = \"connect\", service = \"api\")\n",
    ),
    (
        "a call that nobody makes, by a misspelt name",
        Stops,
        "FB0106",
        "def test_a():\n    assert_never(syscall = \"conect\")\n",
    ),
    (
        "a service that nobody is called",
        Stops,
        "FB0103",
        "def test_a():\n    assert_never(type = \"stdout\", service = \"apii\")\n",
    ),
    ("a type of events that there is not", Stops, "FB0103", "def test_a():\n    assert_never(type = \"std_out\")\n"),
    (
        "a source that nobody observes",
        Warns,
        "FB0307",
        "def test_a():\n    assert_never(type = \"topic\", topic = \"orders\")\n",
    ),
    (
        "a function that is asked about nothing",
        Warns,
        "FB0307",
        "def test_a():\n    assert_never(where = lambda e: int(e.stock) < 0, type = \"stdout\", service = \"inventory\")\n",
    ),
    (
        "a fault through a variable, a helper or another file is missed",
        Holds,
        "",
        "kinds = {\"connect\": deny(\"ECONNREFUSED\")}
def helper(run):
    return fault(api, run = run, **kinds)
def test_a():
    assert_eq(helper(order).status, 503)
",
    ),
    (
        "the timeout of a fault_scenario is decorative",
        Fails,
        "FB0310",
        "def slow():\n    sleep(\"10s\")\nfault_scenario(\"a\", scenario = slow, timeout = \"5s\", expect = lambda r: None)\n",
    ),
];

/// How the section names what there is to fall into, so that no sentence of it is forgotten.
const SENTENCES: [(&str, &str); 9] = [
    ("misspelt keyword", "a misspelt system call in fault_assumption"),
    ("values that are not strings", "a filter's value that is not text matches everything"),
    ("where that is not callable, positional arguments", "where that is no function"),
    ("composition of assumptions", "a child of an assumption wins over its parent"),
    ("expect returning False", "an expect that answers False"),
    ("a matrix without an oracle", "a matrix without expectations passes whatever does not raise"),
    ("a window without the call", "a fault whose window has no such call, in a matrix"),
    ("calls that cannot be observed", "a call that no fault mentions cannot be seen"),
    ("fault_scenario(timeout=)", "the timeout of a fault_scenario is decorative"),
];

#[test]
fn every_sentence_has_a_row() {
    for (sentence, row) in SENTENCES {
        assert!(TRAPS.iter().any(|trap| trap.0 == row), "{sentence}: no row is called {row:?}");
    }
}

#[test]
fn nobody_falls_into_a_trap() {
    for (trap, now, expected, text) in TRAPS {
        let text = format!("{SHOP}{text}");
        if let Refuses = now {
            let error = load(&text).expect_err(trap);
            assert_eq!(error.code().to_string(), *expected, "{trap}: {error}");
            assert!(error.location().is_some(), "{trap}: no place: {error}");
            continue;
        }
        let spec = good(&text);
        let shop = Shop::new(Bug::None);
        let toy = Toy::new(spec.plan(), &shop);
        let mut warnings = Vec::new();
        let test = &spec.tests()[0].name;
        let verdict = spec.run_telling(test, &toy, &mut |_| {}, &mut |w| warnings.push(w.to_owned()));
        let said = |part: &str| warnings.iter().any(|w| w.starts_with(part));
        match (now, verdict) {
            (Holds, Verdict::Held) => assert!(warnings.is_empty(), "{trap}: {warnings:?}"),
            (Warns, Verdict::Held) => assert!(said(expected), "{trap}: {warnings:?}"),
            (Fails, Verdict::Failed(f)) if f.kind == "assertion" => {
                assert!(f.message.contains(expected), "{trap}: {f}");
            }
            (Stops, Verdict::Failed(f)) if f.kind == "error" => {
                assert!(f.message.starts_with(&format!("[{expected}]")) && f.location.is_some(), "{trap}: {f}");
            }
            (_, verdict) => panic!("{trap}: {verdict:?}, {warnings:?}"),
        }
    }
}
