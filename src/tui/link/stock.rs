//! Models, their stocks of material, and the batches of one of them; taking one back.

use super::connection::Connection;
use crate::client::material;
use crate::identity::Digest;
use crate::tui::state::stock::Books;

/// All models, how the making of batches stands, and the batches of one.
pub async fn books(connection: &Connection, page: Option<Digest>) -> Result<Box<Books>, String> {
    let network = &connection.network;
    let batches = async {
        match page {
            Some(model) => material::batches(network, model).await.map(|told| Some((model, told))),
            None => Ok(None),
        }
    };
    let (models, dealing, batches) =
        tokio::join!(material::models(network), material::dealing(network), batches);
    let said = |error: crate::client::ClientError| error.to_string();
    Ok(Box::new(Books {
        models: models.map_err(said)?,
        dealing: dealing.map_err(said)?,
        batches: batches.map_err(said)?,
    }))
}

/// Take a model back as the coordinator's operator.
pub async fn withdraw(connection: &Connection, model: Digest) -> Result<(), String> {
    material::withdraw(&connection.network, model).await.map_err(|error| error.to_string())
}
