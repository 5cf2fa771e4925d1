//! Sessions as text: the list, terms, details, progress.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::answer;
use super::output::{Table, bytes, clean, count, faint, plural, seconds as lasting, strong};
use crate::base::Timestamp;
use crate::identity::Roster;
use crate::rules::auction::{Kind, Stage as OfAuctions};
use crate::rules::job::Stage as OfJobs;
use crate::rules::market::Stage as OfMarkets;
use crate::rules::survey::Stage as OfSurveys;
use crate::rules::{Limits, Question, Stage, Terms, auction, job, market, survey};
use crate::session::Phase;
use crate::session::manifest::Exclusion;
use crate::session::naming::SharedName;
use crate::session::progress::Progress;
use crate::sharing::form::Form;
use crate::sharing::security::Security;
use crate::sharing::{NodeIndex, Scheme};
use crate::wire::coordinator_api::{SessionDetail, SessionSummary};
use crate::wire::node_api::Cost;

/// The list of sessions.
pub fn list(sessions: &[SessionSummary]) -> String {
    if sessions.is_empty() {
        return "There are no sessions.".into();
    }
    let mut table = Table::new(&["session", "title", "kind", "phase", "bids until", "outcome"]);
    for summary in sessions {
        let terms = &summary.terms;
        let outcome = match &summary.result {
            None => String::new(),
            Some(result) => answer::short(terms, result),
        };
        table.row([
            summary.session.short(),
            terms.title.clone(),
            terms.question.kind_name().to_owned(),
            summary.phase.to_string(),
            time(terms.bids_until),
            outcome,
        ]);
    }
    table.to_string()
}

/// What is asked before bidding ends by hand.
pub fn closing_question(detail: &SessionDetail) -> String {
    let summary = &detail.summary;
    let auction = summary.terms.question.as_auction().is_some();
    let one = if auction { "bidder" } else { "participant" };
    let bids = match summary.bidders {
        None => String::new(),
        Some(1) => format!("; 1 {one} is admitted"),
        Some(bidders) => format!("; {} {one}s are admitted", count(bidders)),
    };
    let (ends, many) = match &summary.terms.question {
        Question::Survey(_) => ("Close the survey", "answers"),
        Question::Job(_) => ("Close the job", "values"),
        _ => ("End bidding in", "bids"),
    };
    let otherwise = if summary.phase == Phase::Paused {
        format!("It is paused, and {many} could come in again once it goes on, until")
    } else {
        "It would go on until".to_owned()
    };
    format!(
        "{ends} {:?} now? {otherwise} {}{bids}. This cannot be undone.",
        clean(&summary.terms.title),
        time(summary.terms.bids_until),
    )
}

/// A point in time to the second.
pub fn time(at: Timestamp) -> String {
    let text = at.to_string();
    match text.split_once('.') {
        Some((seconds, _)) => format!("{}Z", seconds.replace('T', " ")),
        None => text,
    }
}

/// The terms, one line each.
pub fn terms(terms: &Terms) -> String {
    let question = &terms.question;
    let kind = question.kind_name();
    let mut text = format!("{}\n  kind         {kind}\n", strong(clean(&terms.title)));
    if let Some(description) = &terms.description {
        for (at, line) in wrapped(clean(description).as_str(), DESCRIPTION).iter().enumerate() {
            let label = if at == 0 { "about" } else { "" };
            let _ = writeln!(text, "  {label:<12} {line}");
        }
    }
    if let Some(auction) = question.as_auction().filter(|auction| auction.quantity > 1) {
        let (lots, pay) = (count(u64::from(auction.quantity)), all_pay(auction.kind));
        let _ = writeln!(text, "  lots         {lots} equal ones, one per bidder; {pay}");
    }
    if let Some(reserve) = question.as_auction().and_then(|auction| auction.reserve) {
        let _ = writeln!(text, "  reserve      {}", clean(&question.show(reserve)));
    }
    if let Some(secret) = question.as_auction().and_then(|auction| auction.secret_reserve.as_ref())
    {
        let name = clean(&secret.variable);
        let _ = writeln!(text, "  reserve      secret: the stored variable {name}");
    }
    if let Some(market) = question.as_market() {
        text.push_str(&market_terms(market));
    } else if let Some(survey) = question.as_survey() {
        text.push_str(&survey_terms(survey, terms.protocol));
    } else if let Some(job) = question.as_job() {
        text.push_str(&job_terms(job));
    } else {
        let maximum = question.show(question.maximum());
        let _ = writeln!(text, "  maximum      {}", clean(&maximum));
    }
    for (name, words) in question.as_auction().map(auction::Question::scores).unwrap_or_default() {
        let _ = writeln!(text, "  {name:<12} {}", clean(&words));
    }
    let _ = writeln!(text, "  who          {}", terms.admission.words());
    if let Some(auction) = question.as_auction() {
        let _ = writeln!(text, "  public       {}", auction.becomes_public());
        if let Some(lone) = auction.lone_bid() {
            let _ = writeln!(text, "  a lone bid   {lone}");
        }
    }
    let one = question.entry_words().0;
    let replace = if terms.replace_bids {
        format!("each {one} may be replaced until then")
    } else {
        format!("one {one} each")
    };
    let _ = writeln!(text, "  bids until   {}; {replace}", time(terms.bids_until));
    text.push_str(&security(terms));
    text.push('\n');
    let _ = writeln!(text, "  at most      {}", limits(&terms.limits));
    text
}

/// What a market's terms say.
fn market_terms(market: &market::Question) -> String {
    let besides = market.told_besides();
    let besides = besides.map(|line| format!("  besides      {line}\n")).unwrap_or_default();
    format!(
        "  prices       {}\n  quantities   up to {} in an order\n  \
         too much     {}\n  public       {}\n{besides}",
        clean(&market.prices_line()),
        clean(&market.show_quantity(market.maximum())),
        market.rationing_line(),
        market.becomes_public(),
    )
}

/// What a job's terms say: its field, who hands in what, the steps, and all that is opened.
fn job_terms(job: &job::Question) -> String {
    let Ok(graph) = job.graph() else { return String::new() };
    let mut text = format!("  field        {}\n", job.field);
    for (at, participant) in graph.participants.iter().enumerate() {
        let asked = graph.asked_of(at).join(", ");
        let _ = writeln!(text, "  hands in     {}: {}", clean(participant), clean(&asked));
    }
    for (at, step) in job.steps.iter().enumerate() {
        let label = if at == 0 { "steps" } else { "" };
        let (id, formula) = (clean(&step.id), step.formula());
        let _ = writeln!(text, "  {label:<12} {id:<12} {}", clean(&formula));
    }
    let revealed: Vec<&str> =
        graph.revealed().map(|variable| graph.variables[variable].name.as_str()).collect();
    let revealed = if revealed.is_empty() { "nothing".to_owned() } else { revealed.join(", ") };
    let _ = writeln!(text, "  public       {}, and who handed in", clean(&revealed));
    for (at, told) in graph.told().iter().enumerate() {
        let label = if at == 0 { "alone" } else { "" };
        let _ = writeln!(text, "  {label:<12} {}, sealed by the nodes", clean(told));
    }
    if let Some(key) = &job.client_key {
        let _ = writeln!(text, "  client       has the key {}", key.fingerprint());
    }
    text
}

/// What a survey's terms say: what is asked, and all that may be opened.
fn survey_terms(survey: &survey::Question, form: Form) -> String {
    let mut text = String::new();
    let mut say = |label: &str, said: &str| {
        for (at, line) in wrapped(&clean(said), DESCRIPTION).iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            let _ = writeln!(text, "  {label:<12} {line}");
        }
    };
    for item in 0..survey.items.len() {
        say(if item == 0 { "asks" } else { "" }, &survey.item_line(item));
    }
    if !survey.cohorts.is_empty() {
        say("cohorts", &format!("{}; {}", survey.cohorts.join(", "), survey.membership.words()));
    }
    for (at, line) in survey.opened_lines(form).iter().enumerate() {
        say(if at == 0 { "opened" } else { "" }, line);
    }
    say("withheld", &survey.withheld_line());
    text
}

/// Against whom a session is secure.
pub fn security(terms: &Terms) -> String {
    let security = terms.security();
    let what = match (security, terms.protocol) {
        (Security::Active, _) => "every gate is checked before anything is opened",
        (Security::Passive, Form::Bits) => "nodes are taken to compute what they should",
        (Security::Passive, Form::Numbers) => {
            "honest but curious: nodes of this protocol are taken to compute what they should"
        }
        (Security::Passive, Form::Sums) => {
            "nodes only add: answers are not checked, and nodes are taken to add rightly"
        }
    };
    format!("  security     {security}; {what}")
}

/// Columns of a description.
const DESCRIPTION: usize = 64;

/// A text in lines of so many columns, broken at blanks; a longer word has a line of its own.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// How much a session takes.
pub fn limits(limits: &Limits) -> String {
    let Limits { bids, name_bytes, revisions } = *limits;
    format!(
        "{} bidders, {} of one bidder, names of {name_bytes} bytes",
        count(u64::from(bids)),
        if revisions == 1 { "one bid".to_owned() } else { format!("{revisions} bids") },
    )
}

/// What the winners of several lots pay.
const fn all_pay(kind: Kind) -> &'static str {
    match kind {
        Kind::FirstPrice => "each winner pays their own bid",
        Kind::SecondPrice => "all winners pay the best losing bid",
        Kind::ReverseFirstPrice => "each winner is paid their own bid",
        Kind::ReverseSecondPrice => "all winners are paid the best losing bid",
        // There is one lot.
        Kind::Scored => "the winner is paid",
    }
}

/// Everything about a session.
pub fn detail(detail: &SessionDetail, roster: &Roster) -> String {
    let summary = &detail.summary;
    let mut text = terms(&summary.terms);
    let _ = writeln!(text, "  session      {}", summary.session);
    let _ = writeln!(
        text,
        "  nodes        {}, threshold {}",
        roster.scheme.nodes(),
        roster.scheme.threshold()
    );
    let _ = writeln!(text, "  phase        {}", strong(summary.phase));
    if let Some(reason) = &detail.reason {
        let _ = writeln!(text, "  reason       {}", clean(reason));
    }
    if let Some(shortage) = &detail.shortage
        && detail.reason.as_ref().is_none_or(|reason| reason.text != shortage.text)
    {
        let _ = writeln!(text, "  too few      {}", clean(shortage));
    }
    if !detail.waiting_for.is_empty() {
        let _ = writeln!(text, "  waiting for  {}", nodes(detail.waiting_for));
    }
    if let Some(manifest) = &detail.manifest {
        let (one, many) = summary.terms.question.entry_words();
        let _ = writeln!(
            text,
            "  manifest     {}, {}, signed by {}",
            manifest.digest.short(),
            plural(manifest.bids, one, many),
            nodes(manifest.signed_by)
        );
        text.push_str(&exclusions(&manifest.excluded));
        text.push_str(&shared_names(&manifest.shared_names));
    }
    for (phase, at) in &detail.timeline {
        let _ = writeln!(text, "  {}", faint(format!("{phase:<12} {}", time(*at))));
    }
    for attempt in &detail.attempts {
        let ended = match (&attempt.trouble, attempt.ended) {
            (Some(trouble), _) => format!("failed: {}", clean(trouble)),
            (None, Some(_)) => match &attempt.unsigned {
                Some(unsigned) => format!("done, not signed by all: {}", clean(unsigned)),
                None => "done".into(),
            },
            (None, None) => "under way".into(),
        };
        let _ = writeln!(
            text,
            "  attempt {}    nodes {}; {ended}",
            attempt.attempt, attempt.participants
        );
        if let Some((took, planned)) = spent(&attempt.cost) {
            let _ = writeln!(
                text,
                "  computed in  {took}\n  {}",
                faint(format!("planned      {planned}"))
            );
        }
    }
    if let Some(outcome) = &detail.outcome {
        text.push_str(&exclusions(&outcome.body.out_of_range));
        let answer = answer::text(&summary.terms, &outcome.body.answer);
        let signers = outcome.signatures.keys().copied().collect();
        let _ = writeln!(text, "\n{answer}\n{}", faint(format!("signed by {}", nodes(signers))));
    }
    text
}

/// What computing took at the node where it took most, and what the plan had said, each in a line.
pub fn spent(costs: &[(NodeIndex, Cost)]) -> Option<(String, String)> {
    let slower = |a: &&Cost, b: &&Cost| a.computing_seconds.total_cmp(&b.computing_seconds);
    let most = costs.iter().map(|(_, cost)| cost).max_by(slower)?;
    let line = |rounds, sent, seconds: f64| {
        let (took, rounds) = (lasting(seconds), plural(rounds, "round", "rounds"));
        format!("{took}, {rounds}, {} sent by a node", bytes(sent))
    };
    Some((
        line(most.rounds, most.bytes_sent, most.computing_seconds),
        line(most.predicted_rounds, most.predicted_bytes_sent, most.predicted_seconds),
    ))
}

/// Envelopes that did not take part.
pub fn exclusions(excluded: &[Exclusion]) -> String {
    let line = |exclusion: &Exclusion| {
        let by = if exclusion.named_by.is_empty() {
            String::new()
        } else {
            format!(" (said {})", nodes(exclusion.named_by))
        };
        format!("  excluded     {}: {}{by}\n", clean(&exclusion.bidder), exclusion.reason.explain())
    };
    excluded.iter().map(line).collect()
}

/// Names that the coordinator gave to several keys.
pub fn shared_names<'a>(names: impl IntoIterator<Item = &'a SharedName>) -> String {
    let line = |shared: &SharedName| {
        let keys: Vec<_> = shared.admitted.keys().map(ToString::to_string).collect();
        format!(
            "  name shared  {}: the coordinator gave this name to {} keys, and its signatures \
             prove it: {}\n",
            clean(&shared.bidder),
            keys.len(),
            keys.join(", ")
        )
    };
    names.into_iter().map(line).collect()
}

/// "node 2" or "nodes 1, 2 and 5".
pub fn nodes(set: crate::sharing::NodeSet) -> String {
    if set.len() == 1 { format!("node {set}") } else { format!("nodes {set}") }
}

/// A line for a phase that was entered.
pub fn phase_line(detail: &SessionDetail) -> String {
    let phase = detail.summary.phase;
    match (phase, &detail.reason) {
        (Phase::Open, reason) => {
            let until = time(detail.summary.terms.bids_until);
            let why = reason.as_ref().map(|why| format!("; it {}", clean(why)));
            format!("open until {until}{}", why.unwrap_or_default())
        }
        (_, Some(reason)) => format!("{phase}: {}", clean(reason)),
        (_, None) => phase.to_string(),
    }
}

/// What a threshold means.
pub fn privacy(scheme: Scheme) -> String {
    match scheme.threshold() {
        1 => "no node alone learns anything".into(),
        threshold => format!("any {threshold} nodes together learn nothing"),
    }
}

/// "level 3 of 7, 96 comparisons, 31 rounds, 1.2 MB".
pub fn progress_line(progress: &Progress) -> String {
    let stage = match progress.stage {
        Stage::Preparing => "unsealing shares and making keys".to_owned(),
        Stage::CheckingEntries => "checking the range of every bid".to_owned(),
        Stage::Auction(OfAuctions::Tournament) => {
            format!("level {} of {}", progress.level, progress.levels)
        }
        Stage::Auction(OfAuctions::SecondPrice) => "finding the second price".to_owned(),
        Stage::Auction(OfAuctions::Ranking) => "finding the best bids".to_owned(),
        Stage::Market(OfMarkets::Adding) => "adding up what all want at every price".to_owned(),
        Stage::Market(OfMarkets::Clearing) => "comparing supply with demand".to_owned(),
        Stage::Market(OfMarkets::Quantities) => "working out how much each trades".to_owned(),
        Stage::Survey(OfSurveys::Counting) => "counting the answers of each cohort".to_owned(),
        Stage::Survey(OfSurveys::Adding) => "adding up answers".to_owned(),
        Stage::Survey(OfSurveys::Ranking) => "putting answers in order".to_owned(),
        Stage::Job(OfJobs::Converting) => "making elements of what was handed in".to_owned(),
        Stage::Job(OfJobs::Stepping) => {
            format!("steps, level {} of {}", progress.level, progress.levels)
        }
        Stage::Opening => "opening the outcome".to_owned(),
        Stage::Done => "done".to_owned(),
    };
    format!(
        "{stage}, {}, {}, {}",
        plural(progress.comparisons, "comparison", "comparisons"),
        plural(progress.rounds, "round", "rounds"),
        bytes(progress.bytes_sent)
    )
}

#[cfg(test)]
mod tests {
    use crate::cli::view::*;
    use crate::tui::fixtures;

    #[test]
    fn progress_reads_like_a_sentence() {
        let progress = Progress {
            stage: OfAuctions::Tournament.into(),
            level: 3,
            levels: 7,
            comparisons: 96,
            rounds: 31,
            bytes_sent: 1_200_000,
            ..Progress::default()
        };
        assert_eq!(progress_line(&progress), "level 3 of 7, 96 comparisons, 31 rounds, 1.2 MB");
        let first = Progress { level: 1, comparisons: 1, rounds: 1, bytes_sent: 7, ..progress };
        assert_eq!(progress_line(&first), "level 1 of 7, 1 comparison, 1 round, 7 B");
    }

    #[test]
    fn times_are_short() {
        assert_eq!(time(Timestamp::from_millis(1_000_000_000_123)), "2001-09-09 01:46:40Z");
    }

    #[test]
    fn closing_is_asked_about_in_the_words_of_the_kind() {
        let of_file = |text: &str| {
            let file = crate::rules::SessionFile::parse(text).unwrap();
            file.terms(Timestamp::from_millis(0)).unwrap().question
        };
        for (text, asked, one) in [
            (include_str!("../../sessions/art-sale.toml"), "End bidding in", "bidder"),
            (include_str!("../../sessions/sum.toml"), "Close the survey", "participant"),
            (include_str!("../../sessions/job.toml"), "Close the job", "participant"),
        ] {
            let mut summary = fixtures::summary(1, "Lot", Phase::Open);
            summary.terms.question = of_file(text);
            summary.bidders = Some(2);
            let line = closing_question(&fixtures::detail(summary));
            let begins = format!("{asked} \"Lot\" now? It would go on until");
            assert!(line.starts_with(&begins), "{line}");
            assert!(line.contains(&format!("2 {one}s are admitted")), "{line}");
        }
    }
}
