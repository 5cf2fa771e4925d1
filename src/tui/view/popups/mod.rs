//! What lies over a screen.
//!
//! - [`help`]: the page of keys
//! - [`prints`]: digest and fingerprints, with a QR code
//! - [`palette`]: finding a command by its name
//! - [`audit`]: a session's record as it was checked, and where to write it
//! - [`confirm`]: a question before something that cannot be undone
//! - [`login`]: the form of a login
//! - [`invite`]: the form of an invitation, and its code
//! - [`form`]: what these two have in common
//! - [`approval`]: a job's signed steps, to be let run
//! - [`models`]: models, and how much material is ready for each
//! - [`batches`]: the batches of one model
//! - [`material`]: what these two have in common
//! - [`variables`]: what stays at the nodes
//! - [`new_session`]: the form of a new session

pub mod approval;
pub mod audit;
pub mod batches;
pub mod confirm;
pub mod form;
pub mod help;
pub mod invite;
pub mod login;
pub mod material;
pub mod models;
pub mod new_session;
pub mod palette;
pub mod prints;
pub mod variables;

use ratatui::layout::Rect;

use super::canvas::Canvas;

/// A wiped pane in the middle of an area; gives its inside.
pub fn over(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    (width, height): (u16, u16),
    title: &str,
    word: &str,
) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    canvas.wipe(place);
    canvas.pane_with(place, title, word, true)
}
