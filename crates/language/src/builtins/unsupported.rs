//! Builtins of the wider language that are not supported yet, each with what to do instead.

/// (name, what to do instead).
type Table = &'static [(&'static str, &'static str)];

const PACKETS: &str = "deny or delay the system calls of a service: fault_assumption(target = …, sendto = delay(…))";
const PROTOCOL: &str = "faults are put on system calls: deny(…) and delay(…) by keyword, as in connect = deny(…)";
const MOCK: &str = "declare a real program with service(name, binary)";

pub(super) const BUILTINS: Table = &[
    ("bandwidth", PACKETS),
    ("bytes_response", MOCK),
    ("client", "take steps against the service itself: api.post(path = …)"),
    ("dynamic", MOCK),
    ("error", PROTOCOL),
    ("grpc_error", MOCK),
    ("grpc_raw_response", MOCK),
    ("grpc_response", MOCK),
    ("grpc_typed_response", MOCK),
    ("json_response", MOCK),
    ("jwt_jwks", MOCK),
    ("jwt_keypair", MOCK),
    ("jwt_sign", MOCK),
    ("kafka_ready", "use tcp(\"localhost:9092\") as the healthcheck"),
    ("mock_service", MOCK),
    ("mtu", PACKETS),
    ("packet_corrupt", PACKETS),
    ("packet_delay", PACKETS),
    ("packet_drop", PACKETS),
    ("packet_duplicate", PACKETS),
    ("packet_pass", PACKETS),
    ("packet_reorder", PACKETS),
    ("packet_reset", PACKETS),
    ("packet_window", PACKETS),
    ("redirect", MOCK),
    ("remotes", MOCK),
    ("response", PROTOCOL),
    ("status_only", MOCK),
    ("text_response", MOCK),
    ("tls_cert", "declare the interface without TLS"),
    ("wal_stream", "observe the file instead: observe.wal(\"glob\")"),
];

pub(super) const OBSERVE: Table = &[("wal_stream", "observe the file instead: observe.wal(\"glob\")")];
