//! A line that takes typed text. What it holds is wiped when it goes, as it may be a bid.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use zeroize::Zeroizing;

use crate::base::text::clean;

/// Most characters that a field takes.
const LONGEST: usize = 400;

/// Typed text and the cursor in it.
#[derive(Default)]
pub struct Field {
    text: Zeroizing<String>,
    /// In characters from the start.
    cursor: usize,
    secret: bool,
}

impl Field {
    /// A field with a text in it, the cursor behind it.
    pub fn new(text: &str) -> Self {
        let mut field = Self::default();
        field.paste(text);
        field
    }

    /// A field whose text has room from the start, so that no copy of it is left behind when it
    /// grows.
    pub fn secret() -> Self {
        Self { text: Zeroizing::new(String::with_capacity(4 * LONGEST)), cursor: 0, secret: true }
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The cursor, in characters from the start.
    pub const fn cursor(&self) -> usize {
        self.cursor
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Forget the text.
    pub fn clear(&mut self) {
        *self = if self.secret { Self::secret() } else { Self::default() };
    }

    /// Put another text in.
    pub fn set(&mut self, text: &str) {
        self.clear();
        self.paste(text);
    }

    /// Pasted text, on one line and cleaned.
    pub fn paste(&mut self, text: &str) {
        if self.secret {
            // Straight in: a cleaned copy would stay in memory.
            for character in text.trim().chars().filter(|character| !character.is_control()) {
                self.insert(character);
            }
            return;
        }
        for character in clean(text).as_str().chars() {
            self.insert(character);
        }
    }

    fn insert(&mut self, character: char) {
        if self.text.chars().count() < LONGEST {
            let at = self.byte(self.cursor);
            self.text.insert(at, character);
            self.cursor += 1;
        }
    }

    fn byte(&self, position: usize) -> usize {
        self.text.char_indices().nth(position).map_or(self.text.len(), |(at, _)| at)
    }

    fn remove(&mut self, position: usize) {
        if position < self.text.chars().count() {
            let at = self.byte(position);
            self.text.remove(at);
        }
    }

    /// Take a key; `false` when it is none of the field's.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let other = key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER);
        let length = self.text.chars().count();
        match key.code {
            _ if other => return false,
            KeyCode::Char('u') if control => self.clear(),
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = length,
            KeyCode::Char('w') if control => {
                while self.cursor > 0 && self.before() == Some(' ') {
                    self.backspace();
                }
                while self.cursor > 0 && self.before() != Some(' ') {
                    self.backspace();
                }
            }
            KeyCode::Char(_) if control => return false,
            KeyCode::Char(character) => {
                if !clean(character.encode_utf8(&mut [0; 4])).is_empty() || character == ' ' {
                    self.insert(character);
                }
            }
            KeyCode::Backspace => self.backspace(),
            KeyCode::Delete => self.remove(self.cursor),
            KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Right => self.cursor = (self.cursor + 1).min(length),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = length,
            _ => return false,
        }
        true
    }

    fn before(&self) -> Option<char> {
        self.text.chars().nth(self.cursor.checked_sub(1)?)
    }

    fn backspace(&mut self) {
        if self.cursor > 0 {
            self.cursor -= 1;
            self.remove(self.cursor);
        }
    }
}

impl Clone for Field {
    /// A copy; one of a secret field is empty.
    fn clone(&self) -> Self {
        if self.secret { Self::secret() } else { Self::new(&self.text) }
    }
}

#[cfg(test)]
mod tests {
    use crate::tui::state::field::*;

    fn press(field: &mut Field, code: KeyCode, modifiers: KeyModifiers) -> bool {
        field.key(KeyEvent::new(code, modifiers))
    }

    #[test]
    fn text_is_typed_and_edited_in_the_middle() {
        let mut field = Field::new("ab");
        assert!(press(&mut field, KeyCode::Left, KeyModifiers::NONE));
        assert!(press(&mut field, KeyCode::Char('日'), KeyModifiers::NONE));
        assert_eq!((field.text(), field.cursor()), ("a日b", 2));
        assert!(press(&mut field, KeyCode::Delete, KeyModifiers::NONE));
        assert!(press(&mut field, KeyCode::Backspace, KeyModifiers::NONE));
        assert_eq!(field.text(), "a");
        assert!(!press(&mut field, KeyCode::Enter, KeyModifiers::NONE));
        assert!(!press(&mut field, KeyCode::Char('x'), KeyModifiers::CONTROL));
    }

    #[test]
    fn words_and_lines_are_taken_back() {
        let mut field = Field::new("one two ");
        press(&mut field, KeyCode::Char('w'), KeyModifiers::CONTROL);
        assert_eq!(field.text(), "one ");
        press(&mut field, KeyCode::Char('u'), KeyModifiers::CONTROL);
        assert!(field.is_empty());
    }

    #[test]
    fn control_characters_are_not_pasted() {
        assert_eq!(Field::new("a\u{1b}[2J\nb").text(), "a\u{fffd}[2J b");
        let mut secret = Field::secret();
        secret.paste(" 12\u{1b}40\n");
        assert_eq!(secret.text(), "1240");
        assert_eq!(secret.clone().text(), "");
    }
}
