//! A job as the JSON of the system that came before: a name and steps with `step_id`, `operation`,
//! `variable_name`, `variable_type`, `value`, `operand1`, `operand2`, `dependencies` and
//! `destination_node`. It is turned into a session file.
//!
//! There, the node that is named as destination deals the shares of a value that is sent to it in
//! the clear. Here the client deals them, so that no node sees the value, and the destination is of
//! no consequence. Every operation of this program may be used besides those of the older one.

use serde_json::Value;

use super::NAME;
use super::fault::JobFault;

/// How long the job waits for what is handed in, where the JSON does not say.
const WAIT: &str = "1m";

/// Whether a text is such JSON rather than a session file.
pub fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// The session file that the JSON makes.
///
/// # Errors
/// When it is not JSON of this form.
pub fn session_file(text: &str) -> Result<toml::Table, JobFault> {
    let wrong = |what: &str| JobFault::Json(format!("this is not a job in JSON: {what}"));
    let value: Value = serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))?;
    let Value::Object(job) = value else { return Err(wrong("it is no object")) };
    let mut file = toml::Table::new();
    for (key, value) in job {
        let key = match key.as_str() {
            "name" => "title",
            "description" | "field" | "steps" | "bids_until" | "roster" | "keep" | "replace"
            | "client_key" => key.as_str(),
            _ => {
                let known = "name, description, field, steps, keep, replace, client_key";
                return Err(wrong(&format!("it has {key:?}; there are {known}")));
            }
        };
        if let Some(value) = converted(value)? {
            file.insert(key.to_owned(), value);
        }
    }
    if !file.contains_key("title") {
        return Err(wrong("it has no name"));
    }
    file.insert("kind".to_owned(), NAME.into());
    file.entry("bids_until").or_insert_with(|| WAIT.into());
    Ok(file)
}

/// The same in TOML, which has no null. Integers that it has no room for are written as text; JSON
/// numbers that no program reads exactly are refused.
fn converted(value: Value) -> Result<Option<toml::Value>, JobFault> {
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::Bool(value) => value.into(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => number.to_string().into(),
            (None, None) => {
                let said =
                    "a value is no integer, or too large for a bare number; write it in quotes";
                return Err(JobFault::Json(said.to_owned()));
            }
        },
        Value::String(text) => text.into(),
        Value::Array(values) => {
            let values = values.into_iter().filter_map(|value| converted(value).transpose());
            toml::Value::Array(values.collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => {
            let mut table = toml::Table::new();
            for (key, value) in fields {
                if let Some(value) = converted(value)? {
                    table.insert(key, value);
                }
            }
            toml::Value::Table(table)
        }
    }))
}
