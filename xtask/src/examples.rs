//! Whether every public item has an example that asserts: what rustdoc knows of the crates, looked through.

use std::collections::HashSet;
use std::fs;

use serde_json::Value;

use crate::{Result, process};

/// The crates whose items are looked at; those of the macros are shown by the crates that hand them on.
const CRATES: [&str; 3] = ["axum-db", "axum-login-kit", "axum-migrate"];

/// Fails where an item has no example, and names it.
pub(crate) fn check() -> Result<()> {
    let mut missing = Vec::new();
    for name in CRATES {
        // The format is unstable; the variable lets a stable toolchain have it, and is set for this command alone.
        process::step(
            &format!("items of {name}"),
            process::cargo(["rustdoc", "-p", name, "--lib", "--all-features", "--"])
                .args(["-Z", "unstable-options", "--output-format", "json"])
                .env("RUSTC_BOOTSTRAP", "1"),
        )?;
        let file = format!("doc/{}.json", name.replace('-', "_"));
        let described = serde_json::from_slice(&fs::read(process::target().join(file))?)?;
        let mut items = Items {
            described,
            seen: HashSet::new(),
            missing: &mut missing,
        };
        let root = items.described["root"].clone();
        items.visit(&root, "");
    }
    if missing.is_empty() {
        Ok(())
    } else {
        let list = missing.join("\n  ");
        Err(format!("these public items have no example that asserts:\n  {list}").into())
    }
}

struct Items<'m> {
    described: Value,
    seen: HashSet<String>,
    missing: &'m mut Vec<String>,
}

impl Items<'_> {
    /// Looks at an item, which is within `path`, and at those within it.
    fn visit(&mut self, id: &Value, path: &str) {
        let id = id.to_string();
        let item = self.described["index"][&id].clone();
        if item["crate_id"] != 0 || !self.seen.insert(id) {
            return;
        }
        let Some((kind, inner)) = item["inner"].as_object().and_then(|it| it.iter().next()) else {
            return;
        };
        let name = item["name"].as_str().unwrap_or_default();
        let own_path = format!("{path}::{name}");
        let own_path = own_path.trim_start_matches("::");
        let (within, at) = match kind.as_str() {
            "use" => return self.visit(&inner["id"], path),
            "module" => ("items", own_path),
            "struct" | "enum" | "union" => ("impls", own_path),
            "trait" => ("items", own_path),
            // A type's own methods; those of a trait are described there.
            "impl" if inner["trait"].is_null() => ("items", path),
            "function" | "macro" | "proc_macro" | "constant" | "type_alias" => ("", own_path),
            _ => return,
        };
        let is_public = matches!(item["visibility"].as_str(), Some("public" | "default"));
        if !matches!(kind.as_str(), "module" | "impl") && is_public {
            let docs = item["docs"].as_str().unwrap_or_default();
            if !docs.contains("```") || !docs.contains("assert") {
                self.missing.push(format!("{kind} {own_path}"));
            }
        }
        for part in inner[within].as_array().into_iter().flatten() {
            self.visit(part, at);
        }
    }
}
