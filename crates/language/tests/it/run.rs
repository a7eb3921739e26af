//! The life of a test: boot, body, faults, expectations, and all the ways in which it can end.

use crate::shop::{Bug, Shop};
use crate::toy::{Services, Toy};
use crate::{failure, fixture, good};
use language::Spec;
use model::event::Body;
use model::{Event, Failure, Value, Verdict};

/// Runs a test of a specification in a healthy shop.
fn verdict(spec: &Spec, test: &str) -> Verdict {
    let shop = Shop::new(Bug::None);
    let toy = Toy::new(spec.plan(), &shop);
    spec.run(test, &toy)
}

#[track_caller]
fn holds(text: &str) {
    let spec = good(text);
    for test in spec.tests() {
        assert_eq!(verdict(&spec, &test.name), Verdict::Held, "{}", test.name);
    }
}

/// The failure of the specification's first test.
#[track_caller]
fn fails(text: &str) -> Failure {
    let spec = good(text);
    failure(verdict(&spec, &spec.tests()[0].name))
}

const SHOP: &str = "load(\"shop.star\", \"api\", \"db\", \"inventory\")\n";

/// `kind` of a note with its fields, as `kind k=v k=v`; other events are left out.
fn notes(log: &[Event]) -> Vec<String> {
    let note = |event: &Event| {
        let Body::Note(note) = &event.body else { return None };
        let text = |value: &Value| match value {
            Value::Text(text) => text.to_string(),
            Value::Int(n) => n.to_string(),
            Value::Bool(b) => b.to_string(),
        };
        let fields: String = note.fields.iter().map(|(k, v)| format!(" {k}={}", text(v))).collect();
        Some(format!("{}{fields}", note.kind))
    };
    log.iter().filter_map(note).collect()
}

#[test]
fn the_surface_of_values() {
    let spec = good(&fixture("surface.star").expect("a fixture"));
    let mut refused = Vec::new();
    for test in spec.tests() {
        match verdict(&spec, &test.name) {
            Verdict::Held => {}
            Verdict::Failed(f) if f.kind == "error" => refused.push(format!("{}: {}", f.property, f.message)),
            other => panic!("{}: {other:?}", test.name),
        }
    }
    let expected = [
        "a_body_that_is_not_text: [FB0103] api.post(): `body` must be a string, not {\"qty\": 1} (dict) (for JSON, write json.encode(…))",
        "a_condition_that_is_not_one: [FB0103] assert_eventually(): the condition `status` cannot be [1] (list) (a condition is a string (a glob), a number, True or False)",
        "a_missing_index: [FB0116] Key `\"nope\"` was not found",
        "a_path_with_a_space: [FB0103] api.get(): bad path \"/a b\": it must start with '/' and have no spaces or control characters",
        "a_question_put_wrongly: [FB0103] assert_before(): `first` must be a dict of conditions, or a function, not 1 (int)",
        "a_step_of_another_protocol: [FB0103] http has no step send() (its steps are get, post, put, delete, patch)",
        "a_word_that_no_service_is_called: [FB0103] no service is called \"apii\" (did you mean `api`?)",
        "an_unknown_step_argument: [FB0104] api.get() has no keyword `pth` (did you mean `path`?)",
        "nothing_to_look_for: [FB0103] assert_eventually() was given nothing to look for (pass where = lambda e: …, or conditions such as type = \"stdout\")",
        "where_is_not_a_function: [FB0103] assert_never(): `where` must be a function, not \"stdout\" (string)",
    ];
    assert_eq!(refused, expected);
}

#[test]
fn services_are_waited_for_in_order() {
    let spec = good(&format!("{SHOP}def test_a(): pass\n"));
    let shop = Shop::new(Bug::None);
    let toy = Toy::new(spec.plan(), &shop).ready_after("db", 55).ready_after("api", 100);
    assert_eq!(spec.run("test_a", &toy), Verdict::Held);
    let boot = ["db", "inventory", "api"]
        .map(|s| [format!("service_started service={s}"), format!("service_ready service={s}")]);
    assert_eq!(notes(&toy.log()), [boot.concat(), vec!["run_entered".into()]].concat());
}

#[test]
fn a_service_that_does_not_come_up() {
    struct Sick;
    impl Services for Sick {
        fn answer(&self, _: &Toy<'_>, _: &str, _: &str) -> String {
            "HTTP/1.1 500 Sick\r\nContent-Length: 0\r\n\r\n".into()
        }
    }
    let spec = good(&format!("{SHOP}def test_a(): pass\n"));
    let shop = Shop::new(Bug::None);
    let boot = |toy: Toy<'_>| {
        let failure = failure(spec.run("test_a", &toy));
        assert_eq!(failure.kind, "boot");
        (failure.property, failure.message)
    };
    assert_eq!(
        boot(Toy::new(spec.plan(), &shop).dead("inventory")),
        ("inventory".into(), "inventory exited before it was ready".into())
    );
    assert_eq!(
        boot(Toy::new(spec.plan(), &shop).ready_after("db", 60_000)),
        ("db".into(), "db was not ready within 10s: port 5432: connection refused".into())
    );
    assert_eq!(
        boot(Toy::new(spec.plan(), &Sick)),
        ("api".into(), "api was not ready within 5s: GET /health answers 500".into())
    );
}

#[test]
fn ready_asks_in_what_the_interface_speaks() {
    struct Answers(u16);
    impl Services for Answers {
        fn answer(&self, _: &Toy<'_>, _: &str, request: &str) -> String {
            assert!(request.starts_with("GET / HTTP/1.1\r\n"), "{request}");
            format!("HTTP/1.1 {} X\r\nContent-Length: 0\r\n\r\n", self.0)
        }
    }
    let web = "service(\"web\", \"web\", interface(\"main\", \"http\", 80), healthcheck = ready(timeout = \"1s\"))\n";
    let spec = good(&format!("{web}def test_a(): pass\n"));
    for status in [200, 302, 404] {
        assert_eq!(spec.run("test_a", &Toy::new(spec.plan(), &Answers(status))), Verdict::Held);
    }
    let failure = failure(spec.run("test_a", &Toy::new(spec.plan(), &Answers(503))));
    assert_eq!(failure.message, "web was not ready within 1s: GET / answers 503");

    struct Redis(&'static str);
    impl Services for Redis {
        fn answer(&self, _: &Toy<'_>, _: &str, request: &str) -> String {
            assert_eq!(request, "*1\r\n$4\r\nPING\r\n");
            self.0.into()
        }
    }
    let spec = good(&format!("{}def test_a(): pass\n", web.replace("\"http\"", "\"redis\"")));
    for reply in ["+PONG\r\n", "-NOAUTH Authentication required.\r\n"] {
        assert_eq!(spec.run("test_a", &Toy::new(spec.plan(), &Redis(reply))), Verdict::Held);
    }
    let failure = crate::failure(spec.run("test_a", &Toy::new(spec.plan(), &Redis("-LOADING dataset\r\n"))));
    assert_eq!(failure.message, "web was not ready within 1s: PING: LOADING dataset");
}

/// A specification that calls the machine in every way.
const EVERYTHING: &str = "
def both():
    return parallel(
        lambda: [api.post(path = \"/orders\"), sleep(\"1s\"), api.get(path = \"/\")],
        lambda: [db.send(data = \"PING\"), choose([1, 2])],
    )

def flow():
    fault(db, fsync = deny(\"EIO\"), run = both)
    sleep(\"10ms\")
    return both()

def expect(r):
    assert_eventually(type = \"wal\")
    assert_eventually(type = \"wal\", within = \"1s\")

watch = monitor(lambda e: None, type = \"stdout\")
slow = fault_assumption(\"slow\", target = db, write = delay(\"5ms\"), monitors = [watch])
fault_scenario(\"everything\", scenario = flow, faults = slow, expect = expect)
";

#[test]
fn an_ended_world_unwinds_from_everywhere() {
    let spec = good(&format!("{SHOP}{EVERYTHING}"));
    let mut ends = 0;
    loop {
        let shop = Shop::new(Bug::None);
        let toy = Toy::new(spec.plan(), &shop).ends_in(ends);
        match spec.run("test_everything", &toy) {
            Verdict::Failed(failure) => assert_eq!(failure.kind, "deadlock", "after {ends} calls: {failure}"),
            Verdict::Held => break,
            Verdict::Inconclusive(why) => panic!("after {ends} calls: {why}"),
        }
        ends += 1;
    }
    assert!(ends > 30, "the test has only {ends} calls that take time");
}

#[test]
fn limits_end_a_test_and_name_it() {
    let failure = |body: &str| fails(&format!("{SHOP}def f(n):\n    return f(n + 1)\ndef test_big():\n{body}"));
    for (body, location, part) in [
        ("    f(1)\n", "spec.star:3:14", "calls are nested more than 100 deep"),
        ("    for i in range(100000000):\n        pass\n", "spec.star:5:5", "takes more than 20000000 steps"),
        ("    parallel(lambda: f(1), lambda: 1)\n", "spec.star:3:14", "more than 100 deep"),
        ("    x = [0] * 2000000000\n", "spec.star:5:9", "more than 512 MiB"),
        ("    s = \"x\"\n    for i in range(40):\n        s = s + s\n", "spec.star:7:13", "more than 512 MiB"),
        ("    parallel(lambda: list(range(2000000000)), lambda: 1)\n", "spec.star:5:27", "a range of 2000000000"),
    ] {
        let failure = failure(body);
        assert_eq!((failure.kind.as_str(), failure.property.as_str()), ("error", "big"), "{failure}");
        assert!(failure.message.contains("test_big") && failure.message.contains(part), "{failure}");
        assert_eq!(failure.location.as_deref(), Some(location));
    }
}

/// Wherever a function of the specification is called from, it ends.
#[test]
fn limits_end_whatever_is_called() {
    const ENDLESS: &str = "def endless(*a):\n    for i in range(100000000):\n        pass\n";
    const GREEDY: &str = "def greedy(*a):\n    s = [1]\n    for i in range(60):\n        s.extend(s)\n    return s\n";
    const DEEP: &str = "def deep(*a):\n    return sorted([1], key = lambda x: deep(x))\n";
    for (text, part, place) in [
        (ENDLESS, "takes more than 20000000 steps", "spec.star:3:5"),
        (GREEDY, "more than 512 MiB", "spec.star:5:9"),
        (DEEP, "calls are nested more than 100 deep", "spec.star:3:"),
    ] {
        let name = text.split(['(', ' ']).nth(1).expect("a definition");
        for body in [
            "def test_a():\n    monitor(NAME)\n    api.get(path = \"/\")\n",
            "def test_a():\n    monitor(\"m\", on = match.event(type = \"step_send\"), check = NAME)\n    api.get(path = \"/\")\n",
            "def test_a():\n    monitor(\"m\", on = match.event(type = \"step_send\"), update = NAME, check = lambda e, s: True)\n    api.get(path = \"/\")\n",
            "def test_a():\n    events(where = NAME)\n",
            "def test_a():\n    assert_never(where = NAME)\n",
            "def test_a():\n    assert_eventually(where = lambda e: NAME(e))\n",
            "def test_a():\n    assert_before(first = NAME, then = {\"type\": \"step_recv\"})\n",
            "def test_a():\n    await_event(lambda t: NAME(t))\n",
            "def test_a():\n    parallel(NAME, lambda: 1)\n",
            "def test_a():\n    fault(db, write = deny(\"EIO\"), run = NAME)\n",
            "def test_a():\n    [x for x in [1, 2] if NAME(x)]\n",
            "def test_a():\n    map(NAME, [1])\n",
            "def test_a():\n    api.post(path = \"/\", body = \"x\" if NAME() else \"\")\n",
            "def f(): pass\nfault_scenario(\"a\", scenario = f, expect = NAME)\n",
            "def f(): pass\nfault_scenario(\"a\", scenario = f, expect = eventually(lambda trace: NAME()))\n",
            "def f(): api.get(path = \"/\")\nfault_scenario(\"a\", scenario = f, expect = always(lambda trace: NAME()))\n",
            "scenario(NAME)\n",
        ] {
            let failure = fails(&format!("{SHOP}{text}{}", body.replace("NAME", name)));
            assert_eq!(failure.kind, "error", "{body}{failure}");
            assert!(failure.message.contains("FB0113") && failure.message.contains(part), "{body}{failure}");
            let at = failure.location.clone().unwrap_or_default();
            assert!(at.starts_with(place), "{body}{at}: {failure}");
        }
    }
}

#[test]
fn assertions_fail_tests_where_they_stand() {
    for (body, message, location) in [
        ("    assert_true(1 == 2)\n", "assertion failed", "spec.star:3:5"),
        ("    assert_true(None, msg = \"why\")\n", "why", "spec.star:3:5"),
        ("    assert_eq(\"a\", 1, \"why\")\n", "assert_eq failed: \"a\" != 1 (why)", "spec.star:3:5"),
        ("    x = [fail(\"a\", 1) for i in [1]]\n", "a 1", "spec.star:3:10"),
        ("    db.send(data = \"x\") + fail(\"no\")\n", "no", "spec.star:3:27"),
        (
            "    assert_never(type = \"service_ready\", msg = \"up\")\n",
            "up: #1 service_ready of db at ",
            "spec.star:3:5",
        ),
    ] {
        let failure = fails(&format!("{SHOP}def test_a():\n{body}"));
        assert_eq!((failure.kind.as_str(), failure.property.as_str()), ("assertion", "a"));
        assert!(failure.message.starts_with(message), "{failure}");
        assert_eq!(failure.location.as_deref(), Some(location), "{failure}");
    }
}

#[test]
fn steps_answer_what_happened() {
    let spec = good(&format!(
        "{SHOP}def test_http():
    r = api.get(path = \"/\")
    assert_true(not r)
    assert_eq([r.status, r.ok, r.error, r.body, r.data], [0, False, \"connect: connection refused\", \"\", \"\"])

def test_tcp():
    db.send(data = \"PING\")
"
    ));
    struct Gone;
    impl Services for Gone {
        fn answer(&self, toy: &Toy<'_>, _: &str, _: &str) -> String {
            toy.kill("api");
            toy.kill("db");
            "HTTP/1.1 200 OK\r\n\r\n".into()
        }
    }
    let toy = Toy::new(spec.plan(), &Gone);
    assert_eq!(spec.run("test_http", &toy), Verdict::Held);
    let toy = Toy::new(spec.plan(), &Gone);
    let failure = failure(spec.run("test_tcp", &toy));
    assert_eq!((failure.kind.as_str(), failure.location.as_deref()), ("assertion", Some("spec.star:8:5")));
    assert_eq!(failure.message, "tcp send to db failed: connect: connection refused");
    let recv = notes(&toy.log()).into_iter().find(|n| n.starts_with("step_recv")).expect("a step_recv");
    assert!(recv.contains("success=false") && recv.contains("error=connect: connection refused"), "{recv}");
}

#[test]
fn a_step_goes_where_it_is_sent() {
    struct Moved;
    impl Services for Moved {
        fn answer(&self, _: &Toy<'_>, to: &str, request: &str) -> String {
            let (head, body) = request.split_once("\r\n\r\n").expect("a request");
            let asked = head.split(" HTTP").next().expect("a first line");
            let sent =
                |status: u16, to: &str| format!("HTTP/1.1 {status} X\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
            match asked {
                "GET /old" => sent(302, "/new"),
                "POST /form" => sent(303, "http://inventory:7000/done"),
                "PUT /a/keep" => sent(307, "kept"),
                "GET /loop" => sent(301, "/loop"),
                "GET /away" => sent(301, "http://nowhere/"),
                "GET /tls" => sent(301, "https://api/"),
                _ => {
                    let text = format!("{to} {asked} {body}");
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len())
                }
            }
        }
    }
    let spec = good(&format!(
        "{SHOP}def test_moved():
    assert_eq(api.get(path = \"/old\").body, \"api GET /new\")
    assert_eq(api.post(path = \"/form\", body = \"x\").body, \"inventory GET /done\")
    assert_eq(api.put(path = \"/a/keep\", body = \"x\").body, \"api PUT /a/kept x\")
    assert_eq(api.get(path = \"/loop\").error, \"sent elsewhere more than 10 times\")
    assert_eq(api.get(path = \"/away\").error, \"sent to \\\"http://nowhere/\\\", which is no service\")
    assert_eq(api.get(path = \"/tls\").error, \"sent to \\\"https://api/\\\", which is not plain http\")
    assert_eq(len(events(type = \"step_recv\")), 6)
"
    ));
    assert_eq!(spec.run("test_moved", &Toy::new(spec.plan(), &Moved)), Verdict::Held);
}

#[test]
fn printing_and_choosing() {
    let spec = good(&format!(
        "{SHOP}def test_a():\n    print(\"picked\", choose([\"a\", \"b\"]), choose(\"axis\", [1, 2, 3]))\n"
    ));
    let shop = Shop::new(Bug::None);
    let toy = Toy::new(spec.plan(), &shop).picks(&[1, 2]);
    let mut printed = Vec::new();
    let verdict = spec.run_printing("test_a", &toy, &mut |line| printed.push(line.to_owned()));
    assert_eq!((verdict, printed), (Verdict::Held, vec!["picked b 3".to_owned()]));
    let questions = toy.questions();
    assert_eq!((questions[0].1, questions[1].1), (2, 3));
    assert_eq!(questions[1].0, 1_831_579_124, "an axis keeps its number");
}

#[test]
fn the_spec_is_what_is_wrong() {
    let failure = fails(&format!("{SHOP}def test_a():\n    x = {{}}\n    x[\"a\"]\n"));
    assert_eq!((failure.kind.as_str(), failure.location.as_deref()), ("error", Some("spec.star:4:5")));
    let failure = fails(&format!("{SHOP}def test_a():\n    scenario(len)\n"));
    assert!(failure.message.contains("FB0114") && failure.message.contains("declares a test"), "{failure}");
    let spec = good(SHOP);
    assert_eq!(verdict(&spec, "test_b"), Verdict::Inconclusive("there is no test \"test_b\"".into()));
}

#[test]
fn a_timeout_is_of_virtual_time() {
    let text = |timeout: &str| {
        format!("{SHOP}def f():\n    sleep(\"10s\")\nfault_scenario(\"slow\", scenario = f, timeout = \"{timeout}\")\n")
    };
    holds(&text("20s"));
    assert!(fails(&text("5s")).message.contains("more than its timeout of 5s"));
}

#[test]
fn expecting_false_is_a_failure() {
    let text = format!("{SHOP}def f(): pass\nfault_scenario(\"s\", scenario = f, expect = lambda r: False)\n");
    assert_eq!(fails(&text).message, "FB0309: expect returned False");
}
