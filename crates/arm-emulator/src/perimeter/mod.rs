//! The behaviour of network security perimeters that no table can say.
