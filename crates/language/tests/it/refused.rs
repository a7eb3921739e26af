//! Arguments that builtins refuse: each of these would otherwise be a test that checks nothing, or another thing than it
//! says.

use crate::errors::brief;

#[test]
fn services() {
    brief("service(\"db\")\n", "FB0103", "spec.star:1:1", "needs a program");
    brief("service(\"db\", image = \"postgres\")\n", "FB0108", "spec.star:1:15", "give the program itself");
    brief("service(\"db\", \"db\", ports = {})\n", "FB0108", "spec.star:1:21", "`ports`");
    brief("service(\"db\", \"db\", build = \"\")\n", "FB0103", "spec.star:1:21", "must be a command");
    brief("service(\"db\", \"db\", build = [\"false\"])\n", "FB0117", "spec.star:1:21", "could not be built: it exits");
    brief("service(\"db\", \"db\", volumes = {\"a\": \"b\"})\n", "FB0103", "spec.star:1:38", "no absolute path");
    brief("service(\"db\", \"db\", volumes = [\"/a/../b\"])\n", "FB0103", "spec.star:1:33", "no absolute path");
    brief("service(\"db\", \"db\", volumes = {\"missing\": \"/b\"})\n", "FB0103", "spec.star:1:33", "no such file");
    brief("service(\"db\", \"db\", user = \"root\")\n", "FB0103", "spec.star:1:29", "cannot be root");
    brief("service(\"db\", \"db\", user = \"a:b\")\n", "FB0103", "spec.star:1:29", "no number");
    brief("service(\"db\", \"db\", cpus = 65)\n", "FB0103", "spec.star:1:21", "from 1 to 64");
    brief("service(\"db\", \"db\", memory = \"4X\")\n", "FB0103", "spec.star:1:21", "such as \"512MB\"");
    brief("service(\"db\", \"missing\")\n", "FB0112", "spec.star:1:16", "no such file");
    brief("service(\"test\", \"t\")\n", "FB0103", "spec.star:1:10", "cannot be \"test\"");
    brief("service(\"db\", \"db\")\nservice(\"db\", \"db\")\n", "FB0110", "spec.star:2:10", "already is");
    brief("service(\"db\", \"db\", 5)\n", "FB0103", "spec.star:1:1", "no place for 5");
    brief("service(\"db\", \"db\", args = [1])\n", "FB0103", "spec.star:1:21", "must be a string, not 1 (int)");
    brief("service(\"db\", \"db\", env = {\"A\": 1})\n", "FB0103", "spec.star:1:21", "must be a string");
    brief("interface(\"m\", \"htp\", 1)\n", "FB0103", "spec.star:1:17", "did you mean `http`?");
    brief("interface(\"m\", \"http\", 70000)\n", "FB0103", "spec.star:1:1", "1 to 65535");
    brief("tcp(\"localhost\")\n", "FB0103", "spec.star:1:6", "no port");
    brief("service(\"a\", \"a\", healthcheck = ready())\n", "FB0103", "spec.star:1:1", "has an interface");
    let udp = "service(\"a\", \"a\", interface(\"main\", \"udp\", 53), healthcheck = ready())\n";
    brief(udp, "FB0103", "spec.star:1:1", "ready() cannot ask \"main\", which speaks udp");
    brief("service(\"a\", \"a\", healthcheck = tcp(\"db:1\"))\n", "FB0103", "spec.star:1:38", "asks the host \"db\"");
    brief(
        "service(\"a\", \"a\", depends_on = [\"b\"])\nservice(\"b\", \"b\", depends_on = [\"a\"])\n",
        "FB0111",
        "spec.star:1:9",
        "a -> b -> a",
    );
    brief("service(\"a\", \"a\", depends_on = [\"bb\"])\n", "FB0111", "spec.star:1:33", "not a service");
    brief("decoder(\"regex\")\n", "FB0103", "spec.star:1:1", "needs the argument `pattern`");
    brief("decoder(\"regex\", pattern = \"(\")\n", "FB0103", "spec.star:1:8", "no regular expression");
    brief("decoder(\"regex\", pattern = \"a\")\n", "FB0103", "spec.star:1:29", "names no group");
    brief("decoder(\"xml\")\n", "FB0103", "spec.star:1:10", "json, logfmt, regex");
    brief("observe.wal_stream(\"t\")\n", "FB0108", "spec.star:1:1", "observe.wal_stream() is not supported");
    brief("observe.poll(command = \"ls\")\n", "FB0108", "spec.star:1:14", "ask the service");
    brief("poll(\"localhost:80/\", interval = \"0s\")\n", "FB0103", "spec.star:1:23", "above 0");
    brief("poll(\"localhost:80/\", send = \"PING\")\n", "FB0103", "spec.star:1:23", "asked by GET");
    brief("poll(\"tcp://localhost\")\n", "FB0103", "spec.star:1:13", "no port");
    brief("topic(\"t\", group = \"g\")\n", "FB0108", "spec.star:1:12", "broker is the service");
    brief("op([\"wirte\"])\n", "FB0106", "spec.star:1:6", "unknown system call");
}

#[test]
fn faults_and_tests() {
    let db = "db = service(\"db\", \"db\", interface(\"main\", \"tcp\", 1))\n";
    let with = |rest: &str| {
        format!("{db}def f():\n    pass\na = fault_assumption(\"a\", target = db, write = deny(\"EIO\"))\n{rest}")
    };
    brief("deny(\"EIO\", probability = 2.5e3)\n", "FB0103", "spec.star:1:13", "at most 100%");
    brief("deny(\"EIO\", max_fires = 0)\n", "FB0103", "spec.star:1:13", "above 0");
    brief("deny(\"EIO\", mode = \"exhaustive\")\n", "FB0108", "spec.star:1:13", "is a choice");
    brief("delay(delay = \"2s\", path = \"/\")\n", "FB0108", "spec.star:1:7", "system calls");
    brief(&with("fault_assumption(\"b\", target = db)\n"), "FB0103", "spec.star:5:1", "no faults and no monitors");
    brief(
        &with("fault_assumption(\"b\", target = db.main, write = deny(\"EIO\"))\n"),
        "FB0108",
        "spec.star:5:1",
        "interface",
    );
    brief(&with("fault_assumption(\"b\", target = db, write = \"EIO\")\n"), "FB0103", "spec.star:5:36", "deny(…)");
    brief(&with("fault_assumption(\"b\", db, write = deny(\"EIO\"))\n"), "FB0103", "spec.star:5:1", "no place");
    brief(&with("fault_scenario(\"s\", scenario = 5)\n"), "FB0103", "spec.star:5:21", "must be a function");
    brief(&with("fault_scenario(\"s\", scenario = f, expects = f)\n"), "FB0104", "spec.star:5:35", "`expect`?");
    brief(&with("fault_scenario(\"s\", scenario = f, timeout = \"x\")\n"), "FB0107", "spec.star:5:46", "bad duration");
    brief(&with("fault_matrix(scenarios = [f], faults = [])\n"), "FB0103", "spec.star:5:31", "at least one");
    brief(&with("fault_matrix(scenarios = [], faults = [a])\n"), "FB0103", "spec.star:5:14", "at least one");
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
    brief(&with("fault_matrix([f], [a])\n"), "FB0103", "spec.star:5:1", "needs the argument `scenarios`");
    brief(&with("scenario(lambda: 1)\n"), "FB0103", "spec.star:5:1", "must have a name");
    brief(&with("scenario(f)\nscenario(f)\n"), "FB0110", "spec.star:6:1", "already is a scenario f");
    brief(&with("def test_f():\n    pass\nscenario(f)\n"), "FB0110", "spec.star:2:5", "two tests are called test_f");
    brief(
        &with("monitor(\"m\", on = match.event(type = \"stdout\"))\n"),
        "FB0103",
        "spec.star:5:1",
        "could never fail",
    );
    brief(&with("monitor(f, type = [])\n"), "FB0103", "spec.star:5:12", "the condition `type` cannot be []");
    brief(&with("monitor(f, syscall = \"wirte\")\n"), "FB0106", "spec.star:5:23", "did you mean `write`?");
    brief(&with("match.any(1)\n"), "FB0103", "spec.star:5:1", "match.any(): `matchers` must be");
}
