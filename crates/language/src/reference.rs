//! The builtins as people look them up. From this table come the list in `docs/language.md` and the stubs for editors that
//! `fbsim init` writes; a test compares it with what the evaluator knows.

/// A builtin: name, parameters and result as a stub writes them, and what it does.
type Row = (&'static str, &'static str, &'static str);

/// All builtins by concern.
const TABLE: &[(&str, &[Row])] = &[
    (
        "The system",
        &[
            (
                "service",
                "(name, binary = None, *interfaces, args = [], env = {}, depends_on = [], healthcheck = None, observe = [], ops = {}, build = None, volumes = {}, user = None, cpus = 2, memory = \"4GiB\", disk = \"64GiB\") -> Service",
                "declares a program on a machine of its own",
            ),
            ("interface", "(name, protocol, port) -> Interface", "a port that a service listens on"),
            ("tcp", "(address, timeout = \"10s\") -> Healthcheck", "ready when the port accepts a connection"),
            ("http", "(url, timeout = \"10s\") -> Healthcheck", "ready when the answer is 2xx or 3xx"),
            ("ready", "(timeout = \"30s\") -> Healthcheck", "ready when the first interface answers in what it speaks"),
            ("op", "(syscalls, path = None) -> Op", "a named group of system calls"),
            ("observe.stdout", "(decoder = None) -> Source", "how lines on standard output are read"),
            ("observe.stderr", "(decoder = None) -> Source", "how lines on standard error are read"),
            ("observe.wal", "(path, decoder = None) -> Source", "lines appended to matching files are `wal` events"),
            ("observe.tail", "(path, decoder = None) -> Source", "the same as `observe.wal`"),
            (
                "observe.topic",
                "(topic, decoder = None) -> Source",
                "messages through redis are `topic` events, or lines appended to another broker's files",
            ),
            (
                "observe.poll",
                "(url, interval = \"500ms\", timeout = \"5s\", send = None) -> Source",
                "answers to a question that is asked again and again are `poll` events",
            ),
            ("load_file", "(path) -> str", "the text of a file beside the specification"),
            ("load_json", "(path) -> Any", "what a JSON file says"),
            ("load_yaml", "(path) -> Any", "what a YAML file says"),
            ("decoder", "(name, pattern = None) -> Decoder", "\"json\", \"logfmt\" or \"regex\""),
            ("stdout", "(decoder = None) -> Source", "`observe.stdout`"),
            ("stderr", "(decoder = None) -> Source", "`observe.stderr`"),
            ("topic", "(topic, decoder = None) -> Source", "`observe.topic`"),
            ("poll", "(url, interval = \"500ms\", timeout = \"5s\", send = None) -> Source", "`observe.poll`"),
            ("json_decoder", "() -> Decoder", "`decoder(\"json\")`"),
            ("logfmt_decoder", "() -> Decoder", "`decoder(\"logfmt\")`"),
            ("regex_decoder", "(pattern) -> Decoder", "`decoder(\"regex\", pattern = …)`"),
        ],
    ),
    (
        "Tests",
        &[
            ("scenario", "(fn) -> None", "the test `test_<fn>`"),
            ("test", "(name, body, setup = None, expect = None, timeout = None) -> None", "the test `test_<name>`"),
            (
                "fault_assumption",
                "(name, target = None, rules = [], monitors = [], faults = [], description = \"\", **calls) -> FaultAssumption",
                "something that can go wrong",
            ),
            (
                "fault_scenario",
                "(name, scenario, faults = [], expect = None, monitors = [], timeout = None, require_faults_fire = False) -> None",
                "the test `test_<name>`",
            ),
            (
                "fault_matrix",
                "(scenarios, faults, default_expect = None, overrides = {}, exclude = [], monitors = [], require_faults_fire = True) -> None",
                "every scenario under every assumption",
            ),
            ("expect_success", "() -> Expectation", "every answer came, with a status below 400"),
            ("expect_error_within", "(ms) -> Expectation", "every answer is an error and came in time"),
            ("expect_hang", "() -> Expectation", "no answer came"),
            ("eventually", "(pred, anchor = None) -> Property", "for `expect`: true when the world has come to rest"),
            ("always", "(pred, between = None) -> Property", "for `expect`: true after every event"),
        ],
    ),
    (
        "Faults of calls",
        &[
            (
                "deny",
                "(errno, probability = None, nth = None, after = None, max_fires = None, path = None, on = None, peer = None, between = None, label = None) -> Fault",
                "the call fails with the errno and is not executed",
            ),
            (
                "delay",
                "(duration, probability = None, nth = None, after = None, max_fires = None, path = None, on = None, peer = None, between = None, label = None) -> Fault",
                "the call is executed after this much virtual time; on a link: so much later",
            ),
            (
                "hold",
                "(tag = None, probability = None, nth = None, after = None, max_fires = None, path = None, on = None, peer = None, between = None) -> Fault",
                "the call is executed when it is released",
            ),
            ("release", "(target = None) -> int", "releases what a service, or a tag, holds"),
            (
                "allow",
                "(probability = None, nth = None, after = None, max_fires = None, path = None, on = None, peer = None, between = None, label = None) -> Fault",
                "the call is executed, and later rules do not see it",
            ),
            ("fault", "(target, *rules, run, **calls)", "in place while `run` runs; answers what it returned"),
            ("fault_all", "(targets, *rules, run, **calls)", "the same on several targets"),
            ("fault_start", "(target, *rules, **calls) -> None", "in place until `fault_stop`, or the end of the test"),
            ("fault_stop", "(target) -> None", "takes away what `fault_start` put in place"),
        ],
    ),
    (
        "Faults of links",
        &[
            ("link", "(a, b, direction = \"both\") -> Link", "what lies between two hosts, as a target of faults"),
            (
                "partition",
                "(a, b, direction = \"both\", run = None)",
                "nothing passes while `run` runs; without it, an assumption that says so",
            ),
            ("partition_start", "(a, b, direction = \"both\") -> None", "nothing passes until `partition_stop`"),
            ("partition_stop", "(a, b, direction = \"both\") -> None", "ends what `partition_start` began"),
            (
                "drop",
                "(probability = None, nth = None, after = None, max_fires = None, between = None, label = None) -> Fault",
                "what is sent is lost, or sent again after 200 ms on a connection",
            ),
            (
                "duplicate",
                "(probability = None, nth = None, after = None, max_fires = None, between = None, label = None) -> Fault",
                "a datagram arrives twice",
            ),
            (
                "reorder",
                "(by = \"20ms\", probability = None, nth = None, after = None, max_fires = None, between = None, label = None) -> Fault",
                "a datagram is so late that later ones arrive first",
            ),
            (
                "cut",
                "(duration, probability = None, nth = None, after = None, max_fires = None, between = None, label = None) -> Fault",
                "from something sent on nothing passes for a while",
            ),
            (
                "reset",
                "(a = None, b = None, probability = None, nth = None, after = None, max_fires = None, between = None, label = None)",
                "resets connections: now between two services, or as a fault of a link",
            ),
        ],
    ),
    (
        "Faults of machines",
        &[
            (
                "crash",
                "(service = None, disk = None, restart_after = None, probability = None, nth = None, after = None, max_fires = 1, path = None, between = None)",
                "all processes die, with `disk` the power fails: now, or as a fault",
            ),
            ("restart", "(service) -> None", "starts a service again and waits until it is ready"),
            (
                "pause",
                "(service = None, duration = None, probability = None, nth = None, after = None, max_fires = 1)",
                "no thread runs for a while: now, or as a fault",
            ),
            ("resume", "(service) -> None", "ends a pause"),
            (
                "clock_jump",
                "(service = None, by = None, probability = None, nth = None, after = None, max_fires = 1)",
                "moves the time of day: now, or as a fault",
            ),
            ("clock_skew", "(by, probability = None) -> Fault", "the time of day is off while the fault is in place"),
            ("disk_full", "(after = 0, probability = None) -> Fault", "the disk has room for so many more bytes"),
            ("lose_unsynced", "() -> DiskLoss", "for `crash(disk = …)`: what was not synced may be lost"),
            ("torn_write", "() -> DiskLoss", "the same, and blocks may be half written"),
            ("faults", "(swarm) -> FaultAssumption", "the search decides which of these occur, where and when"),
        ],
    ),
    (
        "Assertions and queries",
        &[
            ("assert_true", "(cond, msg = \"\") -> None", "the condition is true"),
            ("assert_eq", "(a, b, msg = \"\") -> None", "the two are equal"),
            ("assert_never", "(where = None, msg = \"\", **conditions) -> None", "no event matches"),
            (
                "assert_eventually",
                "(where = None, msg = \"\", within = None, **conditions) -> None",
                "some event matches, at the latest at rest",
            ),
            (
                "assert_before",
                "(first, then, msg = \"\", causally = False) -> None",
                "one event comes before another; `causally`: and led to it",
            ),
            ("events", "(where = None, **conditions) -> list[Event]", "all events that match"),
            (
                "monitor",
                "(callback, **conditions) -> Monitor",
                "checked at each matching event; or `(name, on, state_init, update, check)`",
            ),
            ("match.event", "(**conditions) -> Matcher", "events with such fields"),
            ("match.any", "(*matchers) -> Matcher", "events that one of these means"),
            ("match.all", "(*matchers) -> Matcher", "events that each of these means"),
            ("match.never", "(matcher) -> Matcher", "events that this does not mean"),
            ("await_event", "(matcher, within = \"30s\") -> Event", "lets the world run until an event matches"),
            (
                "await_stable",
                "(within = \"30s\", quiescence_window = None, ignore = None) -> bool",
                "lets the world run until it comes to rest, or nothing of note has happened for so long",
            ),
        ],
    ),
    (
        "Control",
        &[
            ("parallel", "(*functions) -> list", "runs functions at the same time"),
            ("sleep", "(duration) -> None", "lets virtual time pass"),
            ("choose", "(options)", "one of the values, as the run decides; or `(axis, options)`"),
            ("nondet", "(axis = None) -> bool", "True or False, as the run decides"),
            ("assume", "(cond, reason = \"\") -> None", "a run in which this is not so counts for nothing"),
            ("halt", "(reason = \"\") -> None", "ends a run that counts for nothing"),
            ("duration", "(text) -> int", "a duration in nanoseconds"),
            ("trace", "(service, syscalls = [], run = None)", "runs `run`; calls are events in any case"),
            ("trace_start", "(service, syscalls = []) -> None", "does nothing; calls are events in any case"),
            ("trace_stop", "(service) -> None", "does nothing"),
            ("watch", "(service, files = [], ops = [], run = None)", "runs `run`; files are watched in any case"),
            ("watch_start", "(service, files = [], ops = []) -> None", "does nothing"),
            ("watch_stop", "(service) -> None", "does nothing"),
            (
                "determinism",
                "(level = \"\", runtime = \"\", strict = True, allow = []) -> None",
                "does nothing: every run is deterministic",
            ),
        ],
    ),
];

/// The names of all builtins, `observe.wal` and its like among them.
pub fn builtin_names() -> Vec<&'static str> {
    TABLE.iter().flat_map(|(_, rows)| rows.iter().map(|(name, ..)| *name)).collect()
}

/// The names of the builtins about faults: of calls, of links, of machines.
pub fn fault_names() -> Vec<&'static str> {
    let about_faults = TABLE.iter().filter(|(concern, _)| concern.starts_with("Faults of "));
    about_faults.flat_map(|(_, rows)| rows.iter().map(|(name, ..)| *name)).collect()
}

/// The builtins as tables in Markdown, for `docs/language.md`.
pub fn markdown() -> String {
    let mut out = String::new();
    for (concern, rows) in TABLE {
        out.push_str(&format!("**{concern}**\n\n| builtin | |\n|---|---|\n"));
        for (name, signature, what) in *rows {
            let signature = signature.split(" -> ").next().unwrap_or_default().replace('|', "\\|");
            out.push_str(&format!("| `{name}{signature}` | {what} |\n"));
        }
        out.push('\n');
    }
    out
}

/// The builtins as a stub file for editors.
pub fn stubs() -> String {
    const TYPES: [&str; 15] = [
        "Service",
        "Interface",
        "Healthcheck",
        "Op",
        "Source",
        "Decoder",
        "FaultAssumption",
        "Expectation",
        "Property",
        "Fault",
        "Link",
        "DiskLoss",
        "Event",
        "Monitor",
        "Matcher",
    ];
    let mut out = String::from(
        "# The builtins of fbsim specifications, for editors. Written by `fbsim init`.\nfrom typing import Any\n\n",
    );
    for name in TYPES {
        out.push_str(&format!("class {name}:\n    def __getattr__(self, name: str) -> Any: ...\n\n"));
    }
    for namespace in ["observe", "match"] {
        out.push_str(&format!("class _{namespace}:\n"));
        for (name, signature, what) in TABLE.iter().flat_map(|(_, rows)| rows.iter()) {
            if let Some(short) = name.strip_prefix(namespace).and_then(|n| n.strip_prefix('.')) {
                let inner = signature[1..].trim_start_matches(')');
                let comma = if signature.starts_with("()") { "" } else { ", " };
                let close = if signature.starts_with("()") { ")" } else { "" };
                let result = if signature.contains(" -> ") { "" } else { " -> Any" };
                out.push_str(&format!(
                    "    def {short}(self{comma}{close}{inner}{result}:\n        \"\"\"{what}.\"\"\"\n        ...\n"
                ));
            }
        }
        out.push_str(&format!("\n{namespace} = _{namespace}()\n\n"));
    }
    for (name, signature, what) in TABLE.iter().flat_map(|(_, rows)| rows.iter()) {
        if !name.contains('.') {
            let result = if signature.contains(" -> ") { "" } else { " -> Any" };
            out.push_str(&format!("def {name}{signature}{result}:\n    \"\"\"{what}.\"\"\"\n    ...\n"));
        }
    }
    out
}
