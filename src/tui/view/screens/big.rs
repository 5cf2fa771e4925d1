//! Large letters, for results that should be read from across the room.

use super::super::theme::Glyphs;

/// Rows of a letter.
const ROWS: usize = 5;

/// The letters, five rows each, `#` where there is ink.
const FONT: [(char, [&str; ROWS]); 26] = [
    ('0', ["###", "# #", "# #", "# #", "###"]),
    ('1', [" # ", "## ", " # ", " # ", "###"]),
    ('2', ["###", "  #", "###", "#  ", "###"]),
    ('3', ["###", "  #", "###", "  #", "###"]),
    ('4', ["# #", "# #", "###", "  #", "  #"]),
    ('5', ["###", "#  ", "###", "  #", "###"]),
    ('6', ["###", "#  ", "###", "# #", "###"]),
    ('7', ["###", "  #", "  #", " # ", " # "]),
    ('8', ["###", "# #", "###", "# #", "###"]),
    ('9', ["###", "# #", "###", "  #", "###"]),
    ('.', ["  ", "  ", "  ", "  ", "# "]),
    (' ', ["  ", "  ", "  ", "  ", "  "]),
    ('A', [" ## ", "#  #", "####", "#  #", "#  #"]),
    ('C', [" ###", "#   ", "#   ", "#   ", " ###"]),
    ('D', ["### ", "#  #", "#  #", "#  #", "### "]),
    ('E', ["####", "#   ", "### ", "#   ", "####"]),
    ('I', ["###", " # ", " # ", " # ", "###"]),
    ('L', ["#   ", "#   ", "#   ", "#   ", "####"]),
    ('N', ["#  #", "## #", "# ##", "#  #", "#  #"]),
    ('O', [" ## ", "#  #", "#  #", "#  #", " ## "]),
    ('P', ["### ", "#  #", "### ", "#   ", "#   "]),
    ('R', ["### ", "#  #", "### ", "# # ", "#  #"]),
    ('S', [" ###", "#   ", " ## ", "   #", "### "]),
    ('T', ["#####", "  #  ", "  #  ", "  #  ", "  #  "]),
    ('V', ["#   #", "#   #", " # # ", " # # ", "  #  "]),
    ('W', ["#   #", "#   #", "# # #", "## ##", "#   #"]),
];

/// A text in large letters: three rows with half blocks, five without. `None` when a character has
/// no large form.
pub fn large(text: &str, glyphs: &Glyphs) -> Option<Vec<String>> {
    let mut rows = vec![String::new(); ROWS];
    for character in text.chars() {
        let (_, letter) = FONT.iter().find(|(known, _)| *known == character)?;
        for (row, ink) in rows.iter_mut().zip(letter) {
            if !row.is_empty() {
                row.push(' ');
            }
            row.push_str(ink);
        }
    }
    let Some([upper, lower, both]) = glyphs.halves else {
        return Some(rows.iter().map(|row| row.replace('#', glyphs.full)).collect());
    };
    let ink = |row: usize, column: usize| {
        rows.get(row).and_then(|row| row.as_bytes().get(column)) == Some(&b'#')
    };
    let width = rows[0].len();
    let half = |row: usize| {
        (0..width)
            .map(|column| match (ink(2 * row, column), ink(2 * row + 1, column)) {
                (true, true) => both,
                (true, false) => upper,
                (false, true) => lower,
                (false, false) => " ",
            })
            .collect()
    };
    Some((0..ROWS.div_ceil(2)).map(half).collect())
}

#[cfg(test)]
mod tests {
    use super::super::super::theme::{ASCII, UNICODE};
    use crate::tui::view::screens::big::*;

    #[test]
    fn letters_of_one_row_are_equally_wide() {
        for (letter, rows) in FONT {
            assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{letter}");
        }
    }

    #[test]
    fn results_can_be_written_large() {
        for text in [
            "SOLD",
            "NO SALE",
            "AWARDED",
            "NO AWARD",
            "CLEARED",
            "NO PRICE",
            "1 240.50",
            "9876543210",
        ] {
            assert_eq!(large(text, &ASCII).unwrap().len(), 5);
            assert_eq!(large(text, &UNICODE).unwrap().len(), 3);
        }
        assert_eq!(large("12 €", &UNICODE), None);
        assert_eq!(large("1", &UNICODE).unwrap(), ["▄█ ", " █ ", "▀▀▀"]);
    }
}
