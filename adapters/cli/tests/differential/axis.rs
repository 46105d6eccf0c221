//! What may vary, one thing at a time: an axis has a usual value, which is no choice, and variants.

use crate::axes;
use crate::draft::Draft;

/// Something that may vary.
pub(crate) struct Axis {
    pub(crate) name: &'static str,
    /// What else is chosen if a variant of this axis is tried alone.
    pub(crate) with: &'static [&'static str],
    /// Whether it makes a difference to a draft at all.
    pub(crate) applies: fn(&Draft) -> bool,
    pub(crate) variants: &'static [Variant],
}

/// One of the values of an axis, beside the usual one.
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    /// Whether what comes out is meant to be refused before a request is sent. Of such there are
    /// few together: the first fault would hide the others.
    pub(crate) broken: bool,
    pub(crate) change: fn(&mut Draft),
}

/// A variant with which something is sent.
pub(crate) const fn ok(name: &'static str, change: fn(&mut Draft)) -> Variant {
    Variant { name, broken: false, change }
}

/// A variant with which nothing is sent.
pub(crate) const fn no(name: &'static str, change: fn(&mut Draft)) -> Variant {
    Variant { name, broken: true, change }
}

/// Of every draft.
pub(crate) const fn always(_: &Draft) -> bool {
    true
}

/// All axes, in the order in which choices change a draft.
pub(crate) fn all() -> Vec<&'static Axis> {
    let parts = [
        axes::login::AXES,
        axes::exec::AXES,
        axes::answer::AXES,
        axes::files::AXES,
        axes::cluster::AXES,
        axes::context::AXES,
        axes::flags::AXES,
        axes::around::AXES,
        axes::layout::AXES,
    ];
    parts.into_iter().flatten().collect()
}
