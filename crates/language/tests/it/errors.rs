//! Mistakes in a specification: each is found when it is loaded, named by a code, and shown where it is.

use crate::{good, load, load_with};
use language::Code;

/// The whole rendering.
#[track_caller]
fn check(text: &str, expected: &str) {
    let error = load(text).expect_err(text);
    assert_eq!(format!("{error}\n"), expected);
}

/// Code, place and a part of message or help.
#[track_caller]
pub(crate) fn brief(text: &str, code: &str, location: &str, part: &str) {
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
        "mock_service(\"db\")\n",
        "error[FB0108]: mock_service() is not supported yet
  --> spec.star:1:1
   |
 1 | mock_service(\"db\")
   | ^^^^^^^^^^^^^^^^^^
   = help: declare a real program with service(name, binary)
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
   = help: there are: EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES \
         EFAULT EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC \
         ESPIPE EROFS EMLINK EPIPE ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP ENODATA \
         EOVERFLOW ENOTSOCK EDESTADDRREQ EMSGSIZE ENOPROTOOPT EPROTONOSUPPORT EOPNOTSUPP EAFNOSUPPORT \
         EADDRINUSE EADDRNOTAVAIL ENETUNREACH ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN \
         ETIMEDOUT ECONNREFUSED EHOSTUNREACH EALREADY EINPROGRESS EDQUOT ECANCELED
",
    );
}

#[test]
fn syntax_and_names() {
    brief("x = [1, 2", "FB0101", "spec.star:1:10", "expected symbol ']'");
    brief("x = \"abc\n", "FB0101", "spec.star:1:5", "unfinished string");
    brief("while True:\n    pass\n", "FB0101", "spec.star:1:1", "reserved keyword");
    brief("for x in [1]:\n    pass\n", "FB0101", "spec.star:1:1", "outside `def`");
    brief("def f(a, b):\n    return a\nf(1)\n", "FB0103", "spec.star:3:1", "Missing parameter `b`");
    brief("x = 1 + \"a\"\n", "FB0116", "spec.star:1:5", "not supported for types");
    // Columns are those of the text as written, though it is rewritten before it is parsed.
    brief("x = None is not None and nope\n", "FB0102", "spec.star:1:26", "`nope` not found");
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

#[track_caller]
fn limited(text: &str, place: &str, part: &str) {
    let error = load(text).err().unwrap_or_else(|| panic!("nothing ends\n{text}"));
    let at = error.location().unwrap_or_default();
    let is_so = error.code() == Code::Limit && at.starts_with(place) && error.message().contains(part);
    assert!(is_so, "{text}{error}");
}

/// Whatever does not end, or would be larger than the machine, ends with an error at its line.
#[test]
fn limits_end_a_load() {
    let (steps, room) = ("more than 20000000 steps", "more than 512 MiB");
    let endless = "def f():\n    for i in range(100000000):\n        pass\nf()\n";
    let nested = "def f():\n    for i in range(100000):\n        for j in range(100000):\n            pass\nf()\n";
    let listed = "def f():\n    return len([1 for i in range(100000) for j in range(100000)])\nf()\n";
    let greedy =
        "def f():\n    x = []\n    for i in range(100000000):\n        x.append(\"abc\" * 10000 + str(i))\nf()\n";
    let doubled = |what: &str, more: &str| {
        format!("def f():\n    s = {what}\n    for i in range(60):\n        s = {more}\n    return s\nf()\n")
    };
    for (text, place, part) in [
        ("def f(n):\n    return f(n + 1)\nf(1)\n", "spec.star:2:1", "nested more than 100 deep"),
        ("def f(n):\n    return g(n)\ndef g(n):\n    return f(n)\nf(1)\n", "spec.star:2:12", "more than 100 deep"),
        (endless, "spec.star:2:5", steps),
        (nested, "spec.star:3:9", steps),
        (listed, "spec.star:2:", room),
        (greedy, "spec.star:4", room),
        ("x = [0] * 2000000000\n", "spec.star:1:5", room),
        ("y = 1\nx = 2000000000 * (y, y)\n", "spec.star:2:5", room),
        ("x = \"a text\" * 2000000000\n", "spec.star:1:5", room),
        ("def f(n):\n    return \"x\" * n\nf(600000000)\n", "spec.star:2:12", room),
        (&doubled("\"x\" * 1000", "s + s"), "spec.star:4:13", room),
        (&doubled("[1, 2]", "s + s"), "spec.star:4:13", room),
        (&doubled("\"x\"", "\"%s %s\" % (s, s)"), "spec.star:4:13", "more than 64 MiB"),
        ("x = list(range(2000000000))\n", "spec.star:1:10", "a range of 2000000000 numbers"),
        ("x = sorted(range(5, -2000000000, -2))\n", "spec.star:1:12", "a range of 1000000002 numbers"),
    ] {
        limited(text, place, part);
    }
    let same = "x = [1, 2] * 2 + [3]\ny = \"%s-%d\" % (\"a\" + \"b\", 2 * 3)\n[fail(z) for z in [str(x), y] if z not in [\"[1, 2, 1, 2, 3]\", \"ab-6\"]]\n";
    good(same);
    brief("x = range(1, 5, 0)\n", "FB0103", "spec.star:1:5", "cannot be 0");
}

/// What grows in one step, by calls and assignments, ends with an error at its line as well.
#[test]
fn growth_ends_a_load() {
    let room = "more than 512 MiB";
    let (long, deep) = ("a text of more than 64 MiB", "nested more than 100 deep");
    // Sixty times what doubles something, or says it, after a first line that makes it.
    let again = |first: &str, more: &str| {
        format!("def f():\n    {first}\n    for i in range(60):\n        {more}\n    return 1\nf()\n")
    };
    let nested = |turns: u32, what: &str| {
        format!("def f():\n    l = []\n    for i in range({turns}):\n        l = [l, l]\n    {what}\nf()\n")
    };
    let chain =
        |what: &str| format!("def f():\n    l = []\n    for i in range(100000):\n        l = [l]\n    {what}\nf()\n");
    let cases: Vec<(String, &str, &str)> = vec![
        (again("s = \"x\"", "s += s"), "spec.star:4:13", room),
        (again("s = \"x\"", "s *= 2"), "spec.star:4:13", room),
        (again("s = [\"x\"]", "s[0] += s[0]"), "spec.star:4:16", room),
        (again("s = [1]", "s += s"), "spec.star:4:13", room),
        (again("s = [1]", "s.extend(s)"), "spec.star:4:9", room),
        (again("s = [[1]]", "s[0].extend(list(s[0]))"), "spec.star:4:", room),
        (again("s = \"xy\"", "s = s.replace(\"\", s)"), "spec.star:4:13", room),
        (again("s = \"xy\"", "s = s.join([s, s])"), "spec.star:4:13", room),
        (again("s = \"xy\"", "s = \"\".join([s, s])"), "spec.star:4:13", room),
        (again("s = \"xy\"", "s = \"{}{}\".format(s, s)"), "spec.star:4:13", "more than"),
        (again("s = \"xy\"", "s = \"{0}{0}\".format(s)"), "spec.star:4:13", "more than"),
        (again("s = \"xy\"", "s = f\"{s} {s}\""), "spec.star:4:16", long),
        (again("s = \"xy\"", "s = \"%s %s\" % (s, s)"), "spec.star:4:13", long),
        (again("x = 3", "x *= x"), "spec.star:4:13", "bits, more than"),
        (again("x = 3", "x = x * x"), "spec.star:4:13", "bits, more than"),
        (again("x = 1", "x = x << 1000000"), "spec.star:4:13", "bits, more than"),
        (again("s = list(range(50000000))", "s = list(s)"), "spec.star:2:9", room),
        (again("s = [0] * 5000000", "s = [list(s) for j in range(900)]"), "spec.star:4:14", room),
        (again("s = [0] * 5000000", "s = [s[1:] for j in range(900)]"), "spec.star:4:14", room),
        (again("s = [0] * 5000000", "s = [sorted(s) for j in range(900)]"), "spec.star:4:14", room),
        (again("s = [0] * 5000000", "s = [zip(s, s) for j in range(900)]"), "spec.star:4:14", room),
        (again("s = [0] * 5000000", "s = [enumerate(s) for j in range(900)]"), "spec.star:4:14", room),
        (again("s = [0] * 5000000", "s = [reversed(s) for j in range(900)]"), "spec.star:4:14", room),
        (again("s = \"x\" * 5000000", "s = [s.upper() for j in range(900)]"), "spec.star:4:14", room),
        (again("s = \"x,\" * 5000000", "s = [s.split(\",\") for j in range(900)]"), "spec.star:4:14", room),
        (again("s = \"x\" * 5000000", "s = [list(s.elems()) for j in range(900)]"), "spec.star:4:14", room),
        (again("d = {i: i for i in range(100000)}", "s = [dict(d) for j in range(900)]"), "spec.star:4:14", room),
        (again("d = {i: i for i in range(100000)}", "s = [d.items() for j in range(900)]"), "spec.star:4:14", room),
        (again("d = {i: i for i in range(100000)}", "s = [set(d) for j in range(900)]"), "spec.star:4:14", room),
        ("x = json.decode(\"[\" + \"[],\" * 20000000 + \"[]]\")\n".into(), "spec.star:1:5", room),
        ("x = int(\"9\" * 1000000)\n".into(), "spec.star:1:5", "digits, more than"),
        (nested(40, "return str(l)"), "spec.star:5:12", long),
        (nested(40, "return repr((1, {\"a\": l}))"), "spec.star:5:12", long),
        (nested(40, "return json.encode(struct(a = l))"), "spec.star:5:12", long),
        (nested(40, "return f\"{l}\""), "spec.star:5:15", long),
        (nested(40, "return \"{}\".format(l)"), "spec.star:5:12", long),
        (nested(40, "return \"%s\" % [l]"), "spec.star:5:12", long),
        (nested(40, "print(l)"), "spec.star:5:5", long),
        (nested(40, "fail(l)"), "spec.star:5:5", long),
        (chain("return str(l)"), "spec.star:5:12", deep),
        ("l = []\nl.append(l)\nx = str(l)\n".into(), "spec.star:3:5", deep),
        (again("s = [0] * 5000000; g = list", "s = [g(s) for j in range(900)]"), "spec.star:4:14", room),
        (again("s = [0] * 5000000", "s = map(list, [s] * 900)"), "spec.star:4:13", room),
        (again("s = \"xy\"; g = s.replace", "g = g(\"\", \"x\" * 100000000).replace"), "spec.star:4:13", room),
        (again("s = [\"x\" * 10000000] * 10; g = \"-\".join", "t = map(g, [s] * 900)"), "spec.star:4:13", room),
        (nested(40, "return l == [l, l]"), "spec.star:5:12", long),
        (nested(40, "return [l] != [[]]"), "spec.star:5:12", long),
        (nested(40, "return l[0] < [l]"), "spec.star:5:12", long),
        (chain("return l == [l]"), "spec.star:5:12", deep),
        (
            "def f():\n    l = []\n    for i in range(100000):\n        if i not in l:\n            l.append(i)\nf()\n"
                .into(),
            "spec.star:4:",
            "more than 20000000 steps",
        ),
        ("load(\"deep.star\", \"l\")\n".into(), "deep.star:7:1", "nested more than 1000 deep"),
    ];
    for (text, place, part) in cases {
        limited(&text, place, part);
    }
}

#[test]
fn loaded_files() {
    brief("load(\"nope.star\", \"x\")\n", "FB0109", "spec.star:1:7", "cannot load \"nope.star\"");
    brief("load(\"shop.star\", \"apii\")\n", "FB0116", "spec.star:1:19", "did you mean `api`?");
    brief("load(\"@faultbox/recipes/http.star\", \"http\")\n", "FB0108", "spec.star:1:7", "not supported");
    brief("load(\"broken.star\", \"x\")\n", "FB0105", "broken.star:4:15", "unknown errno \"EIOO\"");
    brief("load(\"circle.star\", \"x\")\n", "FB0109", "circle.star:1:7", "loads itself: spec.star -> circle.star");
}

#[test]
fn the_environment_is_overridden_by_name() {
    let text = "service(\"a\", \"a\", interface(\"main\", \"tcp\", 1), env = {\"BUG\": \"\", \"X\": \"1\"})\n";
    let spec = load_with(text, &[("BUG", "race")]).expect("a good specification");
    let env = &spec.plan().services[0].env;
    let value = |name: &str| env.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!((value("BUG"), value("X")), (Some("race"), Some("1")));
    assert_eq!((value("FBSIM_A_MAIN_ADDR"), value("FAULTBOX_A_MAIN_PORT")), (Some("a:1"), Some("1")));
}
