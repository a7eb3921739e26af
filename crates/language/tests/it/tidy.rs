//! What the compiler does not check about this crate's own text.

use std::path::{Path, PathBuf};

fn sources(under: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(under).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn nobody_writes_unsafe_code() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 20);
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source file");
        for (i, line) in text.lines().enumerate() {
            // The lint's own name, and the word in a comment, are all there may be.
            let code = line.split("//").next().unwrap_or_default().replace("unsafe_code", "");
            let code = code.replace("implement its unsafe marker traits", "");
            assert!(!code.contains("unsafe"), "{}:{}: {line}", file.display(), i + 1);
        }
    }
}
