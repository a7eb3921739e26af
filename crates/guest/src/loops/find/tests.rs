use super::*;
use crate::patch::Targets;

const BASE: u64 = 0x40_1000;

/// Code at [`BASE`], all of it that of a file.
struct Text {
    bytes: Vec<u8>,
    targets: Targets,
}

impl Text {
    fn new(code: &[u8]) -> Text {
        // What follows is no code of the loop's.
        let bytes = [code, &[0xc3; 40]].concat();
        Text { targets: Targets::of(&bytes), bytes }
    }
}

impl Code for Text {
    fn bytes(&self, at: u64) -> &[u8] {
        at.checked_sub(BASE).and_then(|n| self.bytes.get(n as usize..)).unwrap_or(&[])
    }
    fn entered(&mut self, range: Range<u64>) -> bool {
        self.targets.any(&self.bytes, (range.start - BASE) as usize..(range.end - BASE) as usize)
    }
}

/// The place, as offset and length, for a loop through these offsets, met at each of its instructions.
#[track_caller]
fn check(name: &str, code: &[u8], turn: &[u64], want: Option<(u64, usize)>) {
    for first in 0..turn.len() {
        let executed: Vec<u64> = turn.iter().cycle().skip(first).take(20 * turn.len() + 1).map(|n| BASE + n).collect();
        let found = find(&executed, &mut Text::new(code)).map(|p| (p.at - BASE, p.len));
        assert_eq!(found, want, "{name}, met at {:#x}", turn[first]);
    }
}

const CODE_OF_A_CALL: [u8; 12] = [0xe8, 5, 0, 0, 0, 0x85, 0xc0, 0x74, 0xf7, 0xc3, 0x31, 0xc0];

#[test]
fn the_same_place_wherever_the_loop_is_met() {
    // mov eax,[rip+0x100]; test eax,eax; je
    check("a long instruction", &[0x8b, 5, 0, 1, 0, 0, 0x85, 0xc0, 0x74, 0xf6], &[0, 6, 8], Some((0, 6)));
    // pause; mov eax,[rdi]; test eax,eax; je
    check("short ones in a row", &[0xf3, 0x90, 0x8b, 7, 0x85, 0xc0, 0x74, 0xf8], &[0, 2, 4, 6], Some((0, 6)));
    check("nothing but the branch", &[0xeb, 0xfe], &[0], Some((0, 2)));
    // dec eax; loop: no room, and the branch cannot move
    check("a branch that stays", &[0xff, 0xc8, 0xe2, 0xfc], &[0, 2], Some((0, 2)));
    // call f; test eax,eax; je; ret; f: xor eax,eax; ret
    check("a call", &CODE_OF_A_CALL, &[0, 10, 12, 5, 7], Some((7, 2)));
}

#[test]
fn nobody_may_branch_into_a_row() {
    // 0: mov ecx,[rsi]; 2: mov eax,[rdi]; 4: test eax,eax; 6: je 0; 8: jmp 2
    let code = [0x8b, 0x0e, 0x8b, 7, 0x85, 0xc0, 0x74, 0xf8, 0xeb, 0xf8];
    check("into the first row", &code, &[0, 2, 4, 6], Some((2, 6)));
}

#[test]
fn an_interpreter_gets_no_row() {
    // mov al,[rsi]; inc rsi; jmp rdx
    let code = [0x8a, 6, 0x48, 0xff, 0xc6, 0xff, 0xe2];
    check("jump through a register", &code, &[0, 2, 5], Some((5, 2)));
    // The same with a load of the table's address: mov rdx,[rip+0x100]
    let code = [0x8a, 6, 0x48, 0xff, 0xc6, 0x48, 0x8b, 0x15, 0, 1, 0, 0, 0xff, 0xe2];
    check("with a long instruction", &code, &[0, 2, 5, 12], Some((5, 7)));
}

#[test]
fn what_a_turn_may_skip_does_not_count() {
    // 0: test eax,eax; 2: je 9; 4: mov ecx,5; 9: dec edx; 0xb: jne 0
    let code = [0x85, 0xc0, 0x74, 5, 0xb9, 5, 0, 0, 0, 0xff, 0xca, 0x75, 0xf3];
    let turns: Vec<u64> = [0, 2, 4, 9, 11].into_iter().chain([0, 2, 9, 11]).collect();
    let executed: Vec<u64> = turns.iter().cycle().take(200).map(|n| BASE + n).collect();
    // dec; jne: too short, and what follows is not always executed. So the branch traps.
    let found = find(&executed, &mut Text::new(&code)).map(|p| (p.at - BASE, p.len));
    assert_eq!(found, Some((11, 2)));
}

#[test]
fn the_innermost_loop_is_found() {
    // 0: mov ecx,100; 5: mov eax,[rip+0x100]; 11: dec ecx; 13: jne 5; 15: jmp 0
    let code = [0xb9, 100, 0, 0, 0, 0x8b, 5, 0, 1, 0, 0, 0xff, 0xc9, 0x75, 0xf6, 0xeb, 0xef];
    let inner = [5, 11, 13].into_iter().cycle().take(300);
    let turn: Vec<u64> = std::iter::once(0).chain(inner).chain([15]).collect();
    for first in [0, 1, 2, 3, 150, 299, 301] {
        let executed: Vec<u64> = turn.iter().cycle().skip(first).take(2_000).map(|n| BASE + n).collect();
        let found = find(&executed, &mut Text::new(&code)).map(|p| (p.at - BASE, p.len));
        assert_eq!(found, Some((5, 6)), "met at step {first}");
    }
}

#[test]
fn no_loop_no_place() {
    let straight: Vec<u64> = (0..1_000).map(|n| BASE + n * 4).collect();
    assert_eq!(find(&straight, &mut Text::new(&[0x90; 4_000])), None);
    let twice: Vec<u64> = [0, 2, 0, 2].map(|n| BASE + n).to_vec();
    assert_eq!(find(&twice, &mut Text::new(&[0x85, 0xc0, 0x74, 0xfc])), None, "too few turns");
    let elsewhere: Vec<u64> = [0x1000, 0x1002].into_iter().cycle().take(1_000).collect();
    assert_eq!(find(&elsewhere, &mut Text::new(&[])), None, "code of no file");
}
