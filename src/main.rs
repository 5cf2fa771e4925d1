//! gavel
fn main() {}
