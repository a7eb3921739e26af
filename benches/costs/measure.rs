//! Rounds that take turns, and what comes of them.

use std::fmt;

/// Why a figure could not be measured here.
#[derive(Clone, Debug)]
pub(crate) struct Skip(pub(crate) String);

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A figure, or why there is none.
pub(crate) type Measured<T = f64> = Result<T, Skip>;

/// The values of one side, in the order of the rounds.
#[derive(Clone, Debug)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    /// A figure that was measured once.
    pub(crate) fn once(value: f64) -> Sample {
        Sample(vec![value])
    }
    fn sorted(&self) -> Vec<f64> {
        let mut values = self.0.clone();
        values.sort_by(f64::total_cmp);
        values
    }
    pub(crate) fn min(&self) -> f64 {
        self.sorted()[0]
    }
    pub(crate) fn max(&self) -> f64 {
        self.sorted()[self.0.len() - 1]
    }
    pub(crate) fn median(&self) -> f64 {
        self.sorted()[self.0.len() / 2]
    }
    /// Round by round, how many times the other side.
    pub(crate) fn over(&self, other: &Sample) -> Sample {
        Sample(self.0.iter().zip(&other.0).map(|(a, b)| a / b).collect())
    }
}

/// One side of a comparison: measures itself once.
pub(crate) type Side<'a> = &'a dyn Fn() -> Measured;

/// Measures all sides so many times, in turns, and every other round in the opposite order.
pub(crate) fn rounds<const N: usize>(count: usize, sides: [Side<'_>; N]) -> Measured<[Sample; N]> {
    let mut samples = [const { Vec::new() }; N];
    for round in 0..count {
        for step in 0..N {
            let side = if round % 2 == 0 { step } else { N - 1 - step };
            samples[side].push(sides[side]()?);
        }
    }
    Ok(samples.map(Sample))
}

/// Something that can be done any number of times; how long so many times take in all, in seconds.
pub(crate) type Repeated<'a> = &'a dyn Fn(u64) -> Measured;

/// A count for which something lasts long enough to be measured beside a process start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count(u64);

/// Long beside the jitter of a process start, short enough for many figures.
const LASTS_SECONDS: f64 = 0.12;
/// No count is higher: what is so cheap is measured well enough.
const COUNT_MAX: u64 = 1 << 22;

impl Count {
    /// Finds the count for this, at least `least` and a multiple of it.
    pub(crate) fn lasting(repeated: Repeated<'_>, least: u64) -> Measured<Count> {
        let base = repeated(0)?;
        let mut count = least;
        loop {
            let took = repeated(count)? - base;
            if took >= LASTS_SECONDS || count >= COUNT_MAX {
                return Ok(Count(count));
            }
            let wanted = LASTS_SECONDS * 1.3 / took.max(LASTS_SECONDS / 50.0);
            count = (count as f64 * wanted.clamp(1.5, 50.0)) as u64 / least * least;
            count = count.min(COUNT_MAX / least * least).max(least);
            if count + least > COUNT_MAX {
                return Ok(Count(count));
            }
        }
    }
    /// Nanoseconds each, without what it takes to do it no times at all.
    pub(crate) fn nanos_each(self, repeated: Repeated<'_>) -> Measured {
        let base = repeated(0)?;
        Ok(((repeated(self.0)? - base) * 1e9 / self.0 as f64).max(0.1))
    }
}

/// Compares what two things cost each: nanoseconds of both, in turns.
pub(crate) fn compare_each(
    count: usize,
    inside: Repeated<'_>,
    native: Repeated<'_>,
    least: u64,
) -> Measured<[Sample; 2]> {
    let (here, there) = (Count::lasting(inside, least)?, Count::lasting(native, least)?);
    rounds(count, [&|| here.nanos_each(inside), &|| there.nanos_each(native)])
}
