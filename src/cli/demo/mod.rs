//! A whole auction on this machine. Real keys, servers, storage, sealed bids and streams, in a
//! folder of its own; the record is checked offline at the end.
//!
//! - [`folder`]: where it lives
//! - [`world`]: keys, roster and servers
//! - [`players`]: the bidders
//! - [`entries`]: what a demo of a market, a survey or a scored auction knows besides
//! - [`prelude`]: what comes before a session
//! - [`stored`]: what a file has stored before
//! - [`parties`]: a model's owner and its clients, as processes
//! - [`rated`]: bidders who have their sheets scored before a scored auction
//! - [`follow`]: closing, and waiting until the session is settled
//! - [`scored`]: a sheet scored by a model, instead of a session
//! - [`report`]: the result
//! - [`stages`]: how long each stage took
//! - [`headless`]: played with progress on standard error
//! - [`show`]: played on the screens
//! - [`schedule`]: when what happens there
//! - [`story`]: what is said of it, a line at a time

pub mod entries;
pub mod folder;
pub mod follow;
pub mod headless;
pub mod parties;
pub mod players;
pub mod prelude;
pub mod rated;
pub mod report;
pub mod schedule;
pub mod scored;
pub mod show;
pub mod stages;
pub mod stored;
pub mod story;
pub mod world;
