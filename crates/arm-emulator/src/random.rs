//! The source of everything that a server makes up: GUIDs and numbers. Deterministic, and part of a snapshot.

use serde::{Deserialize, Serialize};

/// A splitmix64 generator.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Random(u64);

impl Random {
    /// The same number gives the same sequence.
    pub fn new(seed_number: u64) -> Self {
        Random(seed_number)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next GUID: version 4, lower case.
    pub fn guid(&mut self) -> String {
        let (high, low) = (self.number(), self.number());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | ((low >> 48) & 0x3fff),
            low & 0xffff_ffff_ffff
        )
    }
}
