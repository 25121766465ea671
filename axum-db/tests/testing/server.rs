//! What concerns engines that are servers.

use super::behaviour::child;
use super::{NOWHERE, VARIABLE};

#[test]
fn an_absent_server_is_said_with_its_variable() {
    let output = child("a_test_in_a_process_of_its_own")
        .env("CHILD", "pass")
        .env(VARIABLE, NOWHERE)
        .output()
        .expect("the tests can be run");
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains(&format!("{VARIABLE} names it")) && text.contains("Connection refused"),
        "{text}"
    );
}
