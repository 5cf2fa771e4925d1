//! What a session file may leave open of the stored variables that it loads: where they lie, who
//! knows them, which version is meant, and how often they were shared anew. Whoever makes the session fills it in.

use std::collections::BTreeMap;

use super::earlier::Earlier;
use super::fault::JobFault;
use super::prime::Prime;
use super::stored::StoredVariable;

/// A text in a step, under one of these keys.
fn text(step: &toml::Table, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| step.get(*key)).and_then(toml::Value::as_str).map(str::to_owned)
}

/// Names of the stored variables that the steps of a session file load, each with its step's id.
fn loads(step: &toml::Table) -> Option<(String, String)> {
    if text(step, &["operation"])? != "load" {
        return None;
    }
    let stored = text(step, &["stored"]).or_else(|| text(step, &["variable", "variable_name"]))?;
    Some((text(step, &["id", "step_id"]).unwrap_or_default(), stored))
}

/// Whether the file of a session of whatever kind loads anything.
pub fn loads_any(file: &toml::Table) -> bool {
    let steps = file.get("steps").and_then(toml::Value::as_array);
    steps.into_iter().flatten().filter_map(toml::Value::as_table).any(|step| loads(step).is_some())
}

/// Fill in among whom what is dealt anew is shared, where that is not the session's roster.
pub fn fill_earlier(file: &mut toml::Table, earlier: impl Fn(&str) -> Option<Earlier>) {
    let Some(toml::Value::Array(steps)) = file.get_mut("steps") else { return };
    let loaded = steps.iter().filter_map(toml::Value::as_table).filter_map(|step| {
        let (_, stored) = loads(step)?;
        Some((text(step, &["variable", "variable_name"])?, stored))
    });
    let loaded: BTreeMap<String, String> = loaded.collect();
    for step in steps.iter_mut().filter_map(toml::Value::as_table_mut) {
        let anew = text(step, &["operation"]).is_some_and(|operation| operation == "refresh");
        let variable = text(step, &["variable", "variable_name"]).filter(|_| anew);
        let stored = variable.as_ref().and_then(|variable| loaded.get(variable));
        if let Some(earlier) = stored.and_then(|stored| earlier(stored)) {
            step.entry("earlier").or_insert(earlier.to_string().into());
        }
    }
}

/// The names of the stored variables that a session file's steps load.
pub fn names(file: &toml::Table) -> Vec<&String> {
    let steps = file.get("steps").and_then(toml::Value::as_array);
    let steps = steps.into_iter().flatten().filter_map(toml::Value::as_table);
    let loaded = steps.filter(|step| loads(step).is_some());
    loaded.filter_map(stored_name).collect()
}

fn stored_name(step: &toml::Table) -> Option<&String> {
    ["stored", "variable", "variable_name"].iter().find_map(|key| match step.get(*key) {
        Some(toml::Value::String(name)) => Some(name),
        _ => None,
    })
}

/// Fill in what the steps that load leave open, from what is stored. What they say already stays,
/// and has to be so.
///
/// # Errors
/// Names the step that loads what is not stored.
pub fn fill<'a>(
    file: &mut toml::Table,
    stored: impl Fn(&str) -> Option<&'a StoredVariable>,
) -> Result<(), JobFault> {
    let prime = match file.get("field").and_then(toml::Value::as_str) {
        None => Prime::default(),
        // A field that there is not is found where the file is read.
        Some(name) => match Prime::named(name) {
            Some(prime) => prime,
            None => return Ok(()),
        },
    };
    let Some(toml::Value::Array(steps)) = file.get_mut("steps") else { return Ok(()) };
    let mut generations: BTreeMap<String, u32> = BTreeMap::new();
    for step in steps.iter_mut().filter_map(toml::Value::as_table_mut) {
        let Some((id, name)) = loads(step) else { continue };
        let variable = stored(&name);
        let Some(variable) = variable else {
            return Err(JobFault::NotStored { step: id, stored: name });
        };
        if variable.field != prime {
            let is = variable.field;
            return Err(JobFault::OtherField { step: id, stored: name, is, prime });
        }
        let mut default = |key: &str, value: String| {
            step.entry(key).or_insert(toml::Value::String(value));
        };
        default("range", variable.range.to_string());
        default("version", variable.version().to_string());
        if let Some(owner) = &variable.owner {
            default("from", owner.clone());
        }
        if let Some(loaded) = text(step, &["variable", "variable_name"]) {
            generations.insert(loaded, variable.generation);
        }
    }
    for step in steps.iter_mut().filter_map(toml::Value::as_table_mut) {
        let anew = text(step, &["operation"]).is_some_and(|operation| operation == "refresh");
        let variable = text(step, &["variable", "variable_name"]).filter(|_| anew);
        if let Some(&generation) = variable.as_ref().and_then(|variable| generations.get(variable))
        {
            step.entry("generation").or_insert(i64::from(generation).into());
        }
    }
    Ok(())
}
