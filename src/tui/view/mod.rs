//! Drawing the state.
//!
//! - [`draw`]: the whole frame
//! - [`screens`]: the six screens
//! - [`popups`]: what lies over a screen
//! - [`table`]: columns and rows of lists
//! - [`canvas`]: the part of the frame being drawn, and what drawing finds out
//! - [`text`]: widths and figures
//! - [`theme`]: colours by role, and glyphs

pub mod canvas;
pub mod draw;
pub mod popups;
pub mod screens;
pub mod table;
pub mod text;
pub mod theme;

#[cfg(test)]
pub(crate) mod people_tests;
#[cfg(test)]
pub(crate) mod snapshot_tests;

#[cfg(test)]
mod job_tests;

#[cfg(test)]
mod market_tests;

#[cfg(test)]
mod scored_tests;
#[cfg(test)]
mod stock_tests;
#[cfg(test)]
mod survey_tests;

#[cfg(test)]
mod layout_tests;
