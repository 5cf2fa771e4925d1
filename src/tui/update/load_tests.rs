//! What nodes take of their machines, on the screen of the nodes.

use super::action::News;
use super::update;
use crate::tui::fixtures::{self, health};
use crate::tui::state::screen::Screen;
use crate::tui::view::snapshot_tests::shown;
use crate::wire::node_api::Usage;

#[test]
fn memory_processor_and_disk_show_with_their_hour() {
    let mut model = fixtures::normal();
    for minute in 0..5_i64 {
        let mut health = health(&[]);
        for status in &mut health.nodes {
            status.last_seen = status.last_seen.map(|at| at.plus_millis(minute * 60_000));
            if let Some(health) = &mut status.health {
                health.usage = Some(Usage {
                    memory_bytes: Some(40_000_000 + 10_000_000 * minute.unsigned_abs()),
                    processor_permille: Some(125),
                    disk_free_bytes: None,
                });
            }
        }
        update(&mut model, News::Health(Box::new(health), 800));
    }
    model.ui.screen = Screen::Nodes;
    let small = shown(&mut model, (80, 24));
    assert!(small.contains("memory 80.0 MB, processor 12.5 %, disk unknown"), "{small}");
    let large = shown(&mut model, (140, 45));
    assert!(large.contains("memory") && large.contains("80.0 MB"), "{large}");
    assert!(large.contains("▅▆▇█"), "{large}");
    assert!(large.contains("the worst of each minute"), "{large}");
    // The links are there all the same.
    assert!(small.contains("round trip") && large.contains("  to  "), "{small}");
    model.ascii = true;
    assert!(shown(&mut model, (140, 45)).is_ascii());
}
