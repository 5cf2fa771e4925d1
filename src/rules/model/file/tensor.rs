//! Tensors: names, shapes, and the numbers of several types that they are made of.

use std::collections::BTreeMap;

use ::safetensors::{Dtype, SafeTensors};
use zeroize::Zeroizing;

use super::error::ModelFileError;

/// A tensor of a model, wiped when dropped.
pub struct Tensor {
    /// How many numbers each way, the outermost first.
    pub shape: Vec<usize>,
    /// Row by row.
    pub numbers: Zeroizing<Vec<f64>>,
}

/// Tensors by their names.
pub type Tensors = BTreeMap<String, Tensor>;

/// How a number is written, little end first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    /// IEEE 754, 64 bits.
    Double,
    /// 32 bits.
    Single,
    /// 16 bits.
    Half,
    /// The upper half of 32 bits.
    Brain,
}

impl Format {
    const fn bytes(self) -> usize {
        match self {
            Self::Double => 8,
            Self::Single => 4,
            Self::Half | Self::Brain => 2,
        }
    }

    fn read(self, bytes: &[u8]) -> f64 {
        let two = || bytes.first_chunk().copied().map_or(0, u16::from_le_bytes);
        match self {
            Self::Double => bytes.first_chunk().copied().map_or(f64::NAN, f64::from_le_bytes),
            Self::Single => bytes
                .first_chunk()
                .copied()
                .map_or(f64::NAN, |four| f32::from_le_bytes(four).into()),
            Self::Half => half(two()),
            Self::Brain => f32::from_bits(u32::from(two()) << 16).into(),
        }
    }
}

/// A number of 16 bits: a sign, 5 bits of exponent, 10 after the point.
pub(super) fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 10 & 31);
    let rest = f64::from(bits & 0x3ff) / 1024.0;
    let size = match exponent {
        0 => rest * 2.0_f64.powi(-14),
        31 if rest == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + rest) * 2.0_f64.powi(exponent - 15),
    };
    sign * size
}

impl Tensor {
    /// Of numbers as they are.
    ///
    /// # Errors
    /// When they are not as many as the shape says, there is none, or one is no number. A side of 0 would
    /// let the others be of any length.
    pub fn new(
        name: &str,
        shape: Vec<usize>,
        numbers: Zeroizing<Vec<f64>>,
    ) -> Result<Self, ModelFileError> {
        let expected = shape.iter().fold(1, |all: usize, &side| all.saturating_mul(side));
        if expected != numbers.len() {
            let (name, got) = (name.to_owned(), numbers.len());
            return Err(ModelFileError::Short { name, expected, got });
        }
        if numbers.is_empty() {
            return Err(ModelFileError::Empty(name.to_owned()));
        }
        if numbers.iter().any(|number| !number.is_finite()) {
            return Err(ModelFileError::NotFinite(name.to_owned()));
        }
        Ok(Self { shape, numbers })
    }

    /// Of numbers as they lie in a file.
    pub(super) fn read(
        name: &str,
        shape: Vec<usize>,
        format: Format,
        bytes: &[u8],
    ) -> Result<Self, ModelFileError> {
        let numbers: Vec<f64> =
            bytes.chunks_exact(format.bytes()).map(|bytes| format.read(bytes)).collect();
        Self::new(name, shape, Zeroizing::new(numbers))
    }

    /// Such as "128 x 784".
    pub fn shape_text(&self) -> String {
        let sides: Vec<String> = self.shape.iter().map(ToString::to_string).collect();
        if sides.is_empty() { "of a single number".to_owned() } else { sides.join(" x ") }
    }

    /// The matrix with rows and columns exchanged; it has this many rows.
    pub(super) fn transposed(&self, rows: usize) -> Zeroizing<Vec<f64>> {
        let columns = self.numbers.len() / rows.max(1);
        let turned = (0..columns)
            .flat_map(|column| (0..rows).map(move |row| self.numbers[row * columns + column]));
        let mut all = Zeroizing::new(Vec::with_capacity(self.numbers.len()));
        all.extend(turned);
        all
    }
}

/// A tensor of this name.
///
/// # Errors
/// When there is none: says which there are.
pub(super) fn find<'a>(tensors: &'a Tensors, name: &str) -> Result<&'a Tensor, ModelFileError> {
    tensors.get(name).ok_or_else(|| {
        let names: Vec<&str> = tensors.keys().map(String::as_str).take(8).collect();
        let more = if tensors.len() > names.len() { ", …" } else { "" };
        let have = format!("{}{more}", names.join(", "));
        ModelFileError::NoTensor { name: name.to_owned(), have }
    })
}

/// The tensors of a safetensors file.
///
/// # Errors
/// When it is none, or a tensor's numbers are of a type that weights do not have.
pub fn safetensors(bytes: &[u8]) -> Result<Tensors, ModelFileError> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| ModelFileError::Safetensors(error.to_string()))?;
    let read = |(name, view): (String, ::safetensors::tensor::TensorView<'_>)| {
        let format = match view.dtype() {
            Dtype::F64 => Format::Double,
            Dtype::F32 => Format::Single,
            Dtype::F16 => Format::Half,
            Dtype::BF16 => Format::Brain,
            other => {
                return Err(ModelFileError::Type { name, dtype: format!("{other:?}") });
            }
        };
        let tensor = Tensor::read(&name, view.shape().to_vec(), format, view.data())?;
        Ok((name, tensor))
    };
    file.tensors().into_iter().map(read).collect()
}
