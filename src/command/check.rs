//! `fbsim check`, `fbsim plan` and `fbsim init`: what can be said and done about a specification without running it.

use crate::cli;
use crate::exit::{Exit, Problem};
use crate::spec::{self, Loaded};
use serde_json::json;
use std::path::Path;

fn load(path: &Path, env: &[String]) -> Result<Result<Loaded, spec::Mistake>, Problem> {
    let path = path.to_string_lossy();
    Ok(spec::load_checked(&path, &super::pairs(env)?, &spec::search_path(), spec::Building::Not))
}

/// Loads specifications and says, as JSON, what is wrong with them.
pub(crate) fn check(args: &cli::Check) -> Result<Exit, Problem> {
    let mut exit = Exit::Held;
    for path in spec::find(std::slice::from_ref(&args.spec))? {
        let (tests, findings) = match load(&path, &args.env)? {
            Ok(loaded) => (loaded.tests().into_iter().map(|(name, _)| name).collect(), loaded.findings()),
            Err(mistake) => (Vec::new(), vec![mistake.finding()]),
        };
        let wrong = findings.iter().any(|f| f.level == "error");
        if wrong {
            exit = Exit::Usage;
        }
        let findings: Vec<_> = findings
            .iter()
            .map(|f| json!({"code": f.code, "level": f.level, "message": f.message, "file": f.file, "line": f.line}))
            .collect();
        let answer = json!({
            "schema_version": 1,
            "spec": path.to_string_lossy(),
            "ok": !wrong,
            "tests": tests,
            "findings": findings,
        });
        println!("{answer:#}");
    }
    Ok(exit)
}

/// Says what would run.
pub(crate) fn plan(args: &cli::Plan) -> Result<Exit, Problem> {
    for path in spec::find(std::slice::from_ref(&args.spec))? {
        let loaded = load(&path, &args.env)?.map_err(|mistake| Problem::usage(mistake.text))?;
        if args.json {
            let tests: Vec<_> = loaded
                .outlines()
                .iter()
                .map(|t| json!({"name": t.name, "kind": t.kind, "faults": t.faults, "rules": t.rules}))
                .collect();
            let found = loaded.edges();
            let uncovered: Vec<_> =
                found.iter().filter(|e| e.tests.is_empty()).map(|e| json!({"from": e.from, "to": e.to})).collect();
            let edges: Vec<_> =
                found.iter().map(|e| json!({"from": e.from, "to": e.to, "fault_tests": e.tests})).collect();
            let answer = json!({
                "schema_version": 1,
                "spec": path.to_string_lossy(),
                "tests": tests,
                "totals": {"services": loaded.plan().services.len(), "tests": tests.len()},
                "coverage": {"edges": edges, "uncovered_edges": uncovered},
            });
            println!("{answer:#}");
            continue;
        }
        println!("{}: {} services, {} tests", path.display(), loaded.plan().services.len(), loaded.tests().len());
        for test in loaded.outlines() {
            println!("  {}  ({})", test.name, test.kind);
            for rule in &test.rules {
                println!("      {rule}");
            }
        }
        for edge in loaded.edges() {
            let by = match edge.tests.len() {
                0 => "no test has a fault there".to_owned(),
                n => format!("{n} tests have faults there"),
            };
            println!("  {} -> {}: {by}", edge.from, edge.to);
        }
    }
    Ok(Exit::Held)
}

/// Writes a specification to start from, and stubs for editors.
pub(crate) fn init(args: &cli::Init) -> Result<Exit, Problem> {
    let step = if args.protocol == "http" {
        "    r = api.get(path = \"/\")\n    assert_eq(r.status, 200)\n"
    } else {
        "    assert_true(api.send(data = \"PING\") != \"\")\n"
    };
    let check = if args.protocol == "http" { "http(\"localhost:PORT/\")" } else { "tcp(\"localhost:PORT\")" };
    let method = if args.protocol == "http" { "get(path = \"/\")" } else { "try_send(data = \"PING\")" };
    let text = TEMPLATE
        .replace("METHOD", method)
        .replace("CHECK", check)
        .replace("STEP", step)
        .replace("NAME", &args.name)
        .replace("PROGRAM", &args.program)
        .replace("PROTOCOL", &args.protocol)
        .replace("PORT", &args.port.to_string());
    let failed = |path: &Path, e: std::io::Error| Problem::usage(format!("{}: {e}", path.display()));
    std::fs::create_dir_all(&args.output).map_err(|e| failed(&args.output, e))?;
    for (name, text) in [(format!("{}.star", args.name), text), ("fbsim.pyi".to_owned(), language::stubs())] {
        let path = args.output.join(name);
        if path.exists() {
            return Err(Problem::usage(format!("{} is already there", path.display())));
        }
        std::fs::write(&path, text).map_err(|e| failed(&path, e))?;
        println!("wrote {}", path.display());
    }
    Ok(Exit::Held)
}

const TEMPLATE: &str = r#"# What must be true of NAME, whatever fails and whoever runs first.

api = service(
    "NAME",
    interface("main", "PROTOCOL", PORT),
    binary = "PROGRAM",
    healthcheck = CHECK,
)

def answers():
STEP
scenario(answers)

# What can go wrong. The search decides where and when.
bad_day = faults(swarm = [
    fault_assumption("disk", target = api, fsync = deny("EIO"), write = deny("ENOSPC", on = "file")),
    fault_assumption("kill", target = api, rules = [crash(restart_after = "1s")]),
])

def still_answers():
    r = answers_or_not()
    sleep("5s")
    answers()
    return r

def answers_or_not():
    return api.METHOD

fault_scenario("recovers", scenario = still_answers, faults = bad_day)
"#;
