//! Checking a record here, against the roster that this home trusts and the receipts that it keeps.
//! The coordinator is believed nothing: it only hands the record out.

use crate::base::Zone;
use crate::base::text::clean;
use crate::client::state::SentBid;
use crate::identity::{Roster, Statement as _};
use crate::rules::scoring::shown;
use crate::session::manifest::Exclusion;
use crate::session::record::{Record, Report};
use crate::session::scoring::Score;
use crate::tui::figures;
use crate::tui::state::audit::{AuditRow, Mark};

/// Most bids that are listed; the record that is written holds all.
const MOST: usize = 2_000;

/// Everything that a record says, row by row.
pub fn rows(record: &Record, trusted: &Roster, own: &[SentBid]) -> Vec<AuditRow> {
    let mut rows = vec![head("What was checked here")];
    match record.verify(Some(record.trusted(trusted))) {
        Ok(report) => proved(&mut rows, record, &report),
        Err(error) => {
            rows.push(row(Mark::Bad, "not right", &error.to_string(), None));
            return rows;
        }
    }
    receipts(&mut rows, record, own);
    bids(&mut rows, record);
    rows
}

fn row(mark: Mark, label: &str, text: &str, copy: Option<String>) -> AuditRow {
    AuditRow { mark, label: label.to_owned(), name: None, text: clean(text), copy }
}

fn head(text: &str) -> AuditRow {
    row(Mark::Head, text, "", None)
}

fn digest(label: &str, digest: String, also: &str) -> AuditRow {
    let text = if also.is_empty() { digest.clone() } else { format!("{also}; {digest}") };
    row(Mark::Good, label, &text, Some(digest))
}

fn proved(rows: &mut Vec<AuditRow>, record: &Record, report: &Report) {
    let roster = &record.roster.body;
    rows.push(digest("roster", report.roster.to_string(), "the one this home trusts"));
    rows.push(row(
        Mark::Plain,
        "coordinator",
        &format!("key {}", report.coordinator),
        Some(report.coordinator.to_string()),
    ));
    let certificate = roster.coordinator.certificate.to_string();
    rows.push(row(Mark::Plain, "certificate", &certificate, Some(certificate.clone())));
    rows.push(digest("terms", record.announcement.body.digest().to_string(), "signed by it"));
    if !report.closed_by.is_empty() {
        let text =
            format!("by {}, each with its inventory and verdict", figures::nodes(report.closed_by));
        rows.push(row(Mark::Good, "closed", &text, None));
    }
    let (one, many) = record.announcement.body.terms.question.entry_words();
    if let Some(manifest) = &record.manifest {
        let also = format!(
            "{}, signed by {}",
            figures::plural(report.bids as u64, one, many),
            figures::nodes(report.manifest_signed_by)
        );
        rows.push(digest(&format!("list of {many}"), manifest.body.digest().to_string(), &also));
    }
    match &record.outcome {
        Some(outcome) => {
            let also = format!("signed by {}", figures::nodes(report.signed_by));
            rows.push(digest("outcome", outcome.body.digest().to_string(), &also));
        }
        None => rows.push(row(Mark::Plain, "outcome", "none yet", None)),
    }
    lies(rows, report);
}

/// What nodes accused others of, and what follows.
fn lies(rows: &mut Vec<AuditRow>, report: &Report) {
    if !report.lies.is_empty() {
        rows.push(head("Lies that were found before anything was opened"));
    }
    for lie in &report.lies {
        let label = format!("attempt {}", lie.attempt);
        rows.push(row(Mark::Plain, &label, &lie.told(report.named), None));
    }
    if !report.named.is_empty() {
        let (nodes, most) = (figures::nodes(report.named), report.scheme.threshold());
        let text = format!("{nodes} lied, as long as at most {most} did");
        rows.push(row(Mark::Bad, "named", &text, None));
    }
}

fn receipts(rows: &mut Vec<AuditRow>, record: &Record, own: &[SentBid]) {
    if own.is_empty() {
        return;
    }
    rows.push(head("What became of your receipts"));
    for bid in own.iter().rev() {
        let about = format!("revision {}", bid.revision());
        if bid.receipts.is_empty() {
            rows.push(row(Mark::Plain, &about, "no node gave a receipt", None));
        }
        for receipt in &bid.receipts {
            let standing = record.check_receipt(receipt);
            let mark = if standing.kept() { Mark::Good } else { Mark::Bad };
            let text = format!("node {}: {standing}", receipt.body.node);
            rows.push(row(mark, &about, &text, Some(bid.digest.to_string())));
        }
    }
}

/// A score as people read it.
fn score(score: &Score) -> String {
    score.values.first().map_or_else(String::new, |&value| shown(value, score.fraction))
}

fn bids(rows: &mut Vec<AuditRow>, record: &Record) {
    let Some(manifest) = &record.manifest else { return };
    let zone = Zone::here();
    let entries = &manifest.body.entries;
    if !entries.is_empty() {
        rows.push(head("Bids that take part, in the order that decides ties"));
    }
    for (at, entry) in entries.iter().take(MOST).enumerate() {
        let text = format!(
            "revision {}, {}, envelope {}",
            entry.revision,
            zone.date_time(entry.received),
            entry.envelope.short()
        );
        let text = match &entry.score {
            Some(signed) => format!("score {}, {text}", score(&signed.score)),
            None => text,
        };
        let copy = Some(entry.envelope.to_string());
        let name = Some(clean(&entry.bidder));
        rows.push(AuditRow { name, ..row(Mark::Plain, &format!("{}", at + 1), &text, copy) });
    }
    if entries.len() > MOST {
        let text = format!("and {} more; the record has all", entries.len() - MOST);
        rows.push(row(Mark::Plain, "", &text, None));
    }
    let of_outcome = record.outcome.iter().flat_map(|outcome| &outcome.body.out_of_range);
    let excluded: Vec<&Exclusion> = manifest.body.excluded.iter().chain(of_outcome).collect();
    if !excluded.is_empty() {
        rows.push(head("Bids that do not"));
    }
    for exclusion in excluded.into_iter().take(MOST) {
        let by = if exclusion.named_by.is_empty() {
            "all nodes see it alike".to_owned()
        } else {
            format!("said by {}", figures::nodes(exclusion.named_by))
        };
        let text = format!("{}; {by}", exclusion.reason.explain());
        let copy = Some(exclusion.envelope.to_string());
        let name = Some(clean(&exclusion.bidder));
        rows.push(AuditRow { name, ..row(Mark::Plain, "excluded", &text, copy) });
    }
    let verdicts = record.bundle.iter().flat_map(|bundle| &bundle.verdicts);
    let complaints: Vec<_> = verdicts
        .flat_map(|verdict| verdict.body.complaints.iter().map(|one| (verdict.body.node, one)))
        .collect();
    if !complaints.is_empty() {
        rows.push(head("Complaints of nodes about envelopes"));
    }
    for (node, complaint) in complaints.into_iter().take(MOST) {
        let text =
            format!("{}; envelope {}", complaint.reason.explain(), complaint.envelope.short());
        let copy = Some(complaint.envelope.to_string());
        rows.push(row(Mark::Plain, &format!("node {node}"), &text, copy));
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::paperwork::Paperwork;
    use crate::tui::link::audit::*;

    #[test]
    fn what_is_wrong_is_said_and_nothing_else() {
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
        let trusted = &paperwork.roster.body;
        let said = rows(&record, trusted, &[]);
        assert!(said.iter().all(|row| row.mark != Mark::Bad), "{said:?}");
        assert!(said.iter().any(|row| row.copy == Some(trusted.digest().to_string())));
        // A coordinator that hands out somebody else's record, or one with other terms.
        let other = Paperwork::new(3, 1, 1000).unwrap();
        let said = rows(&record, &other.roster.body, &[]);
        assert!(matches!(&said[..], [_, AuditRow { mark: Mark::Bad, .. }]), "{said:?}");
        let mut altered = record.clone();
        altered.announcement.body.terms.title.push('!');
        let said = rows(&altered, trusted, &[]);
        assert!(said.len() == 2 && said[1].text.as_str().contains("announcement"), "{said:?}");
    }
}
