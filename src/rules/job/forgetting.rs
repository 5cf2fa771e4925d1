//! A job that does nothing but forget a variable that stays.

use toml::{Table, Value};

use super::prime::Prime;

/// Its session file. Nobody hands anything in, so it closes as soon as it is open.
pub fn forgetting(name: &str, field: Prime) -> Table {
    let step = |operation: &str| {
        let fields = [("id", operation), ("operation", operation), ("variable", name)];
        let fields = fields.map(|(key, value)| (key.to_owned(), Value::from(value)));
        Value::Table(fields.into_iter().collect())
    };
    let title = format!("Forget {name}");
    let fields = [
        ("title", title.as_str()),
        ("kind", super::NAME),
        ("bids_until", "10m"),
        ("field", field.name()),
    ];
    let mut file: Table =
        fields.into_iter().map(|(key, value)| (key.to_owned(), Value::from(value))).collect();
    file.insert("steps".to_owned(), Value::Array(vec![step("load"), step("forget")]));
    file
}
