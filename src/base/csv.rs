//! The text of CSV, as spreadsheets read and write it (RFC 4180).
//!
//! Read are columns set apart by commas, semicolons or tabs, alike in the whole text. A value in
//! quotes may hold any of these and line breaks.

use zeroize::Zeroizing;

/// A value and the line that it begins in, from 1.
pub struct Value {
    /// Which line.
    pub line: usize,
    /// As written; wiped when dropped.
    pub text: Zeroizing<String>,
}

/// The rows of a text; those without any value are left out.
pub fn read(text: &str) -> Vec<Vec<Value>> {
    let text = text.trim_start_matches('\u{feff}');
    let between = separator(text);
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    let (mut line, mut begun) = (1, 1);
    let mut value = Zeroizing::new(String::with_capacity(64));
    let mut quoted = false;
    let mut rest = text.chars().peekable();
    let mut end = |row: &mut Vec<Value>| {
        let row = std::mem::take(row);
        if row.iter().any(|value: &Value| !value.text.trim().is_empty()) {
            rows.push(row);
        }
    };
    while let Some(character) = rest.next() {
        line += usize::from(character == '\n');
        match character {
            '"' if quoted && rest.peek() == Some(&'"') => {
                rest.next();
                value.push('"');
            }
            '"' if quoted || value.trim().is_empty() => quoted = !quoted,
            '\r' if !quoted && rest.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                row.push(Value { line: begun, text: take(&mut value) });
                end(&mut row);
                begun = line;
            }
            mark if mark == between && !quoted => {
                row.push(Value { line: begun, text: take(&mut value) });
                begun = line;
            }
            other => value.push(other),
        }
    }
    if !value.is_empty() || !row.is_empty() {
        row.push(Value { line: begun, text: value });
    }
    end(&mut row);
    rows
}

fn take(value: &mut Zeroizing<String>) -> Zeroizing<String> {
    std::mem::replace(value, Zeroizing::new(String::with_capacity(64)))
}

/// What stands between values: whichever the first line that is not blank has most of outside of
/// quotes.
fn separator(text: &str) -> char {
    // Of several with as many the last is taken: the comma.
    let mut marks = [('\t', 0_usize), (';', 0), (',', 0)];
    let (mut quoted, mut blank) = (false, true);
    for character in text.chars() {
        match character {
            '"' => quoted = !quoted,
            '\n' if !quoted && !blank => break,
            _ if quoted => {}
            other => {
                for (_, many) in marks.iter_mut().filter(|(mark, _)| *mark == other) {
                    *many += 1;
                }
            }
        }
        blank &= character.is_whitespace();
        if blank && character == '\n' {
            marks = marks.map(|(mark, _)| (mark, 0));
        }
    }
    marks.into_iter().max_by_key(|(_, many)| *many).map_or(',', |(mark, _)| mark)
}

/// Rows as text.
pub fn write<R>(rows: impl IntoIterator<Item = R>) -> String
where
    R: IntoIterator,
    R::Item: AsRef<str>,
{
    let mut text = String::new();
    for row in rows {
        let fields: Vec<String> = row.into_iter().map(|value| field(value.as_ref())).collect();
        text.push_str(&fields.join(","));
        text.push_str("\r\n");
    }
    text
}

/// A value of CSV. A spreadsheet must not take a text for a formula; numbers may have a sign.
pub fn field(text: &str) -> String {
    let number = text.strip_prefix('-').unwrap_or(text);
    let number = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let guarded = match text.chars().next() {
        Some('=' | '+' | '-' | '@') if !number => format!("'{text}"),
        _ => text.to_owned(),
    };
    if guarded.contains([',', ';', '"', '\n', '\r']) {
        return format!("\"{}\"", guarded.replace('"', "\"\""));
    }
    guarded
}

#[cfg(test)]
mod tests {
    use crate::base::csv::*;

    fn texts(text: &str) -> Vec<Vec<String>> {
        let rows = read(text);
        rows.iter().map(|row| row.iter().map(|value| value.text.to_string()).collect()).collect()
    }

    #[test]
    fn tables_of_any_common_form_are_read() {
        let expected = [["pay", "a, \"b\""], ["1 000", ""]];
        for text in [
            "pay,\"a, \"\"b\"\"\"\r\n\r\n1 000,\r\n",
            "\u{feff}pay;\"a, \"\"b\"\"\"\n1 000;",
            "pay\t\"a, \"\"b\"\"\"\n\t\n1 000\t\n",
        ] {
            assert_eq!(texts(text), expected, "{text:?}");
        }
        assert_eq!(texts("\"two\nlines\",3\n4,5"), [["two\nlines", "3"], ["4", "5"]]);
        assert_eq!(read("\"two\nlines\",3\n4,5")[1][0].line, 3);
        assert!(texts("\n \n,,\n").is_empty());
    }

    #[test]
    fn what_the_first_line_has_most_of_outside_of_quotes_stands_between_values() {
        assert_eq!(texts("x,y\tz\n")[0], ["x", "y\tz"]);
        assert_eq!(texts("\"a,b,c\";d\n")[0], ["a,b,c", "d"]);
        assert_eq!(texts("\t\t\n\"a;b;\nc\",d\n1;2;3,4")[0], ["a;b;\nc", "d"]);
        assert_eq!(texts("Ada\nBob;Cyd,Dot")[1], ["Bob;Cyd", "Dot"]);
    }

    #[test]
    fn values_know_the_line_that_they_begin_in() {
        let text = "\u{feff}name;mail\r\n Ada ;a@x\r\n\r\n\"Bob; \"\"Jr\"\"\nof B\";b@x\nCyd";
        let rows = read(text);
        let lines: Vec<usize> = rows.iter().map(|row| row[0].line).collect();
        assert_eq!(lines, [1, 2, 4, 6]);
        assert_eq!(texts(text)[2], ["Bob; \"Jr\"\nof B", "b@x"]);
    }

    #[test]
    fn what_is_written_is_read_and_is_no_formula() {
        let row = ["-12.50", "-x", "=1+1", "a,b", "say \"no\""];
        let text = write([&row]);
        assert_eq!(text, "-12.50,'-x,'=1+1,\"a,b\",\"say \"\"no\"\"\"\r\n");
        let back = &texts(&text)[0];
        assert_eq!(back[3..5], ["a,b", "say \"no\""]);
    }
}
