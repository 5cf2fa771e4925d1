use secrecy::ExposeSecret as _;

use crate::cli::options::*;

#[test]
fn the_first_line_of_a_file_is_the_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("passphrase");
    std::fs::write(&path, "correct horse\nsecond line\n").unwrap();
    let option = PassphraseOption { passphrase_file: Some(path), ..PassphraseOption::default() };
    assert_eq!(option.given().unwrap().unwrap().expose_secret(), "correct horse");
}
