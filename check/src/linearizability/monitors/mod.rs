//! Faster ways than search, for models and histories where one is known. Each gives an order or a
//! contradiction, and both are checked before they count ([`crate::model::Shortcut`]).

pub(crate) mod fifo;
pub(crate) mod growing;
pub(crate) mod holds;
pub(crate) mod sums;
pub(crate) mod zones;
