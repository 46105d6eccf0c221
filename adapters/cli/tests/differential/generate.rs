//! Which cases there are: each variant alone, those that somebody chose, and random ones.

use crate::chosen::CHOSEN;
use crate::recipe::Recipe;
use std::collections::BTreeSet;

/// Every variant alone, with what it takes to matter.
pub(crate) fn singles() -> Vec<Recipe> {
    let mut recipes = vec![Recipe::default()];
    for (place, axis) in Recipe::axes().iter().enumerate() {
        for variant in 0..axis.variants.len() {
            let mut recipe = Recipe::of(axis.with);
            recipe.choose(place, variant);
            recipes.push(recipe);
        }
    }
    recipes
}

/// The combinations that somebody chose.
pub(crate) fn chosen() -> Vec<Recipe> {
    CHOSEN.iter().map(|choices| Recipe::of(choices)).collect()
}

/// So many combinations, no two the same: the same ones for the same seed.
pub(crate) fn random(seed: u64, count: usize) -> Vec<Recipe> {
    let mut random = Random::new(seed);
    let mut recipes = BTreeSet::new();
    let mut in_order = Vec::new();
    while in_order.len() < count {
        let recipe = one(&mut random);
        if recipes.insert(recipe.clone()) {
            in_order.push(recipe);
        }
    }
    in_order
}

fn one(random: &mut Random) -> Recipe {
    // One fault hides others: half of all have none.
    let mut faults = match random.below(10) {
        0..5 => 0,
        5..9 => 1,
        _ => 2,
    };
    let usual = Recipe::default().draft();
    let mut recipe = Recipe::default();
    for (place, axis) in Recipe::axes().iter().enumerate() {
        let percent = match axis.name {
            "login" => 80,
            _ if (axis.applies)(&usual) => 14,
            // Few drafts have a use for it.
            _ => 35,
        };
        let variant = random.below(axis.variants.len());
        if !random.chance(percent) || !(axis.applies)(&recipe.draft()) {
            continue;
        }
        if axis.variants[variant].broken {
            if faults == 0 {
                continue;
            }
            faults -= 1;
        }
        recipe.choose(place, variant);
    }
    recipe
}

/// Xorshift: the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}
