//! The corpus: failures that were found once, run again before anything new is searched. One line per case; see
//! corpus/README.md.

use crate::support::{Scratch, fbsim, figure, root};

#[test]
fn every_case_of_the_corpus_still_fails_as_it_did() {
    crate::support::build::services();
    let mut cases = 0;
    for entry in std::fs::read_dir(root().join("corpus")).expect("the corpus is there") {
        let path = entry.expect("an entry of the corpus").path();
        if path.extension().is_none_or(|e| e != "case") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a case can be read");
        for line in text.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty()) {
            let fields: Vec<&str> = line.split('|').map(str::trim).collect();
            let [spec, test, seed, env, what] = fields[..] else {
                panic!("{}: expected spec | test | seed | env | what fails: {line}", path.display());
            };
            let scratch = Scratch::new("corpus");
            let output = scratch.at("failures");
            let args = ["test", spec, "--test", test, "--seed", seed, "--env", env, "--output", &output];
            fbsim(&args).exits(1).says(&[what]);
            cases += 1;
        }
    }
    assert!(cases > 0, "the corpus holds no case, so nothing was tested");
    figure(&format!("{cases} cases of the corpus fail as they did"));
}
