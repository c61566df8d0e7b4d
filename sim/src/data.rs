//! What may be a message, timer, record, note, operation or output.

use std::fmt::Debug;

use serde::Serialize;

/// Plain data: compared, copied, printed and serialized. The engine makes digests, sizes, kinds and
/// trees from it by serializers of its own, so a protocol writes none.
pub trait Data: Clone + Debug + Eq + Serialize + Send + Sync + 'static {}

impl<T: Clone + Debug + Eq + Serialize + Send + Sync + 'static> Data for T {}
