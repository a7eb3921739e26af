//! Builtins of the wider language that are not supported yet, each with what to do instead.

/// (name, what to do instead).
type Table = &'static [(&'static str, &'static str)];

const TRACE: &str = "every system call is an event already: remove it, and query events(type = \"syscall\")";
const WATCH: &str = "every file operation is an event already: remove it, and query events(syscall = …, path = …)";
const PACKETS: &str = "deny or delay the system calls of a service: fault_assumption(target = …, sendto = delay(…))";
const PROTOCOL: &str = "faults are put on system calls: deny(…) and delay(…) by keyword, as in connect = deny(…)";
const MOCK: &str = "declare a real program with service(name, binary)";
const PARTITION: &str = "deny the connects of one side: fault_assumption(target = …, connect = deny(\"ETIMEDOUT\"))";
const TEMPORAL: &str = "use assert_eventually(…) or assert_never(…) in expect, or a monitor(…)";
const AWAIT: &str = "use assert_eventually(…): it lets the world run until it comes to rest";
const ORACLE: &str = "write the expectation as a function: expect = lambda r: assert_eq(r.status, 200)";
const FILES: &str = "write the data into the specification";
const AXES: &str = "use choose([…]): exploration tries the alternatives";
const EXPLORE: &str = "remove it: every run interleaves, and exploration searches the interleavings";
const HERMETIC: &str = "remove it: a run is always deterministic";
const OBSERVE_INSTEAD: &str = "lines on standard output that are JSON objects are decoded by themselves; \
     for files there is observe.wal(\"glob\")";

pub(super) const BUILTINS: Table = &[
    ("always", TEMPORAL),
    ("assume", AXES),
    ("await_event", AWAIT),
    ("await_stable", AWAIT),
    ("bandwidth", PACKETS),
    ("bytes_response", MOCK),
    ("client", "take steps against the service itself: api.post(path = …)"),
    ("determinism", HERMETIC),
    ("drop", PROTOCOL),
    ("duplicate", PROTOCOL),
    ("duration", "write durations as strings: \"500ms\""),
    ("dynamic", MOCK),
    ("error", PROTOCOL),
    ("eventually", TEMPORAL),
    ("expect_error_within", ORACLE),
    ("expect_hang", ORACLE),
    ("expect_success", ORACLE),
    ("grpc_error", MOCK),
    ("grpc_raw_response", MOCK),
    ("grpc_response", MOCK),
    ("grpc_typed_response", MOCK),
    ("halt", AXES),
    ("json_decoder", OBSERVE_INSTEAD),
    ("json_response", MOCK),
    ("jwt_jwks", MOCK),
    ("jwt_keypair", MOCK),
    ("jwt_sign", MOCK),
    ("kafka_ready", "use tcp(\"localhost:9092\") as the healthcheck"),
    ("load_file", FILES),
    ("load_json", FILES),
    ("load_yaml", FILES),
    ("logfmt_decoder", OBSERVE_INSTEAD),
    ("mock_service", MOCK),
    ("mtu", PACKETS),
    ("nondet", EXPLORE),
    ("packet_corrupt", PACKETS),
    ("packet_delay", PACKETS),
    ("packet_drop", PACKETS),
    ("packet_duplicate", PACKETS),
    ("packet_pass", PACKETS),
    ("packet_reorder", PACKETS),
    ("packet_reset", PACKETS),
    ("packet_window", PACKETS),
    ("partition", PARTITION),
    ("partition_start", PARTITION),
    ("partition_stop", PARTITION),
    ("poll", "take the step from the test: api.get(path = …)"),
    ("redirect", MOCK),
    ("regex_decoder", OBSERVE_INSTEAD),
    ("remotes", MOCK),
    ("response", PROTOCOL),
    ("status_only", MOCK),
    ("stderr", "use observe.stderr()"),
    ("stdout", "use observe.stdout()"),
    ("tail", "use observe.wal(\"glob\")"),
    ("test", "write a function called test_…, or use scenario(…)"),
    ("text_response", MOCK),
    ("tls_cert", "declare the interface without TLS"),
    ("topic", "have the consumer print what it consumes as JSON lines"),
    ("trace", TRACE),
    ("trace_start", TRACE),
    ("trace_stop", TRACE),
    ("wal_stream", "use observe.wal(\"glob\")"),
    ("watch", WATCH),
    ("watch_start", WATCH),
    ("watch_stop", WATCH),
];

pub(super) const OBSERVE: Table = &[
    ("poll", "take the step from the test: api.get(path = …)"),
    ("tail", "use observe.wal(\"glob\")"),
    ("topic", "have the consumer print what it consumes as JSON lines"),
    ("wal_stream", "use observe.wal(\"glob\")"),
];

const COMBINE: &str = "give match.event(…) all the conditions, or register one monitor for each";

pub(super) const MATCH: Table = &[("all", COMBINE), ("any", COMBINE), ("never", COMBINE)];
