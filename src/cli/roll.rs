//! People read from a file: CSV, or the first sheet of an XLSX or ODS file. All rows are read, or what
//! is wrong with each is said by row and column.

use std::collections::HashMap;
use std::path::Path;

use super::failure::Failure;
use super::sheet::{self, Content, Sort, letters};
use crate::base::name::look;
use crate::base::text::check_text;
use crate::identity::PublicKey;

/// Most people in a file.
pub const MOST: usize = 10_000;

/// Most faults that are told; how many more there are is said.
const TOLD: usize = 8;

/// Somebody in a file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Person {
    /// The name; empty of somebody who was only counted.
    pub name: String,
    /// Their key, where the file has one.
    pub key: Option<PublicKey>,
    /// The group that they belong to.
    pub cohort: Option<String>,
}

/// The people of a file.
///
/// # Errors
/// Names every row and column that cannot be used.
pub fn read(path: &Path) -> Result<Vec<Person>, Failure> {
    let rows = rows(path)?;
    let bad = |detail: String| Failure::new("bad-file", format!("{}: {detail}", path.display()));
    people(&rows).map_err(bad)
}

/// A cell, or what is wrong with it.
type Cell = Result<String, &'static str>;

/// A row with its number in the file, from 1.
type Row = (usize, Vec<Cell>);

fn rows(path: &Path) -> Result<Vec<Row>, Failure> {
    // What is no spreadsheet by its name is a list as text, whatever it is called.
    let rows = sheet::read(path, Sort::of(path).unwrap_or(Sort::Text))?;
    Ok(rows.iter().map(|cells| row(cells)).collect())
}

fn row(cells: &[sheet::Cell]) -> Row {
    let mut row = Vec::new();
    for cell in cells {
        // A sheet's first columns may be empty.
        row.resize_with(cell.column, || Ok(String::new()));
        row.push(match &cell.content {
            Content::Empty => Ok(String::new()),
            Content::Text(text) | Content::Formula(text) | Content::Other(_, text) => {
                Ok(text.trim().to_owned())
            }
            Content::Error => Err("the spreadsheet has an error here instead of a value"),
        });
    }
    (cells.first().map_or(0, |cell| cell.row), row)
}

/// Where the columns are.
struct Columns {
    name: usize,
    key: Option<usize>,
    cohort: Option<usize>,
}

impl Columns {
    /// As the first row names them, if it does.
    fn named(head: &[Cell]) -> Option<Self> {
        let words: Vec<String> = head
            .iter()
            .map(|cell| cell.as_deref().unwrap_or_default().trim().to_lowercase())
            .collect();
        let find = |names: &[&str]| words.iter().position(|word| names.contains(&word.as_str()));
        let name = find(&["name", "for", "bidder", "participant"])?;
        Some(Self {
            name,
            key: find(&["key", "public key", "public_key"]),
            cohort: find(&["cohort", "group"]),
        })
    }
}

fn people(rows: &[Row]) -> Result<Vec<Person>, String> {
    let named = rows.first().and_then(|(_, head)| Columns::named(head));
    let begin = usize::from(named.is_some());
    let columns = named.unwrap_or(Columns { name: 0, key: None, cohort: None });
    let (mut people, mut faults) = (Vec::new(), Vec::new());
    let mut seen = Seen::default();
    for (row, cells) in &rows[begin..] {
        if cells.iter().all(|cell| cell.as_deref().is_ok_and(str::is_empty)) {
            continue;
        }
        match person(&columns, cells).and_then(|person| seen.note(*row, &columns, person)) {
            Ok(person) => people.push(person),
            Err(Fault { column, what }) => {
                faults.push(format!("row {row}, column {}: {what}", letters(column)));
            }
        }
    }
    if !faults.is_empty() {
        let more = faults.len().saturating_sub(TOLD);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        faults.truncate(TOLD);
        return Err(format!(
            "nothing was done, as not every row can be used: {}{more}",
            faults.join("; ")
        ));
    }
    match people.len() {
        0 => Err("it holds no names".to_owned()),
        got if got > MOST => Err(format!("it holds {got} people; take at most {MOST} at once")),
        _ => Ok(people),
    }
}

/// What is wrong in a row.
struct Fault {
    column: usize,
    what: String,
}

/// Whoever came before, so that nobody comes twice.
#[derive(Default)]
struct Seen {
    names: HashMap<String, usize>,
    keys: HashMap<PublicKey, usize>,
}

impl Seen {
    fn note(&mut self, row: usize, columns: &Columns, person: Person) -> Result<Person, Fault> {
        if let Some(before) = self.names.insert(look(&person.name), row) {
            let what = format!("{:?} is, or looks like, the name in row {before}", person.name);
            return Err(Fault { column: columns.name, what });
        }
        if let (Some(key), Some(column)) = (person.key, columns.key)
            && let Some(before) = self.keys.insert(key, row)
        {
            return Err(Fault { column, what: format!("this key is in row {before} already") });
        }
        Ok(person)
    }
}

fn person(columns: &Columns, cells: &[Cell]) -> Result<Person, Fault> {
    let cell = |column: usize| match cells.get(column) {
        None => Ok(""),
        Some(Ok(text)) => Ok(text.as_str()),
        Some(Err(what)) => Err(Fault { column, what: (*what).to_owned() }),
    };
    let name = cell(columns.name)?;
    check_text("the name", name)
        .map_err(|error| Fault { column: columns.name, what: error.to_string() })?;
    let mut person = Person { name: name.to_owned(), ..Person::default() };
    if let Some(column) = columns.key {
        let text = cell(column)?;
        let bad = || Fault { column, what: format!("{text:?} is no public key") };
        person.key = match text {
            "" => None,
            text => Some(text.parse().map_err(|_| bad())?),
        };
    }
    if let Some(column) = columns.cohort {
        let text = cell(column)?;
        if !text.is_empty() {
            check_text("the cohort", text)
                .map_err(|error| Fault { column, what: error.to_string() })?;
            person.cohort = Some(text.to_owned());
        }
    }
    Ok(person)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<Person>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.csv");
        std::fs::write(&path, text).unwrap();
        read(&path).map_err(|failure| failure.detail)
    }

    #[test]
    fn names_keys_and_cohorts_are_found_by_their_columns() {
        let key = PublicKey::from_bytes([7; 32]);
        let text =
            format!("mail,Name,Cohort,Key\r\na@x,Ada,sales,{key}\r\n\r\nb@x,\"Bob, Jr\",,\r\n");
        let people = of(&text).unwrap();
        let ada = Person { name: "Ada".into(), key: Some(key), cohort: Some("sales".into()) };
        assert_eq!(people, [ada, Person { name: "Bob, Jr".into(), ..Person::default() }]);
        let bare = of("Ada,a@x\nBob\n").unwrap();
        assert_eq!(
            bare.iter().map(|person| person.name.as_str()).collect::<Vec<_>>(),
            ["Ada", "Bob"]
        );
    }

    #[test]
    fn every_bad_row_is_told_by_row_and_column_and_nothing_is_taken() {
        let error = of("name,key\nAda,\nBob,nonsense\n,x\nADA,\n").unwrap_err();
        assert!(error.contains("nothing was done"), "{error}");
        assert!(error.contains("row 3, column B: \"nonsense\" is no public key"), "{error}");
        assert!(error.contains("row 4, column A: the name has 1 to"), "{error}");
        assert!(
            error.contains("row 5, column A: \"ADA\" is, or looks like, the name in row 2"),
            "{error}"
        );
        assert!(of("name\n").unwrap_err().contains("no names"));
        let many: String = (0..20).map(|_| "Ada\n").collect();
        assert!(of(&many).unwrap_err().contains("; and 11 more"));
        let crowd = (0..=MOST).map(|number| format!("n{number}")).collect::<Vec<_>>().join("\n");
        assert!(of(&crowd).unwrap_err().contains("at most 10000"));
    }
}
