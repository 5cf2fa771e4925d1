//! Files that are written from the screens: a record as JSON, a result as CSV. None takes the place
//! of a file that is there.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use crate::rules::Terms;
use crate::session::record::Record;

/// Write what fits the path: a result as CSV where its name ends in `.csv`, else the record.
///
/// # Errors
/// In words that name the file.
pub fn write(path: &Path, record: &Record) -> Result<(), String> {
    let shown = path.display();
    let table = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let text = if table {
        result(record).ok_or_else(|| "there is no result yet to write as CSV".to_owned())?
    } else {
        let mut text = serde_json::to_string_pretty(record).map_err(|error| error.to_string())?;
        text.push('\n');
        text
    };
    let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(format!("{shown} is there already; choose another name"));
        }
        Err(error) => return Err(format!("{shown} cannot be written: {error}")),
    };
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| format!("{shown} cannot be written: {error}"))
}

/// Who won, one row each; the first row names the columns.
fn result(record: &Record) -> Option<String> {
    let terms: &Terms = &record.announcement.body.terms;
    let answer = record.outcome.as_ref()?.body.answer.as_auction()?;
    let unit = terms.question.unit();
    let mut text = "session,title,bidder,price,currency,envelope\n".to_owned();
    for sale in &answer.winners {
        let cells = [
            record.announcement.body.session.to_string(),
            terms.title.clone(),
            sale.entry.bidder.clone(),
            unit.plain(sale.price),
            unit.code.clone(),
            sale.entry.envelope.to_string(),
        ];
        text.push_str(&cells.map(|text| cell(&text)).join(","));
        text.push('\n');
    }
    Some(text)
}

/// A cell of RFC 4180. One that a spreadsheet would take for a formula begins with an apostrophe.
fn cell(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::paperwork::Paperwork;
    use crate::tui::link::export::*;

    #[test]
    fn cells_are_quoted_and_no_formulas() {
        let cells = ["plain", "a, b", "say \"so\"", "=1+1", "-5, x"].map(cell);
        let expected = ["plain", "\"a, b\"", "\"say \"\"so\"\"\"", "'=1+1", "\"'-5, x\""];
        assert_eq!(cells, expected);
    }

    #[test]
    fn no_file_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let paperwork = Paperwork::new(3, 1, 1000).unwrap();
        let record = Record {
            format: crate::session::record::Format::default(),
            roster: paperwork.roster.clone(),
            announcement: paperwork.announcement.clone(),
            bundle: None,
            manifest: None,
            outcome: None,
            accusations: Vec::new(),
        };
        let path = folder.path().join("record.json");
        write(&path, &record).unwrap();
        let kept = std::fs::read_to_string(&path).unwrap();
        assert_eq!(Record::parse(&kept).unwrap(), record);
        assert!(write(&path, &record).unwrap_err().contains("there already"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), kept);
        let table = folder.path().join("result.csv");
        assert!(write(&table, &record).unwrap_err().contains("no result"));
        assert!(!table.exists());
    }
}
