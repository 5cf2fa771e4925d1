//! A reserve that nobody knows: a variable that stays at the nodes. It takes part in the auction on
//! shares and is not opened, unless it is the price.

use serde::{Deserialize, Serialize};

use crate::rules::job::step::Expected;

use crate::rules::job::{Prime, Range, StoredVariable, Version, Wanted};

/// Which variable it is. A node that keeps another one does not compute.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretReserve {
    /// What it is stored under.
    pub variable: String,
    /// What it is shared over.
    pub field: Prime,
    /// Where it lies, in smallest units.
    pub range: Range,
    /// Which one it is.
    pub version: Version,
}

/// Why a stored variable cannot be the reserve. Each says what to change.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReserveError {
    /// Two reserves.
    #[error("the reserve is either an amount or a stored variable, not both")]
    TwoReserves,
    /// What is stored was not filled in.
    #[error(
        "reserve: which variable {variable:?} is meant is not filled in; the coordinator fills it in \
         when the session is made and the variable is stored there (a demo stores none)"
    )]
    Unfilled {
        /// What it is stored under.
        variable: String,
    },
    /// Nothing goes by this name.
    #[error(
        "reserve: no variable {variable:?} is stored; keep it with a job first, or see `GET \
         /v1/variables` for what is"
    )]
    NotStored {
        /// What it would be stored under.
        variable: String,
    },
    /// The variable may not become public.
    #[error(
        "reserve: the variable {variable:?} is known to {owner} alone, and the reserve may become public \
         as the price; keep a shared one"
    )]
    Private {
        /// What it is stored under.
        variable: String,
        /// Who knows it.
        owner: String,
    },
    /// Something that the file says of a stored variable is not that.
    #[error("reserve: {field} of the variable {variable:?} is not one; leave it out")]
    Field {
        /// What it is stored under.
        variable: String,
        /// `range` or `version`.
        field: &'static str,
    },
    /// A variable that may be no amount of this auction.
    #[error(
        "reserve: the variable {variable:?} lies in {range}, and a bid is 0 to {maximum} of the smallest \
         unit; raise maximum, or keep a variable that is an amount"
    )]
    Range {
        /// What it is stored under.
        variable: String,
        /// Where it lies.
        range: String,
        /// Largest amount, in smallest units.
        maximum: u64,
    },
    /// Amounts that leave no room to hide the variable in.
    #[error(
        "reserve: over the field {field}, the variable {variable:?} can be compared with amounts of at \
         most {widest} bits, not {bits}; lower maximum, or keep it over another field"
    )]
    TooWide {
        /// What it is stored under.
        variable: String,
        /// What it is shared over.
        field: Prime,
        /// Bits of an amount.
        bits: u32,
        /// As many as would do.
        widest: u32,
    },
    /// A secret reserve on numbers.
    #[error("a secret reserve takes bits; leave out protocol = \"paper\", or say the reserve")]
    SecretOnNumbers,
}

/// The same as a session file has it. What it leaves open is filled in from what is stored.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// What it is stored under.
    pub variable: String,
    /// What it is shared over.
    pub field: Option<Prime>,
    /// Where it lies.
    pub range: Option<String>,
    /// Which one it is.
    pub version: Option<String>,
}

impl Written {
    /// The variable that is meant.
    ///
    /// # Errors
    /// When something is left open, or is not what it should be.
    pub(super) fn reserve(&self) -> Result<SecretReserve, ReserveError> {
        let variable = self.variable.clone();
        let (Some(field), Some(range), Some(version)) = (self.field, &self.range, &self.version)
        else {
            return Err(ReserveError::Unfilled { variable });
        };
        let unfit = |field| ReserveError::Field { variable: variable.clone(), field };
        let range = range.clone().try_into().map_err(|_| unfit("range"))?;
        let version = version.parse().map_err(|_| unfit("version"))?;
        Ok(SecretReserve { variable, field, range, version })
    }
}

impl SecretReserve {
    /// What a node must have stored.
    pub fn wanted(&self) -> Wanted {
        let (range, version) = (self.range, self.version);
        // The reserve may become public as the price, so it is nobody's alone.
        let expected = Expected { range, owner: None, version };
        Wanted {
            name: self.variable.clone(),
            field: self.field,
            expected,
            share: true,
            generation: None,
            earlier: None,
        }
    }

    /// Most bits of an amount that it can be compared with: what hides it while its bits are found
    /// has to fit in the field.
    pub const fn widest(field: Prime) -> u32 {
        match field {
            Prime::Mersenne61 => 60,
            Prime::Mersenne127 | Prime::Secp256k1 => 63,
        }
    }

    /// That it can be the reserve where amounts go up to `maximum`, and have so many bits.
    ///
    /// # Errors
    /// When it may be no amount, or too large a one.
    pub(super) fn check(&self, maximum: u64, bits: u32) -> Result<(), ReserveError> {
        let fits = match self.range {
            Range::Within { low, high } => low >= 0 && high <= i128::from(maximum),
            Range::Any | Range::Wide { .. } => false,
        };
        let variable = self.variable.clone();
        if !fits {
            let range = self.range.to_string();
            return Err(ReserveError::Range { variable, range, maximum });
        }
        if bits > Self::widest(self.field) {
            let (field, widest) = (self.field, Self::widest(self.field));
            return Err(ReserveError::TooWide { variable, field, bits, widest });
        }
        Ok(())
    }
}

/// The table that a session file has for its reserve, if it is a stored variable.
fn table_of(file: &toml::Table) -> Option<(&toml::Table, &str)> {
    let table = file.get("reserve")?.as_table()?;
    Some((table, table.get("variable")?.as_str()?))
}

/// The name of the stored variable that is the reserve in a session file.
pub fn name(file: &toml::Table) -> Option<&String> {
    match file.get("reserve")?.as_table()?.get("variable")? {
        toml::Value::String(name) => Some(name),
        _ => None,
    }
}

/// Whether the reserve in a session file is a stored variable.
pub fn is_variable(file: &toml::Table) -> bool {
    table_of(file).is_some()
}

/// Fill in what a session file leaves open of such a reserve, from what is stored. What it says
/// already stays, and has to be so.
///
/// # Errors
/// When nothing is stored under this name, or it is one participant's alone.
pub fn fill<'a>(
    file: &mut toml::Table,
    stored: impl Fn(&str) -> Option<&'a StoredVariable>,
) -> Result<(), ReserveError> {
    let Some((_, name)) = table_of(file) else { return Ok(()) };
    let variable = name.to_owned();
    let Some(found) = stored(name) else { return Err(ReserveError::NotStored { variable }) };
    if let Some(owner) = found.owner.clone() {
        return Err(ReserveError::Private { variable, owner });
    }
    let said = [
        ("field", found.field.name().to_owned()),
        ("range", found.range.to_string()),
        ("version", found.version().to_string()),
    ];
    if let Some(toml::Value::Table(table)) = file.get_mut("reserve") {
        for (key, value) in said {
            table.entry(key).or_insert(toml::Value::String(value));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "reserve_tests.rs"]
mod tests;
