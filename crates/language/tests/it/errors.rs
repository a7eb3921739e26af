//! Mistakes in a specification: each is found when it is loaded, named by a code, and shown where it is.

use crate::{load, load_with};

/// The whole rendering.
#[track_caller]
fn check(text: &str, expected: &str) {
    let error = load(text).expect_err(text);
    assert_eq!(format!("{error}\n"), expected);
}

/// Code, place and a part of message or help.
#[track_caller]
fn brief(text: &str, code: &str, location: &str, part: &str) {
    let error = load(text).expect_err(text);
    assert_eq!(error.code().to_string(), code, "{error}");
    assert_eq!(error.location().as_deref(), Some(location), "{error}");
    assert!(error.to_string().contains(part), "{part:?} is not in\n{error}");
}

#[test]
fn renderings() {
    check(
        "def f(x):\n    return (x\ny = 2\n",
        "error[FB0101]: unexpected identifier 'y', expected symbol ')'
  --> spec.star:3:1
   |
 3 | y = 2
   | ^
",
    );
    check(
        "x = asert_eq(1, 1)\n",
        "error[FB0102]: Variable `asert_eq` not found, did you mean `assert_eq`?
  --> spec.star:1:5
   |
 1 | x = asert_eq(1, 1)
   |     ^^^^^^^^
",
    );
    check(
        "db = service(\"db\", \"db\",\n    depend_on = [],\n)\n",
        "error[FB0104]: service() has no keyword `depend_on`
  --> spec.star:2:5
   |
 2 |     depend_on = [],
   |     ^^^^^^^^^
   = help: did you mean `depends_on`?
",
    );
    check(
        "db = service(\"db\", \"db\")\na = fault_assumption(\"a\",\n    target = db,\n    conect = deny(\"EIO\"),\n)\n",
        "error[FB0106]: fault_assumption() has no keyword or system call `conect`
  --> spec.star:4:5
   |
 4 |     conect = deny(\"EIO\"),
   |     ^^^^^^
   = help: did you mean `connect`?
",
    );
    check(
        "\n\nslow = delay(\"500\")\n",
        "error[FB0107]: bad duration \"500\": a number without a unit (examples: \"500ms\", \"1.5s\", \"1h30m\")
  --> spec.star:3:15
   |
 3 | slow = delay(\"500\")
   |               ^^^
",
    );
    check(
        "trace(\"db\")\n",
        "error[FB0108]: trace() is not supported yet
  --> spec.star:1:1
   |
 1 | trace(\"db\")
   | ^^^^^^^^^^^
   = help: every system call is an event already: remove it, and query events(type = \"syscall\")
",
    );
    check(
        "def outer():\n    inner()\n\ndef inner():\n    deny(\"EWHAT\" + \"EVER\")\n\nouter()\n",
        "error[FB0105]: unknown errno \"EWHATEVER\"
  --> spec.star:5:5
   |
 5 |     deny(\"EWHAT\" + \"EVER\")
   |     ^^^^^^^^^^^^^^^^^^^^^^
   = in outer, called at spec.star:7:1
   = in inner, called at spec.star:2:5
   = help: there are: EPERM ENOENT EINTR EIO EAGAIN ENOMEM EACCES EBUSY EEXIST EINVAL ENFILE EMFILE EFBIG ENOSPC \
         EROFS EPIPE EDEADLK ENOLCK ENOSYS ENOTEMPTY ELOOP EADDRINUSE EADDRNOTAVAIL ENETUNREACH ECONNABORTED \
         ECONNRESET ETIMEDOUT ECONNREFUSED EHOSTUNREACH EDQUOT
",
    );
}

#[test]
fn syntax_and_names() {
    brief("x = [1, 2", "FB0101", "spec.star:1:10", "expected symbol ']'");
    brief("x = \"abc\n", "FB0101", "spec.star:1:5", "unfinished string");
    brief("while True:\n    pass\n", "FB0101", "spec.star:1:1", "reserved keyword");
    brief("for x in [1]:\n    pass\n", "FB0101", "spec.star:1:1", "outside `def`");
    brief(
        "def f(a, b):\n    return a\nf(1)\n",
        "FB0103",
        "spec.star:3:1",
        "Missing parameter `b`",
    );
    brief("x = 1 + \"a\"\n", "FB0116", "spec.star:1:5", "not supported for types");
    // Columns are those of the text as written, though it is rewritten before it is parsed.
    brief(
        "x = None is not None and nope\n",
        "FB0102",
        "spec.star:1:26",
        "`nope` not found",
    );
}

#[test]
fn services() {
    brief("service(\"db\")\n", "FB0103", "spec.star:1:1", "needs a program");
    brief(
        "service(\"db\", image = \"postgres\")\n",
        "FB0108",
        "spec.star:1:15",
        "give the program itself",
    );
    brief(
        "service(\"db\", \"db\", ports = {})\n",
        "FB0108",
        "spec.star:1:21",
        "`ports`",
    );
    brief(
        "service(\"db\", \"db\", volumes = {})\n",
        "FB0108",
        "spec.star:1:21",
        "`volumes`",
    );
    brief(
        "service(\"db\", \"missing\")\n",
        "FB0112",
        "spec.star:1:16",
        "no such file",
    );
    brief(
        "service(\"test\", \"t\")\n",
        "FB0103",
        "spec.star:1:10",
        "cannot be \"test\"",
    );
    brief(
        "service(\"db\", \"db\")\nservice(\"db\", \"db\")\n",
        "FB0110",
        "spec.star:2:10",
        "already is",
    );
    brief(
        "service(\"db\", \"db\", 5)\n",
        "FB0103",
        "spec.star:1:1",
        "no place for 5",
    );
    brief(
        "service(\"db\", \"db\", args = [1])\n",
        "FB0103",
        "spec.star:1:21",
        "must be a string, not 1 (int)",
    );
    brief(
        "service(\"db\", \"db\", env = {\"A\": 1})\n",
        "FB0103",
        "spec.star:1:21",
        "must be a string",
    );
    brief(
        "interface(\"m\", \"htp\", 1)\n",
        "FB0103",
        "spec.star:1:17",
        "did you mean `http`?",
    );
    brief(
        "interface(\"m\", \"http\", 70000)\n",
        "FB0103",
        "spec.star:1:1",
        "1 to 65535",
    );
    brief("tcp(\"localhost\")\n", "FB0103", "spec.star:1:6", "no port");
    brief(
        "service(\"a\", \"a\", healthcheck = ready())\n",
        "FB0103",
        "spec.star:1:1",
        "has an interface",
    );
    brief(
        "service(\"a\", \"a\", healthcheck = tcp(\"db:1\"))\n",
        "FB0103",
        "spec.star:1:38",
        "asks the host \"db\"",
    );
    brief(
        "service(\"a\", \"a\", depends_on = [\"b\"])\nservice(\"b\", \"b\", depends_on = [\"a\"])\n",
        "FB0111",
        "spec.star:1:9",
        "a -> b -> a",
    );
    brief(
        "service(\"a\", \"a\", depends_on = [\"bb\"])\n",
        "FB0111",
        "spec.star:1:33",
        "not a service",
    );
    brief("decoder(\"regex\")\n", "FB0108", "spec.star:1:10", "print JSON objects");
    brief(
        "observe.topic(\"t\")\n",
        "FB0108",
        "spec.star:1:1",
        "observe.topic() is not supported",
    );
    brief("op([\"wirte\"])\n", "FB0106", "spec.star:1:6", "unknown system call");
}

#[test]
fn faults_and_tests() {
    let db = "db = service(\"db\", \"db\", interface(\"main\", \"tcp\", 1))\n";
    let with = |rest: &str| {
        format!("{db}def f():\n    pass\na = fault_assumption(\"a\", target = db, write = deny(\"EIO\"))\n{rest}")
    };
    brief(
        "deny(\"EIO\", probability = 2.5e3)\n",
        "FB0103",
        "spec.star:1:13",
        "at most 100%",
    );
    brief("deny(\"EIO\", max_fires = 0)\n", "FB0103", "spec.star:1:13", "above 0");
    brief(
        "deny(\"EIO\", mode = \"exhaustive\")\n",
        "FB0108",
        "spec.star:1:13",
        "is a choice",
    );
    brief(
        "delay(delay = \"2s\", path = \"/\")\n",
        "FB0108",
        "spec.star:1:7",
        "system calls",
    );
    brief(
        &with("fault_assumption(\"b\", target = db)\n"),
        "FB0103",
        "spec.star:5:1",
        "no faults and no monitors",
    );
    brief(
        &with("fault_assumption(\"b\", target = db.main, write = deny(\"EIO\"))\n"),
        "FB0108",
        "spec.star:5:1",
        "interface",
    );
    brief(
        &with("fault_assumption(\"b\", target = db, write = \"EIO\")\n"),
        "FB0103",
        "spec.star:5:36",
        "deny(…)",
    );
    brief(
        &with("fault_assumption(\"b\", db, write = deny(\"EIO\"))\n"),
        "FB0103",
        "spec.star:5:1",
        "no place",
    );
    brief(
        &with("fault_scenario(\"s\", scenario = 5)\n"),
        "FB0103",
        "spec.star:5:21",
        "must be a function",
    );
    brief(
        &with("fault_scenario(\"s\", scenario = f, expects = f)\n"),
        "FB0104",
        "spec.star:5:35",
        "`expect`?",
    );
    brief(
        &with("fault_scenario(\"s\", scenario = f, timeout = \"x\")\n"),
        "FB0107",
        "spec.star:5:46",
        "bad duration",
    );
    brief(
        &with("fault_matrix(scenarios = [f], faults = [])\n"),
        "FB0103",
        "spec.star:5:31",
        "at least one",
    );
    brief(
        &with("fault_matrix(scenarios = [], faults = [a])\n"),
        "FB0103",
        "spec.star:5:14",
        "at least one",
    );
    brief(
        &with("def g():\n    pass\nfault_matrix(scenarios = [f], faults = [a], overrides = {(g, a): f})\n"),
        "FB0103",
        "spec.star:7:45",
        "the cell (g, a), which the matrix does not have",
    );
    brief(
        &with("fault_matrix(scenarios = [f], faults = [a], exclude = [(a, f)])\n"),
        "FB0103",
        "spec.star:5:45",
        "scenarios: f; faults: a",
    );
    brief(
        &with("fault_matrix([f], [a])\n"),
        "FB0103",
        "spec.star:5:1",
        "needs the argument `scenarios`",
    );
    brief(
        &with("scenario(lambda: 1)\n"),
        "FB0103",
        "spec.star:5:1",
        "must have a name",
    );
    brief(
        &with("scenario(f)\nscenario(f)\n"),
        "FB0110",
        "spec.star:6:1",
        "already is a scenario f",
    );
    brief(
        &with("def test_f():\n    pass\nscenario(f)\n"),
        "FB0110",
        "spec.star:2:5",
        "two tests are called test_f",
    );
    brief(
        &with("monitor(\"m\", on = match.event(type = \"stdout\"))\n"),
        "FB0103",
        "spec.star:5:1",
        "could never fail",
    );
    brief(
        &with("monitor(f, type = [])\n"),
        "FB0103",
        "spec.star:5:12",
        "the condition `type` cannot be []",
    );
    brief(
        &with("monitor(f, syscall = \"wirte\")\n"),
        "FB0106",
        "spec.star:5:23",
        "did you mean `write`?",
    );
    brief(&with("match.any(1)\n"), "FB0108", "spec.star:5:1", "match.any()");
}

#[test]
fn the_world_does_not_exist_while_loading() {
    for (call, part) in [
        ("events()", "events() works on a running world"),
        ("assert_never(type = \"stdout\")", "assert_never()"),
        ("sleep(\"1s\")", "sleep()"),
        ("choose([1])", "choose()"),
        ("parallel(len, len)", "parallel()"),
        ("api.get(path = \"/\")", "api.get()"),
        ("fault(api, write = deny(\"EIO\"), run = len)", "fault()"),
    ] {
        let text = format!("api = service(\"api\", \"api\", interface(\"main\", \"http\", 1))\n{call}\n");
        brief(&text, "FB0114", "spec.star:2:1", part);
    }
}

#[test]
fn limits_end_a_load() {
    brief(
        "def f(n):\n    return f(n + 1)\nf(1)\n",
        "FB0113",
        "spec.star:2:12",
        "nested more than 100 deep",
    );
    let endless = "def f():\n    for i in range(100000000):\n        pass\nf()\n";
    brief(endless, "FB0113", "spec.star:2:5", "more than 20000000 steps");
    let greedy =
        "def f():\n    x = []\n    for i in range(100000000):\n        x.append(\"abc\" * 10000 + str(i))\nf()\n";
    brief(greedy, "FB0113", "spec.star:4:34", "more than 512 MiB");
}

#[test]
fn loaded_files() {
    brief(
        "load(\"nope.star\", \"x\")\n",
        "FB0109",
        "spec.star:1:7",
        "cannot load \"nope.star\"",
    );
    brief(
        "load(\"shop.star\", \"apii\")\n",
        "FB0116",
        "spec.star:1:19",
        "did you mean `api`?",
    );
    brief(
        "load(\"@faultbox/recipes/http.star\", \"http\")\n",
        "FB0108",
        "spec.star:1:7",
        "not supported",
    );
    brief(
        "load(\"broken.star\", \"x\")\n",
        "FB0105",
        "broken.star:4:15",
        "unknown errno \"EIOO\"",
    );
    brief(
        "load(\"circle.star\", \"x\")\n",
        "FB0109",
        "circle.star:1:7",
        "loads itself: spec.star -> circle.star",
    );
}

#[test]
fn the_environment_is_overridden_by_name() {
    let text = "service(\"a\", \"a\", interface(\"main\", \"tcp\", 1), env = {\"BUG\": \"\", \"X\": \"1\"})\n";
    let spec = load_with(text, &[("BUG", "race")]).expect("a good specification");
    let env = &spec.plan().services[0].env;
    let value = |name: &str| env.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!((value("BUG"), value("X")), (Some("race"), Some("1")));
    assert_eq!(
        (value("FBSIM_A_MAIN_ADDR"), value("FAULTBOX_A_MAIN_PORT")),
        (Some("a:1"), Some("1"))
    );
}
