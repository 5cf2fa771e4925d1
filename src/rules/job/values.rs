//! The values in a job's session file that participants hand in: found, read, and taken out.

use zeroize::Zeroizing;

/// Who hands in what no participant is named for.
pub const CLIENT: &str = "client";

fn is_public(step: &toml::Table) -> bool {
    let kinds = ["type", "variable_type"].into_iter();
    let mut kinds = kinds.filter_map(|field| step.get(field).and_then(toml::Value::as_str));
    kinds.any(|kind| kind == "public")
}

/// The steps of a session file that assign what is not public.
fn secret(file: &toml::Table) -> impl Iterator<Item = &toml::Table> {
    let steps = file.get("steps").and_then(toml::Value::as_array).into_iter().flatten();
    steps.filter_map(toml::Value::as_table).filter(|step| !is_public(step))
}

/// Whether a session file has values in it that participants hand in.
pub fn has_values(file: &toml::Table) -> bool {
    // What a demo stores before is as secret.
    file.contains_key(crate::rules::session_file::STORED)
        || secret(file).any(|step| step.contains_key("value"))
}

/// The values that a job's file has for a participant, as a line; none where it has none.
pub fn own_values(text: &str, name: &str) -> Option<Zeroizing<String>> {
    let file: toml::Table = text.parse().ok()?;
    // Room for everything at once: a text that grows leaves copies behind.
    let mut line = Zeroizing::new(String::with_capacity(2 * text.len()));
    for step in secret(&file) {
        let from = step.get("from").and_then(toml::Value::as_str).unwrap_or(CLIENT);
        let variable = ["variable", "variable_name"].into_iter().find_map(|key| step.get(key));
        let (Some(value), Some(variable)) = (step.get("value"), variable?.as_str()) else {
            continue;
        };
        if from != name {
            continue;
        }
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(variable);
        line.push_str(" = ");
        match value {
            toml::Value::String(text) => line.push_str(text),
            number => line.push_str(&Zeroizing::new(number.to_string())),
        }
    }
    Some(line).filter(|line| !line.is_empty())
}

/// Take the values that participants hand in out of a session file of whatever kind: a server gets
/// the steps without them.
pub fn without_values(file: &mut toml::Table) {
    let Some(toml::Value::Array(steps)) = file.get_mut("steps") else { return };
    for step in steps {
        let toml::Value::Table(step) = step else { continue };
        if !is_public(step) {
            step.remove("value");
        }
    }
}
