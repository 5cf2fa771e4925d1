//! Files that are written from the screens: a record as JSON, a result as CSV. None takes the place
//! of a file that is there.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use crate::base::csv;
use crate::identity::Roster;
use crate::rules::Question;
use crate::session::record::Record;

/// Write what fits the path: a result as CSV where its name ends in `.csv`, else the record. A result
/// is that of a record which was checked against the roster. Gives what to say of it.
///
/// # Errors
/// In words that name the file.
pub fn write(path: &Path, record: &Record, trusted: &Roster) -> Result<String, String> {
    let shown = path.display();
    let table = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let (text, then) = if table {
        record.verify(Some(record.trusted(trusted))).map_err(|error| error.to_string())?;
        let text = result(record)?;
        (text, "the results, from the record that was checked here".to_owned())
    } else {
        let mut text = serde_json::to_string_pretty(record).map_err(|error| error.to_string())?;
        text.push('\n');
        (text, format!("check it with `gavel verify {shown}`"))
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
        .map_err(|error| format!("{shown} cannot be written: {error}"))?;
    Ok(format!("written: {shown}; {then}"))
}

/// What it came to, a row for each winner or each number; the first row names the columns.
fn result(record: &Record) -> Result<String, String> {
    let none = || "there is no result yet to write as CSV".to_owned();
    let terms = &record.announcement.body.terms;
    let answer = &record.outcome.as_ref().ok_or_else(none)?.body.answer;
    if let (Question::Survey(survey), Some(answer)) = (&terms.question, answer.as_survey()) {
        return Ok(csv::write(survey.table(answer)));
    }
    let Some(answer) = answer.as_auction() else {
        let kind = terms.question.kind_name();
        return Err(format!("there is no table of a {kind}; choose a name that ends in .json"));
    };
    let unit = terms.question.unit();
    let heading = ["session", "title", "bidder", "price", "currency", "envelope"];
    let rows = answer.winners.iter().map(|sale| {
        [
            record.announcement.body.session.to_string(),
            terms.title.clone(),
            sale.entry.bidder.clone(),
            unit.plain(sale.price),
            unit.code.clone(),
            sale.entry.envelope.to_string(),
        ]
    });
    Ok(csv::write([heading.map(str::to_owned)].into_iter().chain(rows)))
}

#[cfg(test)]
mod tests {
    use crate::testkit::paperwork::Paperwork;
    use crate::tui::link::export::*;

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
        write(&path, &record, &paperwork.roster.body).unwrap();
        let kept = std::fs::read_to_string(&path).unwrap();
        assert_eq!(Record::parse(&kept).unwrap(), record);
        assert!(
            write(&path, &record, &paperwork.roster.body).unwrap_err().contains("there already")
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), kept);
        let table = folder.path().join("result.csv");
        assert!(write(&table, &record, &paperwork.roster.body).unwrap_err().contains("no result"));
        assert!(!table.exists());
    }
}
