//! Which event led to which, in real programs: every way in which one process can learn of another, and a bug that no
//! comparison of times finds.

use crate::support::{Ran, Scratch, build, command, finish, fixture};

/// A directory with a specification and its program.
fn prepared(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    scratch.copy(&fixture(&format!("causes/{name}.star")));
    let mut compiler = build::cc();
    compiler.args(build::CFLAGS).arg("-pthread").arg("-o").arg(scratch.at(name));
    compiler.arg(fixture(&format!("causes/{name}.c")));
    finish(compiler).exits(0);
    scratch
}

fn explore(scratch: &Scratch, name: &str, more: &[&str]) -> Ran {
    let (spec, output) = (scratch.at(&format!("{name}.star")), scratch.at("found"));
    finish(command(&[&["explore", &spec, "--output", &output, "--no-shrink"], more].concat()))
}

#[test]
fn every_way_to_learn_of_another_process_is_seen() {
    let scratch = prepared("links");
    let ran = explore(&scratch, "links", &["--seeds", "20", "--twice", "--keep-going"]).exits(0);
    ran.says(&["42 runs of 2 tests, 42 held", "42 pairs compared, 0 differ"]);
}

/// A gateway that confirms what it only hopes is stored: in every run the store is earlier, so that an order in time
/// always holds. It is no cause, and that shows in the first run.
#[test]
fn a_bug_that_no_comparison_of_times_finds() {
    let scratch = prepared("relay");
    explore(&scratch, "relay", &["--env", "RELAY_BUG=", "--seeds", "20", "--keep-going"]).exits(0);
    let hopes =
        |test: &str| explore(&scratch, "relay", &["--env", "RELAY_BUG=hopes", "--test", test, "--seeds", "200"]);
    hopes("stored_before_confirmed").exits(0);
    hopes("confirmed_because_stored").exits(1).says(&[
        "confirmed unseen: the first did not lead to the second: #",
        " wal of store at ",
        "is concurrent with #",
        " stdout of gateway at ",
    ]);
    hopes("monitored").exits(1).says(&[
        "monitor: rests_on_the_store: order 7 was confirmed before it was known to be stored (#",
        "{\"order\": \"7\"} is concurrent with #",
    ]);
}

/// Whether somebody asks for causes changes nothing of a run.
#[test]
fn to_keep_account_of_causes_changes_no_run() {
    let scratch = prepared("links");
    let spec = "links = service(\"links\", interface(\"main\", \"tcp\", 7000), binary = \"links\",\n    healthcheck = tcp(\"localhost:7000\"))\n\ndef test_all():\n    assert_eq(links.send(data = \"go\"), \"done\")\n";
    let asks = "\ndef never_called(e):\n    return e.happens_before(e)\n";
    let said = ["", asks].map(|more| {
        std::fs::write(scratch.at("spec.star"), format!("{spec}{more}")).expect("the scratch directory");
        let args = ["test", &scratch.at("spec.star"), "--seed", "3", "--output", &scratch.at("found")];
        finish(command(&args)).exits(0).stdout
    });
    assert!(said[0].contains("PASS test_all") && said[0].contains("hash "), "{}", said[0]);
    assert_eq!(said[0], said[1]);
}
