//! Names that people go by: one way to write each, and none that looks like another.
//!
//! A name is an identifier to the program and a picture to its readers. So that the two agree, a
//! name is in Unicode's composed form (NFC), has only characters that Unicode recommends for
//! identifiers (UTS 39) or that every keyboard has, and does not mix alphabets that share letters'
//! looks, as Latin and Cyrillic do. What names may still have in common (case, letters of one
//! alphabet that look like those of another, 0 and O) is in [`look`]: of names with the same look
//! only one is admitted.

use unicode_normalization::{UnicodeNormalization as _, is_nfc};
use unicode_security::confusable_detection::skeleton;
use unicode_security::general_security_profile::GeneralSecurityProfile as _;
use unicode_security::restriction_level::{RestrictionLevel, RestrictionLevelDetection as _};

use super::text::{TextError, check_text};

/// Why a name is refused. Each says what to change.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NameError {
    /// Not fit to show.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Accents and letters apart that have a common character.
    #[error("{field} is not in Unicode's composed form (NFC); type it anew")]
    Form {
        /// Which name.
        field: &'static str,
    },
    /// A character that names do not need.
    #[error(
        "{field} has the character U+{:04X}, which is not one of those for names; leave it out",
        *.character as u32
    )]
    Character {
        /// Which name.
        field: &'static str,
        /// The first of them.
        character: char,
    },
    /// Letters of alphabets that can be taken for one another.
    #[error("{field} mixes letters of several alphabets that look alike; write it in one of them")]
    Alphabets {
        /// Which name.
        field: &'static str,
    },
    /// Longer than the session allows.
    #[error("the bidder's name takes {got} bytes where this session allows {most}; shorten it")]
    Bytes {
        /// As the terms say.
        most: usize,
        /// What it takes.
        got: usize,
    },
}

/// Punctuation beyond ASCII that names have.
const PUNCTUATION: &[char] =
    &['’', '‘', '“', '”', '–', '—', '·', '«', '»', '№', '°', '§', '€', '£'];

fn belongs(character: char) -> bool {
    character == ' '
        || character.is_ascii_graphic()
        || character.identifier_allowed()
        || PUNCTUATION.contains(&character)
}

/// A name that is fit to show, in its one form, and of one alphabet or of several that go together.
///
/// # Errors
/// Names the first rule that is broken; `field` says which name it is.
pub fn check_name(field: &'static str, name: &str) -> Result<(), NameError> {
    check_text(field, name)?;
    if name.is_ascii() {
        return Ok(());
    }
    if !is_nfc(name) {
        return Err(NameError::Form { field });
    }
    if let Some(character) = name.chars().find(|character| !belongs(*character)) {
        return Err(NameError::Character { field, character });
    }
    let letters: String = name.chars().filter(|character| character.identifier_allowed()).collect();
    if letters.as_str().check_restriction_level(RestrictionLevel::HighlyRestrictive) {
        Ok(())
    } else {
        Err(NameError::Alphabets { field })
    }
}

/// A typed name in the form that [`check_name`] asks for, where it has one.
pub fn normal(name: &str) -> String {
    name.trim().nfc().collect()
}

/// What a name looks like at a glance: names with the same look can be taken for one another. Not
/// for showing.
pub fn look(name: &str) -> String {
    let folded = name.nfkc().collect::<String>().to_lowercase();
    let plain = skeleton(&folded).collect::<String>().to_lowercase();
    // Upper case I is lower case l, and blanks are easily overlooked.
    let plain = plain.chars().filter(|character| !character.is_whitespace());
    plain.map(|character| if character == 'i' { 'l' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use crate::base::name::*;

    fn refused(name: &str) -> String {
        check_name("the name", name).unwrap_err().to_string()
    }

    #[test]
    fn names_of_all_kinds_of_people_pass() {
        for name in [
            "ada",
            "Ada Lovelace",
            "O'Neill & Sons (Ltd.)",
            "O’Neill",
            "Müller-Lüdenscheidt",
            "José Ångström",
            "Žižek Łódź",
            "Дмитрий Менделеев",
            "Ελένη",
            "山田太郎 Yamada",
            "やまだ タロウ",
            "김철수",
            "محمد",
            "שלום",
            "राम",
            "Nguyễn Văn",
            "bidder 0001",
        ] {
            assert_eq!(check_name("the name", name), Ok(()), "{name}");
            assert_eq!(normal(name), name);
        }
    }

    #[test]
    fn names_that_hide_something_do_not() {
        assert!(refused("a\u{200b}da").contains("U+200B"), "zero width");
        assert!(refused("\u{202e}ada").contains("U+202E"), "direction");
        assert!(refused("ada\u{2066}x\u{2069}").contains("U+2066"), "isolate");
        assert!(refused("Jose\u{301}").contains("composed form"));
        assert!(refused("\u{430}da").contains("alphabets"), "a Cyrillic a");
        assert!(refused("ad\u{3b1}").contains("alphabets"), "a Greek alpha");
        assert!(refused("\u{ff21}da").contains("U+FF21"), "a wide A");
        assert!(refused("ada\u{e000}").contains("U+E000"), "a private character");
        assert!(refused("ada  lovelace").contains("blanks"));
        assert!(refused("ada\u{a0}lovelace").contains("blanks"));
        assert!(refused("\u{1f3a8} gallery").contains("U+1F3A8"), "a picture");
        assert!(refused("").contains("characters"));
    }

    #[test]
    fn names_that_can_be_taken_for_one_another_look_the_same() {
        for (one, other) in [
            ("ada", "Ada"),
            ("ADA", "ada"),
            ("ada", "\u{430}d\u{430}"),
            ("scope", "\u{455}\u{441}\u{43e}\u{440}\u{435}"),
            ("bidder 10", "bidder lO"),
            ("Ian", "lan"),
            ("paypal", "PayPaI"),
            ("modern", "modem"),
            ("Jose\u{301}", "Jos\u{e9}"),
            ("Ada Lovelace", "AdaLovelace"),
            ("STRASSE", "strasse"),
        ] {
            assert_eq!(look(one), look(other), "{one} and {other}");
        }
        for (one, other) in
            [("ada", "bob"), ("bidder 1", "bidder 2"), ("José", "Jose"), ("Дмитрий", "Dmitri")]
        {
            assert_ne!(look(one), look(other), "{one} and {other}");
        }
    }

    #[test]
    fn typed_names_are_put_into_their_form() {
        assert_eq!(normal(" Jose\u{301} "), "Jos\u{e9}");
    }
}
