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

/// Some elements of a dealer's part; the last message has its signature and nothing else.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Piece {
    /// The place of the first of them.
    #[prost(uint64, tag = "1")]
    pub first: u64,
    /// Their encodings, one after the other.
    #[prost(bytes = "bytes", tag = "2")]
    pub elements: bytes::Bytes,
    /// What the dealer signed that it sent, as JSON.
    #[prost(bytes = "bytes", tag = "3")]
    pub given: bytes::Bytes,
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use prost_reflect::{DescriptorPool, DynamicMessage, Value};

    use crate::wire::grpc::*;

    /// What `proto/material.proto` says, without its comments.
    fn described() -> prost_types::FileDescriptorSet {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
        let mut set = protox::compile(["material.proto"], [folder]).unwrap();
        set.file.iter_mut().for_each(|file| file.source_code_info = None);
        set
    }

    #[test]
    fn the_descriptor_is_what_the_file_says() {
        if std::env::var_os("GAVEL_REWRITE_DOCS").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/proto/material.bin");
            std::fs::write(path, described().encode_to_vec()).unwrap();
        }
        let held = prost_types::FileDescriptorSet::decode(DESCRIPTOR).unwrap();
        let anew = "write proto/material.bin anew: GAVEL_REWRITE_DOCS=1 cargo test descriptor";
        assert_eq!(held, described(), "{anew}");
    }

    #[test]
    fn the_messages_are_those_of_the_file() {
        let pool = DescriptorPool::from_file_descriptor_set(described()).unwrap();
        let read = |name: &str, bytes: Vec<u8>| {
            let descriptor =
                pool.get_message_by_name(&format!("gavel.material.v1.{name}")).unwrap();
            let message = DynamicMessage::decode(descriptor, bytes.as_slice()).unwrap();
            assert_eq!(message.unknown_fields().count(), 0);
            message
        };
        let ask = AskOwnerHalf {
            model_inference: "7".into(),
            batch_id: "8".into(),
            request: bytes::Bytes::from_static(b"{}"),
        };
        let ask = read("AskOwnerHalf", ask.encode_to_vec());
        let field = |message: &DynamicMessage, name: &str| {
            message.get_field_by_name(name).unwrap().into_owned()
        };
        assert_eq!(field(&ask, "model_inference"), Value::String("7".into()));
        assert_eq!(field(&ask, "batch_id"), Value::String("8".into()));
        assert_eq!(field(&ask, "request"), Value::Bytes(bytes::Bytes::from_static(b"{}")));
        let given = bytes::Bytes::from_static(b"[]");
        let piece = Piece { first: 9, elements: bytes::Bytes::from_static(&[1; 16]), given };
        let piece = read("Piece", piece.encode_to_vec());
        assert_eq!(field(&piece, "first"), Value::U64(9));
        assert_eq!(field(&piece, "given"), Value::Bytes(bytes::Bytes::from_static(b"[]")));
        let elements = bytes::Bytes::from_static(&[1; 16]);
        assert_eq!(field(&piece, "elements"), Value::Bytes(elements));
    }

    #[test]
    fn the_path_is_that_of_the_method() {
        let pool = DescriptorPool::from_file_descriptor_set(described()).unwrap();
        let service = pool.get_service_by_name(SERVICE).unwrap();
        let methods: Vec<_> = service.methods().collect();
        assert_eq!(methods.len(), 1);
        let path = format!("/{SERVICE}/{}", methods[0].name());
        assert_eq!(path, crate::wire::paths::OWNER_HALF);
        assert!(methods[0].is_server_streaming() && !methods[0].is_client_streaming());
    }
}
