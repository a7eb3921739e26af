//! The content of files against plain bytes.

use super::harness::World;
use crate::fs::data::Data;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Write(u64, Vec<u8>),
    Resize(u64),
    Zero(u64, u64),
    Read(u64, usize),
}

fn op() -> impl Strategy<Value = Op> {
    let place = || prop_oneof![0..30_000u64, 4090..4100u64, (0..8u64).prop_map(|n| n * 4096)];
    prop_oneof![
        (place(), prop::collection::vec(1..=255u8, 0..9000)).prop_map(|(at, bytes)| Op::Write(at, bytes)),
        place().prop_map(Op::Resize),
        (place(), place()).prop_map(|(at, len)| Op::Zero(at, len)),
        (place(), 0..20_000usize).prop_map(|(at, len)| Op::Read(at, len)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn behaves_like_bytes(image in any::<bool>(), ops in prop::collection::vec(op(), 1..30)) {
        let mut host = World::new().host;
        let mut model = if image { host.image["/usr/lib/libc.so.6"].1.clone() } else { Vec::new() };
        let mut data = match image {
            true => Data::of_image("/usr/lib/libc.so.6".into(), model.len() as u64),
            false => Data::default(),
        };
        for op in ops {
            match op {
                Op::Write(at, bytes) => {
                    data.write(&mut host, at, &bytes);
                    let end = at as usize + bytes.len();
                    if !bytes.is_empty() && model.len() < end {
                        model.resize(end, 0);
                    }
                    if !bytes.is_empty() {
                        model[at as usize..end].copy_from_slice(&bytes);
                    }
                }
                Op::Resize(size) => {
                    data.resize(size);
                    model.resize(size as usize, 0);
                }
                Op::Zero(at, len) => {
                    data.zero(&mut host, at, len);
                    let end = model.len().min((at + len) as usize);
                    if let Some(part) = model.get_mut(at as usize..end) {
                        part.fill(0);
                    }
                }
                Op::Read(at, len) => {
                    let mut into = vec![0xee; len];
                    let n = data.read(&mut host, at, &mut into);
                    let rest = model.get(at as usize..).unwrap_or(&[]);
                    prop_assert_eq!(&into[..n], &rest[..rest.len().min(len)]);
                }
            }
            prop_assert_eq!(data.size(), model.len() as u64);
        }
        let mut all = vec![0xee; model.len()];
        prop_assert_eq!(data.read(&mut host, 0, &mut all), model.len());
        prop_assert_eq!(&all, &model);
        // What is said to be a hole is one.
        let mut at = 0;
        while let Some(hole) = data.seek(at, true) {
            let end = data.seek(hole, false).unwrap_or(model.len() as u64);
            prop_assert!(model[hole as usize..end as usize].iter().all(|b| *b == 0));
            at = end;
        }
    }
}
