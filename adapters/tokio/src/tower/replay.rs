//! Sending a request once more: whether its body can be had again.

use bytes::Bytes;
use http_body_util::{Empty, Full};

/// A body that may be had again. Only one that is whole in memory can be.
pub trait Replay: Sized {
    /// The same body once more; `None` if it is gone when it is sent.
    fn replay(&self) -> Option<Self>;
}

/// How a layer has the body of a request again.
pub trait ReplayBody<B> {
    /// The same body once more, if that is possible.
    fn replay_body(&self, body: &B) -> Option<B>;
}

/// By the body's own [`Replay`].
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ByTrait;

impl<B: Replay> ReplayBody<B> for ByTrait {
    fn replay_body(&self, body: &B) -> Option<B> {
        body.replay()
    }
}

/// By a function.
#[derive(Clone, Copy, Debug)]
pub struct With<F>(pub(super) F);

impl<B, F: Fn(&B) -> Option<B>> ReplayBody<B> for With<F> {
    fn replay_body(&self, body: &B) -> Option<B> {
        (self.0)(body)
    }
}

/// Not at all.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Never;

impl<B> ReplayBody<B> for Never {
    fn replay_body(&self, _: &B) -> Option<B> {
        None
    }
}

impl Replay for () {
    fn replay(&self) -> Option<Self> {
        Some(())
    }
}

impl Replay for Bytes {
    fn replay(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Replay for String {
    fn replay(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl<D> Replay for Empty<D> {
    fn replay(&self) -> Option<Self> {
        Some(*self)
    }
}

impl<D: Clone> Replay for Full<D> {
    fn replay(&self) -> Option<Self> {
        Some(self.clone())
    }
}
