//! CSV as spreadsheets write and read it (RFC 4180).

/// A line of fields, with its end.
pub fn line<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let fields: Vec<String> = fields.into_iter().map(field).collect();
    format!("{}\r\n", fields.join(","))
}

/// A field. A spreadsheet must not take a text for a formula.
fn field(text: &str) -> String {
    let guarded = match text.chars().next() {
        Some('=' | '+' | '-' | '@') => format!("'{text}"),
        _ => text.to_owned(),
    };
    if guarded.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", guarded.replace('"', "\"\""));
    }
    guarded
}

/// The records of a text, each with the number of the line that it begins in. Commas, semicolons or
/// tabs stand between fields, whichever the first line has most of; a field in quotes may hold
/// anything. Blanks around fields do not count.
pub fn records(text: &str) -> Vec<(usize, Vec<String>)> {
    let text = text.trim_start_matches('\u{feff}');
    let comma = separator(text.lines().next().unwrap_or_default());
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut began, mut quoted) = (1, 1, false);
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        line += usize::from(character == '\n');
        match character {
            '"' if quoted && rest.peek() == Some(&'"') => {
                field.push('"');
                rest.next();
            }
            '"' if quoted || field.trim().is_empty() => quoted = !quoted,
            _ if quoted => field.push(character),
            '\n' => {
                record.push(std::mem::take(&mut field).trim().to_owned());
                records.push((began, std::mem::take(&mut record)));
                began = line;
            }
            _ if character == comma => record.push(std::mem::take(&mut field).trim().to_owned()),
            _ => field.push(character),
        }
    }
    if !field.is_empty() || !record.is_empty() {
        record.push(field.trim().to_owned());
        records.push((began, record));
    }
    records
}

fn separator(first: &str) -> char {
    let many = |candidate: &char| first.matches(*candidate).count();
    // Of several the last is taken: the comma.
    ['\t', ';', ','].into_iter().max_by_key(many).unwrap_or(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_and_written_as_spreadsheets_do() {
        assert_eq!(line(["Lovelace, Ada", "b\"c"]), "\"Lovelace, Ada\",\"b\"\"c\"\r\n");
        assert_eq!(line(["=HYPERLINK(1)"]), "'=HYPERLINK(1)\r\n");
        let text = "\u{feff}name;mail\r\n Ada ;a@x\r\n\r\n\"Bob; \"\"Jr\"\"\nof B\";b@x\nCyd";
        let expected = [
            (1, vec!["name", "mail"]),
            (2, vec!["Ada", "a@x"]),
            (3, vec![""]),
            (4, vec!["Bob; \"Jr\"\nof B", "b@x"]),
            (6, vec!["Cyd"]),
        ];
        let found = records(text);
        assert_eq!(found.len(), expected.len());
        for ((line, record), (expected_line, fields)) in found.iter().zip(expected) {
            assert_eq!(
                (*line, record.iter().map(String::as_str).collect::<Vec<_>>()),
                (expected_line, fields)
            );
        }
        assert_eq!(records(&line(["Lovelace, Ada", "c"]))[0].1, ["Lovelace, Ada", "c"]);
        assert_eq!(records("x,y\tz\n")[0].1, ["x", "y\tz"]);
    }
}
