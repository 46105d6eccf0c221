//! The kubecred program.

fn main() {}
