//! `gavel bench intake`: every bid is in, every receipt is there, the outcome is right.

use crate::common::ok;

#[test]
fn a_small_flood_is_taken_whole() {
    let home = tempfile::tempdir().unwrap();
    for connections in ["0", "2"] {
        let words = ["bench", "intake", "--bids", "30", "--at-once", "8", "--seed", "7"];
        let report = ok(home.path(), &[&words[..], &["--connections", connections]].concat());
        assert_eq!(report["correct"], true, "{report}");
        assert_eq!((&report["refused"], &report["receipts"]), (&0.into(), &90.into()), "{report}");
        assert!(report["troubles"].as_object().unwrap().is_empty(), "{report}");
        assert!(report["bids_per_minute"].as_f64().unwrap() > 0.0);
        let servers = report["servers"].as_array().unwrap();
        let names: Vec<&str> =
            servers.iter().map(|server| server["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["node 1", "node 2", "node 3", "coordinator"]);
        for server in servers {
            assert!(server["disk_bytes"].as_u64().unwrap() > 10_000, "{server}");
            if cfg!(target_os = "linux") {
                assert!(server["peak_memory_bytes"].as_u64().unwrap() > 1 << 20, "{server}");
            }
        }
    }
}
