//! The behaviour of diagnostic settings and alerts that no table can say.
