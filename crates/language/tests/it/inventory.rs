//! What of the wider language works: every builtin, every trap. The lists of what is missing only shrink.

use crate::errors::brief;
use crate::{good, load};

/// Builtins of the wider language that are known and refused.
const MISSING: &[&str] = &[
    "bandwidth",
    "bytes_response",
    "client",
    "dynamic",
    "error",
    "grpc_error",
    "grpc_raw_response",
    "grpc_response",
    "grpc_typed_response",
    "json_response",
    "jwt_jwks",
    "jwt_keypair",
    "jwt_sign",
    "kafka_ready",
    "mock_service",
    "mtu",
    "packet_corrupt",
    "packet_delay",
    "packet_drop",
    "packet_duplicate",
    "packet_pass",
    "packet_reorder",
    "packet_reset",
    "packet_window",
    "redirect",
    "remotes",
    "response",
    "status_only",
    "text_response",
    "tls_cert",
    "wal_stream",
    "observe.wal_stream",
];

/// Builtins of the wider language (its inventory, section 1) that work.
const WORKING: &[&str] = &[
    "allow",
    "always",
    "assert_before",
    "assert_eq",
    "assert_eventually",
    "assert_never",
    "assert_true",
    "assume",
    "await_event",
    "await_stable",
    "choose",
    "decoder",
    "delay",
    "deny",
    "determinism",
    "drop",
    "duplicate",
    "duration",
    "events",
    "eventually",
    "expect_error_within",
    "expect_hang",
    "expect_success",
    "fault",
    "fault_all",
    "fault_assumption",
    "fault_matrix",
    "fault_scenario",
    "fault_start",
    "fault_stop",
    "halt",
    "http",
    "interface",
    "match",
    "monitor",
    "nondet",
    "observe",
    "op",
    "parallel",
    "poll",
    "observe.poll",
    "partition",
    "partition_start",
    "partition_stop",
    "ready",
    "scenario",
    "service",
    "sleep",
    "struct",
    "tcp",
    "test",
    "topic",
    "observe.topic",
    "observe.tail",
    "observe.wal",
    "trace",
    "trace_start",
    "trace_stop",
    "watch",
    "watch_start",
    "watch_stop",
    "fail",
    "print",
    "set",
];

#[test]
fn what_works_is_there_and_what_is_missing_says_so() {
    for name in WORKING {
        good(&format!("x = {name}\n"));
    }
    for name in MISSING {
        let error = load(&format!("{name}()\n")).expect_err(name);
        assert_eq!(error.code().to_string(), "FB0108", "{name}: {error}");
        assert!(error.help_text().is_some(), "{name} names no way around");
    }
}

#[test]
fn the_reference_has_every_builtin_and_no_other() {
    let names = language::builtin_names();
    for name in &names {
        good(&format!("x = {name}\n"));
    }
    // `struct`, `set` and their like are Starlark's own.
    for name in WORKING.iter().filter(|n| !["struct", "fail", "print", "set", "match", "observe"].contains(n)) {
        assert!(names.contains(name), "{name} is not in the reference");
    }
    let stubs = language::stubs();
    for name in names.iter().filter(|n| !n.contains('.')) {
        assert!(stubs.contains(&format!("def {name}(")), "{name} is not in the stubs");
    }
}

/// Each trap of the wider language: what passed silently there, and what it is here.
#[test]
fn traps_are_errors() {
    let with = |rest: &str| {
        format!(
            "db = service(\"db\", \"db\", interface(\"main\", \"tcp\", 1))\ndef f():\n    pass\n\
             a = fault_assumption(\"a\", target = db, write = deny(\"EIO\"))\n{rest}"
        )
    };
    for (text, code, place, message) in [
        ("fault_assumption(\"b\", target = db, conect = deny(\"EIO\"))\n", "FB0106", "spec.star:5:36", "`connect`?"),
        ("fault_matrix([f], [a])\n", "FB0103", "spec.star:5:1", "needs the argument"),
        ("fault_scenario(\"s\", f)\n", "FB0103", "spec.star:5:1", "needs the argument `scenario`"),
        ("deny(\"EIO\", max_fires = 1, mode = \"stochastic\")\n", "FB0108", "spec.star:5:28", "is a choice"),
        ("monitor(f, where = [1])\n", "FB0103", "spec.star:5:12", "cannot be [1]"),
        ("match.never()\n", "FB0103", "spec.star:5:1", "needs the argument"),
        ("crash(db)\n", "FB0114", "spec.star:5:1", "works on a running world"),
        ("fault_assumption(\"b\", target = db, rules = [drop()])\n", "FB0103", "spec.star:5:1", "a fault of a link"),
        (
            "fault_assumption(\"b\", target = link(db, \"test\"), rules = [crash()])\n",
            "FB0103",
            "spec.star:5:1",
            "not a fault of a link",
        ),
        ("fault_assumption(\"b\", target = db, write = drop())\n", "FB0103", "spec.star:5:36", "not a fault of a call"),
        (
            "fault_assumption(\"b\", target = db, rules = [deny(\"EIO\")])\n",
            "FB0103",
            "spec.star:5:1",
            "at which calls",
        ),
        ("link(db, db)\n", "FB0103", "spec.star:5:1", "what stays on a host is not sent"),
        ("deny(\"EIO\", on = \"disk\")\n", "FB0103", "spec.star:5:13", "file, socket, pipe"),
        ("deny(\"EIO\", nth = 1, after = 1)\n", "FB0103", "spec.star:5:13", "exclude each other"),
        ("test(\"t\", body = f, terminate_when = f)\n", "FB0108", "spec.star:5:21", "await_event"),
    ] {
        brief(&with(text), code, place, message);
    }
}

#[test]
fn two_thousand_cells_load_at_once() {
    let mut text = String::from("db = service(\"db\", \"db\", interface(\"main\", \"tcp\", 1))\n");
    for i in 0..40 {
        text.push_str(&format!("def s{i}():\n    pass\n"));
    }
    text.push_str(
        "faults_of = [fault_assumption(\"f%d\" % i, target = db, write = deny(\"EIO\")) for i in range(50)]\n",
    );
    let scenarios: Vec<String> = (0..40).map(|i| format!("s{i}")).collect();
    text.push_str(&format!("fault_matrix(scenarios = [{}], faults = faults_of)\n", scenarios.join(", ")));
    assert_eq!(good(&text).tests().len(), 2000);
}

/// Who needs whom, by what is declared and by addresses in the environment, and where no test has a fault.
#[test]
fn needs_are_edges() {
    let spec = good(
        "db = service(\"db\", \"db\", interface(\"main\", \"tcp\", 1))
cache = service(\"cache\", \"cache\", interface(\"main\", \"tcp\", 12))
api = service(\"api\", \"api\", depends_on = [cache], env = {\"URL\": \"tcp://me@db:1/x\", \"NAME\": \"db\"})
def f(): pass
slow = fault_assumption(\"slow\", target = cache, read = delay(\"1s\"))
fault_scenario(\"s\", scenario = f, faults = slow)
",
    );
    let edges: Vec<String> =
        spec.edges().iter().map(|e| format!("{} -> {}: {}", e.from, e.to, e.tests.join(" "))).collect();
    assert_eq!(edges, ["api -> db: ", "api -> cache: test_s"]);
}
