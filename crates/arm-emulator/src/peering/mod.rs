//! The behaviour of peerings that no table can say: their state follows from both sides.
