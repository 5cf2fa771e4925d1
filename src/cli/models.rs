//! The models of a home: their files read, their weights kept.
//!
//! Of a model two files lie in the home's folder `models`: what is public of it, as JSON, and its
//! weights, encrypted under a key that follows from the home's own ([`crate::identity::vault`]) and
//! bound to what the other file says. Files that hold weights are read into memory that is wiped.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::failure::Failure;
use super::home::{Home, Over, create_private, put, put_json, read_json, read_text, toml_failure};
use super::sheet::ending;
use crate::identity::vault::Vault;
use crate::identity::{Blob, Digest, KeyPair, PublicKey, Statement};
use crate::rules::model::file::{
    Defaults, Model, ModelFileError, Written, from_onnx, from_tensors, safetensors,
};
use crate::rules::model::{Dense, Structure, Weights};
use crate::session::scoring::{Learner, ModelTerms};

/// Most bytes of a file of weights.
const MOST: u64 = 256 << 20;

/// Most characters of a model's name, which names its files.
const MAX_NAME: usize = 64;

/// What is public of a model, and whose it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// Its name.
    pub name: String,
    /// Whose key its weights are under.
    pub owner: PublicKey,
    /// Layers, sizes and bounds.
    pub structure: Structure,
    /// What the numbers of a sheet are called; nothing where they have no names.
    pub features: Vec<String>,
    /// Who learns a score.
    pub learner: Learner,
}

impl Kept {
    /// What is public of it, under this roster.
    pub fn terms(&self, roster: Digest) -> ModelTerms {
        ModelTerms {
            name: self.name.clone(),
            roster,
            owner: self.owner,
            structure: self.structure.clone(),
            features: self.features.clone(),
            learner: self.learner,
        }
    }
}

/// What the weights are bound to.
impl Statement for Kept {
    const DOMAIN: &'static str = "gavel/v1/kept-model";
}

/// The folder of a home's models.
pub struct Shelf(PathBuf);

/// What was read of a model's files.
pub struct Read {
    /// Structure and weights.
    pub model: Model,
    /// Who learns a score, where the table says so.
    pub learner: Option<Learner>,
}

impl Shelf {
    /// That of a home.
    pub fn of(home: &Home) -> Self {
        Self(home.file("models"))
    }

    fn file(&self, name: &str, ending: &str) -> PathBuf {
        self.0.join(format!("{name}.{ending}"))
    }

    /// All models, by name.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be read.
    pub fn list(&self) -> Result<Vec<Kept>, Failure> {
        if !self.0.exists() {
            return Ok(Vec::new());
        }
        let failed = |error: &std::io::Error| Failure::file("reading", &self.0, error);
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(|error| failed(&error))? {
            let path = entry.map_err(|error| failed(&error))?.path();
            if ending(&path) == "json" {
                all.push(read_json::<Kept>(&path, "what is public of a model")?);
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// The model of this name.
    ///
    /// # Errors
    /// When there is none: says which there are.
    pub fn find(&self, name: &str) -> Result<Kept, Failure> {
        let all = self.list()?;
        let names: Vec<&str> = all.iter().map(|model| model.name.as_str()).collect();
        let have = if names.is_empty() {
            "add one with `gavel model add NAME FILE`".to_owned()
        } else {
            format!("there are {}", names.join(", "))
        };
        let none =
            || Failure::new("no-such-model", format!("this home has no model {name:?}; {have}"));
        all.iter().find(|model| model.name == name).cloned().ok_or_else(none)
    }

    /// Keep a model, in place of one of its name where that may be.
    ///
    /// # Errors
    /// When there is one already, or the files cannot be written.
    pub fn add(
        &self,
        kept: &Kept,
        dense: &[Dense],
        key: &KeyPair,
        over: Over,
    ) -> Result<(), Failure> {
        create_private(&self.0)?;
        let public = self.file(&kept.name, "json");
        over.allows(&public)?;
        let locked = Vault::of(key)
            .lock(&context(kept), &encode(dense))
            .map_err(|error| Failure::new("no-randomness", error))?;
        // The weights first: what is public of a model says that it is there.
        put(&self.file(&kept.name, "weights"), &locked.0, Over::Write)?;
        put_json(&public, kept, over)
    }

    /// Its weights.
    ///
    /// # Errors
    /// When they are missing or damaged, or were kept under another key or for another structure.
    pub fn weights(&self, kept: &Kept, key: &KeyPair) -> Result<Weights, Failure> {
        let path = self.file(&kept.name, "weights");
        let locked = fs::read(&path).map_err(|error| Failure::file("reading", &path, &error))?;
        let bad = || {
            let detail = format!(
                "{} does not open with this home's key, or was changed; add the model again with --force",
                path.display()
            );
            Failure::new("bad-file", detail)
        };
        let plain = Vault::of(key).unlock(&context(kept), &Blob(locked)).map_err(|_| bad())?;
        let dense = decode(&plain).ok_or_else(bad)?;
        Ok(Weights::new(&kept.structure, &dense)?)
    }

    /// Delete a model's files.
    ///
    /// # Errors
    /// When they cannot be deleted.
    pub fn remove(&self, kept: &Kept) -> Result<(), Failure> {
        for ending in ["json", "weights"] {
            let path = self.file(&kept.name, ending);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Failure::file("deleting", &path, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn context(kept: &Kept) -> Vec<u8> {
    [b"gavel/v1/model-weights\0".as_slice(), &kept.digest().0].concat()
}

/// A name that can name files on every system.
///
/// # Errors
/// When it cannot.
pub fn check_name(name: &str) -> Result<(), Failure> {
    let fits = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(fits) {
        return Err(Failure::usage(format!(
            "a model's name has up to {MAX_NAME} letters and digits of ASCII, - and _; {name:?} is none"
        )));
    }
    Ok(())
}

/// The layers' weights and biases: how many of each, and the numbers.
fn encode(dense: &[Dense]) -> Zeroizing<Vec<u8>> {
    let numbers: usize = dense.iter().map(|layer| layer.weights.len() + layer.biases.len()).sum();
    // As much as it takes, so that nothing is moved and left behind.
    let mut plain = Zeroizing::new(Vec::with_capacity((numbers + 2 * dense.len()) * 8));
    for row in dense.iter().flat_map(|layer| [&layer.weights, &layer.biases]) {
        plain.extend_from_slice(&(row.len() as u64).to_le_bytes());
        for number in row {
            plain.extend_from_slice(&number.to_le_bytes());
        }
    }
    plain
}

fn decode(plain: &[u8]) -> Option<Vec<Dense>> {
    let (words, rest) = plain.as_chunks::<8>();
    let mut words = words.iter();
    let row = |words: &mut std::slice::Iter<'_, [u8; 8]>| {
        let count = usize::try_from(u64::from_le_bytes(*words.next()?)).ok()?;
        let (row, _) = words.as_slice().split_at_checked(count)?;
        let numbers = row.iter().map(|number| f64::from_le_bytes(*number)).collect();
        *words = words.as_slice()[count..].iter();
        Some(numbers)
    };
    let mut dense = Vec::new();
    while !words.as_slice().is_empty() {
        let weights = row(&mut words)?;
        dense.push(Dense { weights, biases: row(&mut words)? });
    }
    rest.is_empty().then_some(dense)
}

/// Read a model: a table of layers and the weights that it names, or an ONNX file alone.
///
/// # Errors
/// Names the file and what is wrong with it.
pub fn read(path: &Path, defaults: Defaults) -> Result<Read, Failure> {
    let about = |path: &Path, error: ModelFileError| Failure::from(error).about(path.display());
    match ending(path).as_str() {
        "onnx" => {
            let bytes = bytes(path)?;
            let model = from_onnx(&Written::default(), &bytes, defaults);
            Ok(Read { model: model.map_err(|error| about(path, error))?, learner: None })
        }
        "toml" => {
            let text = read_text(path)?;
            let written: Written = toml::from_str(&text)
                .map_err(|error| toml_failure("bad-model", path, &text, &error))?;
            read_table(path, &written, defaults)
        }
        "safetensors" => {
            let detail = "it has weights and no layers; write a TOML of the layers that names it \
                          (docs/scores.md), and add that";
            Err(Failure::new("bad-model", detail).about(path.display()))
        }
        _ => Err(super::sheet::unknown(path, "ONNX, or name it in a TOML of its layers")),
    }
}

/// Read the weights that a table of layers names; `path` is the table's.
///
/// # Errors
/// Names the file and what is wrong with it.
pub fn read_table(path: &Path, written: &Written, defaults: Defaults) -> Result<Read, Failure> {
    let learner = written.learner.as_deref().map(|name| learner(path, name)).transpose()?;
    let Some(weights) = &written.weights else {
        let detail = "it names no file of weights: weights = \"….safetensors\" or \"….onnx\"";
        return Err(Failure::new("bad-model", detail).about(path.display()));
    };
    let weights = path.parent().unwrap_or(Path::new(".")).join(weights);
    let model = match ending(&weights).as_str() {
        "onnx" => from_onnx(written, &bytes(&weights)?, defaults),
        "safetensors" => safetensors(&bytes(&weights)?)
            .and_then(|tensors| from_tensors(written, &tensors, defaults)),
        _ => return Err(super::sheet::unknown(&weights, "safetensors or ONNX")),
    };
    let model = model.map_err(|error| Failure::from(error).about(path.display()))?;
    Ok(Read { model, learner })
}

fn learner(path: &Path, name: &str) -> Result<Learner, Failure> {
    serde_json::from_value(serde_json::Value::from(name)).map_err(|_| {
        let detail = format!("learner is \"both\", \"client\" or \"owner\", not {name:?}");
        Failure::new("bad-model", detail).about(path.display())
    })
}

/// A file with weights in it.
fn bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |error: &std::io::Error| Failure::file("reading", path, error);
    let file = fs::File::open(path).map_err(|error| failed(&error))?;
    let size = file.metadata().map_err(|error| failed(&error))?.len();
    if size > MOST {
        let detail = format!("it is too large: it has more than {} MB", MOST >> 20);
        return Err(Failure::new("bad-file", detail).about(path.display()));
    }
    // Room for everything at once: what grows leaves copies behind.
    let room = usize::try_from(size).unwrap_or(0).saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(size).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use crate::cli::models::*;
    use crate::rules::model::Layer;

    fn key(seed: u8) -> KeyPair {
        KeyPair::from_secret(&[seed; 32])
    }

    fn kept() -> Kept {
        let layers = vec![Layer::Dense { outputs: 2, largest: 3 }];
        Kept {
            name: "credit".to_owned(),
            owner: key(1).public(),
            structure: Structure { features: 3, largest_feature: 0, fraction: 8, layers },
            features: Vec::new(),
            learner: Learner::Both,
        }
    }

    fn dense() -> Vec<Dense> {
        let weights = vec![0.5, -0.25, 1.0, 0.125, 0.0, -1.0];
        vec![Dense { weights, biases: vec![0.75, -0.5] }]
    }

    #[test]
    fn a_model_is_kept_for_its_owner_alone_and_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::of(&Home::find(Some(folder.path())).unwrap());
        assert!(shelf.list().unwrap().is_empty());
        assert!(shelf.find("credit").unwrap_err().detail.contains("gavel model add"));
        shelf.add(&kept(), &dense(), &key(1), Over::Refuse).unwrap();
        assert_eq!(shelf.list().unwrap(), [kept()]);
        let weights = shelf.weights(&kept(), &key(1)).unwrap();
        assert_eq!(weights.dense(0).unwrap().0, [128, -64, 256, 32, 0, -256]);
        assert_eq!(shelf.weights(&kept(), &key(2)).map(|_| ()).unwrap_err().kind, "bad-file");
        let mut other = kept();
        other.structure.fraction = 9;
        assert!(shelf.weights(&other, &key(1)).is_err());
        let again = shelf.add(&kept(), &dense(), &key(1), Over::Refuse).unwrap_err();
        assert_eq!(again.kind, "exists");
        let file = folder.path().join("models/credit.weights");
        let bytes = fs::read(&file).unwrap();
        let planted = 0.125_f64.to_le_bytes();
        assert!(!bytes.windows(8).any(|window| window == planted));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        shelf.remove(&kept()).unwrap();
        assert!(shelf.list().unwrap().is_empty() && !file.exists());
    }

    #[test]
    fn weights_that_were_cut_are_not_taken() {
        let plain = encode(&dense());
        let again = decode(&plain).unwrap();
        assert_eq!(
            (&again[0].weights, &again[0].biases),
            (&dense()[0].weights, &dense()[0].biases)
        );
        for cut in 1..plain.len() {
            assert!(decode(&plain[..cut]).is_none(), "{cut}");
        }
    }

    #[test]
    fn names_are_those_of_files() {
        for name in ["credit", "a-1_B"] {
            check_name(name).unwrap();
        }
        for name in ["", "a/b", "..", "a b", "é", &"x".repeat(65)] {
            assert!(check_name(name).unwrap_err().usage);
        }
    }
}
