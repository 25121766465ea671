//! Benchmarks of the three crates.
