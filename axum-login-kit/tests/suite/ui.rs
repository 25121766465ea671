//! What the compiler says to mistakes.

#[test]
fn compile_errors_name_the_way_out() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
