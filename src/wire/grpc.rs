//! The messages of `proto/material.proto`, over gRPC. A test compares them with that file, and the
//! descriptor that reflection serves with what follows from it.

/// The descriptor set of `proto/material.proto`, encoded, for reflection.
pub const DESCRIPTOR: &[u8] = include_bytes!("../../proto/material.bin");

/// The service's name.
pub const SERVICE: &str = "gavel.material.v1.Material";

/// Most elements of one piece: 64 KiB.
pub const PIECE: usize = 4096;

/// Ask one dealer for the owner's half of a batch.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct AskOwnerHalf {
    /// The model: 64 hexadecimal digits.
    #[prost(string, tag = "1")]
    pub model_inference: String,
    /// The batch: 32 hexadecimal digits.
    #[prost(string, tag = "2")]
    pub batch_id: String,
    /// The request as JSON, with the coordinator's promise in it, signed by the model's owner.
    #[prost(bytes = "bytes", tag = "3")]
    pub request: bytes::Bytes,
}

/// Some elements of a dealer's part.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Piece {
    /// The place of the first of them.
    #[prost(uint64, tag = "1")]
    pub first: u64,
    /// Their encodings, one after the other.
    #[prost(bytes = "bytes", tag = "2")]
    pub elements: bytes::Bytes,
}
