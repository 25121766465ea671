//! What a user reads when a model is wrong. `TRYBUILD=overwrite` writes the texts anew.

#[test]
fn mistakes_are_told_in_our_words() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
