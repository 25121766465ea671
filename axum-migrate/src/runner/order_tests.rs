use super::super::testing::history;
use super::*;

fn ours(id: &str, revises: &str) -> String {
    let revises = if revises.is_empty() {
        String::new()
    } else {
        format!("{revises:?}")
    };
    format!("run_in_transaction = true\n[axum_migrate]\nid = {id:?}\nrevises = [{revises}]\n")
}

/// `a` and two that build on it: `b`, which came later into the folder, and `c`.
fn branches() -> History {
    history(&[
        ("1_a", "SELECT 1;", &ours("a", "")),
        ("2_b", "SELECT 1;", &ours("b", "a")),
        ("3_c", "SELECT 1;", &ours("c", "a")),
    ])
}

#[test]
fn a_late_revision_of_another_branch_runs_unless_the_order_is_linear() {
    let history = branches();
    let applied: Applied = ["1", "3"].into_iter().collect();
    let steps = vec![&history.revisions()[1]];
    assert!(refuse_late(&history, &applied, &steps, Order::Graph).is_ok());
    assert!(refuse_late(&history, &applied, &steps, Order::Any).is_ok());
    let error = refuse_late(&history, &applied, &steps, Order::Linear).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfOrder);
    assert!(error.to_string().contains("sorts before 3_c"), "{error}");
    let on_time: Applied = ["1"].into_iter().collect();
    assert!(refuse_late(&history, &on_time, &steps, Order::Linear).is_ok());
    assert!(refuse_late(&history, &Applied::default(), &steps, Order::Linear).is_ok());
}

#[test]
fn a_revision_below_an_applied_one_runs_only_when_told() {
    let history = history(&[
        ("1_a", "SELECT 1;", ""),
        ("2_b", "SELECT 1;", ""),
        ("3_c", "SELECT 1;", ""),
    ]);
    let applied: Applied = ["1", "3"].into_iter().collect();
    let steps = vec![&history.revisions()[1]];
    for order in [Order::Graph, Order::Linear] {
        let error = refuse_late(&history, &applied, &steps, order).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutOfOrder);
        let text = error.to_string();
        assert!(
            text.starts_with("2_b is not applied, and 3_c, which builds on it, is"),
            "{text}"
        );
        assert!(text.contains("--out-of-order"), "{text}");
    }
    assert!(refuse_late(&history, &applied, &steps, Order::Any).is_ok());
}
