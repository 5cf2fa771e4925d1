//! Colours by role, and the glyphs that are drawn.
//!
//! Screens name a [`Role`], never a colour. Without colour the roles differ by bold, dim,
//! underlined and reversed text only; every state is told by a word or a glyph as well.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

use crate::tui::state::theme::Theme;

/// What a piece of the screen is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// Labels and what matters less.
    Muted,
    /// Titles of panes.
    Title,
    /// Frames.
    Border,
    /// The frame of the pane that has the keys.
    Focus,
    /// The selected row.
    Selected,
    /// Done, well, connected.
    Good,
    /// Under way, or worth a look.
    Warn,
    /// Wrong, lost, refused.
    Bad,
    /// What the eye should find first.
    Accent,
    /// Keys in hints.
    Key,
    /// What cannot be done now.
    Disabled,
    /// A field that takes text.
    Input,
    /// Headings of columns.
    Head,
    /// The bar at the top.
    Bar,
    /// The tab that is shown.
    Tab,
}

/// How a role looks in a theme.
pub fn style(theme: Theme, role: Role) -> Style {
    match theme {
        Theme::Dark => tinted(role, [252, 245, 255, 239, 109, 114, 179, 203, 116, 240, 236, 235]),
        Theme::Light => tinted(role, [235, 242, 232, 250, 25, 28, 130, 160, 25, 249, 254, 254]),
        Theme::HighContrast => strong(role),
        Theme::NoColour => plain(role),
    }
}

/// Text, muted, title, border, focus, good, warn, bad, accent, disabled, selected's ground, bar's.
fn tinted(role: Role, colours: [u8; 12]) -> Style {
    let [text, muted, title, border, focus, good, warn, bad, accent, disabled, ground, bar] =
        colours;
    let fore = |colour| Style::new().fg(Color::Indexed(colour));
    match role {
        Role::Text => Style::new(),
        Role::Muted | Role::Head => fore(muted),
        Role::Title => fore(title).add_modifier(Modifier::BOLD),
        Role::Border => fore(border),
        Role::Focus => fore(focus),
        Role::Selected => fore(title).bg(Color::Indexed(ground)).add_modifier(Modifier::BOLD),
        Role::Good => fore(good),
        Role::Warn => fore(warn),
        Role::Bad => fore(bad),
        Role::Accent => fore(accent).add_modifier(Modifier::BOLD),
        Role::Key => fore(accent),
        Role::Disabled => fore(disabled),
        Role::Input => fore(title).bg(Color::Indexed(ground)),
        Role::Bar => fore(text).bg(Color::Indexed(bar)),
        Role::Tab => fore(accent)
            .bg(Color::Indexed(bar))
            .add_modifier(Modifier::BOLD.union(Modifier::UNDERLINED)),
    }
}

fn strong(role: Role) -> Style {
    let fore = |colour| Style::new().fg(colour).add_modifier(Modifier::BOLD);
    match role {
        Role::Text => Style::new(),
        Role::Muted | Role::Border => Style::new().fg(Color::White),
        Role::Title | Role::Head => fore(Color::White),
        Role::Focus | Role::Key | Role::Accent => fore(Color::LightCyan),
        Role::Selected => {
            Style::new().fg(Color::Black).bg(Color::LightYellow).add_modifier(Modifier::BOLD)
        }
        Role::Good => fore(Color::LightGreen),
        Role::Warn => fore(Color::LightYellow),
        Role::Bad => fore(Color::LightRed),
        Role::Disabled => Style::new().fg(Color::Gray).add_modifier(Modifier::CROSSED_OUT),
        Role::Input => Style::new().fg(Color::Black).bg(Color::White),
        Role::Bar => Style::new().fg(Color::White).add_modifier(Modifier::REVERSED),
        Role::Tab => {
            Style::new().fg(Color::Black).bg(Color::LightCyan).add_modifier(Modifier::BOLD)
        }
    }
}

fn plain(role: Role) -> Style {
    let with = |modifier| Style::new().add_modifier(modifier);
    match role {
        Role::Text | Role::Border => Style::new(),
        Role::Muted | Role::Disabled => with(Modifier::DIM),
        Role::Title | Role::Focus | Role::Key | Role::Good | Role::Accent | Role::Bad => {
            with(Modifier::BOLD)
        }
        Role::Warn => with(Modifier::ITALIC),
        Role::Head | Role::Input => with(Modifier::UNDERLINED),
        Role::Selected | Role::Bar => with(Modifier::REVERSED),
        Role::Tab => with(Modifier::BOLD.union(Modifier::UNDERLINED)),
    }
}

/// The glyphs that are drawn.
#[derive(Debug)]
pub struct Glyphs {
    /// Something is there.
    pub dot: &'static str,
    /// Something is not there.
    pub ring: &'static str,
    /// Done.
    pub tick: &'static str,
    /// Wrong.
    pub cross: &'static str,
    /// Not known, or not yet.
    pub blank: &'static str,
    /// Leads to.
    pub arrow: &'static str,
    /// Needs a person.
    pub alert: &'static str,
    /// Not known.
    pub unknown: &'static str,
    /// Points at the selected row.
    pub pointer: &'static str,
    /// Text goes on.
    pub ellipsis: &'static str,
    /// Between two pieces of a line.
    pub middle: &'static str,
    /// Filled part of a bar.
    pub full: &'static str,
    /// Empty part of a bar.
    pub empty: &'static str,
    /// A hidden character.
    pub hidden: &'static str,
    /// The cursor of a field.
    pub cursor: &'static str,
    /// Sorted upwards, more above.
    pub up: &'static str,
    /// Sorted downwards, more below.
    pub down: &'static str,
    /// A horizontal line.
    pub line: &'static str,
    /// Levels of a sparkline, the lowest first.
    pub spark: [&'static str; 8],
    /// Halves of a block: upper, lower, both; `None` where there are none.
    pub halves: Option<[&'static str; 3]>,
    /// Frames of panes.
    pub border: border::Set<'static>,
}

/// Glyphs of a terminal with Unicode.
pub static UNICODE: Glyphs = Glyphs {
    dot: "●",
    ring: "○",
    tick: "✓",
    cross: "✗",
    blank: "·",
    arrow: "→",
    alert: "!",
    unknown: "?",
    pointer: "▸",
    ellipsis: "…",
    middle: "·",
    full: "█",
    empty: "░",
    hidden: "•",
    cursor: "▏",
    up: "▲",
    down: "▼",
    line: "─",
    spark: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    halves: Some(["▀", "▄", "█"]),
    border: border::ROUNDED,
};

/// Glyphs of a terminal that knows ASCII only.
pub static ASCII: Glyphs = Glyphs {
    dot: "*",
    ring: "o",
    tick: "+",
    cross: "x",
    blank: ".",
    arrow: "->",
    alert: "!",
    unknown: "?",
    pointer: ">",
    ellipsis: "~",
    middle: "-",
    full: "#",
    empty: ".",
    hidden: "*",
    cursor: "_",
    up: "^",
    down: "v",
    line: "-",
    spark: ["_", ".", ",", "-", "~", "=", "+", "#"],
    halves: None,
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
};

#[cfg(test)]
mod tests {
    use crate::tui::view::theme::*;

    #[test]
    fn without_colour_there_is_no_colour() {
        use Role::*;
        for role in [
            Text, Muted, Title, Border, Focus, Selected, Good, Warn, Bad, Accent, Key, Disabled,
            Input, Head, Bar, Tab,
        ] {
            let style = style(Theme::NoColour, role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }

    #[test]
    fn ascii_glyphs_are_ascii() {
        let glyphs = format!("{ASCII:?}");
        assert!(glyphs.is_ascii(), "{glyphs}");
    }
}
