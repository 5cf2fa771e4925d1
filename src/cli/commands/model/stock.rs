//! Announced models as people and scripts read them: each with a gauge of its stock.

use serde::Serialize;

use crate::cli::output::{Table, count};
use crate::identity::{Digest, PublicKey};
use crate::wire::dealer_api::{ModelLine, StockLine};

/// Columns of a gauge.
const GAUGE: usize = 10;

/// An announced model.
#[derive(Serialize)]
pub struct Announced {
    name: String,
    model: Digest,
    owner: PublicKey,
    sizes: String,
    stock: StockLine,
}

impl Announced {
    /// Of what the coordinator tells.
    pub fn of(line: &ModelLine) -> Self {
        let terms = &line.terms.body;
        Self {
            name: terms.name.clone(),
            model: line.model,
            owner: terms.owner,
            sizes: terms.structure.sizes(),
            stock: line.stock,
        }
    }
}

/// How full a stock is, such as "######----".
pub fn gauge(stock: &StockLine) -> String {
    let full = match u64::from(stock.target) {
        0 => 0,
        // Something is never shown as nothing, nor what lacks something as full.
        target if stock.ready > 0 && stock.ready < stock.target => {
            let share = u64::from(stock.ready) * GAUGE as u64 / target;
            usize::try_from(share).unwrap_or(0).clamp(1, GAUGE - 1)
        }
        _ if stock.ready == 0 => 0,
        _ => GAUGE,
    };
    format!("{}{}", "#".repeat(full), "-".repeat(GAUGE - full))
}

/// All of them.
pub fn table(lines: &[Announced]) -> String {
    let heads = [
        "model",
        "layers",
        "stock",
        ">ready",
        ">making",
        ">promised",
        ">given",
        ">withdrawn",
        "id",
    ];
    let mut table = Table::new(&heads);
    for line in lines {
        let stock = &line.stock;
        table.row([
            line.name.clone(),
            line.sizes.clone(),
            gauge(stock),
            format!("{} of {}", stock.ready, stock.target),
            count(stock.making.into()),
            count(stock.promised.into()),
            count(stock.given.into()),
            count(stock.withdrawn.into()),
            line.model.short(),
        ]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use crate::cli::commands::model::stock::*;

    #[test]
    fn a_gauge_is_empty_or_full_only_where_the_stock_is() {
        let of = |ready, target| gauge(&StockLine { target, ready, ..StockLine::default() });
        assert_eq!(of(0, 8), "----------");
        assert_eq!(of(1, 1_000), "#---------");
        assert_eq!(of(4, 8), "#####-----");
        assert_eq!(of(999, 1_000), "#########-");
        assert_eq!(of(8, 8), "##########");
        assert_eq!(of(9, 8), "##########");
        assert_eq!(of(0, 0), "----------");
    }
}
