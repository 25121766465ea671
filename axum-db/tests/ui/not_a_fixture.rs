use axum_db::testing::Fixture;

/// What a test does for each of its parameters.
fn parameter<T: Fixture>() {}

fn main() {
    parameter::<String>();
}
