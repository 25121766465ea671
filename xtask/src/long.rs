pub(crate) const FULL_COUNTS: [(&str, &str); 1] = [("AXUM_MIGRATE_PAIRS", "1000")];
pub(crate) fn run() -> crate::Result<()> {
    Ok(())
}
