//! Asking for causes: what is refused, and what is said where nothing is kept of them.

use crate::errors::brief;
use crate::shop::{Bug, Shop};
use crate::toy::Toy;
use crate::{failure, good};
use model::causality::Tracking;

const SHOP: &str = "load(\"shop.star\", \"api\")\n";

#[test]
fn only_a_specification_that_asks_has_account_kept() {
    let of = |text: &str| good(&format!("{SHOP}{text}")).plan().causality;
    for asks in ["e.happens_before(e)", "e.causal_chain()", "trace.causal_chain(e)", "assert_before({}, {})"] {
        assert_eq!(of(&format!("def f(e, trace):\n    return {asks}\n")), Tracking::On, "{asks}");
    }
    for does_not in ["\"happens_before\"", "e.seq  # happens_before", "e.preceded_by(e)"] {
        assert_eq!(of(&format!("def f(e):\n    return {does_not}\n")), Tracking::Off, "{does_not}");
    }
}

#[test]
fn questions_that_mean_nothing_are_refused() {
    for (question, expected) in [
        ("e.happens_before(3)", "[FB0103] happens_before(): `event` must be an event, not 3 (int)"),
        ("e.happens_before()", "[FB0103] happens_before() needs the argument `event`"),
        ("e.happens_after(e, e)", "[FB0103] happens_after() has no place for the argument"),
        ("e.concurrent_with(e, memroy = False)", "[FB0104] concurrent_with() has no keyword `memroy`"),
        ("e.concurrent_with(e, memory = 1)", "[FB0103] concurrent_with(): `memory` must be True or False, not 1 (int)"),
        ("e.followed_by(e)", "[FB0103] followed_by(): `matcher` must be match.event(…), not "),
        ("e.followed_by_within(match.event(type = \"wal\"), \"soon\")", "[FB0107] "),
        ("e.followed_by(match.event(type = \"wall\"))", "[FB0103] no event has the type \"wall\""),
        ("getattr(e, \"causal_\" + \"chain\")()", "[FB0108] to reach causal_chain by a name that is made at run time"),
    ] {
        let spec = good(&format!(
            "{SHOP}def test_a():\n    api.get(path = \"/health\")\n    e = events()[0]\n    {question}\n"
        ));
        let shop = Shop::new(Bug::None);
        let found = failure(spec.run("test_a", &Toy::new(spec.plan(), &shop)));
        assert!(found.message.contains(expected), "{question}: {}", found.message);
    }
}

#[test]
fn the_log_is_there_in_tests_alone() {
    let monitored = "monitor(lambda e: e.happens_before(e))\n";
    good(&format!("{SHOP}{monitored}"));
    brief("x = events()\n", "FB0114", "spec.star:1:5", "events() works on a running world");
}
