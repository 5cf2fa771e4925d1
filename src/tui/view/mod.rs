//! What is seen.
//!
//! - [`text`]: widths and figures
//! - [`theme`]: colours by role, glyphs
//! - [`canvas`]: the frame being drawn, and what drawing finds out
//! - [`table`]: columns and rows of lists
//! - [`screens`], [`popups`]: the five screens, and what lies over them
//! - [`draw`]: the whole of it

pub mod canvas;
pub mod draw;
pub mod popups;
pub mod screens;
pub mod table;
pub mod text;
pub mod theme;

#[cfg(test)]
pub(crate) mod snapshot_tests;
