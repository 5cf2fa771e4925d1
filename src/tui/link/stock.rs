//! Models, their stocks of material, and the batches of one of them.

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
