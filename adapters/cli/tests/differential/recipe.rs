//! What is chosen for one case: of some axes a variant, of the others the usual value.

use crate::axis::{self, Axis, Variant};
use crate::draft::Draft;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

static AXES: LazyLock<Vec<&'static Axis>> = LazyLock::new(axis::all);

/// The choices, by the place of the axis among all.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Recipe(BTreeMap<usize, usize>);

impl Recipe {
    /// All axes.
    pub(crate) fn axes() -> &'static [&'static Axis] {
        &AXES
    }

    /// These choices, as [`Display`](fmt::Display) writes them: `axis=variant`.
    pub(crate) fn of(choices: &[&str]) -> Self {
        choices.iter().fold(Self::default(), |recipe, choice| recipe.and(choice))
    }

    /// One more choice.
    pub(crate) fn and(mut self, choice: &str) -> Self {
        let (axis, variant) = choice.split_once('=').expect("a choice is AXIS=VARIANT");
        let place = AXES.iter().position(|known| known.name == axis);
        let place = place.unwrap_or_else(|| panic!("no axis is called {axis:?}"));
        let variants = AXES[place].variants;
        // A name may have an equals sign in it.
        let variant = variants.iter().position(|known| known.name == variant);
        let variant = variant.unwrap_or_else(|| panic!("no variant is called {choice:?}"));
        self.0.insert(place, variant);
        self
    }

    /// One more choice, by place.
    pub(crate) fn choose(&mut self, axis: usize, variant: usize) {
        self.0.insert(axis, variant);
    }

    /// The same with one choice less, for every choice.
    pub(crate) fn simpler(&self) -> Vec<Self> {
        let without = |axis: &usize| {
            let mut fewer = self.clone();
            fewer.0.remove(axis);
            fewer
        };
        self.0.keys().map(without).collect()
    }

    fn choices(&self) -> impl Iterator<Item = (&'static Axis, &'static Variant)> {
        self.0.iter().map(|(axis, variant)| (AXES[*axis], &AXES[*axis].variants[*variant]))
    }

    /// How many of them are meant to be refused.
    pub(crate) fn faults(&self) -> usize {
        self.choices().filter(|(_, variant)| variant.broken).count()
    }

    /// What comes of the choices.
    pub(crate) fn draft(&self) -> Draft {
        let mut draft = Draft::usual();
        for (axis, variant) in self.choices() {
            if (axis.applies)(&draft) {
                (variant.change)(&mut draft);
            }
        }
        draft
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let choices = self
            .choices()
            .map(|(axis, variant)| format!("{:?}", format!("{}={}", axis.name, variant.name)));
        write!(f, "&[{}]", choices.collect::<Vec<_>>().join(", "))
    }
}
