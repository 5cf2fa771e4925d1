//! Which file of a room uses which other, as far as `use` lines and paths tell, and whether any of
//! them form a circle. A name that a `mod.rs` passes on (`pub use`) counts as the file it is from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::source::{files, is_test_file, product};

/// A module's path below the crate, such as `["session", "record", "standing"]`.
type Module = Vec<String>;

/// The files of the crate by module, and the names that modules pass on.
pub struct Map {
    files: BTreeMap<Module, PathBuf>,
    passed_on: BTreeMap<Module, BTreeMap<String, Module>>,
}

impl Map {
    /// Read a crate's source.
    pub fn read(source: &Path) -> Self {
        let mut found = Vec::new();
        files(source, &mut found);
        let product = found.into_iter().filter(|path| !is_test_file(path));
        let files = product.map(|path| (module_of(source, &path), path)).collect();
        let mut map = Self { files, passed_on: BTreeMap::new() };
        let texts: Vec<(Module, String)> =
            map.files.iter().map(|(module, path)| (module.clone(), text_of(path))).collect();
        for (module, text) in texts {
            for (path, public) in paths(&text) {
                if let (true, Some((name, from))) = (public, path.split_last()) {
                    let from = absolute(&module, from);
                    map.passed_on.entry(module.clone()).or_default().insert(name.clone(), from);
                }
            }
        }
        map
    }

    /// The module whose file a path leads to.
    fn file_of(&self, path: &[String]) -> Option<Module> {
        let mut at = path.to_vec();
        // A name that is passed on may be passed on again; nothing is passed on for ever.
        for _ in 0..8 {
            let depth =
                (1..=at.len()).rev().find(|&depth| self.files.contains_key(&at[..depth]))?;
            let (module, rest) = at.split_at(depth);
            let from = rest.first().and_then(|name| self.passed_on.get(module)?.get(name));
            match from {
                Some(from) => at = [&from[..], rest].concat(),
                None => return Some(module.to_vec()),
            }
        }
        None
    }

    /// For every file of a room, the others of the same room that it uses.
    fn uses(&self, room: &str) -> BTreeMap<&Module, BTreeSet<Module>> {
        let of_room = |module: &Module| module.first().is_some_and(|first| first == room);
        let mut uses = BTreeMap::new();
        for (module, path) in self.files.iter().filter(|(module, _)| of_room(module)) {
            let paths = paths(&text_of(path)).into_iter().filter(|(_, public)| !public);
            let found = paths.filter_map(|(path, _)| self.file_of(&absolute(module, &path)));
            let others = found.filter(|other| of_room(other) && other != module);
            uses.insert(module, others.collect());
        }
        uses
    }

    /// The circles of a room: sets of files of which each uses the others in the end.
    pub fn circles(&self, room: &str) -> Vec<Vec<String>> {
        let uses = self.uses(room);
        let reached = |from: &Module| {
            let mut seen: BTreeSet<Module> = BTreeSet::new();
            let mut next: Vec<Module> = uses.get(from).into_iter().flatten().cloned().collect();
            while let Some(module) = next.pop() {
                if seen.insert(module.clone()) {
                    next.extend(uses.get(&module).into_iter().flatten().cloned());
                }
            }
            seen
        };
        let reach: BTreeMap<&Module, BTreeSet<Module>> =
            uses.keys().map(|&module| (module, reached(module))).collect();
        let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
        for (&module, seen) in reach.iter().filter(|(module, seen)| seen.contains(**module)) {
            let mutual = seen.iter().filter(|other| reach[other].contains(module));
            circles.insert(mutual.map(|other| other.join("::")).collect());
        }
        circles.into_iter().collect()
    }
}

fn text_of(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    let lines = product(&text).lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn module_of(source: &Path, path: &Path) -> Module {
    let inside = path.strip_prefix(source).expect("a file of the source").with_extension("");
    let mut module: Module =
        inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        module.pop();
    }
    module
}

/// A path as written in a module, from the crate's root.
fn absolute(module: &[String], path: &[String]) -> Module {
    let mut at = module.to_vec();
    for (number, part) in path.iter().enumerate() {
        match part.as_str() {
            "crate" if number == 0 => at.clear(),
            "self" if number == 0 => {}
            "super" => drop(at.pop()),
            _ => at.push(part.clone()),
        }
    }
    at
}

/// All paths that a text uses, and whether a `pub use` passes them on.
fn paths(text: &str) -> Vec<(Vec<String>, bool)> {
    let mut found = Vec::new();
    let mut rest = String::new();
    let mut statement: Option<(String, bool)> = None;
    for line in text.lines() {
        if let Some((words, _)) = &mut statement {
            words.push_str(line);
        } else if let Some((before, words)) = line.split_once("use ")
            && (before.trim().is_empty() || before.trim_start().starts_with("pub"))
        {
            statement = Some((words.to_owned(), !before.trim().is_empty()));
        } else {
            rest.push_str(line);
            rest.push('\n');
        }
        if let Some((words, public)) = statement.take_if(|(words, _)| words.contains(';')) {
            let tree = words.split(';').next().unwrap_or_default();
            found.extend(leaves(tree, &[]).into_iter().map(|path| (path, public)));
        }
    }
    for head in ["crate::", "super::"] {
        for (at, _) in rest.match_indices(head) {
            let end = rest[at..].find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
            let path = &rest[at..end.map_or(rest.len(), |end| at + end)];
            found.push((path.split("::").map(str::to_owned).collect(), false));
        }
    }
    found
}

/// The leaves of a `use` tree.
fn leaves(tree: &str, before: &[String]) -> Vec<Vec<String>> {
    let name = |part: &str| part.split(" as ").next().unwrap_or_default().trim().to_owned();
    let Some((head, rest)) = tree.split_once('{') else {
        let parts = tree.split("::").map(name).filter(|part| !part.is_empty() && part != "*");
        let path: Vec<String> = before.iter().cloned().chain(parts).collect();
        return if path.is_empty() { Vec::new() } else { vec![path] };
    };
    let parts = head.split("::").map(name).filter(|part| !part.is_empty());
    let before: Vec<String> = before.iter().cloned().chain(parts).collect();
    let inside = rest.rsplit_once('}').map_or(rest, |(inside, _)| inside);
    let mut found = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, c) in inside.char_indices().chain([(inside.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.extend(leaves(&inside[start..at], &before));
                start = (at + 1).min(inside.len());
            }
            _ => {}
        }
    }
    found
}

#[test]
fn a_circle_is_seen_through_what_is_passed_on() {
    let folder = std::env::temp_dir().join(format!("gavel-circles-{}", std::process::id()));
    let room = folder.join("room");
    fs::create_dir_all(&room).expect("a folder");
    let write = |name: &str, text: &str| fs::write(room.join(name), text).expect("a file");
    write("mod.rs", "mod a;\nmod b;\nmod c;\npub use b::{Other, Second as Alias};\n");
    write("a.rs", "use super::{\n    Other, c::Third,\n};\n");
    write("b.rs", "fn f() { crate::room::a::g() }\n");
    write("c.rs", "#[cfg(test)]\nmod tests {\nuse crate::room::a::G;\n}\n");
    let circles = Map::read(&folder).circles("room");
    fs::remove_dir_all(&folder).expect("the folder goes");
    assert_eq!(circles, [["room::a", "room::b"]]);
}
