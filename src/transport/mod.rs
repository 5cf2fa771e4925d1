//! transport

pub mod memory;
