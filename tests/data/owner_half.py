"""A client of a dealer's gRPC service that knows nothing of this project: it learns the service by
reflection, fetches the owner's half of a batch, and prints the elements as hexadecimal text.

Called with the server's address, a file with its certificate, the model, the batch, and a file with the
signed request. Needs grpcio and grpcio-reflection.
"""

import sys

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

address, certificate, model, batch, request = sys.argv[1:]
with open(certificate, "rb") as file:
    credentials = grpc.ssl_channel_credentials(file.read())
channel = grpc.secure_channel(address, credentials)
database = ProtoReflectionDescriptorDatabase(channel)
assert "gavel.material.v1.Material" in database.get_services()
service = DescriptorPool(database).FindServiceByName("gavel.material.v1.Material")
method = service.FindMethodByName("OwnerHalf")
ask, piece = map(message_factory.GetMessageClass, (method.input_type, method.output_type))
call = channel.unary_stream(
    f"/{service.full_name}/{method.name}", ask.SerializeToString, piece.FromString
)
with open(request, "rb") as file:
    asked = ask(model_inference=model, batch_id=batch, request=file.read())
first = 0
for part in call(asked, timeout=60):
    if part.given:
        assert b'"signature"' in part.given and not part.elements
        continue
    assert part.first == first and len(part.elements) % 16 == 0
    first += len(part.elements) // 16
    print(part.elements.hex())
