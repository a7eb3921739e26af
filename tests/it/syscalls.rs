//! The table of system calls: it has a row for every call that Linux has, and `docs/syscalls.md` is what it says.
//! `make syscalls` (`FBSIM_SYSCALLS=1`) writes the page.

use crate::support::{figure, root, setting, skipped};
use kernel::syscall::table::{Disposition, FAMILIES, Row, row};
use std::fmt::Write as _;

const PAGE: &str = "docs/syscalls.md";
/// Where Debian's linux-libc-dev puts the numbers.
const NUMBERS: &str = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h";

fn errno_name(errno: model::Errno) -> String {
    errno.name()
}

fn line(row: &Row) -> String {
    let (disposition, why) = match row.disposition {
        Disposition::Emulated(_) => ("emulated".to_owned(), ""),
        Disposition::Partial(_, what) => ("partial".to_owned(), what),
        Disposition::Refused(errno, why) => (format!("refused, `{}`", errno_name(errno)), why),
    };
    format!("| {} | `{}` | {disposition} | {why} |\n", row.number, row.name)
}

fn rendered() -> String {
    let rows = || FAMILIES.iter().flat_map(|(_, rows)| *rows);
    let count = |is: fn(&Disposition) -> bool| rows().filter(|row| is(&row.disposition)).count();
    let whole = count(|d| matches!(d, Disposition::Emulated(_)));
    let partly = count(|d| matches!(d, Disposition::Partial(..)));
    let refused = count(|d| matches!(d, Disposition::Refused(..)));
    let mut page = format!(
        "# System calls\n\n`make syscalls` writes this page from the table in `crates/kernel/src/syscall/table/`; a test compares the \
         two, and the table\nwith the numbers that Linux has.\n\nEvery call of a guest is looked up there by its x86-64 number: {whole} \
         calls are simulated whole, {partly} partly and {refused} are refused.\nA call with any other number gets `ENOSYS` and the \
         complaint FB0201. Nothing is ever passed on to the host.\n\n* **emulated**: does what Linux does for an ordinary user. That may \
         well be an error: `mount`, `chroot` and changes of\n  identity answer `EPERM`.\n* **partial**: emulated, except for what the \
         last column names.\n* **refused**: always fails with the errno given.\n\nWhat guests asked for and did not get is listed after \
         `fbsim run` and `fbsim test`, as far as it is news: entries that\ncarry a code ([errors.md](errors.md)) and calls that are \"not \
         simulated\". A refusal that programs expect and have an\nanswer to, such as `rseq`, is not listed.\n"
    );
    for (family, rows) in FAMILIES {
        let _ = write!(
            page,
            "\n## {family}\n\n| number | call | disposition | what is missing, or why it is refused |\n|---:|---|---|---|\n"
        );
        let mut rows: Vec<&Row> = rows.iter().collect();
        rows.sort_by_key(|row| row.number);
        rows.into_iter().for_each(|row| page.push_str(&line(row)));
    }
    page
}

#[test]
fn the_page_is_what_the_table_says() {
    let path = root().join(PAGE);
    if setting("FBSIM_SYSCALLS", 0) == 1 {
        std::fs::write(&path, rendered()).unwrap_or_else(|e| panic!("{PAGE}: {e}"));
    }
    let page = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{PAGE}: {e}"));
    assert!(page == rendered(), "{PAGE} is not what the table says; write it anew with `make syscalls`");
}

#[test]
fn every_call_that_linux_has_has_a_row() {
    let Ok(header) = std::fs::read_to_string(NUMBERS) else { return skipped(&format!("there is no {NUMBERS}")) };
    let defined = header.lines().filter_map(|l| l.strip_prefix("#define __NR_")?.split_once(' '));
    let mut count = 0;
    for (name, number) in defined {
        let number: u64 = number.trim().parse().unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(row(number).map(|row| row.name), Some(name), "number {number}");
        count += 1;
    }
    assert!(count > 300, "only {count} numbers in {NUMBERS}");
    figure(&format!("{count} of {count} calls of {NUMBERS} have a row"));
}
