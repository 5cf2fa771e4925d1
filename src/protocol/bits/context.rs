//! The context of protocols on replicated shares, of bits or of elements: the attempt's, with the
//! components that this node holds and what it does in every AND or product. Made without a message.

use std::fmt::Display;
use std::sync::Arc;

use super::CostModel;
use super::assignment::Duties;
use crate::protocol::Context;
use crate::sharing::{Holding, NodeIndex};

/// One node's view of one attempt, at one step, for replicated bits and elements. Cheap to clone and to narrow.
#[derive(Clone)]
pub struct BitContext {
    base: Context,
    holding: Holding,
    duties: Arc<Duties>,
}

impl BitContext {
    /// For the participants of a context.
    pub fn new(base: &Context) -> Self {
        Self::from(base.clone())
    }

    /// A child whose steps are named below this one's.
    #[must_use]
    pub fn narrow(&self, step: impl Display) -> Self {
        Self { base: self.base.narrow(step), ..self.clone() }
    }

    /// The context below.
    pub const fn base(&self) -> &Context {
        &self.base
    }

    /// The node that this context computes for.
    pub fn me(&self) -> NodeIndex {
        self.base.me()
    }

    /// Which components this node holds.
    pub const fn holding(&self) -> Holding {
        self.holding
    }

    /// What protocols cost among these participants, with the context's tactics and
    /// security.
    pub fn cost_model(&self) -> CostModel {
        let base = &self.base;
        let model = CostModel::new(base.scheme(), base.participants());
        model.with_tactics(base.tactics()).with_security(base.security())
    }

    pub(in crate::protocol) fn duties(&self) -> &Duties {
        &self.duties
    }

    /// For work that goes on beside other work; see [`Context::fork`].
    pub(in crate::protocol) fn fork(&self) -> Self {
        Self { base: self.base.fork(), ..self.clone() }
    }

    /// For work whose gates are checked by themselves; see [`Context::apart`].
    pub(super) fn apart(&self) -> Self {
        Self { base: self.base.apart(), ..self.clone() }
    }
}

impl From<Context> for BitContext {
    fn from(base: Context) -> Self {
        let (scheme, participants, me) = (base.scheme(), base.participants(), base.me());
        let duties = Arc::new(Duties::of(scheme, participants, me));
        Self { base, holding: Holding::of(scheme, me), duties }
    }
}
