//! The guides of `docs/`, compiled and run as doctests.
