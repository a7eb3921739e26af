//! The functions of libm that evaluating a specification uses: to write numbers as text.
//!
//! The C library's results may differ in the last bit from one version, and from one processor, to the next; what a
//! specification writes must not. And a program that needs nothing of the shared library does not load it.

/// pow(3)
#[unsafe(no_mangle)]
extern "C" fn pow(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}
/// log2(3)
#[unsafe(no_mangle)]
extern "C" fn log2(of: f64) -> f64 {
    libm::log2(of)
}
/// log10(3)
#[unsafe(no_mangle)]
extern "C" fn log10(of: f64) -> f64 {
    libm::log10(of)
}

#[cfg(test)]
mod tests {
    #[test]
    fn powers_and_logarithms_are_right() {
        // The standard library's go to the same functions.
        let (two, ten) = (std::hint::black_box(2.0f64), std::hint::black_box(10.0f64));
        for n in -300..300 {
            let power = ten.powf(f64::from(n));
            assert_eq!(power.log10().round(), f64::from(n), "{power}");
            let text: f64 = format!("1e{n}").parse().expect("a number");
            assert!(((power - text) / text).abs() < 1e-15, "10 to the {n} is {power}");
            assert_eq!(two.powf(f64::from(n)).log2(), f64::from(n));
        }
    }
}
