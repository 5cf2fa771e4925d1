//! A signed score as a file holds it: what `gavel score` writes, and what comes with a bid.

use crate::rules::Terms;
use crate::session::carried::{self, ScoreError};
use crate::session::scoring::SignedScore;

/// Most bytes of such a file.
pub const MOST_BYTES: usize = 64 << 10;

/// Why a file is no score that counts in a session.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScoreFileError {
    /// Not a score.
    #[error("this is no signed score, as `gavel score` writes them: {0}")]
    Syntax(String),
    /// One that does not count.
    #[error(transparent)]
    Score(#[from] ScoreError),
}

/// Read a score and check it against the terms. Whether it is for the participant's own key is checked
/// when the entry is sealed.
///
/// # Errors
/// Says what is wrong with it.
pub fn read(text: &str, terms: &Terms) -> Result<SignedScore, ScoreFileError> {
    if text.len() > MOST_BYTES {
        return Err(ScoreFileError::Syntax("it is too long".to_owned()));
    }
    let signed: SignedScore =
        serde_json::from_str(text).map_err(|error| ScoreFileError::Syntax(error.to_string()))?;
    carried::check(terms, &signed.score.client, Some(&signed))?;
    Ok(signed)
}

#[cfg(test)]
mod tests {
    use crate::client::score::*;
    use crate::identity::KeyPair;
    use crate::rules::auction::Pays;
    use crate::testkit::scores;

    #[test]
    fn a_file_is_read_and_checked_against_the_terms() {
        let (terms, ada) = (scores::terms(Pays::Own, 1000, 50), KeyPair::from_secret(&[1; 32]));
        let signed = scores::signed(&ada, 512, 1);
        let text = serde_json::to_string_pretty(&signed).unwrap();
        assert_eq!(read(&text, &terms), Ok(signed));
        assert!(matches!(read("0.9", &terms), Err(ScoreFileError::Syntax(_))));
        let typed = text.replace("512", "1024");
        assert!(matches!(
            read(&typed, &terms),
            Err(ScoreFileError::Score(ScoreError::Signature(_)))
        ));
        assert!(matches!(
            read(&" ".repeat(MOST_BYTES + 1), &terms),
            Err(ScoreFileError::Syntax(_))
        ));
    }
}
