//! A text as a QR code, in lines of block characters: two rows of squares to a line.

use qrcode::{Color, EcLevel, QrCode};

/// Squares of light around a code, by which readers find it.
const MARGIN: usize = 2;

/// Which squares are drawn in the colour of the text; the others show what is behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ink {
    /// The dark ones: dark text on a light ground.
    Dark,
    /// The light ones: light text on a dark ground.
    Light,
}

/// The code's lines, all of the same width; none where the text is too long for a code.
pub fn lines(text: &str, ink: Ink) -> Option<Vec<String>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let width = code.width();
    let squares = code.to_colors();
    let side = width + 2 * MARGIN;
    let dark = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(MARGIN).filter(|at| *at < width);
        let (Some(x), Some(y)) = (inside(x), inside(y)) else { return false };
        squares.get(y * width + x) == Some(&Color::Dark)
    };
    let filled = |x: usize, y: usize| y < side && dark(x, y) == (ink == Ink::Dark);
    let pair = |x: usize, y: usize| match (filled(x, y), filled(x, y + 1)) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    };
    Some((0..side).step_by(2).map(|y| (0..side).map(|x| pair(x, y)).collect()).collect())
}

#[cfg(test)]
mod tests {
    use crate::base::qr::*;

    /// A digest as it is put into a code.
    const DIGEST: &str = "00FF10EE20DD30CC40BB50AA60997088078F169E25AD34BC43CB52DA61E970F8";

    /// The squares of lines again: whether each has ink.
    fn squares(lines: &[String]) -> Vec<Vec<bool>> {
        let halves = |line: &String, top: bool| {
            let has = |c: char| c == '█' || c == if top { '▀' } else { '▄' };
            line.chars().map(has).collect::<Vec<bool>>()
        };
        lines.iter().flat_map(|line| [halves(line, true), halves(line, false)]).collect()
    }

    #[test]
    fn a_digest_fits_beside_a_list_on_a_small_terminal() {
        for ink in [Ink::Dark, Ink::Light] {
            let lines = lines(DIGEST, ink).unwrap();
            assert_eq!(lines.len(), 17);
            assert!(lines.iter().all(|line| line.chars().count() == 33));
        }
    }

    #[test]
    fn every_square_is_the_codes_own() {
        let code = QrCode::with_error_correction_level(DIGEST, EcLevel::L).unwrap();
        let drawn = squares(&lines(DIGEST, Ink::Dark).unwrap());
        let light = squares(&lines(DIGEST, Ink::Light).unwrap());
        for y in 0..33 {
            for x in 0..33 {
                let inside = (2..31).contains(&x) && (2..31).contains(&y);
                let dark = inside && code[(x - 2, y - 2)] == Color::Dark;
                assert_eq!((drawn[y][x], light[y][x]), (dark, !dark), "{x} {y}");
            }
        }
        // The mark in the corner that readers look for: seven squares, a gap, then the code.
        assert!(drawn[2][2..9].iter().all(|dark| *dark) && !drawn[2][9]);
    }

    #[test]
    fn what_is_too_long_has_no_code() {
        assert!(lines(&"x".repeat(4000), Ink::Dark).is_none());
    }
}
